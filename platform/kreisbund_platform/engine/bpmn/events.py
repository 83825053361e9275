"""What an event reacts to or throws, and what its references name."""

from dataclasses import dataclass, field

from lxml import etree

from kreisbund_platform.engine.bpmn.model import BPMN, EventDefinition, FlowNode, Overlooked, SequenceFlow
from kreisbund_platform.engine.refused import ModelRefused, bpmn_children, local_name, place, text_of
from kreisbund_platform.texts import _

_TRIGGERS = {
    "startEvent": {"message", "timer", "signal", "error", "escalation"},
    "endEvent": {"terminate", "error", "message", "signal", "escalation"},
    "intermediateCatchEvent": {"timer", "message", "signal", "link"},
    "intermediateThrowEvent": {"message", "signal", "escalation", "link"},
    "boundaryEvent": {"timer", "message", "error", "signal", "escalation"},
}
_NEEDS_TRIGGER = ("intermediateCatchEvent", "boundaryEvent")
_TIMER_KINDS = ("timeDuration", "timeDate", "timeCycle")
_CODES = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
_MISSING = {
    "message": "Die Nachricht „{name}“ gibt es nicht.",
    "signal": "Das Signal „{name}“ gibt es nicht.",
    "error": "Den Fehler „{name}“ gibt es nicht.",
    "escalation": "Die Eskalation „{name}“ gibt es nicht.",
}


@dataclass
class Reading:
    """A file being read: `ids` of all its elements, `named` what events refer to, by kind and id."""

    ids: dict[str, etree._Element]
    named: dict[tuple[str, str], str]
    roles: dict[str, str] = field(default_factory=dict)
    containers: list[str] = field(default_factory=list)
    nodes: list[FlowNode] = field(default_factory=list)
    flows: list[SequenceFlow] = field(default_factory=list)
    overlooked: list[Overlooked] = field(default_factory=list)

    def overlook(self, element_id: str, reason: str) -> None:
        """Notes what only publishing refuses."""
        self.overlooked.append(Overlooked(element_id, reason))

    def reference(self, text: str | None) -> str | None:
        """An id as another element names it, with or without a prefix."""
        text = (text or "").strip()
        return text if text in self.ids else text.rpartition(":")[2] or None


def names_of(root: etree._Element) -> dict[tuple[str, str], str]:
    """Names of messages and signals, codes of errors and escalations, by kind and id."""
    found = {}
    for kind, element in bpmn_children(root):
        if kind in _CODES and (identifier := element.get("id")):
            found[kind, identifier] = element.get(_CODES[kind]) or element.get("name") or identifier
    return found


def read_event(reading: Reading, element: etree._Element, kind: str) -> EventDefinition | None:
    """The trigger of an event, or the message of a task that sends or receives one; None for none."""
    if kind == "receiveTask" or (kind == "sendTask" and element.get("messageRef")):
        return _message(reading, element, element)
    if kind not in _TRIGGERS:
        return None
    found = [_resolved(reading, child) for name, child in bpmn_children(element) if name.startswith("eventDef")]
    found += [child for name, child in bpmn_children(element) if name.endswith("EventDefinition")]
    if len(found) > 1:
        raise ModelRefused(place(element), _("Ein Ereignis darf nur einen Auslöser haben."))
    if not found:
        if kind in _NEEDS_TRIGGER:
            reading.overlook(place(element), _("Dem Ereignis fehlt der Auslöser."))
        return None
    return _definition(reading, element, kind, found[0])


def _resolved(reading: Reading, reference: etree._Element) -> etree._Element:
    """A definition kept beside the process; a reference to nowhere stays what it is, and is refused as unknown."""
    return reading.ids.get(reading.reference(reference.text) or "", reference)


def _definition(reading: Reading, element: etree._Element, kind: str, definition: etree._Element) -> EventDefinition:
    type_ = local_name(definition).removesuffix("EventDefinition")
    if type_ not in _TRIGGERS[kind]:
        reason = _("Der Auslöser „{name}“ wird hier nicht unterstützt.").format(name=local_name(definition))
        raise ModelRefused(place(element), reason)
    if type_ == "timer":
        return _timer(reading, element, definition)
    if type_ == "message":
        return _message(reading, element, definition)
    if type_ == "link":
        return EventDefinition("link", definition.get("name") or element.get("name"))
    if type_ == "terminate":
        return EventDefinition("terminate")
    name = _named(reading, element, definition, type_)
    if type_ == "signal" and name is None:
        reading.overlook(place(element), _("Dem Ereignis fehlt das Signal."))
        name = element.get("name") or place(element)
    return EventDefinition(type_, name)


def _message(reading: Reading, element: etree._Element, holder: etree._Element) -> EventDefinition:
    name = _named(reading, element, holder, "message")
    return EventDefinition("message", name or element.get("name") or place(element))


def _named(reading: Reading, element: etree._Element, holder: etree._Element, kind: str) -> str | None:
    """The name or code; None without a reference: any error or escalation."""
    reference = reading.reference(holder.get(f"{kind}Ref"))
    if reference is None:
        return None
    if (kind, reference) not in reading.named:
        reading.overlook(place(element), _(_MISSING[kind]).format(name=reference))
    return reading.named.get((kind, reference), reference)


def _timer(reading: Reading, element: etree._Element, definition: etree._Element) -> EventDefinition:
    values = [(name, text_of(child)) for name, child in bpmn_children(definition) if name in _TIMER_KINDS]
    if len(values) != 1 or not values[0][1]:
        reading.overlook(place(element), _("Der Zeitpunkt oder die Dauer fehlt."))
    kind, text = values[0] if values else ("timeDuration", "")
    return EventDefinition("timer", None, kind, text)


def conditions_of(flow: etree._Element) -> str | None:
    """A sequence flow's condition as text."""
    return text_of(flow.find(f"{{{BPMN}}}conditionExpression")) or None
