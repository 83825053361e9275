"""A county's operations applied to a base. Pure: the base stays as it is, nothing is stored, nothing is compiled."""

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from kreisbund_platform.engine.bpmn import BPMN
from kreisbund_platform.engine.refused import local_name, read_xml
from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.manifest import Manifest, ManifestError, VariablePoint, read_manifest
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants import anchors
from kreisbund_platform.templates.variants.drawing import draw_inserted, draw_skipped
from kreisbund_platform.templates.variants.fragments import PREFIX, form_of, fragments
from kreisbund_platform.templates.variants.rules import rule_problems
from kreisbund_platform.templates.variants.terms import MOST_OPERATIONS, Applied, Operation
from kreisbund_platform.texts import _

_ORDER = ("deadline", "fee", "role", "text", "value", "insertion", "optional_step")


@dataclass
class _Work:
    """A copy of a template in the making."""

    root: etree._Element
    manifest: dict[str, Any]
    decisions: dict[str, bytes]
    forms: dict[str, Any]
    letters: dict[str, Any]
    touched: bool = False


class _Refused(Exception):  # noqa: N818  an operation that cannot be applied
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def apply(source: TemplateSource, operations: Iterable[Operation]) -> Applied:
    """The base with all operations applied, or why not; none gives the base itself."""
    chosen = sorted(operations, key=lambda each: (_ORDER.index(each.kind) if each.kind in _ORDER else 99, each.point))
    if not chosen:
        return Applied(source, ())
    try:
        manifest = read_manifest(source.manifest)
    except ManifestError as error:
        return Applied(source, (FieldError(error.key, "MANIFEST", error.expected),))
    work = _copied(source)
    problems = _number_problems(chosen)
    for operation in chosen:
        problems += _one(source, manifest, work, operation)
    return Applied(source if problems else _finished(source, work), tuple(problems))


def _copied(source: TemplateSource) -> _Work:
    parts = [copy.deepcopy(dict(part)) for part in (source.manifest, source.forms, source.letters)]
    return _Work(read_xml(source.bpmn_xml), parts[0], dict(source.decisions), parts[1], parts[2])


def _number_problems(operations: list[Operation]) -> list[FieldError]:
    names = [operation.point for operation in operations]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = [FieldError(name, "TWICE", _("Diese Stelle wird zweimal geändert.")) for name in twice]
    if len(operations) > MOST_OPERATIONS:
        problems.append(FieldError("operations", "TOO_MANY", _("Das sind zu viele Abweichungen.")))
    return problems


def _one(source: TemplateSource, manifest: Manifest, work: _Work, operation: Operation) -> list[FieldError]:
    point = next((each for each in manifest.variable_points if each.id == operation.point), None)
    if point is None:
        message = _("Die Vorlage sieht hier keine örtliche Abweichung vor.")
        return [FieldError(operation.point, "NOT_A_VARIABLE_POINT", message)]
    try:
        problems = list(rule_problems(point, operation, anchors.raw_value(source, point) if point.kind else None))
        if not problems:
            _APPLY[operation.kind](work, point, operation.value)
    except anchors.AnchorMissing:
        problems = [FieldError(point.id, "ANCHOR_MISSING", _("Diese Stelle gibt es in der Vorlage nicht."))]
    except _Refused as refused:
        problems = [FieldError(point.id, refused.code, refused.message)]
    return problems


def _finished(source: TemplateSource, work: _Work) -> TemplateSource:
    xml = source.bpmn_xml
    if work.touched:
        xml = etree.tostring(work.root, xml_declaration=True, encoding="UTF-8")
    return replace(
        source,
        manifest=work.manifest,
        bpmn_xml=xml,
        decisions=work.decisions,
        forms=work.forms,
        letters=work.letters,
    )


def _deadline(work: _Work, point: VariablePoint, value: Any) -> None:
    for name, part in anchors.deadlines(point):
        node = anchors.element(work.root, name)
        if part == "timer":
            anchors.timer_text(node).text = value
        else:
            node.set(anchors.KB + part, value)
    work.touched = True


def _fee(work: _Work, point: VariablePoint, value: Any) -> None:
    for fee in work.manifest["fees"]:
        if fee["id"] == point.element:
            fee["amount_cents"] = value


def _role(work: _Work, point: VariablePoint, value: Any) -> None:
    anchors.element(work.root, point.element).set(f"{anchors.KB}role", value)
    work.touched = True


def _text(work: _Work, point: VariablePoint, value: Any) -> None:
    part = point.part or "name"
    if part in anchors.FIELD_PARTS:
        form, _dot, key = point.element.partition(".")
        anchors.component(work.forms[form], key)[part] = value
    elif part in anchors.TEXT_PARTS:
        name = "name" if part == "name" else f"{anchors.KB}nextStep"
        anchors.element(work.root, point.element).set(name, value)
        work.touched = True
    else:
        section, _dot, number = part.partition(".")
        entry = work.letters[point.element][section][int(number)]
        text = {**entry, "text": value} if isinstance(entry, Mapping) else value
        work.letters[point.element][section][int(number)] = text


