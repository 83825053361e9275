"""FEEL's types: what conforms to them, and the conversions that DMN makes by itself (DMN 1.5, 10.3.2.9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.engine.feel import syntax
from kreisbund_platform.engine.feel.comparison import kind
from kreisbund_platform.engine.feel.syntax import FeelError
from kreisbund_platform.engine.feel.temporal import Date, midnight
from kreisbund_platform.engine.feel.values import Interval, Meter, Unlike

MISFIT = object()


@dataclass(frozen=True)
class Simple:
    """A type without parts, by FEEL's name; `Any` holds all but null."""

    name: str

    def holds(self, value: Any, _meter: Meter) -> bool:
        """Whether a value that is not null conforms."""
        return self.name == "Any" or kind(value) == self.name


@dataclass(frozen=True)
class ListOf:
    """list<item>."""

    item: "Type"

    def holds(self, value: Any, meter: Meter) -> bool:
        """Whether each item conforms."""
        if not isinstance(value, list):
            return False
        meter.step(1 + (len(value) >> 2))
        return all(accepts(self.item, item, meter) for item in value)


@dataclass(frozen=True)
class RangeOf:
    """range<item>."""

    item: "Type"

    def holds(self, value: Any, meter: Meter) -> bool:
        """Whether the ends that are there conform."""
        if isinstance(value, Unlike):
            return self.item.holds(value.value, meter)
        ends = (value.low, value.high) if isinstance(value, Interval) else ()
        return bool(ends) and all(end is None or self.item.holds(end, meter) for end in ends)


@dataclass(frozen=True)
class ContextOf:
    """context<name: type, …>: more entries than these are welcome."""

    fields: Mapping[str, "Type"] = field(hash=False)

    def holds(self, value: Any, meter: Meter) -> bool:
        """Whether all entries are there and conform."""
        meter.step()
        return isinstance(value, dict) and all(
            name in value and accepts(inner, value[name], meter) for name, inner in self.fields.items()
        )


@dataclass(frozen=True)
class FunctionOf:
    """function<parameters> -> result; None for any parameters."""

    parameters: tuple["Type", ...] | None
    result: "Type"

    def holds(self, value: Any, _meter: Meter) -> bool:
        """Whether a function takes at least these parameters and gives no more than this result."""
        if kind(value) != "function":
            return False
        given = signature(value)
        return self.parameters is None or (given is not None and is_subtype(given, self))


@dataclass(frozen=True)
class Constrained:
    """A type of the model with allowed values; `test(value, meter)` says whether one is among them."""

    base: "Type"
    test: Callable[[Any, Meter], bool] = field(hash=False, compare=False)

    def holds(self, value: Any, meter: Meter) -> bool:
        """Whether the value is of the type and allowed."""
        return self.base.holds(value, meter) and self.test(value, meter)


Type = Simple | ListOf | RangeOf | ContextOf | FunctionOf | Constrained
ANY = Simple("Any")
NUMBER = Simple("number")
_SIMPLE = {
    name: Simple(name)
    for name in (
        *("Any", "Null", "number", "string", "boolean", "date", "time", "date and time"),
        *("years and months duration", "days and time duration"),
    )
}
BUILT_IN: dict[str, Type] = {
    **_SIMPLE,
    "list": ListOf(ANY),
    "range": RangeOf(ANY),
    "context": ContextOf({}),
    "function": FunctionOf(None, ANY),
    "dateTime": _SIMPLE["date and time"],
    "yearMonthDuration": _SIMPLE["years and months duration"],
    "dayTimeDuration": _SIMPLE["days and time duration"],
    "day and time duration": _SIMPLE["days and time duration"],
    "year and month duration": _SIMPLE["years and months duration"],
    "integer": NUMBER,
    "long": NUMBER,
    "double": NUMBER,
}


def accepts(type_: Type, value: Any, meter: Meter) -> bool:
    """Whether a value may stand where the type is asked for; null may stand anywhere."""
    return value is None or type_.holds(value, meter)


def is_instance(value: Any, type_: Type, meter: Meter) -> bool:
    """`instance of`: null is an instance of Null alone."""
    return type_.holds(value, meter) if value is not None else type_ == _SIMPLE["Null"]


def fitted(value: Any, type_: Type | None, meter: Meter) -> Any:
    """The value, converted where DMN converts by itself; MISFIT where it does not conform."""
    if type_ is None or value is None or type_.holds(value, meter):
        return value
    if isinstance(value, list) and len(value) == 1 and accepts(type_, value[0], meter):
        return value[0]
    if _base(type_) == _SIMPLE["date and time"] and isinstance(value, Date):
        return midnight(value, utc=True)
    if not isinstance(value, list) and type_.holds([value], meter):
        return [value]
    return MISFIT


def coerced(value: Any, type_: Type | None, meter: Meter) -> Any:
    """The value, converted where DMN converts by itself; null where it does not conform."""
    found = fitted(value, type_, meter)
    return None if found is MISFIT else found


def _base(type_: Type) -> Type:
    while isinstance(type_, Constrained):
        type_ = type_.base
    return type_


def signature(function: Any) -> FunctionOf | None:
    """A function's type, or None where it is not known; a result that is not known fits any."""
    parameters = getattr(function, "parameters", None)
    if parameters is None:
        return None
    types = tuple(item[1] or ANY if isinstance(item, tuple) else ANY for item in parameters)
    return FunctionOf(types, getattr(function, "result", None) or _SIMPLE["Null"])


def is_subtype(narrow: Type, wide: Type) -> bool:
    """Whether each value of one type conforms to the other."""
    narrow, wide = _base(narrow), _base(wide)
    if wide in (ANY, narrow) or narrow == _SIMPLE["Null"]:
        return True
    if isinstance(narrow, FunctionOf) and isinstance(wide, FunctionOf):
        return _is_subfunction(narrow, wide)
    if isinstance(narrow, ContextOf) and isinstance(wide, ContextOf):
        return all(name in narrow.fields and is_subtype(narrow.fields[name], t) for name, t in wide.fields.items())
    same = (isinstance(narrow, ListOf) and isinstance(wide, ListOf)) or (
        isinstance(narrow, RangeOf) and isinstance(wide, RangeOf)
    )
    return same and is_subtype(narrow.item, wide.item)  # type: ignore[union-attr]


def _is_subfunction(narrow: FunctionOf, wide: FunctionOf) -> bool:
    if wide.parameters is None or narrow.parameters is None:
        return is_subtype(narrow.result, wide.result)
    if len(narrow.parameters) != len(wide.parameters):
        return False
    pairs = zip(wide.parameters, narrow.parameters, strict=True)
    return all(is_subtype(taken, needed) for taken, needed in pairs) and is_subtype(narrow.result, wide.result)


def build_type(node: syntax.TypeNode, defined: Mapping[str, Type]) -> Type:
    """The type that a type expression names; raises FeelError for one that is not known."""
    if isinstance(node, syntax.ContextType):
        return ContextOf({name: build_type(inner, defined) for name, inner in node.fields})
    if isinstance(node, syntax.GenericType):
        inner = [build_type(argument, defined) for argument in node.arguments]
        if node.kind == "function":
            return FunctionOf(tuple(inner[:-1]), inner[-1])
        return ListOf(inner[0]) if node.kind == "list" else RangeOf(inner[0])
    found = defined.get(node.text) or BUILT_IN.get(node.text)
    if found is None:
        raise FeelError(f"unknown type {node.text!r}")
    return found
