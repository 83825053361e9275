"""clamd over its socket: one connection a file, the file travels as a stream (clamd(8), INSTREAM).

Nothing of the file is named to clamd, and no path: it may run as another user. One limit of time for all of it.
"""

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator

from kreisbund_platform.documents.scanning.scanner import NoScanner, NoVerdictError, Scanner, Verdict
from kreisbund_platform.settings import ClamdAddress, Settings

CHUNK_BYTES = 256 * 1024
LONGEST_ANSWER = 4096  # bytes
PING_SECONDS = 5.0
TOO_LARGE = Verdict("REFUSED", "TOO_LARGE_TO_SCAN")
STREAM_LIMIT = "INSTREAM size limit exceeded. ERROR"  # StreamMaxLength
OTHER_LIMITS = "Heuristics.Limits.Exceeded"  # with AlertExceedsMax; without it clamd calls clean what it did not read


class Clamd:
    """A clamd at a Unix socket or a loopback port."""

    def __init__(self, address: ClamdAddress) -> None:
        self._address = address

    def scan(self, content: bytes, seconds: float) -> Verdict:
        """What clamd says about the content. Raises NoVerdictError."""
        return _verdict(*self._ask(_stream(content), seconds))

    def answers(self) -> bool:
        """Whether clamd answers a PING."""
        try:
            return self._ask(iter([b"zPING\0"]), PING_SECONDS) == ("PONG", True)
        except NoVerdictError:
            return False

    def _ask(self, parts: Iterator[bytes], seconds: float) -> tuple[str, bool]:
        """The answer, and whether all parts were taken: clamd hangs up on what is too large, but says so before."""
        until = time.monotonic() + seconds
        try:
            with _link(self._address) as link:
                _wait_no_longer_than(link, until)
                link.connect(self._address if isinstance(self._address, tuple) else str(self._address))
                taken = _send(link, parts, until)
                return _answer(link, until), taken
        except TimeoutError as slow:
            raise NoVerdictError("TIMEOUT") from slow
        except OSError as problem:
            raise NoVerdictError("AWAY") from problem


def _link(address: ClamdAddress) -> socket.socket:
    return socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX)


def _wait_no_longer_than(link: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    link.settimeout(left)


def _stream(content: bytes) -> Iterator[bytes]:
    yield b"zINSTREAM\0"
    for begin in range(0, len(content), CHUNK_BYTES):
        chunk = content[begin : begin + CHUNK_BYTES]
        yield struct.pack("!I", len(chunk)) + chunk
    yield struct.pack("!I", 0)


def _send(link: socket.socket, parts: Iterator[bytes], until: float) -> bool:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for part in parts:
            _wait_no_longer_than(link, until)
            link.sendall(part)
        return True
    return False


def _answer(link: socket.socket, until: float) -> str:
    """Up to the zero byte."""
    received = b""
    while len(received) <= LONGEST_ANSWER:
        _wait_no_longer_than(link, until)
        part = link.recv(LONGEST_ANSWER)
        received += part
        if b"\0" in part:
            return received.partition(b"\0")[0].decode("utf-8", "replace")
        if not part:
            raise NoVerdictError("HUNG_UP")
    raise NoVerdictError("NOT_UNDERSTOOD")


def _verdict(answer: str, taken: bool) -> Verdict:
    if answer == STREAM_LIMIT:
        return TOO_LARGE
    if answer == "stream: OK" and taken:
        return Verdict("CLEAN")
    found = re.fullmatch(r"stream: (.+) FOUND", answer)
    if found is None:
        raise NoVerdictError("NOT_UNDERSTOOD")
    if found[1].startswith(OTHER_LIMITS):
        return TOO_LARGE
    return Verdict("INFECTED", re.sub(r"[^!-~]", "?", found[1])[:100])


def scanner_of(settings: Settings) -> Scanner:
    """The scanner of this deployment."""
    return Clamd(settings.clamd) if settings.clamd else NoScanner()
