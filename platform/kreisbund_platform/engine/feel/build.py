"""FEEL's syntax tree to closures; one implementation per kind of node. Model text is never executed as Python."""

import operator as operators
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import singledispatchmethod
from typing import Any

from kreisbund_platform.engine.feel import syntax
from kreisbund_platform.engine.feel.arithmetic import ARITHMETIC, add, negative
from kreisbund_platform.engine.feel.calls import invoke
from kreisbund_platform.engine.feel.comparison import both, compare, holds, kind, less, negate
from kreisbund_platform.engine.feel.functions import FUNCTIONS
from kreisbund_platform.engine.feel.properties import part
from kreisbund_platform.engine.feel.temporal import Date, date_of
from kreisbund_platform.engine.feel.types import Type, build_type, is_instance
from kreisbund_platform.engine.feel.values import (
    MISSING,
    Env,
    Evaluator,
    External,
    Interval,
    Lambda,
    Meter,
    Unlike,
    Variables,
)

_BOOLEAN_NODES = syntax.Logic | syntax.Between | syntax.Membership | syntax.InstanceOf


class Builder:
    """Turns nodes into closures; `types` are the model's own by name."""

    def __init__(self, types: Mapping[str, Type] | None = None) -> None:
        self._types = types or {}

    @singledispatchmethod
    def build(self, node: Any) -> Evaluator:
        """The closure of a node; it takes an Env and answers a FEEL value."""
        raise TypeError(type(node).__name__)

    @build.register
    def _literal(self, node: syntax.Literal) -> Evaluator:
        value = node.value
        return lambda _env: value

    @build.register
    def _name(self, node: syntax.Name) -> Evaluator:
        name, otherwise = node.text, FUNCTIONS.get(node.text)
        return lambda env: env.find(name, otherwise)

    @build.register
    def _negation(self, node: syntax.Negation) -> Evaluator:
        operand = self.build(node.operand)
        return lambda env: negative(operand(env))

    @build.register
    def _operation(self, node: syntax.Operation) -> Evaluator:
        left, right, operator = self.build(node.left), self.build(node.right), node.operator
        if operator == "+":
            return lambda env: env.meter.bounded(add(left(env), right(env)))
        arithmetic = ARITHMETIC.get(operator)
        if arithmetic:
            return lambda env: arithmetic(left(env), right(env))
        return _comparison(operator, left, right)

    @build.register
    def _logic(self, node: syntax.Logic) -> Evaluator:
        operands, deciding = [self.build(operand) for operand in node.operands], node.operator == "or"

        def run(env: Env) -> bool | None:
            return quantified((operand(env) for operand in operands), deciding=deciding)

        return run

    @build.register
    def _choice(self, node: syntax.Choice) -> Evaluator:
        condition, chosen, otherwise = (self.build(n) for n in (node.condition, node.chosen, node.otherwise))
        return lambda env: chosen(env) if condition(env) is True else otherwise(env)

    @build.register
    def _range(self, node: syntax.RangeOf) -> Evaluator:
        if node.low is node.high and node.low is not None:
            return self._equality_test(node.low)
        if isinstance(node.low, syntax.Literal | None) and isinstance(node.high, syntax.Literal | None):
            interval = _interval(node, node.low and node.low.value, node.high and node.high.value)
            return lambda _env: interval
        low = self.build(node.low) if node.low else None
        high = self.build(node.high) if node.high else None
        return lambda env: _interval(node, low(env) if low else None, high(env) if high else None)

    def _equality_test(self, node: syntax.Node) -> Evaluator:
        operand = self.build(node)

        def run(env: Env) -> Interval:
            value = operand(env)
            return Interval(value, value, True, True)

        return run

    @build.register
    def _unlike(self, node: syntax.UnlikeTest) -> Evaluator:
        operand = self.build(node.operand)
        return lambda env: Unlike(operand(env))

    @build.register
    def _between(self, node: syntax.Between) -> Evaluator:
        subject, low, high = self.build(node.subject), self.build(node.low), self.build(node.high)

        def run(env: Env) -> bool | None:
            value = subject(env)
            return both(negate(less(value, low(env))), negate(less(high(env), value)))

        return run

    @build.register
    def _membership(self, node: syntax.Membership) -> Evaluator:
        return self.any_test(self.build(node.subject), node.tests, negated=False)

    def any_test(self, subject: Evaluator | None, nodes: tuple[syntax.Node, ...], *, negated: bool) -> Evaluator:
        """A test that speaks of `?` is a condition of its own; any other value is held against the subject.

        Without a subject, the innermost names hold it as `?`.
        """
        tests = [(self.build(node), _how_to_test(node)) for node in nodes]
        verdict = _verdict if subject else _cell_verdict
        named = any(how == "condition" for _test, how in tests)

        def run(env: Env) -> bool | None:
            value = subject(env) if subject else env.values["?"]
            inner = env.inner({"?": value}) if subject and named else env
            results = (verdict(test(inner), value, inner, how) for test, how in tests)
            result = quantified(results, deciding=True)
            return negate(result) if negated else result

        return run

    @build.register
    def _instance(self, node: syntax.InstanceOf) -> Evaluator:
        subject, type_ = self.build(node.subject), build_type(node.type, self._types)
        return lambda env: is_instance(subject(env), type_, env.meter)

    @build.register
    def _list(self, node: syntax.ListOf) -> Evaluator:
        items = [self.build(item) for item in node.items]
        return lambda env: [item(env) for item in items]

    @build.register
    def _context(self, node: syntax.ContextOf) -> Evaluator:
        entries = [(name, self.build(value)) for name, value in node.entries]
        if len({name for name, _ in entries}) < len(entries):
            return lambda _env: None
        return lambda env: context_of(entries, env)

    @build.register
    def _path(self, node: syntax.Path) -> Evaluator:
        source, name = self.build(node.source), node.name
        if isinstance(node.source, syntax.Name):
            return _member_of(node.source.text, name, source)
        return lambda env: part(source(env), name, env.meter)

    @build.register
    def _filter(self, node: syntax.Filter) -> Evaluator:
        return filter_of(self.build(node.source), self.build(node.condition), may_be_position=_may_be_number(node))

    @build.register
    def _call(self, node: syntax.Call) -> Evaluator:
        function, names = self.build(node.function), node.names
        arguments = [self.build(argument) for argument in node.arguments]
        return lambda env: invoke(function(env), [argument(env) for argument in arguments], names, env)

    @build.register
    def _function(self, node: syntax.FunctionOf) -> Evaluator:
        parameters = tuple((name, build_type(t, self._types) if t else None) for name, t in node.parameters)
        if node.body is None:
            return lambda _env: External(parameters)
        body = self.build(node.body)
        return lambda env: Lambda(parameters, body, env)

    @build.register
    def _steps(self, node: syntax.Steps) -> Evaluator:
        start, end = self.build(node.start), self.build(node.end)
        return lambda env: Interval(start(env), end(env), True, True)

    @build.register
    def _iteration(self, node: syntax.Iteration) -> Evaluator:
        variables = [(name, self.build(source)) for name, source in node.variables]
        return iteration_of(node.kind, variables, self.build(node.body))


