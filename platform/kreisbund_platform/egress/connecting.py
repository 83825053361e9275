"""Connects to the one address that was judged, and keeps a whole exchange within one deadline.

The name stays in the request and in the TLS handshake; only the connection goes to the address.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION

from kreisbund_platform.egress.targets import Address


class Deadline:
    """Until when everything must be over; a peer that sends a byte now and then gains nothing."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """Seconds left, more than 0. Raises httpcore.ReadTimeout."""
        left = self._ends - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class JudgedStream(httpcore.NetworkStream):
    """A stream none of whose operations outlives the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes."""
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same stream under TLS, checked against the name of the request."""
        return JudgedStream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about the connection."""
        return self._stream.get_extra_info(info)


class JudgedBackend(httpcore.NetworkBackend):
    """Connects to `addresses` in turn, whatever name it is asked for."""

    def __init__(self, addresses: Iterable[Address], deadline: Deadline) -> None:
        self._addresses = list(addresses)
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of the addresses that answers."""
        problem: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                stream = self._sockets.connect_tcp(str(address), port, self._deadline.left())
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as fault:
                problem = fault
                continue
            return JudgedStream(stream, self._deadline)
        raise problem
