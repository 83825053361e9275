"""Built-in functions on ranges and points (DMN 1.5, table 78) and `range` of a text."""

import re
from collections.abc import Callable
from typing import Any

from kreisbund_platform.engine.feel.comparison import both, either, equal, kind, less, negate
from kreisbund_platform.engine.feel.functions import FUNCTIONS, builtin, call_builtin
from kreisbund_platform.engine.feel.scanner import unescaped
from kreisbund_platform.engine.feel.temporal_text import at_literal
from kreisbund_platform.engine.feel.values import NUMBERS, Env, Interval, finite

Truth = bool | None


def _above(left: Any, right: Any) -> Truth:
    return less(right, left)


def before_points(point1: Any, point2: Any) -> Truth:
    """point1 < point2."""
    return less(point1, point2)


def before_range(point: Any, range_: Interval) -> Truth:
    """A point before a range."""
    return either(less(point, range_.low), both(equal(point, range_.low), not range_.low_closed))


def range_before(range_: Interval, point: Any) -> Truth:
    """A range before a point."""
    return either(less(range_.high, point), both(equal(range_.high, point), not range_.high_closed))


def before_ranges(range1: Interval, range2: Interval) -> Truth:
    """A range before another."""
    touching = not range1.high_closed or not range2.low_closed
    return either(less(range1.high, range2.low), both(touching, equal(range1.high, range2.low)))


def meets(range1: Interval, range2: Interval) -> Truth:
    """The end of one is the start of the other, both included."""
    return both(range1.high_closed, range2.low_closed, equal(range1.high, range2.low))


def _reaches(range1: Interval, range2: Interval) -> Truth:
    """range1 ends at or after the start of range2."""
    touching = both(equal(range1.high, range2.low), range1.high_closed, range2.low_closed)
    return either(_above(range1.high, range2.low), touching)


def overlaps(range1: Interval, range2: Interval) -> Truth:
    """Both share a point."""
    return both(_reaches(range1, range2), _reaches(range2, range1))


def overlaps_before(range1: Interval, range2: Interval) -> Truth:
    """range1 starts first and ends in range2."""
    starts_first = either(
        less(range1.low, range2.low),
        both(equal(range1.low, range2.low), range1.low_closed, not range2.low_closed),
    )
    ends_inside = either(
        less(range1.high, range2.high),
        both(equal(range1.high, range2.high), not range1.high_closed or range2.high_closed),
    )
    return both(starts_first, _reaches(range1, range2), ends_inside)


def overlaps_after(range1: Interval, range2: Interval) -> Truth:
    """range2 starts first and ends in range1."""
    return overlaps_before(range2, range1)


def finishes_range(point: Any, range_: Interval) -> Truth:
    """The point is the range's end."""
    return both(range_.high_closed, equal(range_.high, point))


def finishes(range1: Interval, range2: Interval) -> Truth:
    """Both end alike, range1 starts no earlier."""
    starts_inside = either(
        _above(range1.low, range2.low),
        both(equal(range1.low, range2.low), not range1.low_closed or range2.low_closed),
    )
    return both(range1.high_closed == range2.high_closed, equal(range1.high, range2.high), starts_inside)


def includes_point(range_: Interval, point: Any) -> Truth:
    """The point lies in the range."""
    inside = both(less(range_.low, point), _above(range_.high, point))
    return either(
        inside,
        both(equal(range_.low, point), range_.low_closed),
        both(equal(range_.high, point), range_.high_closed),
    )


def includes(range1: Interval, range2: Interval) -> Truth:
    """range2 lies in range1."""
    starts = either(
        less(range1.low, range2.low),
        both(equal(range1.low, range2.low), range1.low_closed or not range2.low_closed),
    )
    ends = either(
        _above(range1.high, range2.high),
        both(equal(range1.high, range2.high), range1.high_closed or not range2.high_closed),
    )
    return both(starts, ends)


def starts_range(point: Any, range_: Interval) -> Truth:
    """The point is the range's start."""
    return both(equal(range_.low, point), range_.low_closed)


def starts(range1: Interval, range2: Interval) -> Truth:
    """Both start alike, range1 ends no later."""
    ends_inside = either(
        less(range1.high, range2.high),
        both(equal(range1.high, range2.high), not range1.high_closed or range2.high_closed),
    )
    return both(equal(range1.low, range2.low), range1.low_closed == range2.low_closed, ends_inside)