def _value(work: _Work, point: VariablePoint, value: Any) -> None:
    for name, xml in work.decisions.items():
        root = read_xml(xml)
        text = anchors.constant(root, point.element)
        if text is not None:
            text.text = json.dumps(value, ensure_ascii=False)
            work.decisions[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _insertion(work: _Work, point: VariablePoint, value: Any) -> None:
    flow, task_id = anchors.element(work.root, point.element), f"{PREFIX}{point.id}"
    fragment = fragments().get(value.get("fragment", ""))
    if fragment is None:
        raise _Refused("FRAGMENT", _("Diesen Schritt gibt es nicht zum Einfügen."))
    form = form_of(fragment, task_id)
    if form is None and value.get("form") not in work.forms:
        raise _Refused("FORM_MISSING", _("Bitte wählen Sie ein Formular der Vorlage."))
    if form is not None:
        work.forms[task_id] = form
    due = value.get("due") or fragment.due
    attributes = {
        "role": value.get("role") or fragment.role,
        "form": task_id if form is not None else value["form"],
        "due": due,
        "nextStep": fragment.next_step,
        "nextStepBy": due,
    }
    _insert(work, flow, task_id, value["name"].strip(), attributes)


def _insert(work: _Work, flow: etree._Element, task_id: str, name: str, attributes: Mapping[str, str]) -> None:
    flow_id, target, onward = flow.get("id") or "", flow.get("targetRef") or "", f"{task_id}_out"
    task = etree.Element(f"{{{BPMN}}}userTask", {"id": task_id, "name": name})
    for key, value in attributes.items():
        task.set(anchors.KB + key, value)
    etree.SubElement(task, f"{{{BPMN}}}incoming").text = flow_id
    etree.SubElement(task, f"{{{BPMN}}}outgoing").text = onward
    ends = {"id": onward, "sourceRef": task_id, "targetRef": target}
    _rename(anchors.element(work.root, target), "incoming", flow_id, [onward])
    flow.set("targetRef", task_id)
    flow.addprevious(task)
    flow.addnext(etree.Element(f"{{{BPMN}}}sequenceFlow", ends))
    draw_inserted(work.root, flow_id, task_id, onward)
    work.touched = True


def _skip(work: _Work, point: VariablePoint, _value: Any) -> None:
    step = anchors.element(work.root, point.element)
    identifier = step.get("id") or ""
    flows = list(work.root.iter(anchors.FLOW))
    outgoing = [flow for flow in flows if flow.get("sourceRef") == identifier]
    incoming = [flow for flow in flows if flow.get("targetRef") == identifier]
    hosted = any(event.get("attachedToRef") == identifier for event in work.root.iter(f"{{{BPMN}}}boundaryEvent"))
    if len(outgoing) != 1 or not local_name(step).endswith("Task") or hosted:
        raise _Refused("NOT_SKIPPABLE", _("Dieser Schritt lässt sich nicht auslassen, ohne den Ablauf zu ändern."))
    names = [flow.get("id") or "" for flow in incoming]
    target, gone = outgoing[0].get("targetRef") or "", outgoing[0].get("id") or ""
    for flow in incoming:
        flow.set("targetRef", target)
    _rename(anchors.element(work.root, target), "incoming", gone, names)
    draw_skipped(work.root, identifier, names, gone)
    for found in (step, outgoing[0]):
        found.getparent().remove(found)  # type: ignore[union-attr]
    _drop_points(work, {identifier, gone})
    work.touched = True


def _drop_points(work: _Work, gone: set[str]) -> None:
    """A variation is no base: what is gone cannot vary any more, and lanes hold it no longer."""
    points = [row for row in work.manifest["variable_points"] if row["element"] not in gone]
    work.manifest["variable_points"] = points
    for reference in list(work.root.iter(f"{{{BPMN}}}flowNodeRef")):
        if (reference.text or "").strip() in gone:
            reference.getparent().remove(reference)  # type: ignore[union-attr]


def _rename(node: etree._Element, tag: str, old: str, new: list[str]) -> None:
    """Replaces a reference of a node to a flow, where the file holds such references at all."""
    for child in list(node.iterchildren(f"{{{BPMN}}}{tag}")):
        if (child.text or "").strip() == old:
            for name in reversed(new):
                reference = etree.Element(child.tag)
                reference.text = name
                child.addnext(reference)
            node.remove(child)


_APPLY: Mapping[str, Callable[[_Work, VariablePoint, Any], None]] = {
    "deadline": _deadline,
    "fee": _fee,
    "role": _role,
    "text": _text,
    "value": _value,
    "insertion": _insertion,
    "optional_step": _skip,
}
