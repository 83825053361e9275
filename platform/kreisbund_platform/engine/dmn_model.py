"""DMN XML as frozen data with FEEL compiled; what is not known is refused by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from kreisbund_platform.engine.feel import (
    Compiled,
    FeelError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from kreisbund_platform.engine.refused import ModelRefused, local_name, read_xml
from kreisbund_platform.texts import _

HIT_POLICIES = ("UNIQUE", "ANY", "PRIORITY", "FIRST", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
_NAMED = frozenset({"decision", "inputData", "businessKnowledgeModel"})


@dataclass(frozen=True)
class Output:
    """A column of results; `ranked` are its output values, best first."""

    name: str | None
    ranked: Compiled | None
    fallback: Compiled | None


@dataclass(frozen=True)
class Input:
    """A column of tests and the values it admits."""

    expression: Compiled
    admitted: UnaryTests | None


@dataclass(frozen=True)
class Rule:
    """A row."""

    rule_id: str
    tests: tuple[UnaryTests, ...]
    results: tuple[Compiled, ...]


@dataclass(frozen=True)
class Table:
    """A decision table; `hit_policy` is one of `HIT_POLICIES`."""

    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Literal:
    """A single expression."""

    expression: Compiled


@dataclass(frozen=True)
class Decision:
    """`requires` are the ids of the decisions it needs first."""

    decision_id: str
    name: str
    requires: tuple[str, ...]
    logic: Table | Literal


@dataclass(frozen=True)
class Knowledge:
    """A function of the model."""

    name: str
    parameters: tuple[str, ...]
    body: Compiled


@dataclass(frozen=True)
class Decisions:
    """All decisions of a set of files; `allowed` are the admitted values of input data by name."""

    by_id: Mapping[str, Decision]
    knowledge: Mapping[str, Knowledge]
    allowed: Mapping[str, UnaryTests]


@dataclass(frozen=True)
class _Words:
    """Names a file's expressions may use although they hold blanks, and its functions."""

    names: tuple[str, ...]
    functions: tuple[str, ...]

    def expression(self, place: str, text: str) -> Compiled:
        try:
            return compile_expression(text, names=self.names, functions=self.functions)
        except FeelError as error:
            raise ModelRefused(place, _bad_feel(error)) from error

    def tests(self, place: str, text: str) -> UnaryTests:
        try:
            return compile_unary_tests(text, names=self.names, functions=self.functions)
        except FeelError as error:
            raise ModelRefused(place, _bad_feel(error)) from error


def _bad_feel(error: FeelError) -> str:
    return _("Der Ausdruck ist kein gültiges FEEL: {problem}").format(problem=error)


def read_decisions(files: Mapping[str, bytes]) -> Decisions:
    """Reads DMN files by name; raises ModelRefused."""
    by_id: dict[str, Decision] = {}
    knowledge: dict[str, Knowledge] = {}
    allowed: dict[str, UnaryTests] = {}
    for data in files.values():
        root = read_xml(data)
        if local_name(root) != "definitions" or "DMN" not in str(etree.QName(root).namespace):
            raise ModelRefused(root.get("id") or local_name(root), _("Die Datei ist kein DMN-Modell."))
        words = _words(root)
        for decision in _decisions(root, words):
            if decision.decision_id in by_id:
                raise ModelRefused(decision.decision_id, _("Diese Kennung kommt mehrfach vor."))
            by_id[decision.decision_id] = decision
        knowledge |= {item.name: item for item in _knowledge(root, words)}
        allowed |= dict(_allowed(root, words))
    _refuse_bad_requirements(by_id)
    return Decisions(MappingProxyType(by_id), MappingProxyType(knowledge), MappingProxyType(allowed))


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if local_name(child) == name]


def _text(element: etree._Element | None) -> str:
    if element is None:
        return ""
    texts = _children(element, "text")
    return (texts[0].text or "").strip() if texts else ""


def _name(element: etree._Element) -> str:
    variables = _children(element, "variable")
    name = (variables[0].get("name") if variables else None) or element.get("name") or element.get("id") or ""
    return " ".join(name.split())


def _words(root: etree._Element) -> _Words:
    names = [_name(child) for child in root if local_name(child) in _NAMED]
    names += [
        item.get("name") or "" for item in root.iter() if local_name(item) in ("itemComponent", "formalParameter")
    ]
    functions = [_name(child) for child in _children(root, "businessKnowledgeModel")]
    return _Words(tuple(names), tuple(functions))


def _decisions(root: etree._Element, words: _Words) -> Iterator[Decision]:
    for element in _children(root, "decision"):
        identifier = element.get("id") or _name(element)
        yield Decision(identifier, _name(element), tuple(_required(element)), _logic(identifier, element, words))


