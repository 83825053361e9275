"""Equality, order and membership of FEEL's values, three-valued (DMN 1.5, 10.3.2.13 and tables 52 to 55)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.temporal import Date, Moment, Months, Span, Time, instant, time_value
from kreisbund_platform.engine.feel.values import LONGEST_VALUE, Interval, Meter, Unlike

_KINDS: dict[type, str] = {
    bool: "boolean",
    Decimal: "number",
    str: "string",
    Date: "date",
    Time: "time",
    Moment: "date and time",
    Months: "years and months duration",
    Span: "days and time duration",
    list: "list",
    dict: "context",
    Interval: "range",
    Unlike: "range",
}


def kind(value: Any) -> str:
    """The type's name; only values of one kind compare."""
    return "Null" if value is None else _KINDS.get(type(value), "function")


def equal(left: Any, right: Any, meter: Meter | None = None) -> bool | None:
    """Null equals null only; values of different kinds do not compare."""
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    same = _EQUALITY.get(type(left))
    return bool(left == right) if same is None else same(left, right, meter or Meter(LONGEST_VALUE))


def _equal_lists(left: list[Any], right: list[Any], meter: Meter) -> bool | None:
    if len(left) != len(right):
        return False
    meter.step(len(left) + 1)
    return _all_of([equal(a, b, meter) for a, b in zip(left, right, strict=True)])


def _equal_contexts(left: dict[str, Any], right: dict[str, Any], meter: Meter) -> bool | None:
    if left.keys() != right.keys():
        return False
    meter.step(len(left) + 1)
    return _all_of([equal(left[key], right[key], meter) for key in left])


def _all_of(results: list[bool | None]) -> bool:
    return all(result is True for result in results)


def _equal_ranges(left: Any, right: Any, meter: Meter) -> bool | None:
    if type(left) is not type(right):
        return False
    if isinstance(left, Unlike):
        return equal(left.value, right.value, meter)
    if (left.low_closed, left.high_closed) != (right.low_closed, right.high_closed):
        return False
    return _all_of([equal(left.low, right.low, meter), equal(left.high, right.high, meter)])


def _equal_times(left: Time, right: Time, _meter: Meter) -> bool:
    return left.zoned == right.zoned and time_value(left) == time_value(right)


def _equal_moments(left: Moment, right: Moment, _meter: Meter) -> bool:
    return left.time.zoned == right.time.zoned and instant(left) == instant(right)


_EQUALITY: dict[type, Callable[[Any, Any, Meter], bool | None]] = {
    list: _equal_lists,
    dict: _equal_contexts,
    Interval: _equal_ranges,
    Unlike: _equal_ranges,
    Time: _equal_times,
    Moment: _equal_moments,
}


def less(left: Any, right: Any) -> bool | None:
    """Order of numbers, texts, dates, times and durations; null for all others, also for local against zoned."""
    if left is None or right is None or type(left) is not type(right):
        return None
    if isinstance(left, Decimal | str | Date | Span | Months):
        return bool(left < right)
    if isinstance(left, Time):
        return time_value(left) < time_value(right) if left.zoned == right.zoned else None
    if isinstance(left, Moment):
        return instant(left) < instant(right) if left.time.zoned == right.time.zoned else None
    return None


def negate(value: Any) -> bool | None:
    """Three-valued not."""
    return not value if isinstance(value, bool) else None


def compare(operator: str, left: Any, right: Any, meter: Meter | None = None) -> bool | None:
    """One of = != < <= > >=."""
    if operator == "=":
        return equal(left, right, meter)
    if operator == "!=":
        return negate(equal(left, right, meter))
    if operator in ("<", ">="):
        below = less(left, right)
        return below if operator == "<" else negate(below)
    above = less(right, left)
    return above if operator == ">" else negate(above)


def both(*results: bool | None) -> bool | None:
    """Three-valued and."""
    if False in results:
        return False
    return None if None in results else True


def either(*results: bool | None) -> bool | None:
    """Three-valued or."""
    if True in results:
        return True
    return None if None in results else False


def within(value: Any, interval: Interval) -> bool | None:
    """Whether a value lies in a range; null where it cannot be compared."""
    results: list[bool | None] = []
    if interval.low is not None:
        results.append(compare(">=" if interval.low_closed else ">", value, interval.low))
    if interval.high is not None:
        results.append(compare("<=" if interval.high_closed else "<", value, interval.high))
    return both(*results) if results else None


def holds(test: Any, subject: Any, meter: Meter | None = None) -> bool | None:
    """Whether a subject passes a test's value: a range, a list with it in, or the value itself."""
    if isinstance(test, Interval):
        if test.low_closed and test.high_closed and test.low is test.high:
            return equal(subject, test.low, meter)
        return equal(subject, test, meter) if isinstance(subject, Interval) else within(subject, test)
    if isinstance(test, Unlike):
        return negate(equal(subject, test.value, meter))
    if isinstance(test, list):
        return _in_list(test, subject, meter or Meter(LONGEST_VALUE))
    return equal(subject, test, meter)


def _in_list(tests: list[Any], subject: Any, meter: Meter) -> bool | None:
    if isinstance(subject, list) and equal(tests, subject, meter) is True:
        return True
    meter.step(len(tests))
    found = False
    for test in tests:
        is_test = isinstance(test, Interval | Unlike) and not isinstance(subject, Interval)
        found = found or (holds(test, subject, meter) if is_test else equal(subject, test, meter)) is True
    return found


def hash_key(value: Any, meter: Meter) -> Any:
    """Equal values have equal keys; for finding duplicates in long lists."""
    if isinstance(value, list):
        meter.step(len(value) + 1)
        return ("list", tuple(hash_key(item, meter) for item in value))
    if isinstance(value, dict):
        meter.step(len(value) + 1)
        return ("context", frozenset((key, hash_key(item, meter)) for key, item in value.items()))
    if isinstance(value, Moment):
        return ("date and time", value.time.zoned, instant(value))
    if isinstance(value, Time):
        return ("time", value.zoned, time_value(value))
    if isinstance(value, Interval):
        ends = (hash_key(value.low, meter), hash_key(value.high, meter))
        return ("range", *ends, value.low_closed, value.high_closed)
    return ("unlike", hash_key(value.value, meter)) if isinstance(value, Unlike) else (kind(value), value)
