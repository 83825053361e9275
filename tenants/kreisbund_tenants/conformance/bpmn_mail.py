"""Who sends which message in a file: names at send tasks and throwing events, and message flows between pools.

The engine does not need this: there a message goes out as a job, and comes in from outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from kreisbund_platform.engine.bpmn import BPMN
from kreisbund_platform.engine.refused import local_name, read_xml

_SENDING = ("intermediateThrowEvent", "endEvent", "sendTask")


@dataclass(frozen=True)
class Mail:
    """`sent` names what an element sends, by its id; `flows` lead from element to element, or to a process."""

    sent: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)


def read_mail(data: bytes) -> Mail:
    """From a file that was read before."""
    root = read_xml(data, most_bytes=len(data))
    names = {message.get("id"): message.get("name") for message in _all(root, "message")}
    definitions = {found.get("id"): found for found in _all(root, "messageEventDefinition")}
    return Mail(
        {
            element.get("id", ""): _sent(element, names, definitions)
            for kind in _SENDING
            for element in _all(root, kind)
            if kind == "sendTask" or _definition(element, definitions) is not None
        },
        dict(_flows(root)),
    )


def _all(root: etree._Element, kind: str) -> list[etree._Element]:
    return list(root.iter(f"{{{BPMN}}}{kind}"))


def _definition(element: etree._Element, shared: Mapping[str | None, etree._Element]) -> etree._Element | None:
    """The element's own definition, or the one that it refers to."""
    for child in element:
        if local_name(child) == "messageEventDefinition":
            return child
        if local_name(child) == "eventDefinitionRef" and (found := shared.get(_bare(child.text))) is not None:
            return found
    return None


def _sent(
    element: etree._Element, names: Mapping[str | None, str | None], shared: Mapping[str | None, etree._Element]
) -> str:
    """The message's name; the element's own where it names none, as the engine's reading has it."""
    definition = _definition(element, shared)
    reference = _bare((definition if definition is not None else element).get("messageRef"))
    return names.get(reference) or reference or element.get("name") or element.get("id") or ""


def _flows(root: etree._Element) -> list[tuple[str, str]]:
    pools = {pool.get("id"): _bare(pool.get("processRef")) for pool in _all(root, "participant")}
    ends = [(_bare(flow.get("sourceRef")), _bare(flow.get("targetRef"))) for flow in _all(root, "messageFlow")]
    return [(source, pools.get(target) or target) for source, target in ends]


def _bare(reference: str | None) -> str:
    return (reference or "").strip().rpartition(":")[2]