_DIRECT = frozenset({Decimal, str})
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def _comparison(operator: str, left: Evaluator, right: Evaluator) -> Evaluator:
    order = _ORDERS[operator]

    def run(env: Env) -> bool | None:
        a, b = left(env), right(env)
        kind_ = type(a)
        if kind_ is type(b) and kind_ in _DIRECT:
            return order(a, b)
        return compare(operator, a, b, env.meter)

    return run


def _member_of(name: str, member: str, source: Evaluator) -> Evaluator:
    """`name.member` where the name is mostly a variable from outside, of which only this entry is read."""

    def run(env: Env) -> Any:
        values = env.values
        found = values.member(name, member) if type(values) is Variables else MISSING
        return part(source(env), member, env.meter) if found is MISSING else found

    return run


def _interval(node: syntax.RangeOf, low: Any, high: Any) -> Interval | None:
    if (node.low and less(low, low) is None) or (node.high and less(high, high) is None):
        return None
    if node.low and node.high and kind(low) != kind(high):
        return None
    return Interval(low, high, node.low_closed, node.high_closed)


def _how_to_test(node: syntax.Node) -> str:
    if isinstance(node, syntax.RangeOf):
        return "range"
    return "condition" if "?" in syntax.free_names(node) else "value"


def _cell_verdict(found: Any, subject: Any, env: Env, how: str) -> bool | None:
    """In a table's cell, a condition counts although it does not speak of `?`."""
    if isinstance(found, bool) and subject is not None and not isinstance(subject, bool):
        return found
    return _verdict(found, subject, env, how)


