"""BPMN 2.0 XML as frozen data: what stands in the file, refused by name where the engine does not know it.

Meaning (flows, timers, decisions, FEEL) is checked by `plan.py`; a new element kind is a row in `BEHAVIOURS`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from kreisbund_platform.engine.refused import ModelRefused, local_name, read_xml
from kreisbund_platform.texts import _

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
KREISBUND = "urn:kreisbund:bpmn:1"


class Behaviour(StrEnum):
    """How a token treats an element."""

    START = "start"
    END = "end"
    TASK = "task"
    JOB = "job"
    CATCH = "catch"
    RULE = "rule"
    THROW = "throw"
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    EVENT_GATEWAY = "event_gateway"
    BOUNDARY = "boundary"
    SUB_PROCESS = "sub_process"


BEHAVIOURS = {
    "startEvent": Behaviour.START,
    "endEvent": Behaviour.END,
    "task": Behaviour.TASK,
    "userTask": Behaviour.TASK,
    "manualTask": Behaviour.TASK,
    "serviceTask": Behaviour.JOB,
    "sendTask": Behaviour.JOB,
    "receiveTask": Behaviour.CATCH,
    "businessRuleTask": Behaviour.RULE,
    "exclusiveGateway": Behaviour.EXCLUSIVE,
    "parallelGateway": Behaviour.PARALLEL,
    "inclusiveGateway": Behaviour.INCLUSIVE,
    "eventBasedGateway": Behaviour.EVENT_GATEWAY,
    "intermediateCatchEvent": Behaviour.CATCH,
    "intermediateThrowEvent": Behaviour.THROW,
    "boundaryEvent": Behaviour.BOUNDARY,
    "subProcess": Behaviour.SUB_PROCESS,
}
_TRIGGERS = {
    "startEvent": {"message"},
    "endEvent": {"terminate", "error", "message"},
    "intermediateCatchEvent": {"timer", "message"},
    "intermediateThrowEvent": {"message"},
    "boundaryEvent": {"timer", "message", "error"},
}
_NEEDS_TRIGGER = ("intermediateCatchEvent", "boundaryEvent")
_WITHOUT_EFFECT = frozenset(
    {
        *("documentation", "extensionElements", "laneSet", "property", "auditing", "monitoring", "rendering"),
        *("dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput", "ioSpecification"),
        *("inputSet", "outputSet", "dataInputAssociation", "dataOutputAssociation"),
        *("association", "textAnnotation", "group", "incoming", "outgoing", "supportedInterfaceRef"),
        *("performer", "humanPerformer", "potentialOwner", "resourceRole"),
    }
)
_TIMER_KINDS = ("timeDuration", "timeDate", "timeCycle")


@dataclass(frozen=True)
class EventDefinition:
    """What an event reacts to: `name` is a message's name or an error's code, `text` a timer's value."""

    type: str
    name: str | None = None
    timer_kind: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class FlowNode:
    """A task, event, gateway or sub-process as written."""

    element_id: str
    name: str | None
    kind: str
    behaviour: Behaviour
    container: str
    attributes: Mapping[str, str]
    default: str | None
    event: EventDefinition | None
    host: str | None
    interrupting: bool


@dataclass(frozen=True)
class SequenceFlow:
    """An arrow; `condition` is FEEL text."""

    flow_id: str
    name: str | None
    source: str
    target: str
    container: str
    condition: str | None


@dataclass(frozen=True)
class ProcessModel:
    """One process: `containers` are its id and those of its sub-processes, outermost first."""

    process_id: str
    attributes: Mapping[str, str]
    containers: tuple[str, ...]
    nodes: tuple[FlowNode, ...]
    flows: tuple[SequenceFlow, ...]


@dataclass
class _Reading:
    messages: dict[str, str]
    errors: dict[str, str]
    lanes: dict[str, str] = field(default_factory=dict)
    containers: list[str] = field(default_factory=list)
    nodes: list[FlowNode] = field(default_factory=list)
    flows: list[SequenceFlow] = field(default_factory=list)


