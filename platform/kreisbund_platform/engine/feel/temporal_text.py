"""Dates, times and durations as ISO 8601 text, as FEEL reads and writes them (DMN 1.5, 10.3.4.1)."""

import re
from typing import Any

from kreisbund_platform.engine.feel.temporal import (
    LARGEST_OFFSET,
    MOST_SPAN,
    NANOS,
    Date,
    Moment,
    Months,
    Span,
    Time,
    make_date,
    make_time,
    zone_of,
)

Temporal = Date | Time | Moment | Months | Span
_DATE = re.compile(r"(-?(?:\d{4}|[1-9]\d{4,8}))-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d{0,30})?(?:([zZ])|([-+])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z0-9_+\-/]+))?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(-?)P(?=[\dT])(?:(\d{1,18})Y)?(?:(\d{1,18})M)?(?:(\d{1,18})D)?"
    r"(?:T(?=\d)(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(?:\.(\d{1,9})\d{0,30})?S)?)?",
    re.ASCII,
)


def parse_date(text: str) -> Date | None:
    """`2026-03-01`, years of up to nine digits; None for anything else."""
    match = _DATE.fullmatch(text)
    return make_date(int(match[1]), int(match[2]), int(match[3])) if match else None


def parse_time(text: str) -> Time | None:
    """`10:20:30.5`, with `Z`, an offset or `@` and a zone; None for anything else."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    zone = match[10]
    if zone and zone_of(zone) is None:
        return None
    found = make_time(int(match[1]), int(match[2]), int(match[3]), _nanos(match[4]), _offset(match))
    return Time(found.seconds, found.nanos, None, zone) if found and zone else found


def _nanos(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))


def _offset(match: re.Match[str]) -> int | None:
    if match[5]:
        return 0
    if not match[6]:
        return None
    hours, minutes, seconds = int(match[7]), int(match[8]), int(match[9] or 0)
    if minutes > 59 or seconds > 59:
        return LARGEST_OFFSET + 1
    return (hours * 3600 + minutes * 60 + seconds) * (-1 if match[6] == "-" else 1)


def parse_moment(text: str) -> Moment | None:
    """A date, `T` and a time, or a date alone for its midnight; None for anything else."""
    day, found, clock = text.partition("T")
    date, time = parse_date(day), parse_time(clock) if found else Time(0)
    return Moment(date, time) if date and time else None


def parse_duration(text: str) -> Months | Span | None:
    """`P1Y2M` or `P1DT2H`, never both kinds in one; None for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    sign = -1 if match[1] else 1
    if match[2] or match[3]:
        mixed = any(match[number] for number in range(4, 8))
        return None if mixed else Months(sign * (int(match[2] or 0) * 12 + int(match[3] or 0)))
    days, hours, minutes, seconds = (int(match[number] or 0) for number in range(4, 8))
    nanos = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * NANOS + _nanos(match[8])
    return Span(sign * nanos) if nanos < MOST_SPAN else None


def at_literal(text: str) -> Temporal | None:
    """The value of `@"…"`: whichever reading fits; None where none does."""
    if "P" in text[:2]:
        return parse_duration(text)
    if "T" in text.partition("@")[0]:
        return parse_moment(text)
    return parse_date(text) or parse_time(text)


def text_of(value: Temporal) -> str:
    """As FEEL's `string()` writes it."""
    if isinstance(value, Date):
        return _date_text(value)
    if isinstance(value, Time):
        return _time_text(value)
    if isinstance(value, Moment):
        return f"{_date_text(value.date)}T{_time_text(value.time)}"
    return _months_text(value) if isinstance(value, Months) else _span_text(value)


def _date_text(day: Date) -> str:
    sign = "-" if day.year < 0 else ""
    return f"{sign}{abs(day.year):04}-{day.month:02}-{day.day:02}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _fraction(nanos: int) -> str:
    return f".{nanos:09}".rstrip("0") if nanos else ""


def _time_text(time: Time) -> str:
    text = f"{_clock(time.seconds)}:{time.seconds % 60:02}{_fraction(time.nanos)}"
    if time.zone is not None:
        return f"{text}@{time.zone}"
    return text if time.offset is None else text + offset_text(time.offset)


def offset_text(offset: int) -> str:
    """`Z` or `+01:00`, with seconds where there are any."""
    if offset == 0:
        return "Z"
    seconds = f":{abs(offset) % 60:02}" if offset % 60 else ""
    return ("-" if offset < 0 else "+") + _clock(abs(offset)) + seconds


def _months_text(value: Months) -> str:
    years, months = divmod(abs(value.count), 12)
    body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return ("-" if value.count < 0 else "") + "P" + body


def _span_text(value: Span) -> str:
    whole, nanos = divmod(abs(value.nanos), NANOS)
    days, rest = divmod(whole, 86_400)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{_fraction(nanos)}S" if seconds or nanos else ""
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-" if value.nanos < 0 else "") + "P" + (body or "T0S")


def is_temporal(value: Any) -> bool:
    """Whether a value is one of these kinds."""
    return isinstance(value, Temporal)
