"""Tokens with one fault each. All but the fault is right, so that the fault alone is what refuses them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jwt

from kreisbund_platform.settings import Settings
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.issuing import signed
from kreisbund_tenants.demo.realms import issuer_of
from tests.isolation.world import COUNTY, DELETED, OTHER, Person

HOUR = 3600


def faulty(settings: Settings, person: Person) -> dict[str, str | None]:
    """Fault to Authorization header, None for no header at all."""
    realm, claims, good = person.realm, person.claims, person.token
    elsewhere = OTHER if realm == COUNTY else COUNTY
    iat = claims["iat"]

    def own(**changed: Any) -> str:
        return signed(settings, realm, {k: v for k, v in (claims | changed).items() if v is not None})

    tokens = {
        "garbage": "nonsense.of.a-token",
        "expired": own(exp=iat - HOUR),
        "not_yet_valid": own(nbf=iat + HOUR),
        "issued_later": own(iat=iat + HOUR),
        "wrong_issuer": own(iss=issuer_of(settings, elsewhere)),
        "unknown_issuer": own(iss="https://id.example/realms/nordhausen"),
        "issuer_beside": own(iss=f"{issuer_of(settings, realm)}/"),
        "foreign_key": _with(good, {"kid": signing_key(settings, elsewhere).kid}, settings, elsewhere, claims),
        "deleted_county": signed(settings, DELETED, claims | {"iss": issuer_of(settings, DELETED)}),
        "no_audience": own(aud=None),
        "other_audience": own(aud=["another-api"]),
        "no_azp": own(azp=None),
        "wrong_azp": own(azp="another-client"),
        "id_token": own(typ="ID"),
        "no_subject": own(sub=None),
        "alg_none": _unsigned(good, {"alg": "none"}),
        "hs256_with_public_key": _symmetric(settings, realm, claims),
        "kid_with_path": _unsigned(good, {"kid": "../../../etc/passwd"}, keep=True),
        "kid_unknown": _unsigned(good, {"kid": "x" * 43}, keep=True),
        "other_signature": good[:-12] + good[-12:][::-1],
        "claims_changed": _altered(good, {"sub": "somebody-else", "realm_access": {"roles": ["county_admin"]}}),
        "huge": own(padding="x" * 20_000),
    }
    made: dict[str, str | None] = {fault: f"Bearer {token}" for fault, token in tokens.items()}
    return made | {"none": None, "basic": f"Basic {good}", "empty": "Bearer "}


def _b64(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _unsigned(good: str, header: Mapping[str, Any], *, keep: bool = False) -> str:
    first, payload, signature = good.split(".")
    return f"{_b64(_read(first) | header)}.{payload}.{signature if keep else ''}"


def _altered(good: str, claims: Mapping[str, Any]) -> str:
    header, payload, signature = good.split(".")
    return f"{header}.{_b64(_read(payload) | claims)}.{signature}"


def _with(good: str, header: Mapping[str, Any], settings: Settings, realm: str, claims: Mapping[str, Any]) -> str:
    """The claims as they are, signed by another realm."""
    return jwt.encode(_read(good.split(".", maxsplit=1)[0]) | header, dict(claims), signing_key(settings, realm))


def _symmetric(settings: Settings, realm: str, claims: Mapping[str, Any]) -> str:
    key = signing_key(settings, realm)
    signing = f"{_b64({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{_b64(claims)}"
    mac = hmac.HMAC(key.as_pem(private=False), hashes.SHA256())
    mac.update(signing.encode())
    return f"{signing}.{base64.urlsafe_b64encode(mac.finalize()).rstrip(b'=').decode()}"
