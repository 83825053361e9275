"""Built-in functions on numbers (DMN 1.5, 10.3.4.5) and the statistics of lists of numbers."""

import decimal
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.comparison import less
from kreisbund_platform.engine.feel.functions import builtin
from kreisbund_platform.engine.feel.temporal import Months, Span
from kreisbund_platform.engine.feel.values import NUMBERS, Env, finite

_LEAST_SCALE, _MOST_SCALE = -6111, 6176


def _rounded(number: Decimal, scale: Decimal, rounding: str) -> Decimal | None:
    places = int(scale) if abs(scale) < 10_000 else 10_000
    if not _LEAST_SCALE <= places <= _MOST_SCALE:
        return None
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return number
    with decimal.localcontext(NUMBERS) as context:
        context.prec = 7000
        return finite(NUMBERS.plus(number.quantize(Decimal(1).scaleb(-places), rounding=rounding)))


def _declare_rounding(name: str, rounding: str, *, scale_optional: bool = False) -> None:
    parameters = "n: number, scale?: number" if scale_optional else "n: number, scale: number"

    @builtin(name, parameters)
    def rounded(number: Decimal, scale: Decimal = Decimal(0)) -> Decimal | None:
        return _rounded(number, scale, rounding)


_declare_rounding("decimal", decimal.ROUND_HALF_EVEN)
_declare_rounding("floor", decimal.ROUND_FLOOR, scale_optional=True)
_declare_rounding("ceiling", decimal.ROUND_CEILING, scale_optional=True)
_declare_rounding("round up", decimal.ROUND_UP)
_declare_rounding("round down", decimal.ROUND_DOWN)
_declare_rounding("round half up", decimal.ROUND_HALF_UP)
_declare_rounding("round half down", decimal.ROUND_HALF_DOWN)
# Not in the standard; here since the first templates.
_declare_rounding("round", decimal.ROUND_HALF_EVEN, scale_optional=True)


@builtin("abs", "n: scalar")
def _abs(value: Any) -> Any:
    if isinstance(value, Decimal):
        return NUMBERS.abs(value)
    if isinstance(value, Months):
        return Months(abs(value.count))
    return Span(abs(value.nanos)) if isinstance(value, Span) else None


@builtin("modulo", "dividend: number, divisor: number")
def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """The remainder has the divisor's sign: dividend - divisor * floor(dividend / divisor)."""
    if divisor == 0 or dividend.adjusted() - divisor.adjusted() > 6000:
        return None
    with decimal.localcontext(NUMBERS) as context:
        context.prec = 13_000
        rest = context.remainder(dividend, divisor)
        rest = context.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest
    return finite(NUMBERS.plus(rest))


@builtin("sqrt", "number: number")
def _sqrt(number: Decimal) -> Decimal | None:
    return finite(NUMBERS.sqrt(number)) if number >= 0 else None


@builtin("log", "number: number")
def _log(number: Decimal) -> Decimal | None:
    return finite(NUMBERS.ln(number)) if number > 0 else None


@builtin("exp", "number: number")
def _exp(number: Decimal) -> Decimal | None:
    return finite(NUMBERS.exp(number)) if abs(number) < 20_000 else Decimal(0) if number < 0 else None


@builtin("odd", "number: number")
def _odd(number: Decimal) -> bool | None:
    return _parity(number) == 1 if number == number.to_integral_value() else None


@builtin("even", "number: number")
def _even(number: Decimal) -> bool | None:
    return _parity(number) == 0 if number == number.to_integral_value() else None


def _parity(number: Decimal) -> int:
    return int(abs(number)) % 2


def _numbers(items: list[Any]) -> list[Decimal] | None:
    return items if items and all(type(item) is Decimal for item in items) else None


def total(items: list[Any]) -> Decimal | None:
    """The sum, null for anything but numbers and for none."""
    if _numbers(items) is None:
        return None
    found = Decimal(0)
    for item in items:
        found = NUMBERS.add(found, item)
    return finite(found)


def extreme(items: list[Any], *, largest: bool) -> Any:
    """The greatest or least of comparable items; null for others and for none."""
    best = items[0] if items else None
    if best is None or less(best, best) is None:
        return None
    for item in items[1:]:
        better = less(best, item) if largest else less(item, best)
        if better is None:
            return None
        best = item if better else best
    return best


def _mean(items: list[Any]) -> Decimal | None:
    found = total(items)
    return None if found is None else finite(NUMBERS.divide(found, Decimal(len(items))))


def _product(items: list[Any]) -> Decimal | None:
    if _numbers(items) is None:
        return None
    found = Decimal(1)
    for item in items:
        found = NUMBERS.multiply(found, item)
    return finite(found)


def _median(items: list[Any]) -> Decimal | None:
    if _numbers(items) is None:
        return None
    ordered, middle = sorted(items), len(items) // 2
    if len(items) % 2:
        return Decimal(ordered[middle])
    return finite(NUMBERS.divide(NUMBERS.add(ordered[middle - 1], ordered[middle]), Decimal(2)))


def _stddev(items: list[Any]) -> Decimal | None:
    mean = _mean(items)
    if mean is None or len(items) < 2:
        return None
    squares = Decimal(0)
    for item in items:
        deviation = NUMBERS.subtract(item, mean)
        squares = NUMBERS.add(squares, NUMBERS.multiply(deviation, deviation))
    return finite(NUMBERS.sqrt(NUMBERS.divide(squares, Decimal(len(items) - 1))))


def _mode(items: list[Any]) -> list[Decimal] | None:
    if not items:
        return []
    if _numbers(items) is None:
        return None
    counts: dict[Decimal, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values())
    return sorted(item for item, count in counts.items() if count == most)


def _declare_statistics() -> None:
    families = {
        "sum": total,
        "mean": _mean,
        "min": lambda items: extreme(items, largest=False),
        "max": lambda items: extreme(items, largest=True),
        "product": _product,
        "median": _median,
        "stddev": _stddev,
        "mode": _mode,
        "count": lambda items: Decimal(len(items)),
    }
    for name, body in families.items():
        builtin(name, "list: list", metered=True)(_counted(body))
        if name != "count":
            builtin(name, "first: Any, second: Any, more...: Any", metered=True)(_counted_arguments(body))


def _counted(body: Any) -> Any:
    def run(env: Env, items: list[Any]) -> Any:
        env.meter.step(len(items) >> 4)
        return body(items)

    return run


def _counted_arguments(body: Any) -> Any:
    return lambda _env, *items: body(list(items))


_declare_statistics()
