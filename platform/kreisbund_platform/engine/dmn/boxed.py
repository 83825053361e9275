"""Boxed expressions (DMN 1.5, 7.3 and 10.2.2) to closures, tables included.

In a lenient reading, an expression that cannot be read is null and takes nothing else with it; otherwise it
refuses the model by the element's id.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kreisbund_platform.engine.dmn.tables import AGGREGATIONS, HIT_POLICIES, Input, Output, Rule, Table, run_table
from kreisbund_platform.engine.dmn.xml import Element, child, children, expression_in, text_in, type_ref
from kreisbund_platform.engine.feel import Compiled, FeelError, UnaryTests, compile_expression, compile_unary_tests
from kreisbund_platform.engine.feel.build import filter_of, iteration_of
from kreisbund_platform.engine.feel.calls import invoke
from kreisbund_platform.engine.feel.types import Type, coerced
from kreisbund_platform.engine.feel.values import Env, Evaluator, External, Lambda
from kreisbund_platform.engine.refused import ModelRefused, local_name
from kreisbund_platform.texts import _

MOST_DEEP = 40


def nothing(_env: Env) -> None:
    """The value of what cannot be read."""


@dataclass(frozen=True)
class Words:
    """What the expressions at one place of a file may use."""

    names: tuple[str, ...]
    members: tuple[str, ...]
    types: Mapping[str, Type]
    type_of: Callable[[str | None, str], Type | None]
    lenient: bool = False
    depth: int = 0

    def with_names(self, names: Iterable[str]) -> "Words":
        """The same with more names."""
        return replace(self, names=(*self.names, *names))

    def expression(self, place: str, text: str) -> Compiled:
        """An expression, or null for one that cannot be read in a lenient reading."""
        try:
            return compile_expression(text, names=self.names, members=self.members, types=self.types)
        except FeelError as error:
            self._refuse(place, error)
            return Compiled(text, frozenset(), nothing)

    def tests(self, place: str, text: str) -> UnaryTests:
        """A cell, likewise."""
        try:
            return compile_unary_tests(text, names=self.names, members=self.members, types=self.types)
        except FeelError as error:
            self._refuse(place, error)
            return UnaryTests(text, frozenset(), nothing)

    def _refuse(self, place: str, error: FeelError) -> None:
        if not self.lenient:
            reason = _("Der Ausdruck ist kein gültiges FEEL: {problem}").format(problem=error)
            raise ModelRefused(place, reason) from error


def read_boxed(place: str, element: Element | None, words: Words) -> Table | Evaluator:
    """The logic of a boxed expression; a table stays a table."""
    if element is None:
        return _missing(place, words, _("Der Ausdruck fehlt."))
    if words.depth > MOST_DEEP:
        raise ModelRefused(place, _("Der Ausdruck ist zu tief verschachtelt."))
    place = element.get("id") or place
    try:
        return _READERS[local_name(element)](place, element, replace(words, depth=words.depth + 1))
    except ModelRefused:
        if not words.lenient:
            raise
        return nothing


def boxed(place: str, element: Element | None, words: Words) -> Evaluator:
    """The closure of a boxed expression."""
    found = read_boxed(place, element, words)
    return _table_evaluator(found) if isinstance(found, Table) else found


def _table_evaluator(table: Table) -> Evaluator:
    return lambda env: run_table(table, env)


def _missing(place: str, words: Words, reason: str) -> Evaluator:
    if not words.lenient:
        raise ModelRefused(place, reason)
    return nothing


def _literal(place: str, element: Element, words: Words) -> Evaluator:
    text = text_in(element)
    return words.expression(place, text).run if text or not words.lenient else nothing


def _context(place: str, element: Element, words: Words) -> Evaluator:
    entries: list[tuple[str | None, Type | None, Evaluator]] = []
    variables = [(child(entry, "variable"), expression_in(entry)) for entry in children(element, "contextEntry")]
    names = [None if variable is None else _name(variable) for variable, _value in variables]
    inner = words.with_names(name for name in names if name)
    for name, (variable, value) in zip(names, variables, strict=True):
        entries.append((name, words.type_of(type_ref(variable), place), boxed(place, value, inner)))
    return lambda env: _context_value(entries, env)


def _name(element: Element | None) -> str:
    return "" if element is None else " ".join((element.get("name") or "").split())


def _context_value(entries: list[tuple[str | None, Type | None, Evaluator]], env: Env) -> Any:
    found: dict[str, Any] = {}
    inner = env.inner(found)
    for name, type_, value in entries:
        result = coerced(value(inner), type_, env.meter)
        if name is None:
            return result
        found[name] = result
    return found


def _invocation(place: str, element: Element, words: Words) -> Evaluator:
    function = boxed(place, expression_in(element), words)
    names: list[str] = []
    arguments: list[Evaluator] = []
    for binding in children(element, "binding"):
        names.append(_name(child(binding, "parameter")))
        value = expression_in(binding)
        arguments.append(nothing if value is None else boxed(place, value, words))
    given = tuple(names) or None
    return lambda env: invoke(function(env), [argument(env) for argument in arguments], given, env)


def read_function(place: str, element: Element, words: Words) -> tuple[tuple[tuple[str, Type | None], ...], Any]:
    """A function definition's parameters and its body, None for one in Java or PMML."""
    parameters = tuple(
        (_name(part), words.type_of(type_ref(part), place)) for part in children(element, "formalParameter")
    )
    if (element.get("kind") or "FEEL").rpartition(":")[2] != "FEEL":
        return parameters, None
    return parameters, boxed(place, expression_in(element), words.with_names(name for name, _type in parameters))


