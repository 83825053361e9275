"""Reads an address that is to be called: one spelling per host, so that what is judged is what is called.

`urlsplit` takes much that a resolver then reads otherwise (decimal, octal and hexadecimal IPv4, zones, full-width
digits, tabs); all of that is refused by its spelling, before any look at where it leads.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from kreisbund_platform.egress.errors import EgressRefusedError

Address = IPv4Address | IPv6Address
DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST = 2000
NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port; `literal` where the host is an address itself."""

    scheme: str
    host: str
    port: int
    literal: Address | None


def origin_of(url: str) -> Origin:
    """The origin that `url` names. Raises EgressRefusedError: other schemes, odd spellings, userinfo, fragments."""
    if not url.isascii() or not url.isprintable() or len(url) > LONGEST or any(sign in url for sign in ' \\#"<>^`{|}'):
        raise EgressRefusedError("SPELLING")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise EgressRefusedError("SPELLING") from None
    if not url.startswith(("http://", "https://")):
        raise EgressRefusedError("SCHEME")
    if "@" in parts.netloc:
        raise EgressRefusedError("USERINFO")
    found = AUTHORITY.fullmatch(parts.netloc.lower())
    if found is None:
        raise EgressRefusedError("HOST")
    port = int(found["port"] or DEFAULT_PORTS[parts.scheme])
    if port > 65535:
        raise EgressRefusedError("PORT")
    host, literal = _host(found["host"])
    return Origin(parts.scheme, host, port, literal)


def _host(text: str) -> tuple[str, Address | None]:
    """A name whose last label begins with a letter (0x7f and 1 are numbers to a resolver), or a canonical address."""
    try:
        literal = IPv6Address(text[1:-1]) if text.startswith("[") else IPv4Address(text)
    except ValueError:
        if not text.startswith("[") and NAME.fullmatch(text):
            return text, None
        raise EgressRefusedError("HOST") from None
    return (f"[{literal}]" if literal.version == 6 else str(literal)), literal


def internal_origins(configured: Iterable[str]) -> Mapping[Origin, Address]:
    """Origins in the operator's own network, each with the one address it may be called at.

    An entry is `http://127.0.0.1:8080`, or `https://id.kreis.internal=10.1.2.3` for a name. Raises ValueError.
    """
    found: dict[Origin, Address] = {}
    for entry in configured:
        url, _equals, address = entry.partition("=")
        try:
            origin = origin_of(url)
        except EgressRefusedError as problem:
            raise ValueError(f"not an origin: {problem.code}") from None
        if origin.literal is None and not address:
            raise ValueError("a name needs its address: https://name=10.1.2.3")
        found[origin] = origin.literal or ip_address(address)
    return found
