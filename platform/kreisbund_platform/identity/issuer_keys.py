"""Public keys of the issuers, by OpenID Connect Discovery 1.0, kept so that a short outage stops nobody.

Nobody's keys are older than ten minutes while the issuer answers. Where somebody comes every few minutes, they are
fetched anew behind a request, so that none waits for it.

Only registered issuers come here, so a token can never choose where this program connects to.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from kreisbund_platform.behind import Behind
from kreisbund_platform.clock import Clock
from kreisbund_platform.egress import EgressError

NEW_FOR = timedelta(minutes=5)  # older ones are fetched anew behind whoever needs them
FRESH_FOR = timedelta(minutes=10)  # older ones before
USABLE_FOR = timedelta(hours=24)
PAUSE_AFTER_UNKNOWN = timedelta(seconds=10)  # whoever makes up key ids makes us ask no oftener than this
PAUSE_AFTER_FAILURE = timedelta(seconds=2)
NO_PAUSE = timedelta()
SMALLEST_RSA_BITS = 2048

Fetch = Callable[[str], Any]
PublicKey = RSAKey | ECKey


class IssuerUnavailable(Exception):  # noqa: N818 - the name is a door of the house
    """The issuer's keys are not at hand and cannot be fetched: answer 503, never 401."""


@dataclass(frozen=True)
class IssuerMetadata:
    """Addresses from the discovery document that the pages' login needs."""

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None


@dataclass(frozen=True)
class Published:
    """What an issuer published at `fetched_at`: keys by `kid`, and its addresses."""

    keys: Mapping[str, PublicKey]
    metadata: IssuerMetadata
    fetched_at: datetime


class IssuerKeys:
    """One issuer's keys. Thread-safe; at most one request at a time."""

    def __init__(self, issuer: str, clock: Clock, fetch: Fetch) -> None:
        self._issuer = issuer
        self._clock = clock
        self._fetch = fetch
        self._published: Published | None = None
        self._quiet_until: datetime | None = None
        self._lock = threading.Lock()
        self._behind = Behind("issuer keys", self._renew)

    def key(self, kid: str) -> PublicKey | None:
        """The key of this id, None where the issuer has no such key. Raises IssuerUnavailable."""
        published = self._usable()
        if kid not in published.keys:
            self._refresh(lambda seen: kid in seen.keys, PAUSE_AFTER_UNKNOWN)
            published = self._usable()
        return published.keys.get(kid)

    def still(self, kid: str, key: PublicKey) -> bool:
        """Whether the issuer still publishes this key under this id; False also where that takes more than a look."""
        published = self._published
        if published is None or not self._younger_than(published, FRESH_FOR):
            return False
        self._usable()  # fetched anew behind this, where it is time
        found = published.keys.get(kid)
        return found is key or (found is not None and found.thumbprint() == key.thumbprint())

    def metadata(self) -> IssuerMetadata:
        """The issuer's addresses. Raises IssuerUnavailable."""
        return self._usable().metadata

    def usable(self) -> bool:
        """Whether a token could be checked now; asks the issuer again where it could not."""
        try:
            self._usable()
        except IssuerUnavailable:
            return False
        return True

    def _usable(self) -> Published:
        if not self._younger_than(self._published, FRESH_FOR):
            self._refresh(lambda seen: self._younger_than(seen, FRESH_FOR))
        elif not self._younger_than(self._published, NEW_FOR) and not self._is_quiet():
            self._behind.begin()
        published = self._published
        if published is None or not self._younger_than(published, USABLE_FOR):
            raise IssuerUnavailable
        return published

    def _younger_than(self, published: Published | None, age: timedelta) -> bool:
        return published is not None and self._clock.now() - published.fetched_at < age

    def _renew(self) -> None:
        self._refresh(lambda seen: self._younger_than(seen, NEW_FOR))

    def _is_quiet(self) -> bool:
        return self._quiet_until is not None and self._clock.now() < self._quiet_until

    def _refresh(self, sufficient: Callable[[Published], bool], pause: timedelta = NO_PAUSE) -> None:
        """Asks the issuer, unless another thread just did or the pause since an earlier request still runs.

        `pause` is the one after this answer. Fetching what grew old has none: a realm may get its new keys the
        moment after, when it is restored for instance.
        """
        with self._lock:
            if self._published is not None and sufficient(self._published):
                return
            if self._is_quiet():
                return
            now = self._clock.now()
            try:
                self._published = self._fetched(now)
                self._quiet_until = now + pause
            except (EgressError, JoseError, ValueError, TypeError, KeyError, AttributeError):
                self._quiet_until = now + PAUSE_AFTER_FAILURE

    def _fetched(self, now: datetime) -> Published:
        document = self._fetch(f"{self._issuer}/.well-known/openid-configuration")
        if document["issuer"] != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        keys = self._fetch(self._own(document["jwks_uri"]))["keys"]
        metadata = IssuerMetadata(
            self._own(document["authorization_endpoint"]),
            self._own(document["token_endpoint"]),
            self._own(document["end_session_endpoint"]) if "end_session_endpoint" in document else None,
        )
        return Published(_signing_keys(keys), metadata, now)

    def _own(self, address: str) -> str:
        """The address if it lies on the issuer's own origin: discovery must not send us elsewhere."""
        if urlsplit(address)[:2] != urlsplit(self._issuer)[:2]:
            raise ValueError("an endpoint lies on a foreign origin")
        return address


def _signing_keys(entries: list[dict[str, Any]]) -> dict[str, PublicKey]:
    found = {entry["kid"]: _signing_key(entry) for entry in entries if isinstance(entry.get("kid"), str)}
    keys = {kid: key for kid, key in found.items() if key is not None}
    if not keys:
        raise ValueError("no usable key published")
    return keys


def _signing_key(entry: dict[str, Any]) -> PublicKey | None:
    """RSA from 2048 bits and P-256, for signatures; symmetric and foreign kinds give None."""
    if entry.get("use", "sig") != "sig":
        return None
    if entry.get("kty") == "RSA":
        key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
        return key if key.public_key.key_size >= SMALLEST_RSA_BITS else None
    if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
        return ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
    return None
