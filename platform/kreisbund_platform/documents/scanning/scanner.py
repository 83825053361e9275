"""The port for virus scanners, and how long a person who uploads a file waits for one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from kreisbund_platform import telemetry
from kreisbund_platform.errors import Invalid
from kreisbund_platform.texts import _

# PENDING: in quarantine. REFUSED: the scanner cannot judge it, or what it let through is not acceptable.
ScanState = Literal["NOT_SCANNED", "PENDING", "CLEAN", "INFECTED", "REFUSED"]
GONE: tuple[ScanState, ...] = ("INFECTED", "REFUSED")  # their bytes are removed
AT_ONCE_SECONDS = 5.0
REST_SECONDS = 10.0


@dataclass(frozen=True)
class Verdict:
    """What is stored of a scan; `finding` is the signature's name or the code of a refusal."""

    state: ScanState
    finding: str | None = None


def refused_content(verdict: Verdict) -> Invalid:
    """How a person is told of a verdict that refuses."""
    if verdict.state == "INFECTED":
        return Invalid("INFECTED", _("In der Datei wurde Schadsoftware gefunden."))
    return Invalid("TOO_LARGE_TO_SCAN", _("Die Datei ist zu groß für die Prüfung auf Schadsoftware."))


class NoVerdictError(Exception):
    """The scanner is away, too slow or not understood; says which, as a code."""


class Scanner(Protocol):
    """Anything that can tell whether a file is harmful."""

    def scan(self, content: bytes, seconds: float) -> Verdict:
        """CLEAN, INFECTED or REFUSED within so many seconds; NOT_SCANNED without a scanner. Raises NoVerdictError."""
        ...

    def answers(self) -> bool:
        """Whether the scanner is there at all."""
        ...


class NoScanner:
    """The default of a demonstration: nothing is scanned, and every upload says so."""

    def scan(self, _content: bytes, _seconds: float) -> Verdict:
        """Says that nobody looked."""
        return Verdict("NOT_SCANNED")

    def answers(self) -> bool:
        """Always: there is nothing to wait for."""
        return True


class AtOnce:
    """A scanner for who waits for the answer: what takes too long is PENDING, and then nobody waits for a while."""

    def __init__(self, scanner: Scanner, now: Callable[[], float] = time.monotonic) -> None:
        self._scanner = scanner
        self._now = now
        self._rests_until = 0.0

    def scan(self, content: bytes) -> Verdict:
        """The verdict, or PENDING."""
        if self._now() < self._rests_until:
            return Verdict("PENDING")
        try:
            return self._scanner.scan(content, AT_ONCE_SECONDS)
        except NoVerdictError as problem:
            telemetry.log("upload_waits_for_scanner", reason=problem)
            self._rests_until = self._now() + REST_SECONDS
            return Verdict("PENDING")
