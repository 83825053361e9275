"""What people call the parts of a model: names of elements, and the ways that lead on from one."""

from collections.abc import Mapping

from lxml import etree

from kreisbund_platform.engine.bpmn import BPMN
from kreisbund_platform.engine.refused import read_xml


def names_of(bpmn_xml: bytes) -> Mapping[str, str]:
    """Element id → its name, or its id where it has none."""
    return {name: element.get("name") or name for name, element in _by_id(read_xml(bpmn_xml)).items()}


def ways_from(bpmn_xml: bytes, element_id: str) -> list[tuple[str, str]]:
    """The sequence flows that leave an element: id, and what it is called or where it leads."""
    root = read_xml(bpmn_xml)
    known = _by_id(root)
    flows = [flow for flow in root.iter(f"{{{BPMN}}}sequenceFlow") if flow.get("sourceRef") == element_id]
    return [(flow.get("id") or "", flow.get("name") or _name(known, flow.get("targetRef"))) for flow in flows]


def _by_id(root: etree._Element) -> dict[str, etree._Element]:
    return {name: element for element in root.iter(f"{{{BPMN}}}*") if (name := element.get("id"))}


def _name(known: Mapping[str, etree._Element], identifier: str | None) -> str:
    element = known.get(identifier or "")
    return (element.get("name") if element is not None else None) or identifier or ""
