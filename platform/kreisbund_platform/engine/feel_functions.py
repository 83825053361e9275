"""FEEL's built-in functions (DMN 1.3, 10.3.4): a wrong argument gives null, never an error."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

from kreisbund_platform.engine.durations import parse_duration
from kreisbund_platform.engine.feel_values import (
    LONGEST_VALUE,
    NUMBERS,
    Months,
    duration_text,
    equal,
    less,
    negate,
    plain,
    read,
)

Function = Callable[..., Any]


def _listed(arguments: tuple[Any, ...]) -> list[Any]:
    items = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else list(arguments)
    return [read(item) for item in items]


def _sum(*arguments: Any) -> Decimal | None:
    items = _listed(arguments)
    if not items or not all(isinstance(item, Decimal) for item in items):
        return None
    total = Decimal(0)
    for item in items:
        total = NUMBERS.add(total, item)
    return total


def _mean(*arguments: Any) -> Decimal | None:
    total = _sum(*arguments)
    return None if total is None else NUMBERS.divide(total, Decimal(len(_listed(arguments))))


def _extreme(arguments: tuple[Any, ...], *, largest: bool) -> Any:
    items = _listed(arguments)
    best = items[0] if items else None
    for item in items:
        below = less(best, item)
        if below is None:
            return None
        if below is largest and equal(best, item) is False:
            best = item
    return best


def _texts(function: Function) -> Function:
    def checked(*arguments: Any) -> Any:
        return function(*arguments) if all(isinstance(item, str) for item in arguments) else None

    return checked


def _lists(function: Function) -> Function:
    def checked(items: Any, *rest: Any) -> Any:
        return function([read(item) for item in items], *rest) if isinstance(items, list) else None

    return checked


def _rounded(rounding: str) -> Function:
    def rounded(number: Any, places: Any = Decimal(0)) -> Decimal | None:
        if not (isinstance(number, Decimal) and isinstance(places, Decimal)) or abs(places) > 30:
            return None
        return number.quantize(Decimal(1).scaleb(-int(places)), rounding=rounding, context=NUMBERS)

    return rounded


def _date(*parts: Any) -> date | None:
    value = parts[0]
    if len(parts) == 3:
        return date(*(int(item) for item in parts))
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    return value if isinstance(value, date) else None


def _moment(value: Any, clock: Any = None) -> datetime | None:
    if isinstance(value, date) and isinstance(clock, time):
        return datetime.combine(value, clock)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[-+]\d\d:\d\d)?)?", value):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


def _time(value: Any) -> time | None:
    if isinstance(value, datetime):
        return value.timetz()
    return time.fromisoformat(value) if isinstance(value, str) else None


def _duration(text: Any) -> Months | timedelta | None:
    if not isinstance(text, str):
        return None
    sign = -1 if text.startswith("-") else 1
    found = parse_duration(text.removeprefix("-"))
    if found.months:
        return None if found.days or found.seconds else Months(sign * found.months)
    if re.fullmatch(r"-?P\d+[YM](\d+M)?", text):
        return Months(0)
    return sign * timedelta(days=found.days, seconds=found.seconds)


def _months_between(start: Any, end: Any) -> Months | None:
    if not (isinstance(start, date) and isinstance(end, date)):
        return None
    if end < start:
        backwards = _months_between(end, start)
        return backwards and Months(-backwards.count)
    months = (end.year - start.year) * 12 + end.month - start.month
    return Months(months - (end.day < start.day))


def _string(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Months | timedelta):
        return duration_text(value)
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(plain(value))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,34}(\.\d{1,34})?", value) else None


def _substring(text: Any, start: Any, length: Any = None) -> str | None:
    if not isinstance(text, str) or not isinstance(start, Decimal) or start == 0:
        return None
    first = int(start) - 1 if start > 0 else max(0, len(text) + int(start))
    return text[first:] if length is None else text[first : first + int(length)]


def _sublist(items: list[Any], start: Any, length: Any = None) -> list[Any] | None:
    first = int(start) - 1 if start > 0 else len(items) + int(start)
    if start == 0 or first < 0:
        return None
    return items[first:] if length is None else items[first : first + int(length)]


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items[:1000]:
        if not any(equal(item, other) is True for other in found):
            found.append(item)
    return found


def _concatenate(*lists: Any) -> list[Any]:
    joined = [item for items in lists for item in (items if isinstance(items, list) else [items])]
    return joined[: LONGEST_VALUE + 1]


def _all(*arguments: Any) -> bool | None:
    items = _listed(arguments)
    return False if False in items else True if all(item is True for item in items) else None


def _any(*arguments: Any) -> bool | None:
    items = _listed(arguments)
    return True if True in items else False if all(item is False for item in items) else None


def _modulo(left: Decimal, right: Decimal) -> Decimal | None:
    if right == 0:
        return None
    quotient = NUMBERS.divide(left, right).to_integral_value(rounding=ROUND_FLOOR)
    return NUMBERS.subtract(left, NUMBERS.multiply(right, quotient))


FUNCTIONS: dict[str, Function] = {
    "not": negate,
    "count": lambda *items: Decimal(len(_listed(items))),
    "sum": _sum,
    "mean": _mean,
    "min": lambda *items: _extreme(items, largest=False),
    "max": lambda *items: _extreme(items, largest=True),
    "all": _all,
    "any": _any,
    "contains": _texts(lambda text, part: part in text),
    "starts with": _texts(lambda text, part: text.startswith(part)),
    "ends with": _texts(lambda text, part: text.endswith(part)),
    "upper case": _texts(lambda text: text.upper()),
    "lower case": _texts(lambda text: text.lower()),
    "string length": _texts(lambda text: Decimal(len(text))),
    "substring": _substring,
    "substring before": _texts(lambda text, part: text.split(part, 1)[0] if part and part in text else ""),
    "substring after": _texts(lambda text, part: text.split(part, 1)[1] if part and part in text else ""),
    "string": _string,
    "number": _number,
    "date": _date,
    "time": _time,
    "date and time": _moment,
    "duration": _duration,
    "years and months duration": _months_between,
    "floor": _rounded(ROUND_FLOOR),
    "ceiling": _rounded(ROUND_CEILING),
    "round": _rounded(ROUND_HALF_EVEN),
    "decimal": _rounded(ROUND_HALF_EVEN),
    "abs": lambda value: abs(value) if isinstance(value, Decimal | timedelta) else None,
    "modulo": _modulo,
    "list contains": _lists(lambda items, item: any(equal(item, other) is True for other in items)),
    "append": _lists(lambda items, *more: [*items, *more]),
    "concatenate": _concatenate,
    "reverse": _lists(lambda items: items[::-1]),
    "sublist": _lists(_sublist),
    "distinct values": _lists(_distinct),
    "is defined": lambda value: value is not None,
}


def call(function: str, arguments: list[Any]) -> Any:
    """Applies a built-in; wrong arguments and impossible dates give null."""
    try:
        return FUNCTIONS[function](*arguments)
    except (TypeError, ValueError, ArithmeticError, AttributeError, IndexError):
        return None
