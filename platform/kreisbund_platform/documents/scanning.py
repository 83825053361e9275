"""The port for virus scanners. What looks at files really is a matter of the deployment."""

from typing import Literal, Protocol

ScanState = Literal["NOT_SCANNED", "CLEAN", "INFECTED"]


class Scanner(Protocol):
    """Anything that can tell whether a file is harmful."""

    def scan(self, content: bytes) -> ScanState:
        """What the scanner says about the content."""
        ...


class NoScanner:
    """The default of a demonstration: nothing is scanned, and every upload says so."""

    def scan(self, content: bytes) -> ScanState:
        """Says that nobody looked."""
        return "NOT_SCANNED"
