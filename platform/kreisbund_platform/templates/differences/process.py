"""A process read for comparing: its nodes in the order of the process, its flows, its drawing, and all the rest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from kreisbund_platform.engine.bpmn import BPMN, KREISBUND
from kreisbund_platform.engine.refused import local_name, read_xml

_NO_NODES = frozenset(
    {
        *("sequenceFlow", "laneSet", "lane", "textAnnotation", "association", "group", "extensionElements"),
        *("documentation", "incoming", "outgoing", "property", "ioSpecification", "dataObject", "monitoring"),
        *("dataObjectReference", "dataStoreReference", "conditionExpression", "auditing", "flowNodeRef"),
    }
)
_WAYS = frozenset({"incoming", "outgoing"})
_READ_APART = frozenset({"role", "form", "due", "nextStep", "nextStepBy", "letter", "decision", "operation"})


@dataclass(frozen=True)
class Node:
    """An element of a process as a comparison sees it. `attributes` are the `kb:*` ones, `role` counts lanes."""

    element_id: str
    kind: str
    name: str
    container: str
    role: str | None
    attributes: Mapping[str, str]
    timer: str | None
    host: str | None
    content: bytes


@dataclass(frozen=True)
class Way:
    """A sequence flow."""

    flow_id: str
    name: str
    source: str
    target: str
    condition: str
    content: bytes


@dataclass(frozen=True)
class Drawing:
    """A process read for comparing. `order` are the ids of nodes as a case meets them; `rest` all other content."""

    name: str
    nodes: Mapping[str, Node]
    ways: Mapping[str, Way]
    order: tuple[str, ...]
    layout: Mapping[str, bytes]
    rest: bytes


def read_drawing(bpmn_xml: bytes) -> Drawing:
    """Reads broadly, checks nothing; raises ModelRefused only for what is no XML."""
    root = read_xml(bpmn_xml)
    lanes = dict(_lane_roles(root))
    nodes = {node.element_id: node for node in _nodes(root, lanes)}
    ways = {way.flow_id: way for way in _ways(root)}
    process = next(root.iter(f"{{{BPMN}}}process"), None)
    name = (process.get("name") if process is not None else None) or ""
    return Drawing(name, nodes, ways, _order(nodes, ways), _layout(root), _rest(root))


def _lane_roles(root: etree._Element) -> Iterator[tuple[str, str]]:
    for lane in root.iter(f"{{{BPMN}}}lane"):
        role = lane.get(f"{{{KREISBUND}}}role") or lane.get("name")
        for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
            if role and reference.text:
                yield reference.text.strip(), role


def _nodes(root: etree._Element, lanes: Mapping[str, str]) -> Iterator[Node]:
    for container in [*root.iter(f"{{{BPMN}}}process"), *root.iter(f"{{{BPMN}}}subProcess")]:
        for element in container.iterchildren(f"{{{BPMN}}}*"):
            if local_name(element) not in _NO_NODES and element.get("id"):
                yield _node(element, container.get("id") or "", lanes)


def _node(element: etree._Element, container: str, lanes: Mapping[str, str]) -> Node:
    identifier = element.get("id") or ""
    prefix = f"{{{KREISBUND}}}"
    attributes = {
        str(key).removeprefix(prefix): str(value)
        for key, value in element.attrib.items()
        if str(key).startswith(prefix)
    }
    groups = next((str(value) for key, value in element.attrib.items() if str(key).endswith("candidateGroups")), None)
    timer = next((text for text in _timer_texts(element) if text), None)
    return Node(
        identifier,
        local_name(element),
        " ".join((element.get("name") or "").split()) or identifier,
        container,
        attributes.get("role") or lanes.get(identifier) or groups,
        attributes,
        timer,
        element.get("attachedToRef"),
        _content(element),
    )


def _timer_texts(element: etree._Element) -> Iterator[str]:
    for definition in element.iterchildren(f"{{{BPMN}}}timerEventDefinition"):
        for child in definition.iterchildren(f"{{{BPMN}}}*"):
            yield " ".join((child.text or "").split())


def _content(element: etree._Element) -> bytes:
    """What is left of an element when all that is told apart is taken away: for what nobody thought of."""
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    for key in [key for key in copy.attrib if _is_told_apart(str(key))]:
        del copy.attrib[key]
    for child in [child for child in copy if _is_left_out(child, copy)]:
        copy.remove(child)
    for child in copy.iter(f"{{{BPMN}}}timerEventDefinition"):
        child.attrib.pop("id", "")
        for value in child:
            value.text = None
    return canonical(copy)


def _is_told_apart(key: str) -> bool:
    if key.endswith("candidateGroups") or key == "name":
        return True
    return key.startswith(f"{{{KREISBUND}}}") and key.rpartition("}")[2] in _READ_APART


def _is_left_out(child: etree._Element, parent: etree._Element) -> bool:
    name = local_name(child)
    if not name or name in _WAYS:
        return True
    if local_name(parent) == "subProcess":
        return name in ("sequenceFlow", "laneSet") or (name not in _NO_NODES and bool(child.get("id")))
    return False


def canonical(element: etree._Element) -> bytes:
    """An element without the blanks between its parts, in canonical XML."""
    for part in element.iter():
        part.tail = None
        if len(part) and isinstance(part.tag, str) and part.text is not None and not part.text.strip():
            part.text = None
    return etree.tostring(element, method="c14n", exclusive=True)


def _ways(root: etree._Element) -> Iterator[Way]:
    for element in root.iter(f"{{{BPMN}}}sequenceFlow"):
        condition = " ".join((element.findtext(f"{{{BPMN}}}conditionExpression") or "").split())
        rest = {key: value for key, value in element.attrib.items() if key not in ("name", "sourceRef", "targetRef")}
        yield Way(
            element.get("id") or "",
            element.get("name") or "",
            element.get("sourceRef") or "",
            element.get("targetRef") or "",
            condition.removeprefix("=").strip(),
            repr(sorted(rest.items())).encode(),
        )


def _order(nodes: Mapping[str, Node], ways: Mapping[str, Way]) -> tuple[str, ...]:
    """Each node behind all that lead to it, loops left aside; what nothing leads to in the order of the file."""
    onward = _onward(nodes, ways)
    led_to = {target for targets in onward.values() for target in targets}
    starts = [name for name in nodes if name not in led_to]
    finished: list[str] = []
    seen: set[str] = set()
    for start in [*reversed(starts), *nodes]:
        _finish(start, onward, seen, finished)
    return tuple(name for name in reversed(finished) if name in nodes)


def _onward(nodes: Mapping[str, Node], ways: Mapping[str, Way]) -> dict[str, list[str]]:
    onward: dict[str, list[str]] = {}
    for way in ways.values():
        onward.setdefault(way.source, []).append(way.target)
    for name, node in nodes.items():
        if node.host:
            onward.setdefault(node.host, []).append(name)
        elif node.container in nodes and not any(way.target == name for way in ways.values()):
            onward.setdefault(node.container, []).append(name)
    return onward


def _finish(start: str, onward: Mapping[str, list[str]], seen: set[str], finished: list[str]) -> None:
    """Depth first without recursion: a node is finished when all behind it are."""
    pending = [(start, False)]
    while pending:
        name, done = pending.pop()
        if done:
            finished.append(name)
        elif name not in seen:
            seen.add(name)
            pending += [(name, True), *((target, False) for target in onward.get(name, ()))]


def _layout(root: etree._Element) -> dict[str, bytes]:
    """Canonical drawing by the id of what is drawn."""
    found = {}
    for shape in root.iter("{*}BPMNShape", "{*}BPMNEdge"):
        copy = etree.fromstring(etree.tostring(shape, with_tail=False))
        found[shape.get("bpmnElement") or ""] = canonical(copy)
    return found


def _rest(root: etree._Element) -> bytes:
    """Messages, errors, process attributes, extensions: everything but nodes, flows, lanes, notes and the drawing."""
    copy = etree.fromstring(etree.tostring(root))
    for element in [*copy.iter("{*}BPMNDiagram")]:
        element.getparent().remove(element)  # type: ignore[union-attr]
    copy.attrib.clear()
    for process in copy.iter(f"{{{BPMN}}}process"):
        process.attrib.pop("name", "")
        process.attrib.pop(f"{{{KREISBUND}}}version", "")
        for child in [*process]:
            if local_name(child) not in ("extensionElements", "property", "ioSpecification"):
                process.remove(child)
    return canonical(copy)
