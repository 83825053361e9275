"""Bearer tokens: from an access token (JWT, RFC 9068 as Keycloak writes it) to a `Principal`.

Whatever is wrong with a token is one refusal, `TokenRefused`, whose code goes into the log and not to the caller.
"""

import base64
import binascii
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from kreisbund_platform.clock import Clock
from kreisbund_platform.identity.claims import principal_from
from kreisbund_platform.identity.issuer_keys import (
    Fetch,
    IssuerKeys,
    IssuerMetadata,
    IssuerUnavailable,
    PublicKey,
)
from kreisbund_platform.identity.key_alarms import Alarm
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.registry import IssuerEntry, Registry

__all__ = ["IssuerUnavailable", "KeysState", "LogoutNotice", "TokenChecker", "TokenRefused"]

API_AUDIENCE = "kreisbund-api"
PAGES_CLIENT = "kreisbund-pages"
DEMO_CLIENT = "kreisbund-demo"
ALGORITHMS = ("RS256", "ES256", "PS256")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_TOKEN = 16 * 1024
LEEWAY_SECONDS = 30
REMEMBERED_FOR = timedelta(seconds=60)
MOST_REMEMBERED = 4096
LATEST_MOMENT = 253_402_300_799  # end of the year 9999, the last that a datetime can hold


class TokenRefused(Exception):  # noqa: N818 - the name is a door of the house
    """The token proves nothing: 401. `code` names the reason for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class LogoutNotice:
    """Whose login ended: one (`sid`), or all of a person. At least one of both is set."""

    issuer: str
    subject: str | None
    sid: str | None


@dataclass(frozen=True)
class KeysState:
    """For `/readyz`: the issuers whose tokens cannot be checked at the moment."""

    unavailable: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether every issuer in use can be checked."""
        return not self.unavailable


@dataclass(frozen=True)
class Proof:
    """A token whose signature held: its claims, who issued it, and the key it held for."""

    claims: Mapping[str, Any]
    issuer: str
    entry: IssuerEntry
    kid: str
    key: PublicKey


@dataclass(frozen=True)
class Remembered:
    """A positive check, valid until `until` and as long as the registry says the same about the issuer."""

    principal: Principal
    proof: Proof
    until: datetime