def _required(decision: etree._Element) -> Iterator[str]:
    for requirement in _children(decision, "informationRequirement"):
        for reference in _children(requirement, "requiredDecision"):
            yield (reference.get("href") or "").rpartition("#")[2]


def _logic(place: str, element: etree._Element, words: _Words) -> Table | Literal:
    for child in element:
        if local_name(child) == "decisionTable":
            return _table(place, child, words)
        if local_name(child) == "literalExpression":
            return Literal(words.expression(place, _text(child)))
        if local_name(child) in ("invocation", "context", "list", "relation", "functionDefinition"):
            reason = _("Die Entscheidungslogik „{name}“ wird nicht unterstützt.").format(name=local_name(child))
            raise ModelRefused(place, reason)
    raise ModelRefused(place, _("Der Entscheidung fehlt die Logik."))


def _table(place: str, element: etree._Element, words: _Words) -> Table:
    hit_policy = element.get("hitPolicy") or "UNIQUE"
    aggregation = element.get("aggregation")
    if hit_policy not in HIT_POLICIES or aggregation not in (None, *AGGREGATIONS):
        raise ModelRefused(place, _("Die Trefferregel ist unbekannt."))
    inputs = tuple(_input(place, child, words) for child in _children(element, "input"))
    outputs = tuple(_output(place, child, words) for child in _children(element, "output"))
    rules = tuple(_rule(place, number, row, words) for number, row in enumerate(_children(element, "rule"), 1))
    for rule in rules:
        if len(rule.tests) != len(inputs) or len(rule.results) != len(outputs):
            raise ModelRefused(rule.rule_id, _("Die Regel hat nicht so viele Zellen wie die Tabelle Spalten."))
    if not outputs or (len(outputs) > 1 and any(output.name is None for output in outputs)):
        raise ModelRefused(place, _("Der Tabelle fehlt eine benannte Ergebnisspalte."))
    return Table(hit_policy, aggregation, inputs, outputs, rules)


def _input(place: str, element: etree._Element, words: _Words) -> Input:
    place = element.get("id") or place
    expressions = _children(element, "inputExpression")
    text = _text(expressions[0]) if expressions else ""
    values = next((_text(child) for child in _children(element, "inputValues")), "")
    return Input(words.expression(place, text), words.tests(place, values) if values else None)


def _output(place: str, element: etree._Element, words: _Words) -> Output:
    place = element.get("id") or place
    ranked = next((_text(child) for child in _children(element, "outputValues")), "")
    fallback = next((_text(child) for child in _children(element, "defaultOutputEntry")), "")
    return Output(
        element.get("name"),
        words.expression(place, f"[{ranked}]") if ranked else None,
        words.expression(place, fallback) if fallback else None,
    )


def _rule(place: str, number: int, row: etree._Element, words: _Words) -> Rule:
    identifier = row.get("id") or f"{place}#{number}"
    return Rule(
        identifier,
        tuple(words.tests(identifier, _text(cell)) for cell in _children(row, "inputEntry")),
        tuple(words.expression(identifier, _text(cell)) for cell in _children(row, "outputEntry")),
    )


def _knowledge(root: etree._Element, words: _Words) -> Iterator[Knowledge]:
    for element in _children(root, "businessKnowledgeModel"):
        place = element.get("id") or _name(element)
        logic = next(iter(_children(element, "encapsulatedLogic")), None)
        body = next(iter(_children(logic, "literalExpression")), None) if logic is not None else None
        if logic is None or body is None:
            raise ModelRefused(place, _("Nur ein einzelner Ausdruck ist als Funktion erlaubt."))
        parameters = tuple(item.get("name") or "" for item in _children(logic, "formalParameter"))
        yield Knowledge(_name(element), parameters, words.expression(place, _text(body)))


def _allowed(root: etree._Element, words: _Words) -> Iterator[tuple[str, UnaryTests]]:
    types = {item.get("name"): _children(item, "allowedValues") for item in _children(root, "itemDefinition")}
    for element in _children(root, "inputData"):
        variable = next(iter(_children(element, "variable")), None)
        values = types.get(variable.get("typeRef")) if variable is not None else None
        if values:
            yield _name(element), words.tests(element.get("id") or _name(element), _text(values[0]))


def _refuse_bad_requirements(by_id: Mapping[str, Decision]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name not in by_id:
            raise ModelRefused(path[-1], _("Die Entscheidung „{name}“ gibt es nicht.").format(name=name))
        if name in path:
            raise ModelRefused(name, _("Die Entscheidung braucht sich selbst."))
        if name not in done:
            for required in by_id[name].requires:
                visit(required, (*path, name))
            done.add(name)

    for name in by_id:
        visit(name, ())