def read_process(data: bytes) -> ProcessModel:
    """The executable process of a BPMN file; raises ModelRefused."""
    root = read_xml(data)
    if root.tag != f"{{{BPMN}}}definitions":
        raise ModelRefused(_place(root), _("Die Datei ist kein BPMN-Modell."))
    _refuse_duplicates(root)
    reading = _Reading(dict(_named(root, "message", "name")), dict(_named(root, "error", "errorCode")))
    process = _executable(root)
    reading.lanes.update(_lane_roles(process))
    _read_container(reading, process)
    return ProcessModel(
        _required(process, "id"),
        _kreisbund_attributes(process),
        tuple(reading.containers),
        tuple(reading.nodes),
        tuple(reading.flows),
    )


def _place(element: etree._Element) -> str:
    return element.get("id") or local_name(element)


def _required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise ModelRefused(_place(element), _("Das Attribut „{name}“ fehlt.").format(name=attribute))
    return value


def _bpmn_children(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    for child in element:
        if isinstance(child.tag, str) and child.tag.startswith(f"{{{BPMN}}}"):
            yield local_name(child), child


def _refuse_duplicates(root: etree._Element) -> None:
    seen: set[str] = set()
    for element in root.iter(f"{{{BPMN}}}*"):
        identifier = element.get("id")
        if identifier in seen:
            raise ModelRefused(identifier, _("Diese Kennung kommt mehrfach vor."))
        seen |= {identifier} if identifier else set()


def _named(root: etree._Element, tag: str, attribute: str) -> Iterator[tuple[str, str]]:
    for kind, element in _bpmn_children(root):
        if kind == tag:
            identifier = _required(element, "id")
            yield identifier, element.get(attribute) or identifier


def _executable(root: etree._Element) -> etree._Element:
    processes = [element for kind, element in _bpmn_children(root) if kind == "process"]
    marked = [element for element in processes if element.get("isExecutable") == "true"]
    candidates = marked or processes
    if not candidates:
        raise ModelRefused(_place(root), _("Die Datei enthält keinen Prozess."))
    if len(candidates) > 1:
        raise ModelRefused(_place(candidates[1]), _("Die Datei enthält mehr als einen ausführbaren Prozess."))
    return candidates[0]


def _lane_roles(process: etree._Element) -> Iterator[tuple[str, str]]:
    """Element id → role; inner lanes come later and win."""
    for lane in process.iter(f"{{{BPMN}}}lane"):
        role = lane.get(f"{{{KREISBUND}}}role") or lane.get("name")
        for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
            if role and reference.text:
                yield reference.text.strip(), role


def _read_container(reading: _Reading, container: etree._Element) -> None:
    identifier = _required(container, "id")
    reading.containers.append(identifier)
    for kind, element in _bpmn_children(container):
        if kind == "sequenceFlow":
            reading.flows.append(_flow(element, identifier))
        elif kind in BEHAVIOURS:
            reading.nodes.append(_node(reading, element, kind, identifier))
            if kind == "subProcess":
                _read_container(reading, element)
        elif kind not in _WITHOUT_EFFECT:
            _refuse_unknown(element)


def _refuse_unknown(element: etree._Element) -> None:
    reason = _("Das Element „{name}“ wird nicht unterstützt.").format(name=local_name(element))
    raise ModelRefused(_place(element), reason)


def _flow(element: etree._Element, container: str) -> SequenceFlow:
    condition = element.findtext(f"{{{BPMN}}}conditionExpression")
    return SequenceFlow(
        _required(element, "id"),
        element.get("name"),
        _required(element, "sourceRef"),
        _required(element, "targetRef"),
        container,
        condition.strip() if condition and condition.strip() else None,
    )


def _node(reading: _Reading, element: etree._Element, kind: str, container: str) -> FlowNode:
    identifier = _required(element, "id")
    if element.get("triggeredByEvent") == "true":
        raise ModelRefused(identifier, _("Ereignis-Teilprozesse werden nicht unterstützt."))
    event = _event(reading, element, kind)
    attributes = _kreisbund_attributes(element)
    if role := reading.lanes.get(identifier):
        attributes.setdefault("role", role)
    return FlowNode(
        identifier,
        element.get("name"),
        kind,
        _behaviour(kind, event),
        container,
        attributes,
        element.get("default"),
        event,
        _required(element, "attachedToRef") if kind == "boundaryEvent" else None,
        element.get("cancelActivity", "true") != "false",
    )


def _behaviour(kind: str, event: EventDefinition | None) -> Behaviour:
    """A thrown message is a job: somebody has to send it."""
    if kind in ("intermediateThrowEvent", "endEvent") and event and event.type == "message":
        return Behaviour.JOB
    return BEHAVIOURS[kind]


def _kreisbund_attributes(element: etree._Element) -> dict[str, str]:
    prefix = f"{{{KREISBUND}}}"
    return {
        str(name).removeprefix(prefix): str(value)
        for name, value in element.attrib.items()
        if str(name).startswith(prefix)
    }


def _event(reading: _Reading, element: etree._Element, kind: str) -> EventDefinition | None:
    if kind == "receiveTask":
        return _message(reading, element, element)
    found = [child for name, child in _bpmn_children(element) if name.endswith(("EventDefinition", "DefinitionRef"))]
    _refuse_children(element, kind)
    if len(found) > 1:
        raise ModelRefused(_place(element), _("Ein Ereignis darf nur einen Auslöser haben."))
    if not found and kind in _NEEDS_TRIGGER:
        raise ModelRefused(_place(element), _("Dem Ereignis fehlt der Auslöser."))
    return _definition(reading, element, kind, found[0]) if found else None


def _refuse_children(element: etree._Element, kind: str) -> None:
    """Loop markers and anything unknown below a node; a sub-process's own nodes are read elsewhere."""
    for name, child in _bpmn_children(element):
        inner = kind == "subProcess" and (name in BEHAVIOURS or name == "sequenceFlow")
        if inner or name in _WITHOUT_EFFECT:
            continue
        if not (name.endswith(("EventDefinition", "DefinitionRef")) and kind in _TRIGGERS):
            reason = _("Das Element „{name}“ wird nicht unterstützt.").format(name=name)
            raise ModelRefused(child.get("id") or (_place(child) if kind == "subProcess" else _place(element)), reason)


def _definition(reading: _Reading, element: etree._Element, kind: str, definition: etree._Element) -> EventDefinition:
    type_ = local_name(definition).removesuffix("EventDefinition")
    if type_ not in _TRIGGERS[kind]:
        reason = _("Der Auslöser „{name}“ wird hier nicht unterstützt.").format(name=local_name(definition))
        raise ModelRefused(_place(element), reason)
    if type_ == "timer":
        return _timer(element, definition)
    if type_ == "message":
        return _message(reading, element, definition)
    return EventDefinition(type_, _error_code(reading, element, definition) if type_ == "error" else None)


def _message(reading: _Reading, element: etree._Element, holder: etree._Element) -> EventDefinition:
    reference = holder.get("messageRef")
    if reference is None:
        return EventDefinition("message", element.get("name") or _place(element))
    reference = reference.rpartition(":")[2]
    if reference not in reading.messages:
        raise ModelRefused(_place(element), _("Die Nachricht „{name}“ gibt es nicht.").format(name=reference))
    return EventDefinition("message", reading.messages[reference])


def _error_code(reading: _Reading, element: etree._Element, definition: etree._Element) -> str | None:
    """The code, None catches any; a throwing event without one throws the empty code."""
    reference = definition.get("errorRef")
    if reference is None:
        return None
    reference = reference.rpartition(":")[2]
    if reference not in reading.errors:
        raise ModelRefused(_place(element), _("Den Fehler „{name}“ gibt es nicht.").format(name=reference))
    return reading.errors[reference]


def _timer(element: etree._Element, definition: etree._Element) -> EventDefinition:
    values = [(name, (child.text or "").strip()) for name, child in _bpmn_children(definition) if name in _TIMER_KINDS]
    if len(values) != 1 or not values[0][1]:
        raise ModelRefused(_place(element), _("Der Zeitpunkt oder die Dauer fehlt."))
    return EventDefinition("timer", None, values[0][0], values[0][1])
