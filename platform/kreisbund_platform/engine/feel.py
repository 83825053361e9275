"""FEEL: text to syntax tree to closures. Model text is never executed as Python.

Length, depth, number of steps and size of values are bounded; runtime errors are null, as DMN 1.3 asks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, singledispatch
from typing import Any

from kreisbund_platform.engine import feel_syntax as syntax
from kreisbund_platform.engine.feel_functions import FUNCTIONS, call
from kreisbund_platform.engine.feel_parser import parse_expression, parse_unary_tests
from kreisbund_platform.engine.feel_syntax import FeelError
from kreisbund_platform.engine.feel_values import (
    ARITHMETIC,
    Interval,
    Unlike,
    bounded,
    compare,
    holds,
    negate,
    part,
    plain,
    read,
)

__all__ = ["Compiled", "Defined", "FeelError", "UnaryTests", "compile_expression", "compile_unary_tests", "evaluate"]

MOST_STEPS = 20_000


@dataclass
class _Meter:
    left: int = MOST_STEPS

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise FeelError("too many steps")


@dataclass(frozen=True)
class _Scope:
    variables: Mapping[str, Any]
    meter: _Meter

    def with_(self, more: Mapping[str, Any]) -> "_Scope":
        return _Scope({**self.variables, **more}, self.meter)


_Evaluator = Callable[[_Scope], Any]


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run. `names` are the variables it reads, functions of the model included."""

    text: str
    names: frozenset[str]
    _run: _Evaluator = field(repr=False, compare=False)

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """The value: None, bool, Decimal, str, date, datetime, timedelta, list, dict; raises FeelError at a limit."""
        return self._run(_Scope(variables, _Meter()))


@dataclass(frozen=True)
class UnaryTests:
    """A decision table's cell ready to run."""

    text: str
    names: frozenset[str]
    _run: _Evaluator = field(repr=False, compare=False)

    def __call__(self, subject: Any, variables: Mapping[str, Any]) -> bool | None:
        """Whether the subject passes; None where it cannot be compared."""
        result = self._run(_Scope({**variables, "?": subject}, _Meter()))
        return result if isinstance(result, bool) else None


@dataclass(frozen=True)
class Defined:
    """A function that a model defines (business knowledge); put among the variables under its name."""

    parameters: tuple[str, ...]
    body: Callable[[Mapping[str, Any]], Any]


def compile_expression(text: str, *, names: Iterable[str] = (), functions: Iterable[str] = ()) -> Compiled:
    """Reads one expression; a leading `=` is the modeller's mark and dropped.

    `names` are variables whose names hold blanks, `functions` those a model defines. Raises FeelError.
    """
    text = text.strip().removeprefix("=").strip()
    node = parse_expression(text, [*FUNCTIONS, *names, *functions])
    return Compiled(text, _names(node, frozenset(functions)), build(node))


def compile_unary_tests(text: str, *, names: Iterable[str] = (), functions: Iterable[str] = ()) -> UnaryTests:
    """Reads a cell; `-` and an empty cell pass anything. Raises FeelError."""
    if text.strip() in ("", "-"):
        return UnaryTests("-", frozenset(), lambda _scope: True)
    nodes, negated = parse_unary_tests(text, [*FUNCTIONS, *names, *functions])
    known = frozenset(functions)
    found = frozenset[str]().union(*(_names(node, known) for node in nodes)) - {"?"}
    return UnaryTests(text, found, _any_test(syntax.Name("?"), nodes, negated=negated))


@lru_cache(maxsize=512)
def _compiled(text: str) -> Compiled:
    return compile_expression(text)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """An expression's value as JSON holds it, for forms; raises FeelError."""
    return plain(_compiled(expression)(variables))


def _names(node: Any, functions: frozenset[str]) -> frozenset[str]:
    if isinstance(node, tuple):
        return frozenset[str]().union(*(_names(item, functions) for item in node))
    if isinstance(node, syntax.Name):
        return frozenset({node.text})
    if isinstance(node, syntax.Call) and node.function not in FUNCTIONS and node.function not in functions:
        raise FeelError(f"unknown function {node.function!r}")
    if not hasattr(node, "__dataclass_fields__"):
        return frozenset()
    found = _names(tuple(getattr(node, name) for name in node.__dataclass_fields__), functions)
    if isinstance(node, syntax.Iteration):
        return found - {name for name, _ in node.variables} - {"partial"}
    if isinstance(node, syntax.ContextOf):
        return found - {name for name, _ in node.entries}
    return found


@singledispatch
def build(node: Any) -> _Evaluator:
    """The closure of a syntax node; one implementation per kind of node follows."""
    raise TypeError(type(node).__name__)


@build.register
def _literal(node: syntax.Literal) -> _Evaluator:
    return lambda _scope: node.value


@build.register
def _name(node: syntax.Name) -> _Evaluator:
    return lambda scope: read(scope.variables.get(node.text))


@build.register
def _negation(node: syntax.Negation) -> _Evaluator:
    operand = build(node.operand)
    return lambda scope: ARITHMETIC["*"](Decimal(-1), operand(scope))


@build.register
def _operation(node: syntax.Operation) -> _Evaluator:
    left, right, operator = build(node.left), build(node.right), node.operator
    arithmetic = ARITHMETIC.get(operator)
    if arithmetic:
        return lambda scope: arithmetic(left(scope), right(scope))
    return lambda scope: compare(operator, left(scope), right(scope))


@build.register
def _logic(node: syntax.Logic) -> _Evaluator:
    operands, deciding = [build(operand) for operand in node.operands], node.operator == "or"

    def run(scope: _Scope) -> bool | None:
        return _quantified((operand(scope) for operand in operands), deciding=deciding)

    return run


