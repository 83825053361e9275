"""What the token game knows of a BPMN file: it reads the XML itself, with the standard library, sharing no code."""

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
KB = "{urn:kreisbund:bpmn:1}"
NAMED = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}


@dataclass
class Multi:
    sequential: bool
    count: str | None
    enough: str | None
    items: str | None = None
    item: str | None = None


@dataclass
class Node:
    name: str
    kind: str
    container: str
    default: str | None = None
    event: str | None = None
    key: str | None = None
    repeats: bool = False
    host: str | None = None
    interrupting: bool = True
    multi: Multi | None = None
    inside: str | None = None
    listens: bool = False


@dataclass
class Reading:
    """`flows` are (source, target, condition); `inside` holds each container's nodes."""

    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    inside: dict[str, list[str]] = field(default_factory=dict)


def read(xml: bytes, called: dict[str, bytes]) -> Reading:
    """The file's process with what it calls embedded, ids prefixed by the call's."""
    reading = Reading()
    root = ElementTree.fromstring(xml)
    _Reader(reading, root, called, "").container(next(root.iter(BPMN + "process")), "process")
    return reading


class _Reader:
    def __init__(self, reading: Reading, root: Any, called: dict[str, bytes], prefix: str) -> None:
        self.reading, self.called, self.prefix = reading, called, prefix
        self.names = {
            element.get("id"): element.get(NAMED[kind])
            for element in root
            if (kind := element.tag.removeprefix(BPMN)) in NAMED
        }

    def id(self, text: str | None) -> str | None:
        return text and self.prefix + text

    def container(self, element: Any, name: str) -> None:
        self.reading.inside[name] = []
        for child in element:
            kind = child.tag.removeprefix(BPMN)
            if kind == "sequenceFlow":
                ends = self.id(child.get("sourceRef")), self.id(child.get("targetRef"))
                self.reading.flows[self.id(child.get("id"))] = (*ends, child.findtext(BPMN + "conditionExpression"))
            elif kind not in ("incoming", "outgoing") and not kind.endswith(("Definition", "Characteristics")):
                self._node(child, kind, name)
        self._links(name)

    def _links(self, name: str) -> None:
        links = [node for node in map(self.reading.nodes.get, self.reading.inside[name]) if node.event == "link"]
        catches = {node.key: node.name for node in links if node.kind == "intermediateCatchEvent"}
        for node in links:
            if node.kind == "intermediateThrowEvent":
                self.reading.flows[f"{node.name}~{catches[node.key]}"] = (node.name, catches[node.key], None)

    def _node(self, element: Any, kind: str, container: str) -> None:
        node = Node(self.id(element.get("id")), kind, container, self.id(element.get("default")))
        node.host = self.id(element.get("attachedToRef"))
        node.interrupting = "false" not in (element.get("cancelActivity"), element.get("isInterrupting"))
        node.listens = element.get("triggeredByEvent") == "true"
        self._event(element, node)
        for child in element:
            if child.tag == BPMN + "multiInstanceLoopCharacteristics":
                count, enough = child.findtext(BPMN + "loopCardinality"), child.findtext(BPMN + "completionCondition")
                items, item = child.get(KB + "collection"), child.get(KB + "elementVariable")
                node.multi = Multi(child.get("isSequential") == "true", count, enough, items, item)
        self.reading.nodes[node.name] = node
        self.reading.inside[container].append(node.name)
        if kind == "subProcess":
            node.inside = node.name
            self.container(element, node.name)
        elif kind == "callActivity":
            node.inside = node.name
            root = ElementTree.fromstring(self.called[element.get("calledElement")])
            inner = _Reader(self.reading, root, self.called, node.name + ".")
            inner.container(next(root.iter(BPMN + "process")), node.name)

    def _event(self, element: Any, node: Node) -> None:
        if node.kind == "receiveTask":
            node.event, node.key = "message", self.names[element.get("messageRef")]
        for child in element:
            kind = child.tag.removeprefix(BPMN)
            if kind.endswith("EventDefinition"):
                node.event = kind.removesuffix("EventDefinition")
                reference = child.get(node.event + "Ref")
                node.key = self.names[reference] if reference else child.get("name")
                node.repeats = node.event != "timer"
