"""How FEEL's built-in functions are declared and called: by position or by name, a wrong argument gives null.

A declaration like `"string: string, start position: number, length?: number"` names the parameters and their kinds:
FEEL's types, `Any` (null too), `scalar` (any but null and lists), `day` (the date of a date or moment), `point`,
`function`. `?` marks one that may be left out, `|null` one that may be null, `...` the one that takes the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from kreisbund_platform.engine.feel.comparison import kind
from kreisbund_platform.engine.feel.temporal import Date, Moment
from kreisbund_platform.engine.feel.types import ANY, BUILT_IN, MISFIT, FunctionOf, Type, fitted
from kreisbund_platform.engine.feel.values import Env, External, Interval, Lambda

Body = Callable[..., Any]
Declared = TypeVar("Declared", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """A parameter of a built-in."""

    name: str
    kind: str
    optional: bool
    nullable: bool
    rest: bool


@dataclass(frozen=True)
class Signature:
    """One way to call a built-in; a `metered` body takes the environment first."""

    parameters: tuple[Parameter, ...]
    body: Body
    metered: bool


@dataclass(frozen=True, eq=False)
class Builtin:
    """A built-in and all ways to call it, tried in their order."""

    name: str
    signatures: list[Signature]

    @property
    def type(self) -> FunctionOf:
        """Its type by the first way to call it."""
        types = tuple(_type_of(parameter) for parameter in self.signatures[0].parameters)
        return FunctionOf(types, ANY)


FUNCTIONS: dict[str, Builtin] = {}


def _type_of(parameter: Parameter) -> Type:
    return BUILT_IN.get(parameter.kind, ANY)


def builtin(name: str, parameters: str = "", *, metered: bool = False) -> Callable[[Declared], Declared]:
    """Declares a way to call a built-in."""
    read = tuple(_parameter(text.strip()) for text in parameters.split(",") if text.strip())

    def declare(body: Declared) -> Declared:
        FUNCTIONS.setdefault(name, Builtin(name, [])).signatures.append(Signature(read, body, metered))
        return body

    return declare


def _parameter(text: str) -> Parameter:
    name, _, type_name = text.partition(":")
    nullable = type_name.endswith("|null")
    rest, optional = name.endswith("..."), name.endswith("?")
    return Parameter(name.rstrip(".?"), type_name.removesuffix("|null").strip(), optional, nullable, rest)


def call_builtin(function: Builtin, arguments: Sequence[Any], names: tuple[str, ...] | None, env: Env) -> Any:
    """The value of the first way that fits the arguments; null where none does."""
    for signature in function.signatures:
        bound = _bound(signature.parameters, arguments, names, env)
        if bound is None:
            continue
        env.meter.step(sum(len(each) for each in bound if isinstance(each, list | str)) >> 5)
        if signature.metered:
            bound.insert(0, env)
        try:
            return env.meter.bounded(signature.body(*bound))
        except (ArithmeticError, ValueError) as error:
            if type(error).__name__ == "FeelError":
                raise
            return None
    return None


def _bound(
    parameters: tuple[Parameter, ...], arguments: Sequence[Any], names: tuple[str, ...] | None, env: Env
) -> list[Any] | None:
    ordered = arguments if names is None else _ordered(parameters, arguments, names)
    if ordered is None:
        return None
    found: list[Any] = []
    for parameter, value in _paired(parameters, ordered):
        fitting = MISFIT if value is MISFIT else convert(parameter, value, env)
        if fitting is MISFIT:
            return None
        found.append(fitting)
    return found


def _ordered(
    parameters: tuple[Parameter, ...], arguments: Sequence[Any], names: tuple[str, ...]
) -> Sequence[Any] | None:
    given = dict(zip(names, arguments, strict=True))
    known = [parameter.name for parameter in parameters]
    if len(given) < len(names) or not given.keys() <= set(known):
        return None
    values = [given.get(name, _LEFT_OUT) for name in known]
    while values and values[-1] is _LEFT_OUT:
        values.pop()
    return values


_LEFT_OUT = object()
_NO_PARAMETER = Parameter("", "", False, False, False)


def _paired(parameters: tuple[Parameter, ...], values: Sequence[Any]) -> Iterator[tuple[Parameter, Any]]:
    rest = bool(parameters) and parameters[-1].rest
    if len(values) > len(parameters) and not rest:
        yield _NO_PARAMETER, MISFIT
        return
    for position, parameter in enumerate(parameters):
        if position < len(values) and values[position] is not _LEFT_OUT:
            yield parameter, values[position]
        elif not parameter.optional and not parameter.rest:
            yield parameter, MISFIT
        elif position < len(values):
            yield Parameter(parameter.name, "Any", True, True, False), None
    for value in values[len(parameters) :]:
        yield parameters[-1], value


def convert(parameter: Parameter, value: Any, env: Env) -> Any:
    """The argument as the parameter takes it; MISFIT where it does not fit."""
    name = parameter.kind
    if name == "Any":
        return value
    if value is None:
        return None if parameter.nullable else MISFIT
    special = _SPECIAL.get(name)
    found = special(value) if special else fitted(value, BUILT_IN[name], env.meter)
    return MISFIT if found is None else found


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _scalar(value: Any) -> Any:
    found = _single(value)
    return MISFIT if found is None or isinstance(found, list) else found


def _day(value: Any) -> Any:
    found = _single(value)
    found = found.date if isinstance(found, Moment) else found
    return found if isinstance(found, Date) else MISFIT


def _point(value: Any) -> Any:
    found = _single(value)
    return MISFIT if kind(found) in ("range", "list", "context", "function", "Null") else found


def _moment_or_date(value: Any) -> Any:
    found = _single(value)
    return found if isinstance(found, Date | Moment) else MISFIT


def _range(value: Any) -> Any:
    found = _single(value)
    return found if isinstance(found, Interval) else MISFIT


def _function(value: Any) -> Any:
    found = _single(value)
    return found if isinstance(found, Lambda | Builtin | External) else MISFIT


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "scalar": _scalar,
    "day": _day,
    "point": _point,
    "instant": _moment_or_date,
    "function": _function,
    "range": _range,
    "list": lambda value: value if isinstance(value, list) else [value],
}
