"""FEEL's dates, times and durations: years up to ±999,999,999, offsets to the second, IANA zones, nanoseconds.

Python's own `datetime` ends at the year 9999; what leaves FEEL is turned into it where it fits.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NANOS = 1_000_000_000
DAY = 86_400
MOST_YEARS = 999_999_999
MOST_SPAN = 10**20 * NANOS
LARGEST_OFFSET = 18 * 3600
_CYCLE = 146_097


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A duration of years and months."""

    count: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A duration of days and time, in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Date:
    """A day of the proleptic Gregorian calendar."""

    year: int
    month: int
    day: int

    @property
    def number(self) -> int:
        """Days since 1970-01-01 (Howard Hinnant, days_from_civil)."""
        year = self.year - (self.month <= 2)
        era, of_era = divmod(year, 400)
        of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * _CYCLE + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day; `offset` in seconds east of UTC, `zone` an IANA name, both None for a local time."""

    seconds: int
    nanos: int = 0
    offset: int | None = None
    zone: str | None = None

    @property
    def zoned(self) -> bool:
        """Whether it can be placed against UTC."""
        return self.offset is not None or self.zone is not None


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time."""

    date: Date
    time: Time


def days_in(year: int, month: int) -> int:
    """How many days the month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def make_date(year: int, month: int, day: int) -> Date | None:
    """The day, or None where there is no such."""
    if abs(year) > MOST_YEARS or not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
        return None
    return Date(year, month, day)


def make_time(hour: int, minute: int, seconds: int, nanos: int = 0, offset: int | None = None) -> Time | None:
    """The time of day, or None where there is no such."""
    fits = 0 <= hour < 24 and 0 <= minute < 60 and 0 <= seconds < 60
    if not fits or (offset is not None and abs(offset) > LARGEST_OFFSET):
        return None
    return Time(hour * 3600 + minute * 60 + seconds, nanos, offset)


def date_of(number: int) -> Date | None:
    """The day so many days after 1970-01-01 (Howard Hinnant, civil_from_days); None beyond all years."""
    era, of_era = divmod(number + 719_468, _CYCLE)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return make_date(year_of_era + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | None:
    """The IANA zone, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_of(moment: Moment) -> int | None:
    """Seconds east of UTC at this local moment; in a gap or overlap those before the change."""
    if moment.time.zone is None:
        return moment.time.offset
    return _zone_offset(moment.time.zone, _within_python(moment.date, moment.time.seconds))


def _zone_offset(name: str, local: datetime) -> int:
    zone = zone_of(name)
    shift = local.replace(tzinfo=zone).utcoffset() if zone else None
    return int(shift.total_seconds()) if shift is not None else 0


def _within_python(day: Date, seconds: int) -> datetime:
    """A local moment that the same rules of a zone hold for: years repeat their calendar every 400."""
    year = day.year if 2 <= day.year <= 9998 else 2 if day.year < 2 else 2400 + day.year % 400
    month_day = min(day.day, days_in(year, day.month))
    return datetime(year, day.month, month_day, seconds // 3600, seconds // 60 % 60, seconds % 60)  # noqa: DTZ001


def time_offset(time: Time) -> int | None:
    """Seconds east of UTC of a time of day; a zone's standard one, since the day is not known."""
    if time.zone is None:
        return time.offset
    return _zone_offset(time.zone, datetime(2000, 1, 1, 12))  # noqa: DTZ001


def instant(moment: Moment) -> int:
    """Nanoseconds since 1970-01-01T00:00:00Z; a local moment counts as if in UTC."""
    seconds = moment.date.number * DAY + moment.time.seconds - (offset_of(moment) or 0)
    return seconds * NANOS + moment.time.nanos


def time_value(time: Time) -> int:
    """Nanoseconds since midnight UTC; a local time counts as if in UTC."""
    return (time.seconds - (time_offset(time) or 0)) * NANOS + time.nanos


def moment_at(number: int, like: Time) -> Moment | None:
    """The moment at this instant in the offset or zone of `like`; None beyond all years."""
    offset = like.offset or 0
    if like.zone is not None:
        guess = _local(number, 0, like)
        utc = _within_python(guess.date, guess.time.seconds) if guess else None
        offset = _offset_at_utc(like.zone, utc) if utc else 0
    return _local(number, offset, like)


def _offset_at_utc(name: str, utc: datetime) -> int:
    zone = zone_of(name)
    shift = zone.fromutc(utc.replace(tzinfo=zone)).utcoffset() if zone else None
    return int(shift.total_seconds()) if shift is not None else 0


def _local(number: int, offset: int, like: Time) -> Moment | None:
    seconds, nanos = divmod(number, NANOS)
    days, of_day = divmod(seconds + offset, DAY)
    day = date_of(days)
    return Moment(day, Time(of_day, nanos, like.offset, like.zone)) if day else None


def midnight(day: Date, *, utc: bool = False) -> Moment:
    """The date's first moment."""
    return Moment(day, Time(0, 0, 0 if utc else None))


def plus_months(day: Date, months: int) -> Date | None:
    """The same day so many months later, clamped to the month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return make_date(year, month + 1, min(day.day, days_in(year, month + 1)))


def months_between(start: Moment, end: Moment) -> int:
    """Whole months from one moment to another, negative where the end comes first."""
    if (end.date, end.time.seconds, end.time.nanos) < (start.date, start.time.seconds, start.time.nanos):
        return -months_between(end, start)
    months = (end.date.year - start.date.year) * 12 + end.date.month - start.date.month
    begun = (end.date.day, end.time.seconds, end.time.nanos) < (start.date.day, start.time.seconds, start.time.nanos)
    return months - begun


def weekday(day: Date) -> int:
    """1 for Monday to 7 for Sunday."""
    return (day.number + 3) % 7 + 1


def day_of_year(day: Date) -> int:
    """1 to 366."""
    return day.number - Date(day.year, 1, 1).number + 1


def week_of_year(day: Date) -> int:
    """ISO 8601: the week with the year's first Thursday is number 1."""
    thursday = day.number + 4 - weekday(day)
    year = date_of(thursday)
    return (thursday - Date(year.year, 1, 1).number) // 7 + 1 if year else 1


def python_date(day: Date) -> date | None:
    """Python's date, where its years reach."""
    return date(day.year, day.month, day.day) if 1 <= day.year <= 9999 else None