def _function(place: str, element: Element, words: Words) -> Evaluator:
    parameters, body = read_function(place, element, words)
    result = words.type_of(type_ref(element), place)
    result = result if not hasattr(result, "parameters") else None
    if body is None:
        return lambda _env: External(parameters)
    return lambda env: Lambda(parameters, body, env, result)


def _list(place: str, element: Element, words: Words) -> Evaluator:
    items = [boxed(place, item, words) for item in element if expression_in_place(item)]
    return lambda env: [item(env) for item in items]


def expression_in_place(element: Element) -> bool:
    """Whether an element is a boxed expression."""
    return local_name(element) in _READERS


def _relation(place: str, element: Element, words: Words) -> Evaluator:
    columns = [(_name(column), words.type_of(type_ref(column), place)) for column in children(element, "column")]
    rows = [
        [boxed(place, cell, words) for cell in row if expression_in_place(cell)] for row in children(element, "row")
    ]
    return lambda env: [
        {name: coerced(cell(env), type_, env.meter) for (name, type_), cell in zip(columns, row, strict=False)}
        for row in rows
    ]


def _inner(place: str, element: Element, name: str, words: Words) -> Evaluator:
    return boxed(place, expression_in(child(element, name)), words)


def _conditional(place: str, element: Element, words: Words) -> Evaluator:
    condition, chosen, otherwise = (_inner(place, element, name, words) for name in ("if", "then", "else"))
    return lambda env: chosen(env) if condition(env) is True else otherwise(env)


def _filter(place: str, element: Element, words: Words) -> Evaluator:
    source = _inner(place, element, "in", words)
    return filter_of(source, _inner(place, element, "match", words.with_names(("item", *words.members))))


def _iteration(place: str, element: Element, words: Words) -> Evaluator:
    kind = local_name(element)
    variable = " ".join((element.get("iteratorVariable") or "").split())
    source = _domain(place, expression_in(child(element, "in")), words)
    body_words = words.with_names((variable, "partial"))
    body = _inner(place, element, "return" if kind == "for" else "satisfies", body_words)
    return iteration_of(kind, [(variable, source)], body)


def _domain(place: str, element: Element | None, words: Words) -> Evaluator:
    """What is iterated over; a literal may be `from..to`, as in FEEL's own `for`."""
    text = text_in(element)
    if element is not None and local_name(element) == "literalExpression" and ".." in text:
        try:
            steps = compile_expression(f"for i in {text} return i", names=words.names, members=words.members)
        except FeelError:
            return boxed(place, element, words)
        return steps.run
    return boxed(place, element, words)


def _table(place: str, element: Element, words: Words) -> Table:
    hit_policy = element.get("hitPolicy") or "UNIQUE"
    aggregation = element.get("aggregation")
    if hit_policy not in HIT_POLICIES or aggregation not in (None, *AGGREGATIONS):
        raise ModelRefused(place, _("Die Trefferregel ist unbekannt."))
    inputs = tuple(_input(place, column, words) for column in children(element, "input"))
    outputs = tuple(_output(place, column, words) for column in children(element, "output"))
    rules = tuple(_rule(place, number, row, words) for number, row in enumerate(children(element, "rule"), 1))
    for rule in rules:
        if len(rule.tests) != len(inputs) or len(rule.results) != len(outputs):
            raise ModelRefused(rule.rule_id, _("Die Regel hat nicht so viele Zellen wie die Tabelle Spalten."))
    if not outputs or (len(outputs) > 1 and any(output.name is None for output in outputs)):
        raise ModelRefused(place, _("Der Tabelle fehlt eine benannte Ergebnisspalte."))
    return Table(place, hit_policy, aggregation, inputs, outputs, rules)


def _input(place: str, element: Element, words: Words) -> Input:
    place = element.get("id") or place
    text = text_in(child(element, "inputExpression"))
    values = text_in(child(element, "inputValues"))
    return Input(words.expression(place, text), words.tests(place, values) if values else None)


def _output(place: str, element: Element, words: Words) -> Output:
    place = element.get("id") or place
    ranked = text_in(child(element, "outputValues"))
    fallback = text_in(child(element, "defaultOutputEntry"))
    return Output(
        element.get("name"),
        words.expression(place, f"[{ranked}]") if ranked else None,
        words.expression(place, fallback) if fallback else None,
    )


def _rule(place: str, number: int, row: Element, words: Words) -> Rule:
    identifier = row.get("id") or f"{place}#{number}"
    return Rule(
        identifier,
        tuple(words.tests(identifier, text_in(cell)) for cell in children(row, "inputEntry")),
        tuple(words.expression(identifier, text_in(cell)) for cell in children(row, "outputEntry")),
    )


_READERS: dict[str, Callable[[str, Element, Words], Table | Evaluator]] = {
    "literalExpression": _literal,
    "context": _context,
    "invocation": _invocation,
    "functionDefinition": _function,
    "list": _list,
    "relation": _relation,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iteration,
    "some": _iteration,
    "every": _iteration,
    "decisionTable": _table,
}
