"""What FEEL's operators do with values: numbers are Decimals of 34 digits, what does not fit is null.

Numbers in variables may be int, float or Decimal; dates are ISO texts until `date(…)` reads them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from kreisbund_platform.engine.durations import Duration
from kreisbund_platform.engine.feel_syntax import FeelError

NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[])
LONGEST_VALUE = 100_000
LARGEST_EXPONENT = 999


@dataclass(frozen=True, order=True)
class Months:
    """A duration of years and months."""

    count: int


@dataclass(frozen=True)
class Interval:
    """A range; an end that is None is without limit."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    unlimited: bool = False


@dataclass(frozen=True)
class Unlike:
    """What the unary test `!= value` tests."""

    value: Any


def read(value: Any) -> Any:
    """A variable's value as FEEL sees it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return finite(Decimal(str(value)))
    return list(value) if isinstance(value, tuple) else value


def plain(value: Any) -> Any:
    """A result as JSON holds it: whole numbers as int, others as float, dates and durations as ISO text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Months | timedelta):
        return duration_text(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value if isinstance(value, str | bool | int | float) else None


def duration_text(value: Months | timedelta) -> str:
    """ISO 8601, as FEEL's string() writes it."""
    if isinstance(value, Months):
        years, months = divmod(abs(value.count), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return ("-" if value.count < 0 else "") + "P" + body
    days, rest = divmod(abs(value), timedelta(days=1))
    hours, seconds = divmod(rest.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < timedelta(0) else "") + "P" + (body or "T0S")


def finite(number: Decimal) -> Decimal | None:
    """The number, or null for what division by zero and overflow leave behind."""
    return number if number.is_finite() and abs(number.adjusted()) < 6000 else None


def bounded(value: Any) -> Any:
    """The value; raises FeelError where an expression grows a text or list beyond all measure."""
    if isinstance(value, str | list) and len(value) > LONGEST_VALUE:
        raise FeelError("value too large")
    return value


def kind(value: Any) -> str:
    """The type's name; only values of one kind compare."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, datetime):
        return "date and time" if value.tzinfo is None else "date and time with zone"
    for type_, name in ((Decimal, "number"), (date, "date"), (str, "string"), (list, "list"), (dict, "context")):
        if isinstance(value, type_):
            return name
    return type(value).__name__


def equal(left: Any, right: Any) -> bool | None:
    """Null equals null only; values of different kinds do not compare."""
    left, right = read(left), read(right)
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(a, b) is True for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) is True for key in left)
    return bool(left == right)


def less(left: Any, right: Any) -> bool | None:
    """Order of numbers, texts, dates, times and durations; null for all others."""
    left, right = read(left), read(right)
    if left is None or right is None or kind(left) != kind(right):
        return None
    if isinstance(left, Decimal | str | date | time | timedelta | Months):
        return bool(left < right)
    return None


def negate(value: Any) -> bool | None:
    """Three-valued not."""
    return not value if isinstance(value, bool) else None


def compare(operator: str, left: Any, right: Any) -> bool | None:
    """One of = != < <= > >=."""
    if operator == "=":
        return equal(left, right)
    if operator == "!=":
        return negate(equal(left, right))
    if operator in ("<", ">="):
        below = less(left, right)
        return below if operator == "<" else negate(below)
    above = less(right, left)
    return above if operator == ">" else negate(above)


def within(value: Any, interval: Interval) -> bool | None:
    """Whether a value lies in a range; null where it cannot be compared."""
    results = []
    if interval.low is not None:
        results.append(compare(">=" if interval.low_closed else ">", value, interval.low))
    if interval.high is not None:
        results.append(compare("<=" if interval.high_closed else "<", value, interval.high))
    missing = not interval.unlimited and (interval.low is None or interval.high is None)
    if False in results:
        return False
    return None if missing or None in results or not results else True


def holds(test: Any, subject: Any) -> bool | None:
    """Whether a subject passes a test's value: a range, a list with it in, or the value itself."""
    if isinstance(test, Interval):
        return within(subject, test)
    if isinstance(test, Unlike):
        return negate(equal(subject, test.value))
    if isinstance(test, list) and not isinstance(subject, list):
        return any(holds(read(item), subject) is True for item in test)
    return equal(subject, test)


def add(left: Any, right: Any) -> Any:
    """Numbers, texts, and dates or durations with durations."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(NUMBERS.add(left, right))
    if isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if isinstance(left, Months) and isinstance(right, Months):
        return Months(left.count + right.count)
    if isinstance(left, Months | timedelta) and isinstance(right, date):
        return add(right, left)
    return _shift(left, right)


def _shift(left: Any, right: Any) -> Any:
    try:
        if isinstance(left, date) and isinstance(right, Months):
            return _plus_months(left, right.count)
        if isinstance(left, date | timedelta) and isinstance(right, timedelta):
            return left + right
    except (OverflowError, ValueError):
        return None
    return None


def _plus_months(day: date, months: int) -> date:
    midnight = day if isinstance(day, datetime) else datetime.combine(day, time())
    shifted = Duration(months, 0, 0).after(midnight)
    return shifted if isinstance(day, datetime) else shifted.date()


def subtract(left: Any, right: Any) -> Any:
    """Numbers, dates, durations."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(NUMBERS.subtract(left, right))
    if isinstance(left, date) and isinstance(right, date) and kind(left) == kind(right):
        return left - right
    if isinstance(left, Months) and isinstance(right, Months):
        return Months(left.count - right.count)
    if isinstance(right, Months):
        return add(left, Months(-right.count))
    return add(left, -right) if isinstance(right, timedelta) else None


def multiply(left: Any, right: Any) -> Any:
    """Numbers, and durations with numbers."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(NUMBERS.multiply(left, right))
    if isinstance(left, Decimal) and isinstance(right, timedelta | Months):
        return multiply(right, left)
    try:
        if isinstance(left, timedelta) and isinstance(right, Decimal):
            return left * float(right)
        if isinstance(left, Months) and isinstance(right, Decimal):
            return Months(int(left.count * right))
    except (OverflowError, ValueError):
        return None
    return None


def divide(left: Any, right: Any) -> Any:
    """Numbers, and a duration by a number; by zero is null."""
    if not isinstance(right, Decimal) or right == 0:
        return None
    if isinstance(left, Decimal):
        return finite(NUMBERS.divide(left, right))
    return multiply(left, NUMBERS.divide(Decimal(1), right))


def power(left: Any, right: Any) -> Decimal | None:
    """Numbers; exponents up to `LARGEST_EXPONENT`."""
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)) or abs(right) > LARGEST_EXPONENT:
        return None
    return finite(NUMBERS.power(left, right))


ARITHMETIC = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
_DATE_PARTS = ("year", "month", "day", "hour", "minute", "second")


def part(value: Any, name: str) -> Any:
    """`value.name`: a context's entry, a date's or duration's part, or that of each item of a list."""
    if isinstance(value, dict):
        return read(value.get(name))
    if isinstance(value, list):
        return [part(read(item), name) for item in value]
    if isinstance(value, date | time) and name == "weekday" and isinstance(value, date):
        return Decimal(value.isoweekday())
    if isinstance(value, date | time) and name in _DATE_PARTS and hasattr(value, name):
        return Decimal(getattr(value, name))
    return _duration_part(value, name)


def _duration_part(value: Any, name: str) -> Decimal | None:
    parts: dict[str, int] = {}
    if isinstance(value, Months):
        parts = {"years": int(value.count / 12), "months": abs(value.count) % 12 * (1 if value.count >= 0 else -1)}
    elif isinstance(value, timedelta):
        sign, span = (-1 if value < timedelta(0) else 1), abs(value)
        parts = {
            "days": sign * span.days,
            "hours": sign * (span.seconds // 3600),
            "minutes": sign * (span.seconds // 60 % 60),
            "seconds": sign * (span.seconds % 60),
        }
    return Decimal(parts[name]) if name in parts else None
