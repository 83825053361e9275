"""ISO 8601 durations and cycles as BPMN timers write them.

Months and days count on the calendar of the moment's own time zone (a month's end is clamped, BGB § 188 (3));
hours, minutes and seconds are elapsed time, also across a change of the clocks.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(
    r"P(?=[0-9T])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?"
)
_CYCLE = re.compile(r"R(\d{0,6})/(P.+)")


@dataclass(frozen=True)
class Duration:
    """Calendar months and days, and elapsed seconds."""

    months: int
    days: int
    seconds: float

    def after(self, moment: datetime) -> datetime:
        """The aware moment this much later; raises OverflowError or ValueError beyond the year 9999."""
        shifted = _months_after(moment, self.months) if self.months else moment
        shifted += timedelta(days=self.days)
        if not self.seconds:
            return shifted
        return (shifted.astimezone(UTC) + timedelta(seconds=self.seconds)).astimezone(moment.tzinfo)


def _months_after(moment: datetime, months: int) -> datetime:
    number = moment.year * 12 + moment.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True)
class Cycle:
    """Every `period`, at most `repetitions` times; None means without an end."""

    repetitions: int | None
    period: Duration


def parse_duration(text: str) -> Duration:
    """`P1Y2M10DT2H30M`; raises ValueError for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    years, months, weeks, days, hours, minutes = (int(group or 0) for group in match.groups()[:6])
    seconds = float(match.group(7) or 0)
    return Duration(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)


def parse_cycle(text: str) -> Cycle:
    """`R/P1D` or `R3/PT1H`; raises ValueError for anything else, a period of nothing too."""
    match = _CYCLE.fullmatch(text.strip())
    period = parse_duration(match.group(2)) if match else None
    if match is None or period is None or period == Duration(0, 0, 0):
        raise ValueError(text)
    return Cycle(int(match.group(1)) if match.group(1) else None, period)