class TokenChecker:
    """Checks access tokens of all registered issuers. Thread-safe; blocks for up to 6 s on an unknown key."""

    def __init__(
        self,
        registry: Registry,
        audience: str,
        clock: Clock,
        *,
        clients: Collection[str] = (PAGES_CLIENT,),
        fetch: Fetch,
        alarm: Alarm | None = None,
    ) -> None:
        self._registry = registry
        self._audience = audience
        self._clock = clock
        self._clients = tuple(clients)
        self._fetch = fetch
        self._alarm = alarm
        self._issuers: dict[str, IssuerKeys] = {}
        self._remembered: OrderedDict[bytes, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def remembered(self, token: str) -> Principal | None:
        """Who a token speaks for that was checked within the last minute; None where that takes more than a look."""
        if len(token) > LONGEST_TOKEN or not self._registry.is_fresh:
            return None
        known = self._recall(_fingerprint(token))
        return known.principal if known else None

    def check(self, token: str) -> Principal:
        """Who the token speaks for. Raises TokenRefused or IssuerUnavailable."""
        if len(token) > LONGEST_TOKEN:
            raise TokenRefused("TOO_LONG")
        fingerprint = _fingerprint(token)
        known = self._recall(fingerprint)
        return known.principal if known else self._checked(token, fingerprint)

    def check_id_token(self, token: str, client: str, nonce: str) -> tuple[str, str | None]:
        """Subject and `sid` of an ID token that answers the login begun with `nonce`. Raises like `check`."""
        claims = self._verified(token, audience=client).claims
        if claims.get("typ", "ID") != "ID" or claims.get("azp", client) != client or claims.get("nonce") != nonce:
            raise TokenRefused("NOT_THIS_LOGIN")
        sid = claims.get("sid")
        return str(claims["sub"]), sid if isinstance(sid, str) else None

    def check_logout_token(self, token: str, client: str) -> LogoutNotice:
        """Whose logins have ended (OpenID Connect Back-Channel Logout 1.0, section 2.6). Raises like `check`."""
        proof = self._verified(token, audience=client, needs_subject=False)
        claims = proof.claims
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise TokenRefused("NOT_A_LOGOUT")
        if "nonce" in claims or not isinstance(claims.get("iat"), int) or not isinstance(claims.get("jti"), str):
            raise TokenRefused("NOT_A_LOGOUT")
        subject, sid = claims.get("sub"), claims.get("sid")
        if not all(value is None or isinstance(value, str) for value in (subject, sid)) or not (subject or sid):
            raise TokenRefused("NOBODY_NAMED")
        return LogoutNotice(proof.issuer, subject, sid)

    def metadata(self, issuer: str) -> IssuerMetadata:
        """Addresses of a registered issuer. Raises IssuerUnavailable."""
        return self._keys_of(issuer).metadata()

    def keys_state(self) -> KeysState:
        """Whether tokens can be checked; asks issuers that were down again, so call it off the event loop."""
        with self._lock:
            issuers = dict(self._issuers)
        return KeysState(tuple(sorted(name for name, keys in issuers.items() if not keys.usable())))

    def _checked(self, token: str, fingerprint: bytes) -> Principal:
        proof = self._verified(token, audience=self._audience)
        claims = proof.claims
        if claims.get("typ") != "Bearer":
            raise TokenRefused("NOT_AN_ACCESS_TOKEN")
        if claims.get("azp") not in self._clients:
            raise TokenRefused("UNKNOWN_CLIENT")
        principal = self._principal(proof)
        self._remember(fingerprint, Remembered(principal, proof, self._remember_until(principal)))
        return principal

    def _principal(self, proof: Proof) -> Principal:
        """The person, with the county's units of this moment."""
        claims, tenant = proof.claims, proof.entry.tenant
        if claims["azp"] == DEMO_CLIENT:
            # it takes passwords alone and gets no refresh token: issued is logged in. Keycloak does not say so itself
            claims = {"auth_time": claims.get("iat"), **claims}
        units = self._registry.units_of(tenant) if tenant else {}
        return principal_from(claims, proof.entry, units, datetime.fromtimestamp(claims["exp"], UTC))

    def _verified(self, token: str, *, audience: str, needs_subject: bool = True) -> Proof:
        """What it proves once signature, audience and times hold."""
        header, claims = _unverified(token)
        issuer = claims.get("iss")
        entry = self._registry.by_issuer(issuer) if isinstance(issuer, str) else None
        if not isinstance(issuer, str) or entry is None:
            raise TokenRefused("UNKNOWN_ISSUER")
        kid = _kid(header)
        key = self._keys_of(issuer).key(kid)
        if key is None:
            raise TokenRefused("UNKNOWN_KEY")
        proven = self._proven(token, key, issuer, audience, needs_subject)
        if self._alarm and _is_unannounced(kid, entry):
            self._alarm(issuer, kid)
        return Proof(proven, issuer, entry, kid, key)

    def _proven(self, token: str, key: PublicKey, issuer: str, audience: str, needs_subject: bool) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": needs_subject},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as problem:
            raise TokenRefused(type(problem).__name__) from None
        return _plausible(claims, now)

    def _keys_of(self, issuer: str) -> IssuerKeys:
        with self._lock:
            return self._issuers.setdefault(issuer, IssuerKeys(issuer, self._clock, self._fetch))

    def _remember_until(self, principal: Principal) -> datetime:
        return min(self._clock.now() + REMEMBERED_FOR, principal.token_expires_at)

    def _recall(self, fingerprint: bytes) -> Remembered | None:
        known = self._remembered.get(fingerprint)
        if known is None:
            return None
        entry = self._registry.by_issuer(known.proof.issuer)
        holds = entry is known.proof.entry or entry == known.proof.entry
        if holds and self._clock.now() >= known.until:
            renewed = self._renewed(known)
            known, holds = renewed or known, renewed is not None
        with self._lock:
            if not holds:
                self._remembered.pop(fingerprint, None)
            elif fingerprint in self._remembered:
                self._remembered[fingerprint] = known
                self._remembered.move_to_end(fingerprint)
        return known if holds else None

    def _renewed(self, known: Remembered) -> Remembered | None:
        """The same check once more, but for the signature: it held for a key that the issuer still publishes.

        None where the token has expired, or where it takes more than a look.
        """
        proof, principal = known.proof, known.principal
        if self._clock.now() >= principal.token_expires_at or _is_unannounced(proof.kid, proof.entry):
            return None
        if not self._keys_of(proof.issuer).still(proof.kid, proof.key):
            return None
        now_is = self._principal(proof)
        principal = principal if now_is == principal else now_is
        return Remembered(principal, proof, self._remember_until(principal))

    def _remember(self, fingerprint: bytes, known: Remembered) -> None:
        with self._lock:
            self._remembered[fingerprint] = known
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)


def _is_unannounced(kid: str, entry: IssuerEntry) -> bool:
    return entry.announced is not None and kid not in entry.announced


def _fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and payload as they stand, only to find the issuer and its key."""
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenRefused("MALFORMED")
    try:
        header, payload = (json.loads(_decoded(part)) for part in parts[:2])
    except (ValueError, RecursionError):
        raise TokenRefused("MALFORMED") from None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise TokenRefused("MALFORMED")
    if "crit" in header or header.get("alg") not in ALGORITHMS:
        raise TokenRefused("ALGORITHM")
    return header, payload


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as problem:
        raise ValueError(str(problem)) from None


def _kid(header: Mapping[str, Any]) -> str:
    """The key's id: a dictionary key here, never a path or an address."""
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 200:
        raise TokenRefused("NO_KEY_ID")
    return kid


def _plausible(claims: dict[str, Any], now: int) -> dict[str, Any]:
    """The claims, where subject and end of life are such as a person and a calendar can have.

    The end knows no leeway: a role taken away counts after a token's life and not after half as much again.
    """
    subject, ends = claims.get("sub"), claims["exp"]
    if subject is not None and (not subject or len(subject) > 255 or not subject.isprintable()):
        raise TokenRefused("SUBJECT")
    if isinstance(ends, bool) or not now < ends <= LATEST_MOMENT:
        raise TokenRefused("EXPIRY")
    return claims
