"""A server that is no clamd: it answers PING as told and everything else with a given text, then hangs up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def answering(answer: bytes, ping: bytes = b"PONG\0") -> Iterator[tuple[str, int]]:
    """Where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, answer, ping))
        thread.start()
        try:
            yield server.getsockname()
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(server: socket.socket, answer: bytes, ping: bytes) -> None:
    while True:
        try:
            link, _peer = server.accept()
        except OSError:
            return
        with link:
            link.sendall(ping if link.recv(6) == b"zPING\0" else answer)
