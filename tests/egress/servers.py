"""Servers of a test's own on loopback, each answering every connection with what the test decides."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Local:
    """A listening server; `requests` holds the head of each request it got."""

    port: int
    requests: list[bytes] = field(default_factory=list)


def plain(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[Local]:
    """`talk` speaks to each connection after its request's head was read."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        local = Local(listening.getsockname()[1])

        def serve() -> None:
            while not stopping.is_set():
                with contextlib.suppress(OSError):
                    connection, _peer = listening.accept()
                    _converse(connection, local, talk, tls)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield local
        finally:
            stopping.set()
            thread.join(10)


def _converse(
    connection: socket.socket, local: Local, talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None
) -> None:
    connection.settimeout(5)
    with connection, contextlib.ExitStack() as stack:
        if tls:
            connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
        head = b""
        while b"\r\n\r\n" not in head and (part := connection.recv(4096)):
            head += part
        local.requests.append(head)
        talk(connection)
