"""Which addresses lie in the public Internet, and what a name resolves to.

Source: IANA's special-purpose registries (RFC 6890), and what cloud providers put on public addresses.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, ip_address, ip_network

from kreisbund_platform.egress.errors import EgressFailedError
from kreisbund_platform.egress.targets import Address

Resolve = Callable[[str, int], Sequence[Address]]

REFUSED_V4 = [
    ip_network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's metadata and health address, public by its number
    )
]  # fmt: skip
GLOBAL_V6 = ip_network("2000::/3")  # all that IANA gives out; so mapped, compatible, NAT64, local, multicast fall out
REFUSED_V6 = [
    ip_network(each)
    for each in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32", "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip


def is_public(address: Address) -> bool:
    """Whether the address is an ordinary one of the public Internet, and leads to no other by translation."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in REFUSED_V4)
    if address.scope_id is not None or address not in GLOBAL_V6:
        return False
    return not any(address in network for network in REFUSED_V6)


def system_resolver(name: str, port: int) -> Sequence[Address]:
    """All addresses of a name by the system's resolver. Raises EgressFailedError."""
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise EgressFailedError("NAME_UNKNOWN") from None
    return list(dict.fromkeys(ip_address(each[4][0]) for each in found))
