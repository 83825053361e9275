"""FEEL's arithmetic: numbers, texts, dates, times and durations (DMN 1.5, tables 57 to 61); null where it has none."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.temporal import (
    DAY,
    MOST_SPAN,
    NANOS,
    Date,
    Moment,
    Months,
    Span,
    Time,
    date_of,
    instant,
    midnight,
    moment_at,
    plus_months,
    time_value,
)
from kreisbund_platform.engine.feel.values import NUMBERS, finite

MOST_MONTHS = 10**12
LARGEST_EXPONENT = 10**9


def add(left: Any, right: Any) -> Any:
    """Numbers, texts, durations, and a point in time with a duration."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.add(left, right))
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, Months) and isinstance(right, Months):
        return months(left.count + right.count)
    if isinstance(left, Span) and isinstance(right, Span):
        return span(left.nanos + right.nanos)
    if isinstance(left, Months | Span):
        left, right = right, left
    return _shifted(left, right)


def _shifted(point: Any, duration: Any) -> Any:
    if isinstance(duration, Months):
        return _months_later(point, duration.count)
    if not isinstance(duration, Span):
        return None
    if isinstance(point, Date):
        return date_of(point.number + duration.nanos // (DAY * NANOS))
    if isinstance(point, Time):
        seconds, nanos = divmod(point.seconds * NANOS + point.nanos + duration.nanos, NANOS)
        return Time(seconds % DAY, nanos, point.offset, point.zone)
    if isinstance(point, Moment):
        return moment_at(instant(point) + duration.nanos, point.time)
    return None


def _months_later(point: Any, count: int) -> Any:
    if isinstance(point, Date):
        return plus_months(point, count)
    if isinstance(point, Moment):
        day = plus_months(point.date, count)
        return Moment(day, point.time) if day else None
    return None


def subtract(left: Any, right: Any) -> Any:
    """Numbers, durations, points in time and durations, and two points in time for the days between."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.subtract(left, right))
    if isinstance(right, Months):
        return add(left, Months(-right.count))
    if isinstance(right, Span):
        return add(left, Span(-right.nanos))
    return _between(left, right)


def _between(left: Any, right: Any) -> Span | None:
    if isinstance(left, Time) and isinstance(right, Time):
        return span(time_value(left) - time_value(right)) if left.zoned == right.zoned else None
    if isinstance(left, Date) and isinstance(right, Date):
        return span((left.number - right.number) * DAY * NANOS)
    if not (isinstance(left, Date | Moment) and isinstance(right, Date | Moment)):
        return None
    start = midnight(right, utc=True) if isinstance(right, Date) else right
    end = midnight(left, utc=True) if isinstance(left, Date) else left
    return span(instant(end) - instant(start)) if start.time.zoned == end.time.zoned else None


def multiply(left: Any, right: Any) -> Any:
    """Numbers, and durations with numbers."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.multiply(left, right))
    if isinstance(left, Decimal) and isinstance(right, Span | Months):
        left, right = right, left
    if not isinstance(right, Decimal):
        return None
    if isinstance(left, Span):
        return _whole(NUMBERS.multiply(Decimal(left.nanos), right), span)
    return _whole(NUMBERS.multiply(Decimal(left.count), right), months) if isinstance(left, Months) else None


def _whole(number: Decimal, make: Callable[[int], Any]) -> Any:
    return make(int(number)) if number.is_finite() and number.adjusted() < 40 else None


def divide(left: Any, right: Any) -> Any:
    """Numbers, a duration by a number, a duration by one of its kind; by zero is null."""
    if isinstance(right, Decimal):
        return _divide_by(left, right)
    if isinstance(left, Span) and isinstance(right, Span) and right.nanos:
        return finite(NUMBERS.divide(Decimal(left.nanos), Decimal(right.nanos)))
    if isinstance(left, Months) and isinstance(right, Months) and right.count:
        return finite(NUMBERS.divide(Decimal(left.count), Decimal(right.count)))
    return None


def _divide_by(left: Any, right: Decimal) -> Any:
    if right == 0:
        return None
    if isinstance(left, Decimal):
        return finite(NUMBERS.divide(left, right))
    if isinstance(left, Span):
        return _whole(NUMBERS.divide(Decimal(left.nanos), right), span)
    return _whole(NUMBERS.divide(Decimal(left.count), right), months) if isinstance(left, Months) else None


def power(left: Any, right: Any) -> Decimal | None:
    """Numbers; exponents up to `LARGEST_EXPONENT`."""
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)) or abs(right) > LARGEST_EXPONENT:
        return None
    if not left and not right:
        return Decimal(1)
    return finite(NUMBERS.power(left, right))


def negative(value: Any) -> Any:
    """Arithmetic minus of numbers and durations."""
    if isinstance(value, Decimal):
        return NUMBERS.minus(value)
    if isinstance(value, Months):
        return Months(-value.count)
    return Span(-value.nanos) if isinstance(value, Span) else None


def months(count: int) -> Months | None:
    """The duration, or null where it is beyond all time."""
    return Months(count) if abs(count) < MOST_MONTHS else None


def span(nanos: int) -> Span | None:
    """The duration, or null where it is beyond all time."""
    return Span(nanos) if abs(nanos) < MOST_SPAN else None


ARITHMETIC = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
