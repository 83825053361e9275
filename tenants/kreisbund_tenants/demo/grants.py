"""What the demo issuer gives for what: OAuth 2.0's code (with PKCE, RFC 7636), password and refresh grants.

Knows no HTTP. Codes and bad passwords are kept in memory; refresh tokens are signed and outlive a restart.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from kreisbund_platform.clock import Clock
from kreisbund_platform.identity.tokens import DEMO_CLIENT, PAGES_CLIENT
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.issuing import (
    ACCESS_SECONDS,
    REFRESH_SECONDS,
    Grant,
    access_claims,
    id_claims,
    refresh_claims,
    signed,
)
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import issuer_of, realm_named, realms

CODE_LASTS = timedelta(seconds=60)
BAD_PASSWORDS_A_MINUTE = 20
MOST_KEPT = 10_000
CHALLENGE_LENGTH = 43  # base64url of 32 bytes, RFC 7636 section 4.2


class GrantRefused(Exception):  # noqa: N818 - a refusal in OAuth's own words
    """`error` is OAuth's code (RFC 6749 section 5.2); `retry_after` is in seconds."""

    def __init__(self, error: str, description: str, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class AuthorizationRequest:
    """A login that a client asked for and that may go ahead."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


@dataclass(frozen=True)
class IssuedCode:
    """A code that waits for its client."""

    person: DemoPerson
    request: AuthorizationRequest
    at: datetime
    until: datetime


def callback_of(settings: Settings) -> str:
    """The one address to which the pages' client may be sent back."""
    return f"{settings.base_url}/session/callback"


def authorization_request(settings: Settings, query: Mapping[str, str]) -> AuthorizationRequest:
    """The request in an authorization address. Raises GrantRefused; nobody is sent to an address not checked."""
    if query.get("client_id") != PAGES_CLIENT or query.get("redirect_uri") != callback_of(settings):
        raise GrantRefused("unauthorized_client", "client_id or redirect_uri")
    if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
        raise GrantRefused("unsupported_response_type", "code with scope openid only")
    challenge = query.get("code_challenge", "")
    if query.get("code_challenge_method") != "S256" or len(challenge) != CHALLENGE_LENGTH:
        raise GrantRefused("invalid_request", "PKCE with S256 is required")
    if not query.get("state") or not query.get("nonce"):
        raise GrantRefused("invalid_request", "state and nonce are required")
    return AuthorizationRequest(query["client_id"], query["redirect_uri"], query["state"], query["nonce"], challenge)


class DemoGrants:
    """Issues codes and tokens for the demo people. Thread-safe."""

    def __init__(self, settings: Settings, registry: Registry, clock: Clock) -> None:
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._codes: OrderedDict[str, IssuedCode] = OrderedDict()
        self._bad_passwords: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def people(self, realm: str) -> tuple[DemoPerson, ...]:
        """Everybody of a realm; nobody where there is no such realm."""
        found = realm_named(self._registry, realm)
        counties = [each.name for each in realms(self._registry) if each.tenant]
        return people_of(found, counties) if found else ()

    def person(self, realm: str, username: str) -> DemoPerson:
        """The person of this user name. Raises GrantRefused."""
        for person in self.people(realm):
            if person.username == username:
                return person
        raise GrantRefused("invalid_grant", "invalid user credentials", 401)

    def by_password(self, realm: str, username: str, password: str) -> DemoPerson:
        """The person who knows the password. Raises GrantRefused, with 429 after too many bad ones."""
        self._refuse_when_guessing(realm, username)
        try:
            person = self.person(realm, username)
            if not hmac.compare_digest(person.password.encode(), password.encode("utf-8", "replace")):
                raise GrantRefused("invalid_grant", "invalid user credentials", 401)
        except GrantRefused:
            self._note_bad_password(realm, username)
            raise
        return person

    def code_for(self, person: DemoPerson, request: AuthorizationRequest) -> str:
        """A code for the client, good once and for a minute."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            now = self._clock.now()
            self._codes[code] = IssuedCode(person, request, now, now + CODE_LASTS)
            _forget_oldest(self._codes)
        return code

    def tokens(self, realm: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The token endpoint's answer. Raises GrantRefused."""
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._tokens_for(self._by_code(realm, form))
        if kind == "password":
            return self._tokens_for(self._by_demo_password(realm, form))
        if kind == "refresh_token":
            return self._tokens_for(self._by_refresh_token(realm, form))
        raise GrantRefused("unsupported_grant_type", "authorization_code, password or refresh_token")

    def end(self, realm: str, refresh_token: str) -> None:
        """No more tokens for this login. Raises GrantRefused."""
        claims = self._own_claims(realm, refresh_token, "Refresh")
        with self._lock:
            self._ended[claims["sid"]] = None
            _forget_oldest(self._ended)

    def userinfo(self, realm: str, access_token: str) -> dict[str, Any]:
        """The claims about the person. Raises GrantRefused."""
        claims = self._own_claims(realm, access_token, "Bearer")
        return {name: claims[name] for name in ("sub", "name", "given_name", "family_name", "preferred_username")}

    def _by_code(self, realm: str, form: Mapping[str, str]) -> Grant:
        with self._lock:
            issued = self._codes.pop(form.get("code", ""), None)
        if issued is None or issued.person.realm != realm or self._clock.now() >= issued.until:
            raise GrantRefused("invalid_grant", "code not valid")
        request = issued.request
        if (form.get("client_id"), form.get("redirect_uri")) != (request.client_id, request.redirect_uri):
            raise GrantRefused("invalid_grant", "code belongs to another client")
        if _challenge(form.get("code_verifier", "")) != request.code_challenge:
            raise GrantRefused("invalid_grant", "PKCE verification failed")
        return Grant(issued.person, request.client_id, str(uuid.uuid4()), issued.at, request.nonce)

    def _by_demo_password(self, realm: str, form: Mapping[str, str]) -> Grant:
        if form.get("client_id") != DEMO_CLIENT:
            raise GrantRefused("unauthorized_client", "client may not use the password grant")
        person = self.by_password(realm, form.get("username", ""), form.get("password", ""))
        return Grant(person, DEMO_CLIENT, str(uuid.uuid4()), self._clock.now())

    def _by_refresh_token(self, realm: str, form: Mapping[str, str]) -> Grant:
        claims = self._own_claims(realm, form.get("refresh_token", ""), "Refresh")
        if claims["azp"] != form.get("client_id") or claims["sid"] in self._ended:
            raise GrantRefused("invalid_grant", "session not active")
        for person in self.people(realm):
            if person.subject == claims["sub"]:
                return Grant(person, claims["azp"], claims["sid"], datetime.fromtimestamp(claims["auth_time"], UTC))
        raise GrantRefused("invalid_grant", "session not active")

    def _tokens_for(self, grant: Grant) -> dict[str, Any]:
        settings, realm, now = self._settings, grant.person.realm, self._clock.now()
        return {
            "access_token": signed(settings, realm, access_claims(settings, grant, now)),
            "expires_in": ACCESS_SECONDS,
            "refresh_token": signed(settings, realm, refresh_claims(settings, grant, now)),
            "refresh_expires_in": REFRESH_SECONDS,
            "id_token": signed(settings, realm, id_claims(settings, grant, now)),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": grant.sid,
            "scope": "openid profile",
        }

    def _own_claims(self, realm: str, token: str, kind: str) -> dict[str, Any]:
        """Claims of a token that this realm signed and that still lives."""
        if realm_named(self._registry, realm) is None:
            raise GrantRefused("invalid_grant", "no such realm")
        checks = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            iss={"essential": True, "value": issuer_of(self._settings, realm)},
            exp={"essential": True},
            typ={"essential": True, "value": kind},
        )
        try:
            claims = jwt.decode(token, signing_key(self._settings, realm), algorithms=["RS256"]).claims
            checks.validate(claims)
        except (JoseError, ValueError, TypeError):
            raise GrantRefused("invalid_grant", "token not valid") from None
        return claims

    def _refuse_when_guessing(self, realm: str, username: str) -> None:
        now = self._clock.now()
        with self._lock:
            tries = self._bad_passwords.get((realm, username), deque())
            while tries and now - tries[0] >= timedelta(minutes=1):
                tries.popleft()
            if len(tries) < BAD_PASSWORDS_A_MINUTE:
                return
            seconds = 60 - int((now - tries[0]).total_seconds())
        raise GrantRefused("temporarily_unavailable", "too many bad passwords", 429, max(1, seconds))

    def _note_bad_password(self, realm: str, username: str) -> None:
        with self._lock:
            self._bad_passwords.setdefault((realm, username), deque()).append(self._clock.now())
            self._bad_passwords.move_to_end((realm, username))
            _forget_oldest(self._bad_passwords)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _forget_oldest(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
