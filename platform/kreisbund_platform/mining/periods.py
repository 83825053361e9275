"""The period that figures and logs cover."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kreisbund_platform.clock import BERLIN

USUAL = timedelta(days=365)
LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class Period:
    """Days of receipt, both inclusive."""

    first: date
    last: date


def between(now: datetime, first: date | None, last: date | None) -> Period | None:
    """The period asked for, the last year where nothing is said; None where it is empty or longer than ten years."""
    last = last or now.astimezone(BERLIN).date()
    first = first or last - USUAL
    return Period(first, last) if timedelta(0) <= last - first <= LONGEST else None