@build.register
def _choice(node: syntax.Choice) -> _Evaluator:
    condition, chosen, otherwise = build(node.condition), build(node.chosen), build(node.otherwise)
    return lambda scope: chosen(scope) if condition(scope) is True else otherwise(scope)


@build.register
def _range(node: syntax.RangeOf) -> _Evaluator:
    low = build(node.low) if node.low else None
    high = build(node.high) if node.high else None
    unlimited = low is None or high is None
    closed = (node.low_closed, node.high_closed)

    def run(scope: _Scope) -> Interval | None:
        ends = (low(scope) if low else None, high(scope) if high else None)
        return None if unlimited and ends == (None, None) else Interval(*ends, *closed, unlimited)

    return run


@build.register
def _unlike(node: syntax.UnlikeTest) -> _Evaluator:
    operand = build(node.operand)
    return lambda scope: Unlike(operand(scope))


@build.register
def _membership(node: syntax.Membership) -> _Evaluator:
    return _any_test(node.subject, node.tests, negated=False)


def _any_test(subject_node: syntax.Node, nodes: tuple[syntax.Node, ...], *, negated: bool) -> _Evaluator:
    """A test that speaks of `?` is a condition of its own; any other value is held against the subject."""
    subject = build(subject_node)
    tests = [(build(node), "?" in _names(node, _mentioned_functions(node))) for node in nodes]

    def run(scope: _Scope) -> bool | None:
        value = subject(scope)
        found = ((test(scope), is_condition) for test, is_condition in tests)
        result = _quantified((v if alone else holds(v, value) for v, alone in found), deciding=True)
        return negate(result) if negated else result

    return run


def _mentioned_functions(node: Any) -> frozenset[str]:
    if isinstance(node, tuple):
        return frozenset[str]().union(*(_mentioned_functions(item) for item in node))
    if not hasattr(node, "__dataclass_fields__"):
        return frozenset()
    found = _mentioned_functions(tuple(getattr(node, name) for name in node.__dataclass_fields__))
    return found | {node.function} if isinstance(node, syntax.Call) else found


@build.register
def _list(node: syntax.ListOf) -> _Evaluator:
    items = [build(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


@build.register
def _context(node: syntax.ContextOf) -> _Evaluator:
    entries = [(name, build(value)) for name, value in node.entries]

    def run(scope: _Scope) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in entries:
            found[name] = value(scope.with_(found))
        return found

    return run


@build.register
def _path(node: syntax.Path) -> _Evaluator:
    source = build(node.source)
    return lambda scope: part(source(scope), node.name)


@build.register
def _filter(node: syntax.Filter) -> _Evaluator:
    source, condition = build(node.source), build(node.condition)
    position = _position(node.condition)

    def run(scope: _Scope) -> Any:
        value = source(scope)
        items = value if isinstance(value, list) else [] if value is None else [value]
        index = position(scope) if position else None
        if isinstance(index, Decimal):
            at = int(index) - 1 if index > 0 else len(items) + int(index)
            return read(items[at]) if index != 0 and 0 <= at < len(items) else None
        return [item for item in items if condition(_item_scope(scope, item)) is True]

    return run


def _position(condition: syntax.Node) -> _Evaluator | None:
    """A filter's evaluator outside any item, where its form may give a number."""
    if isinstance(condition, syntax.Literal | syntax.Name | syntax.Negation | syntax.Path | syntax.Call):
        return build(condition)
    arithmetic = isinstance(condition, syntax.Operation) and condition.operator in ARITHMETIC
    return build(condition) if arithmetic else None


def _item_scope(scope: _Scope, item: Any) -> _Scope:
    scope.meter.step()
    fields = item if isinstance(item, dict) else {}
    return scope.with_({"item": item, **fields})


@build.register
def _call(node: syntax.Call) -> _Evaluator:
    arguments, name = [build(argument) for argument in node.arguments], node.function

    def run(scope: _Scope) -> Any:
        scope.meter.step()
        values = [argument(scope) for argument in arguments]
        if name in FUNCTIONS:
            return bounded(call(name, values))
        defined = scope.variables.get(name)
        if not isinstance(defined, Defined) or len(defined.parameters) != len(values):
            return None
        return defined.body(dict(zip(defined.parameters, values, strict=True)))

    return run


@build.register
def _iteration(node: syntax.Iteration) -> _Evaluator:
    variables = [(name, build(source)) for name, source in node.variables]
    body = build(node.body)

    def run(scope: _Scope) -> Any:
        results = (body(inner) for inner in _each(scope, variables))
        if node.kind == "for":
            return bounded(list(results))
        deciding = node.kind == "some"
        return _quantified(results, deciding=deciding)

    return run


def _quantified(results: Iterator[object], *, deciding: bool) -> bool | None:
    """Three-valued "or" (deciding True) and "and" (deciding False) over results, as few as needed."""
    found: bool | None = not deciding
    for result in results:
        if result is deciding:
            return deciding
        if not isinstance(result, bool):
            found = None
    return found


def _each(scope: _Scope, variables: list[tuple[str, _Evaluator]]) -> Iterator[_Scope]:
    if not variables:
        yield scope
        return
    name, source = variables[0]
    for item in _items(source(scope)):
        scope.meter.step()
        yield from _each(scope.with_({name: item}), variables[1:])


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, Interval):
        if not (isinstance(value.low, Decimal) and isinstance(value.high, Decimal)):
            return []
        low, high = int(value.low), int(value.high)
        numbers = range(low, high + 1) if low <= high else range(low, high - 1, -1)
        return map(Decimal, numbers)
    return value if isinstance(value, list) else [] if value is None else [value]