def coincides(range1: Interval, range2: Interval) -> Truth:
    """Both are the same range."""
    closed = (range1.low_closed, range1.high_closed) == (range2.low_closed, range2.high_closed)
    return both(closed, equal(range1.low, range2.low), equal(range1.high, range2.high))


def _swapped(function: Callable[[Any, Any], Truth]) -> Callable[[Any, Any], Truth]:
    return lambda left, right: function(right, left)


_POINTS, _RANGES = "point1: point, point2: point", "range1: range, range2: range"
_POINT_RANGE, _RANGE_POINT = "point: point, range: range", "range: range, point: point"
_DECLARED: list[tuple[str, str, Callable[[Any, Any], Truth]]] = [
    ("before", _POINTS, before_points),
    ("before", _POINT_RANGE, before_range),
    ("before", _RANGE_POINT, range_before),
    ("before", _RANGES, before_ranges),
    ("after", _POINTS, _swapped(before_points)),
    ("after", _POINT_RANGE, _swapped(range_before)),
    ("after", _RANGE_POINT, _swapped(before_range)),
    ("after", _RANGES, _swapped(before_ranges)),
    ("meets", _RANGES, meets),
    ("met by", _RANGES, _swapped(meets)),
    ("overlaps", _RANGES, overlaps),
    ("overlaps before", _RANGES, overlaps_before),
    ("overlaps after", _RANGES, overlaps_after),
    ("finishes", _POINT_RANGE, finishes_range),
    ("finishes", _RANGES, finishes),
    ("finished by", _RANGE_POINT, _swapped(finishes_range)),
    ("finished by", _RANGES, _swapped(finishes)),
    ("includes", _RANGE_POINT, includes_point),
    ("includes", _RANGES, includes),
    ("during", _POINT_RANGE, _swapped(includes_point)),
    ("during", _RANGES, _swapped(includes)),
    ("starts", _POINT_RANGE, starts_range),
    ("starts", _RANGES, starts),
    ("started by", _RANGE_POINT, _swapped(starts_range)),
    ("started by", _RANGES, _swapped(starts)),
    ("coincides", _POINTS, equal),
    ("coincides", _RANGES, coincides),
]
for _name, _parameters, _body in _DECLARED:
    builtin(_name, _parameters)(_body)

_RANGE = re.compile(r"\s*([\[\](])\s*(.*?)\s*\.\.\s*(.*?)\s*([\[\])])\s*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_AT = re.compile(r'@\s*"([^"\\]*)"')
_MADE = re.compile(r'(date and time|date|time|duration)\s*\(\s*"([^"\\]*)"\s*\)')


@builtin("range", "from: string", metered=True)
def _range(env: Env, text: str) -> Interval | None:
    match = _RANGE.fullmatch(text.strip()) if len(text) <= LONGEST_RANGE else None
    if match is None:
        return None
    low_closed, high_closed = match[1] == "[", match[4] == "]"
    low, high = _end(match[2], env), _end(match[3], env)
    if low is _NOTHING or high is _NOTHING or not _fits(low, high, low_closed=low_closed, high_closed=high_closed):
        return None
    return Interval(low, high, low_closed, high_closed)


_NOTHING = object()
LONGEST_RANGE = 500


def _fits(low: Any, high: Any, *, low_closed: bool, high_closed: bool) -> bool:
    if low is None or high is None:
        open_end = (low is not None or not low_closed) and (high is not None or not high_closed)
        return open_end and (low is not None or high is not None)
    return kind(low) == kind(high) and negate(less(high, low)) is True


def _end(text: str, env: Env) -> Any:
    """A literal's value, None for an end left out, `_NOTHING` for anything else."""
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return finite(NUMBERS.create_decimal(text))
    if found := _STRING.fullmatch(text):
        return unescaped(found[1])
    value = None
    if found := _AT.fullmatch(text):
        value = at_literal(found[1])
    elif found := _MADE.fullmatch(text):
        value = call_builtin(FUNCTIONS[found[1]], [found[2]], None, env)
    return _NOTHING if value is None else value
