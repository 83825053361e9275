"""The outgoing HTTP client. A call names its purpose; each purpose has its list of origins, and no other is called.

Refused besides: addresses outside the public Internet (but for the operator's own, `internal`), redirects, answers
beyond a size, packed answers. Nothing comes from the environment. One connection per call, one deadline for all of it.
"""

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import httpcore
import orjson

from kreisbund_platform.egress.addresses import Resolve, is_public, system_resolver
from kreisbund_platform.egress.connecting import Deadline, JudgedBackend
from kreisbund_platform.egress.errors import EgressFailedError, EgressRefusedError
from kreisbund_platform.egress.targets import Address, Origin, origin_of

TIMEOUT_SECONDS = 3.0
LARGEST_ANSWER_BYTES = 256 * 1024
STANDARD_HEADERS = {"Accept": "application/json", "User-Agent": "Kreisbund"}
FORM = "application/x-www-form-urlencoded"


class Purpose(StrEnum):
    """What a call is for."""

    ISSUER_KEYS = "issuer keys and discovery"
    LOGIN_TOKENS = "token endpoint of the pages' login"
    KEYCLOAK_ADMINISTRATION = "realms, clients and roles"
    CHECKPOINTS = "signed checkpoints outside the database"


Allowed = Callable[[], Collection[str]]


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The content as JSON. Raises EgressFailedError."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise EgressFailedError("NOT_JSON") from None


class Egress:
    """Calls out for the purposes in `allowed`, each of which answers its addresses (their origins count).

    `internal` maps origins in the operator's own network to the address they may be called at. Thread-safe.
    """

    def __init__(
        self,
        allowed: Mapping[Purpose, Allowed],
        internal: Mapping[Origin, Address],
        *,
        resolve: Resolve = system_resolver,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._internal = internal
        self._resolve = resolve
        self._trust = trust

    def get_json(self, purpose: Purpose, url: str) -> Any:
        """The JSON under `url`. Raises EgressError, also where the status is not 200."""
        answer = self.request(purpose, "GET", url)
        if answer.status != 200:
            raise EgressFailedError("STATUS")
        return answer.json()

    def post_form(self, purpose: Purpose, url: str, form: Mapping[str, str]) -> Answer:
        """The answer to a form. Raises EgressError."""
        return self.request(purpose, "POST", url, content=urlencode(form).encode(), headers={"Content-Type": FORM})

    def request(
        self,
        purpose: Purpose,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = TIMEOUT_SECONDS,
        most_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> Answer:
        """One exchange. Raises EgressRefusedError or EgressFailedError."""
        origin = self._permitted(purpose, url)
        deadline = Deadline(seconds)
        backend = JudgedBackend(self._addresses(origin), deadline)
        sent = {**STANDARD_HEADERS, **(headers or {}), "Connection": "close"}
        try:
            with httpcore.ConnectionPool(ssl_context=self._trust, network_backend=backend) as pool:
                with pool.stream(method, url, headers=list(sent.items()), content=content) as answer:
                    return _read(answer, most_bytes)
        except (httpcore.TimeoutException, TimeoutError):
            raise EgressFailedError("TOO_SLOW") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError):
            raise EgressFailedError("UNREACHABLE") from None

    def _permitted(self, purpose: Purpose, url: str) -> Origin:
        origin = origin_of(url)
        listed = self._allowed.get(purpose)
        if listed is None or origin not in _origins(listed()):
            raise EgressRefusedError("NOT_LISTED")
        return origin

    def _addresses(self, origin: Origin) -> Sequence[Address]:
        """Where to connect: resolved once, all of it public, or the operator's own address."""
        if origin in self._internal:
            return [self._internal[origin]]
        found = [origin.literal] if origin.literal else self._resolve(origin.host, origin.port)
        if not found:
            raise EgressFailedError("NAME_UNKNOWN")
        if not all(map(is_public, found)):
            raise EgressRefusedError("NOT_PUBLIC")
        return found


def _origins(urls: Collection[str]) -> set[Origin]:
    """The origins of listed addresses; a listed one that is badly spelt allows nothing."""
    found = set()
    for url in urls:
        try:
            found.add(origin_of(url))
        except EgressRefusedError:
            continue
    return found


def _read(answer: httpcore.Response, most_bytes: int) -> Answer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    if 300 <= answer.status < 400:
        raise EgressRefusedError("REDIRECT")
    if headers.get("content-encoding", "identity") != "identity":
        raise EgressRefusedError("PACKED")
    content = bytearray()
    for part in answer.iter_stream():
        content += part
        if len(content) > most_bytes:
            raise EgressRefusedError("TOO_LARGE")
    return Answer(answer.status, headers, bytes(content))
