"""What FEEL's values are, how they enter and leave, and the limits of one evaluation.

Numbers are Decimals of 34 digits; what does not fit is null. Variables may hold int, float and Python's dates;
dates in JSON stay ISO texts until `date(…)` reads them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kreisbund_platform.engine.feel.syntax import FeelError
from kreisbund_platform.engine.feel.temporal import (
    NANOS,
    Date,
    Moment,
    Months,
    Span,
    Time,
    python_date,
    time_offset,
    zone_of,
)
from kreisbund_platform.engine.feel.temporal_text import is_temporal, text_of

__all__ = ["NUMBERS", "Env", "Interval", "Meter", "Months", "Unlike", "exported", "finite", "plain", "read"]

NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])
LONGEST_VALUE = 100_000
MOST_STEPS = 20_000
MISSING = object()


@dataclass(frozen=True, slots=True)
class Interval:
    """A range; an end that is None is without limit."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Unlike:
    """What the unary test `!= value` tests."""

    value: Any


class Meter:
    """What one evaluation may still cost, and the moment that `now()` answers (None: it answers null)."""

    __slots__ = ("left", "now")

    def __init__(self, steps: int = MOST_STEPS, now: datetime | None = None) -> None:
        self.left = steps
        self.now = now

    def step(self, cost: int = 1) -> None:
        """Raises FeelError once the evaluation has cost too much."""
        self.left -= cost
        if self.left < 0:
            raise FeelError("too many steps")

    def bounded(self, value: Any) -> Any:
        """The value, its size counted; raises FeelError where it grows beyond all measure."""
        if isinstance(value, str | list | dict):
            if len(value) > LONGEST_VALUE:
                raise FeelError("value too large")
            self.step(len(value) >> 4)
        return value


class Variables:
    """What the outside gives, read as FEEL sees it when it is asked for."""

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def get(self, name: str, default: Any = None) -> Any:
        """The variable's value."""
        value = self._given.get(name, MISSING)
        return default if value is MISSING else read(value)

    def member(self, name: str, part: str) -> Any:
        """An entry of a variable that is a context, without reading the rest of it; MISSING for anything else."""
        value = self._given.get(name)
        return read(value.get(part)) if isinstance(value, dict) else MISSING


class Env:
    """Names and their values; what is not found here is looked for outside."""

    __slots__ = ("meter", "outer", "values")

    def __init__(self, values: Any, outer: "Env | None", meter: Meter) -> None:
        self.values = values
        self.outer = outer
        self.meter = meter

    def inner(self, values: Mapping[str, Any]) -> "Env":
        """The same with more names."""
        return Env(values, self, self.meter)

    def find(self, name: str, default: Any = None) -> Any:
        """The innermost value of a name."""
        env: Env | None = self
        while env is not None:
            value = env.values.get(name, MISSING)
            if value is not MISSING:
                return value
            env = env.outer
        return default


Evaluator = Callable[[Env], Any]


@dataclass(frozen=True)
class Defined:
    """A function that a model defines (business knowledge); put among the variables under its name."""

    parameters: tuple[str, ...]
    body: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, eq=False)
class Lambda:
    """A function value: parameters with their types, what the body's result is turned into, and where it stands."""

    parameters: tuple[tuple[str, Any], ...]
    body: Evaluator
    env: Env = field(repr=False)
    result: Any = None


@dataclass(frozen=True, eq=False)
class External:
    """A function outside (Java, PMML): never called, its result is null."""

    parameters: tuple[tuple[str, Any], ...] = ()


def _read_datetime(value: datetime) -> Moment:
    return Moment(Date(value.year, value.month, value.day), _read_time(value.timetz(), value.utcoffset()))


def _read_time(value: time, shift: timedelta | None) -> Time:
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    if isinstance(value.tzinfo, ZoneInfo):
        return Time(seconds, value.microsecond * 1000, None, value.tzinfo.key)
    return Time(seconds, value.microsecond * 1000, None if shift is None else int(shift.total_seconds()))


def _read_span(value: timedelta) -> Span:
    return Span(((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1000)


_READERS: dict[type, Callable[[Any], Any]] = {
    int: Decimal,
    float: lambda value: finite(Decimal(str(value))),
    list: lambda value: [read(item) for item in value],
    tuple: lambda value: [read(item) for item in value],
    dict: lambda value: {str(key): read(item) for key, item in value.items()},
    datetime: _read_datetime,
    date: lambda value: Date(value.year, value.month, value.day),
    time: lambda value: _read_time(value, value.utcoffset()),
    timedelta: _read_span,
}


def read(value: Any) -> Any:
    """A variable's value as FEEL sees it."""
    reader = _READERS.get(type(value))
    return value if reader is None else reader(value)


def exported(value: Any, meter: Meter) -> Any:
    """A result for Python: its own dates, times and durations where they fit, ISO text where they do not."""
    if isinstance(value, list):
        meter.step(len(value))
        return [exported(item, meter) for item in value]
    if isinstance(value, dict):
        meter.step(len(value))
        return {key: exported(item, meter) for key, item in value.items()}
    writer = _WRITERS.get(type(value))
    return value if writer is None else writer(value)


def _python_zone(time: Time) -> Any:
    if time.zone is not None:
        return zone_of(time.zone)
    if time.offset is None:
        return None
    return timezone(timedelta(seconds=time.offset)) if time.offset else UTC


def _python_time(value: Time, zone: Any) -> time:
    hour, minute, second = value.seconds // 3600, value.seconds // 60 % 60, value.seconds % 60
    return time(hour, minute, second, value.nanos // 1000, tzinfo=zone)


def _python_moment(value: Moment) -> datetime | str:
    day = python_date(value.date)
    return datetime.combine(day, _python_time(value.time, _python_zone(value.time))) if day else text_of(value)


def _python_span(value: Span) -> timedelta | str:
    try:
        return timedelta(seconds=value.nanos // NANOS, microseconds=value.nanos % NANOS // 1000)
    except OverflowError:
        return text_of(value)


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Date: lambda value: python_date(value) or text_of(value),
    Time: lambda value: _python_time(value, _python_zone(value if value.zone is None else _fixed(value))),
    Moment: _python_moment,
    Span: _python_span,
}


def _fixed(value: Time) -> Time:
    return Time(value.seconds, value.nanos, time_offset(value))


def plain(value: Any, meter: Meter | None = None) -> Any:
    """A result as JSON holds it: whole numbers as int, others as float, dates and durations as ISO text.

    Raises FeelError for a value that shares its parts so often that it would fill the memory.
    """
    meter = meter or Meter(LONGEST_VALUE)
    if isinstance(value, list):
        meter.step(len(value) + 1)
        return [plain(item, meter) for item in value]
    if isinstance(value, dict):
        meter.step(len(value) + 1)
        return {key: plain(item, meter) for key, item in value.items()}
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if abs(value) < 10**15 and value == value.to_integral_value() else float(value)
    if is_temporal(value):
        return text_of(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return text_of(_read_span(value))
    return value if isinstance(value, str | bool | int | float) else None


def finite(number: Decimal) -> Decimal | None:
    """The number, or null for what division by zero and overflow leave behind."""
    return number if number.is_finite() else None
