"""Where a variable point lies in a template: its value there, and the fingerprint of what an operation would touch.

A fingerprint covers the value, the point's own rules (norm, citation, whom it binds) and, for steps and flows, their
place in the process. Where boxes lie in the drawing and how the XML is written does not count.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lxml import etree

from kreisbund_platform.engine.bpmn import BPMN, KREISBUND
from kreisbund_platform.engine.letters import PARTS
from kreisbund_platform.engine.refused import local_name, read_xml
from kreisbund_platform.templates.manifest import VariablePoint
from kreisbund_platform.templates.source import TemplateSource

KB = f"{{{KREISBUND}}}"
FLOW = f"{{{BPMN}}}sequenceFlow"
TEXT_PARTS = ("name", "nextStep")
FIELD_PARTS = ("label", "description")


class AnchorMissing(Exception):  # noqa: N818  an outcome
    """What a variable point names is not in the template."""


def element(root: etree._Element, identifier: str) -> etree._Element:
    """The BPMN element of an id. Raises AnchorMissing."""
    for found in root.iter(f"{{{BPMN}}}*"):
        if found.get("id") == identifier:
            return found
    raise AnchorMissing(identifier)


def timer_text(node: etree._Element) -> etree._Element:
    """The duration of a timer event. Raises AnchorMissing."""
    for found in node.iter(f"{{{BPMN}}}timeDuration"):
        return found
    raise AnchorMissing(node.get("id") or "")


def deadlines(point: VariablePoint) -> list[tuple[str, str]]:
    """Element and part of every deadline that changes with the point, its own first."""
    rest = [tuple(place.rpartition(".")[::2]) for place in point.also]
    return [(point.element, point.part or "timer"), *((name, part) for name, part in rest)]


def deadline(root: etree._Element, name: str, part: str) -> str:
    """A deadline as it is written. Raises AnchorMissing."""
    node = element(root, name)
    text = timer_text(node).text if part == "timer" else node.get(KB + part)
    if text is None:
        raise AnchorMissing(f"{name}.{part}")
    return text.strip()


def component(form: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The field of a form. Raises AnchorMissing."""
    pending = list(form.get("components", ()))
    while pending:
        found: dict[str, Any] = pending.pop(0)
        if key in (found.get("key"), found.get("path")):
            return found
        pending += found.get("components", ())
    raise AnchorMissing(key)


def constant(root: etree._Element, decision_id: str) -> etree._Element | None:
    """The text of a decision that is one literal expression; None where the file has no such decision."""
    for decision in root:
        if local_name(decision) == "decision" and decision.get("id") == decision_id:
            for logic in decision:
                if local_name(logic) == "literalExpression":
                    return next((text for text in logic if local_name(text) == "text"), None)
    return None


def paragraph(source: TemplateSource, letter: str, part: str) -> tuple[list[Any], int]:
    """The list of paragraphs of a part like `operative.0` and the position in it. Raises AnchorMissing."""
    name, _dot, number = part.partition(".")
    entries = source.letters.get(letter, {}).get(name) if name in PARTS else None
    if not isinstance(entries, list) or not number.isdigit() or int(number) >= len(entries):
        raise AnchorMissing(f"{letter}.{part}")
    return entries, int(number)


def raw_value(source: TemplateSource, point: VariablePoint) -> Any:
    """What an operation at the point would replace. Raises AnchorMissing."""
    if point.kind == "text":
        return _text(source, point)
    if point.kind == "fee":
        return _fee(source, point.element)["amount_cents"]
    if point.kind == "value":
        return _constant_value(source, point.element)
    root = read_xml(source.bpmn_xml)
    if point.kind == "deadline":
        return deadline(root, *deadlines(point)[0])
    if point.kind == "role":
        return _attribute(element(root, point.element), "role")
    return _marked(root, point)


def _marked(root: etree._Element, point: VariablePoint) -> None:
    """A step that may be skipped or a flow where something may be inserted; it has no value of its own."""
    found = element(root, point.element)
    mark = "optional" if point.kind == "optional_step" else "extensionPoint"
    if found.get(KB + mark) != "true" or (found.tag == FLOW) != (mark == "extensionPoint"):
        raise AnchorMissing(point.element)


def _attribute(node: etree._Element, name: str) -> str:
    value = node.get(KB + name)
    if value is None:
        raise AnchorMissing(f"{node.get('id')}.{name}")
    return value


def _text(source: TemplateSource, point: VariablePoint) -> str:
    part = point.part or "name"
    if part in FIELD_PARTS:
        form, _dot, key = point.element.partition(".")
        return str(component(source.forms.get(form, {}), key).get(part, ""))
    if part in TEXT_PARTS:
        node = element(read_xml(source.bpmn_xml), point.element)
        return (node.get("name") or "") if part == "name" else _attribute(node, "nextStep")
    entries, number = paragraph(source, point.element, part)
    entry = entries[number]
    return str(entry["text"] if isinstance(entry, Mapping) else entry)


def _fee(source: TemplateSource, fee_id: str) -> Mapping[str, Any]:
    for fee in source.manifest.get("fees", ()):
        if fee.get("id") == fee_id:
            return fee  # type: ignore[no-any-return]
    raise AnchorMissing(fee_id)


def _constant_value(source: TemplateSource, decision_id: str) -> Any:
    for xml in source.decisions.values():
        text = constant(read_xml(xml), decision_id)
        if text is not None:
            return _literal((text.text or "").strip(), decision_id)
    raise AnchorMissing(decision_id)


def _literal(text: str, place: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        raise AnchorMissing(place) from None
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise AnchorMissing(place)
    return value


def fingerprint(source: TemplateSource, point: VariablePoint) -> str:
    """SHA-256 over what an operation at the point touches and the rules it stands under. Raises AnchorMissing."""
    touched = [point.kind, point.norm, point.citation, point.binds, point.unit, raw_value(source, point)]
    if point.kind == "deadline":
        root = read_xml(source.bpmn_xml)
        touched += [[name, part, deadline(root, name, part)] for name, part in deadlines(point)]
    elif point.kind in ("optional_step", "insertion"):
        touched.append(_surroundings(read_xml(source.bpmn_xml), point.element))
    elif point.kind == "text" and point.part and "." in point.part:
        entries, number = paragraph(source, point.element, point.part)
        touched.append(entries[number])
    text = json.dumps(touched, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _surroundings(root: etree._Element, identifier: str) -> list[Any]:
    """What a step is and where it stands, or what a flow joins and when it is taken."""
    found = element(root, identifier)
    flows = [flow for flow in root.iter(FLOW) if identifier in (flow.get("sourceRef"), flow.get("targetRef"))]
    flows += [found] if found.tag == FLOW else []
    ends = [[flow.get("sourceRef"), flow.get("targetRef"), _condition(flow)] for flow in flows]
    attributes = [[str(key), str(value)] for key, value in sorted(found.attrib.items()) if key != "name"]
    return [attributes, sorted(ends, key=str)]


def _condition(flow: etree._Element) -> str:
    return " ".join((flow.findtext(f"{{{BPMN}}}conditionExpression") or "").split())
