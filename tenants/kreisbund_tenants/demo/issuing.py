"""Tokens of the demo issuer, with the claims that Keycloak writes."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt

from kreisbund_platform.identity.tokens import API_AUDIENCE
from kreisbund_platform.settings import Settings
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.demo.realms import issuer_of

ACCESS_SECONDS = 15 * 60
ONE_FACTOR = "1"  # Keycloak's name for a login by password
REFRESH_SECONDS = 10 * 60 * 60


@dataclass(frozen=True)
class Grant:
    """A login: who, through which client, when. `sid` and `at` stay the same when tokens are refreshed."""

    person: DemoPerson
    client_id: str
    sid: str
    at: datetime
    nonce: str | None = None


def access_claims(settings: Settings, grant: Grant, now: datetime) -> dict[str, Any]:
    """The claims of an access token issued `now`."""
    person = grant.person
    claims = _common(settings, grant, now, ACCESS_SECONDS) | {
        "aud": [API_AUDIENCE, "account"],
        "typ": "Bearer",
        "realm_access": {"roles": [person.role.value]},
        "acr": ONE_FACTOR,
        "amr": ["pwd"],
        "assurance_level": person.assurance_level.value,
        "account_kind": "person",
        "scope": "openid profile",
    }
    return claims | _who(person) | ({"home_tenant": person.home_tenant} if person.home_tenant else {})


def id_claims(settings: Settings, grant: Grant, now: datetime) -> dict[str, Any]:
    """The claims of an ID token for the client itself."""
    claims = _common(settings, grant, now, ACCESS_SECONDS) | {"aud": grant.client_id, "typ": "ID"}
    return claims | _who(grant.person) | ({"nonce": grant.nonce} if grant.nonce else {})


def refresh_claims(settings: Settings, grant: Grant, now: datetime) -> dict[str, Any]:
    """The claims of a refresh token: for the issuer alone."""
    issuer = issuer_of(settings, grant.person.realm)
    return _common(settings, grant, now, REFRESH_SECONDS) | {"aud": issuer, "typ": "Refresh"}


def signed(settings: Settings, realm: str, claims: Mapping[str, Any]) -> str:
    """The claims as a JWT under the realm's key."""
    key = signing_key(settings, realm)
    return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": key.kid}, dict(claims), key)


def _common(settings: Settings, grant: Grant, now: datetime, seconds: int) -> dict[str, Any]:
    issued = int(now.timestamp())
    return {
        "iss": issuer_of(settings, grant.person.realm),
        "sub": grant.person.subject,
        "azp": grant.client_id,
        "iat": issued,
        "auth_time": int(grant.at.timestamp()),
        "exp": issued + seconds,
        "jti": str(uuid.uuid4()),
        "sid": grant.sid,
        "session_state": grant.sid,
    }


def _who(person: DemoPerson) -> dict[str, Any]:
    given, family = person.name.split(" ", 1)
    return {
        "name": person.name,
        "given_name": given,
        "family_name": family,
        "preferred_username": person.username,
    }
