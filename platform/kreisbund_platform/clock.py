"""Time is injected: services ask a clock, so a seed replays any year in a minute."""

from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is set; for demonstration data and tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment last set."""
        return self._at

    def set(self, at: datetime) -> None:
        """Moves the clock, forwards or backwards."""
        self._at = at.astimezone(UTC)