def _verdict(found: Any, subject: Any, env: Env, how: str) -> bool | None:
    if how == "condition" and isinstance(found, bool):
        return found
    return None if how == "range" and found is None else holds(found, subject, env.meter)


def quantified(results: Iterator[object], *, deciding: bool) -> bool | None:
    """Three-valued "or" (deciding True) and "and" (deciding False) over results, as few as needed."""
    found: bool | None = not deciding
    for result in results:
        if result is deciding:
            return deciding
        if not isinstance(result, bool):
            found = None
    return found


def context_of(entries: Iterable[tuple[str, Evaluator]], env: Env) -> dict[str, Any]:
    """A context whose later entries see the earlier ones."""
    found: dict[str, Any] = {}
    inner = env.inner(found)
    for name, value in entries:
        env.meter.step()
        found[name] = value(inner)
    return found


def _may_be_number(node: syntax.Filter) -> bool:
    condition = node.condition
    if isinstance(condition, syntax.Operation):
        return condition.operator in ARITHMETIC
    return not isinstance(condition, _BOOLEAN_NODES)


def filter_of(source: Evaluator, condition: Evaluator, *, may_be_position: bool = True) -> Evaluator:
    """`source[condition]`: a number is a position, anything else is asked of each item."""

    def run(env: Env) -> Any:
        value = source(env)
        if value is None:
            return None
        items = value if isinstance(value, list) else [value]
        position = condition(env) if may_be_position else None
        if type(position) is Decimal:
            return _item_at(items, position)
        return [item for item in items if condition(_item_env(env, item)) is True]

    return run


def _item_at(items: list[Any], position: Decimal) -> Any:
    if position == 0 or abs(position) > len(items) or position != position.to_integral_value():
        return None
    return items[int(position) - 1 if position > 0 else int(position)]


def _item_env(env: Env, item: Any) -> Env:
    env.meter.step()
    inner = env.inner({"item": item})
    return inner.inner(item) if isinstance(item, dict) else inner


def iteration_of(kind_: str, variables: list[tuple[str, Evaluator]], body: Evaluator) -> Evaluator:
    """`for`, `some` or `every` over the product of the lists; null where one is none."""

    def run(env: Env) -> Any:
        failed: list[bool] = []
        if kind_ == "for":
            partial = _Partial(env.meter)
            for each in _each(Env(partial, env, env.meter), variables, failed):
                partial.made.append(body(each))
            return None if failed else partial.made
        result = quantified((body(each) for each in _each(env, variables, failed)), deciding=kind_ == "some")
        return None if failed else result

    return run


class _Partial:
    """The results that a `for` has made so far, as its variable `partial`: a list of its own each time."""

    __slots__ = ("_meter", "made")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.made: list[Any] = []

    def get(self, name: str, default: Any = None) -> Any:
        return self._meter.bounded(list(self.made)) if name == "partial" else default


def _each(env: Env, variables: list[tuple[str, Evaluator]], failed: list[bool]) -> Iterator[Env]:
    name, source = variables[0]
    items = _items(source(env))
    if items is None:
        failed.append(True)
        return
    for item in items:
        env.meter.step()
        inner = env.inner({name: item})
        if len(variables) == 1:
            yield inner
        else:
            yield from _each(inner, variables[1:], failed)


def _items(value: Any) -> Iterable[Any] | None:
    if isinstance(value, Interval):
        return _steps(value)
    return value if isinstance(value, list) else None if value is None else [value]


def _steps(interval: Interval) -> Iterable[Any] | None:
    low, high = interval.low, interval.high
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        if low != low.to_integral_value() or high != high.to_integral_value():
            return None
        return map(Decimal, _numbers(int(low), int(high), interval))
    if isinstance(low, Date) and isinstance(high, Date):
        return map(date_of, _numbers(low.number, high.number, interval))
    return None


def _numbers(low: int, high: int, interval: Interval) -> Iterable[int]:
    step = 1 if low <= high else -1
    first = low if interval.low_closed else low + step
    return range(first, high + step if interval.high_closed else high, step)
