"""What differs between two sets of DMN files, decision by decision and row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from kreisbund_platform.engine.letters import german_euro
from kreisbund_platform.engine.refused import local_name, read_xml
from kreisbund_platform.templates.differences.process import canonical
from kreisbund_platform.templates.differences.terms import (
    ChangeClass,
    Difference,
    DifferencePart,
    changed,
    quoted,
    value_sentence,
)
from kreisbund_platform.texts import _

_NO_LAW = frozenset({"DMNDI", "extensionElements", "description", "documentation", "textAnnotation", "association"})
_TOLD_APART = _NO_LAW | {"rule"}
_MONEY = ("_cents", "fee", "gebuehr")


@dataclass(frozen=True)
class DecisionRow:
    """A rule of a decision table: its wording and the reason its author gave."""

    rule_id: str
    words: str
    reason: str


@dataclass(frozen=True)
class DecisionLogic:
    """A decision (or another part of the model) read for comparing."""

    name: str
    money: bool
    rows: Mapping[str, DecisionRow]
    requires: tuple[str, ...]
    rest: bytes


def read_logic(files: Mapping[str, bytes]) -> dict[str, DecisionLogic]:
    """All parts of DMN files by id; in which file they stand does not count. Raises ModelRefused for no XML."""
    found: dict[str, DecisionLogic] = {}
    for data in files.values():
        for element in read_xml(data):
            if local_name(element) and local_name(element) not in _NO_LAW:
                found[element.get("id") or element.get("name") or local_name(element)] = _logic(element)
    return found


def decision_differences(
    decision_id: str, old: DecisionLogic | None, new: DecisionLogic | None
) -> Iterator[Difference]:
    """All differences of one decision; a whole one that comes or goes is one."""
    if old is None or new is None:
        yield from _whole(decision_id, old, new)
        return
    class_ = _class(new)
    if old.name != new.name:
        yield _value(decision_id, new, _("Name der Entscheidung"), (old.name, new.name), ChangeClass.TEXT)
    for rule_id in dict.fromkeys([*new.rows, *old.rows]):
        yield from _row(decision_id, new, old.rows.get(rule_id), new.rows.get(rule_id))
    shared = [rule for rule in old.rows if rule in new.rows]
    if old.rest != new.rest or shared != [rule for rule in new.rows if rule in old.rows]:
        sentence = _("Aufbau oder Reihenfolge der Entscheidung „{name}“ wurde geändert.").format(name=new.name)
        yield changed(_part(new), decision_id, new.name, (old.name, new.name), sentence, class_)


def _logic(element: etree._Element) -> DecisionLogic:
    table = next((child for child in element if local_name(child) == "decisionTable"), None)
    identifier = element.get("name") or element.get("id") or ""
    name = " ".join((element.get("label") or identifier).split())
    names = [identifier] if table is None else _column_names(table, "output")
    money = any(sign in column.lower() for column in names for sign in _MONEY)
    rows = _literal(element, money=money) if table is None else _rows(table)
    return DecisionLogic(name, money, {row.rule_id: row for row in rows}, _requires(element), _rest(element))


def _requires(element: etree._Element) -> tuple[str, ...]:
    references = [part for part in element.iter() if local_name(part) in ("requiredDecision", "requiredKnowledge")]
    return tuple((part.get("href") or "").rpartition("#")[2] for part in references)


def with_required(logic: Mapping[str, DecisionLogic], decision_id: str) -> set[str]:
    """A decision and all that it needs."""
    found, pending = set[str](), [decision_id]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += logic[name].requires if name in logic else ()
    return found


def _literal(element: etree._Element, *, money: bool) -> Iterator[DecisionRow]:
    for logic in element:
        if local_name(logic) == "literalExpression":
            text = _text(logic)
            yield DecisionRow("=", german_euro(int(text)) if money and text.isdigit() else text, "")


def _column_names(table: etree._Element, kind: str) -> list[str]:
    columns = [child for child in table if local_name(child) == kind]
    return [column.get("label") or column.get("name") or _text(column) or kind for column in columns]


def _rows(table: etree._Element) -> Iterator[DecisionRow]:
    inputs, outputs = _column_names(table, "input"), _column_names(table, "output")
    for number, row in enumerate((child for child in table if local_name(child) == "rule"), 1):
        tests = [_text(cell) for cell in row if local_name(cell) == "inputEntry"]
        results = [_text(cell) for cell in row if local_name(cell) == "outputEntry"]
        reason = next((" ".join((cell.text or "").split()) for cell in row if local_name(cell) == "description"), "")
        yield DecisionRow(row.get("id") or str(number), _row_words(inputs, tests, outputs, results), reason)


def _row_words(inputs: list[str], tests: list[str], outputs: list[str], results: list[str]) -> str:
    asked = [f"{name} {test}" for name, test in zip(inputs, tests, strict=False) if test not in ("", "-")]
    answers = ", ".join(f"{name} = {result}" for name, result in zip(outputs, results, strict=False))
    if not asked:
        return _("sonst: {answers}").format(answers=answers)
    return _("wenn {tests}: {answers}").format(tests=_(" und ").join(asked), answers=answers)


def _text(cell: etree._Element) -> str:
    return " ".join(" ".join(part.text or "" for part in cell.iter() if local_name(part) == "text").split())


def _rest(element: etree._Element) -> bytes:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    copy.attrib.pop("name", "")
    copy.attrib.pop("label", "")
    for part in [part for part in copy.iter() if local_name(part) in _TOLD_APART or _is_literal(part)]:
        parent = part.getparent()
        if parent is not None:
            parent.remove(part)
    return canonical(copy)


def _is_literal(part: etree._Element) -> bool:
    """The text of a decision that is one expression; deeper ones count as structure."""
    parent = part.getparent()
    above = parent.getparent() if parent is not None else None
    if parent is None or above is None or local_name(part) != "text" or local_name(parent) != "literalExpression":
        return False
    return local_name(above) == "decision"


def _row(
    decision_id: str, logic: DecisionLogic, old: DecisionRow | None, new: DecisionRow | None
) -> Iterator[Difference]:
    words = (old.words if old else None, new.words if new else None)
    if words[0] != words[1]:
        is_constant = "=" in (old.rule_id if old else "", new.rule_id if new else "")
        what = _("„{name}“") if is_constant else _("Entscheidung „{name}“, Regel")
        yield _value(decision_id, logic, what.format(name=logic.name), words, _class(logic))
    if old and new and old.reason != new.reason:
        what = _("Entscheidung „{name}“, Begründung der Regel").format(name=logic.name)
        class_ = ChangeClass.LEGAL_BASIS if "§" in old.reason + new.reason else ChangeClass.TEXT
        yield _value(decision_id, logic, what, (old.reason or None, new.reason or None), class_)


def _whole(decision_id: str, old: DecisionLogic | None, new: DecisionLogic | None) -> Iterator[Difference]:
    logic = new or old
    if logic is not None:
        sentence = _("Die Entscheidung „{name}“ entfällt.") if new is None else _("Neue Entscheidung „{name}“.")
        values = (old.name if old else None, new.name if new else None)
        yield changed(_part(logic), decision_id, logic.name, values, sentence.format(name=logic.name), _class(logic))


def _value(
    place: str, logic: DecisionLogic, what: str, values: tuple[str | None, str | None], class_: ChangeClass
) -> Difference:
    sentence = value_sentence(what, *(None if value is None else quoted(value) for value in values))
    return changed(_part(logic), place, logic.name, values, sentence, class_)


def _part(logic: DecisionLogic) -> DifferencePart:
    return DifferencePart.FEE if logic.money else DifferencePart.DECISION


def _class(logic: DecisionLogic) -> ChangeClass:
    return ChangeClass.FEE if logic.money else ChangeClass.DECISION
