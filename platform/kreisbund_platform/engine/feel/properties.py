"""`value.name`: entries of contexts and the properties of dates, times, durations and ranges (DMN 1.5, table 65)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.temporal import (
    DAY,
    NANOS,
    Date,
    Moment,
    Months,
    Span,
    Time,
    offset_of,
    time_offset,
    weekday,
)
from kreisbund_platform.engine.feel.values import Interval, Meter, Unlike


def part(value: Any, name: str, meter: Meter) -> Any:
    """The entry or property, of a list's each item; null where there is none."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        meter.step(len(value))
        return [part(item, name, meter) for item in value]
    properties = _PROPERTIES.get(type(value), {})
    return properties[name](value) if name in properties else None


def _number(count: int | Decimal) -> Decimal:
    return Decimal(count)


def _offset(seconds: int | None) -> Span | None:
    return None if seconds is None else Span(seconds * NANOS)


def _second(time: Time) -> Decimal:
    return Decimal(time.seconds % 60) + Decimal(time.nanos) / NANOS if time.nanos else Decimal(time.seconds % 60)


_DATE: dict[str, Callable[[Any], Any]] = {
    "year": lambda day: _number(day.year),
    "month": lambda day: _number(day.month),
    "day": lambda day: _number(day.day),
    "weekday": lambda day: _number(weekday(day)),
}
_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": lambda time: _number(time.seconds // 3600),
    "minute": lambda time: _number(time.seconds // 60 % 60),
    "second": _second,
    "timezone": lambda time: time.zone,
    "time offset": lambda time: _offset(time_offset(time)),
}


def _toward_zero(number: int, unit: int, limit: int | None = None) -> Decimal:
    whole = abs(number) // unit
    whole = whole if limit is None else whole % limit
    return Decimal(-whole if number < 0 else whole)


def _span_seconds(span: Span) -> Decimal:
    rest = abs(span.nanos) % (60 * NANOS)
    seconds = Decimal(rest) / NANOS if rest % NANOS else Decimal(rest // NANOS)
    return -seconds if span.nanos < 0 else seconds


def _of_date(name: str) -> Callable[[Any], Any]:
    return lambda moment: _DATE[name](moment.date)


def _of_time(name: str) -> Callable[[Any], Any]:
    return lambda moment: _TIME[name](moment.time)


_RANGE: dict[str, Callable[[Any], Any]] = {
    "start": lambda interval: interval.low,
    "end": lambda interval: interval.high,
    "start included": lambda interval: interval.low_closed,
    "end included": lambda interval: interval.high_closed,
}
_PROPERTIES: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: _DATE,
    Time: _TIME,
    Moment: {
        **{name: _of_date(name) for name in _DATE},
        **{name: _of_time(name) for name in _TIME},
        "time offset": lambda moment: _offset(offset_of(moment)),
    },
    Months: {
        "years": lambda months: _toward_zero(months.count, 12),
        "months": lambda months: _toward_zero(months.count, 1, 12),
    },
    Span: {
        "days": lambda span: _toward_zero(span.nanos, DAY * NANOS),
        "hours": lambda span: _toward_zero(span.nanos, 3600 * NANOS, 24),
        "minutes": lambda span: _toward_zero(span.nanos, 60 * NANOS, 60),
        "seconds": _span_seconds,
    },
    Interval: _RANGE,
    Unlike: {
        "start": lambda _test: None,
        "end": lambda _test: None,
        "start included": lambda _test: False,
        "end included": lambda _test: False,
    },
}
