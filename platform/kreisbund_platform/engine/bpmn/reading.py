"""One process of a BPMN file, read broadly: refused by name is only what the engine can never run.

What publishing refuses beyond that is noted as overlooked; meaning (flows, timers, FEEL) is for `plan_building.py`.
"""

import re
from collections.abc import Iterator

from lxml import etree

from kreisbund_platform.engine.bpmn.events import Reading, conditions_of, read_event
from kreisbund_platform.engine.bpmn.model import (
    BEHAVIOURS,
    BPMN,
    KREISBUND,
    Behaviour,
    EventDefinition,
    FlowNode,
    MultiInstanceText,
    ProcessModel,
    SequenceFlow,
)
from kreisbund_platform.engine.bpmn.names import FLOW_ELEMENTS_REFUSED
from kreisbund_platform.engine.refused import ModelRefused, bpmn_children, local_name, place, text_of
from kreisbund_platform.texts import _

_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_GROUP = re.compile(r"group\(([^()]*)\)")


def read_one(reading: Reading, process: etree._Element) -> ProcessModel:
    """Everything of one process; raises ModelRefused."""
    reading.roles.update(_lane_roles(reading, process))
    identifier = _identifier(reading, process)
    _read_container(reading, process, identifier)
    return ProcessModel(
        identifier,
        _kreisbund_attributes(process),
        tuple(reading.containers),
        tuple(reading.nodes),
        tuple(reading.flows),
        tuple(reading.overlooked),
        process.get("name"),
        process.get("isExecutable") in ("true", "1"),
    )


def _identifier(reading: Reading, element: etree._Element) -> str:
    """The id, or a name of our own for an element that has none."""
    if identifier := element.get("id"):
        return identifier
    tag = local_name(element)
    reading.overlook(tag, _("Das Attribut „{name}“ fehlt.").format(name="id"))
    return f"{tag}#{len(reading.nodes) + len(reading.flows) + 1}"


def _required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise ModelRefused(place(element), _("Das Attribut „{name}“ fehlt.").format(name=attribute))
    return value


def _flag(element: etree._Element, attribute: str, *, default: bool = False) -> bool:
    value = (element.get(attribute) or "").strip().lower()
    return value in ("true", "1") if value else default


def _read_container(reading: Reading, container: etree._Element, identifier: str) -> None:
    reading.containers.append(identifier)
    inner: list[tuple[str, etree._Element]] = []
    for kind, element in bpmn_children(container):
        if kind == "sequenceFlow":
            reading.flows.append(_flow(reading, element, identifier))
        elif kind in BEHAVIOURS:
            node = _node(reading, element, kind, identifier)
            reading.nodes.append(node)
            if kind == "subProcess":
                inner.append((node.element_id, element))
        elif kind in FLOW_ELEMENTS_REFUSED:
            raise unsupported(element)
    for name, element in inner:
        _read_container(reading, element, name)


def unsupported(element: etree._Element) -> ModelRefused:
    """The refusal of an element by its name."""
    reason = _("Das Element „{name}“ wird nicht unterstützt.").format(name=local_name(element))
    return ModelRefused(place(element), reason)


def _flow(reading: Reading, element: etree._Element, container: str) -> SequenceFlow:
    source, target = _required(element, "sourceRef"), _required(element, "targetRef")
    return SequenceFlow(
        _identifier(reading, element),
        element.get("name"),
        reading.reference(source) or source,
        reading.reference(target) or target,
        container,
        conditions_of(element),
    )


def _node(reading: Reading, element: etree._Element, kind: str, container: str) -> FlowNode:
    identifier = _identifier(reading, element)
    _refuse_inside(element, kind)
    if _flag(element, "isForCompensation"):
        raise ModelRefused(identifier, _("Kompensation wird nicht unterstützt."))
    event = read_event(reading, element, kind)
    _overlook(reading, element, kind, identifier)
    return FlowNode(
        identifier,
        element.get("name"),
        kind,
        _behaviour(element, kind, event),
        container,
        _attributes(reading, element, identifier),
        reading.reference(element.get("default")),
        event,
        reading.reference(_required(element, "attachedToRef")) if kind == "boundaryEvent" else None,
        _flag(element, "isInterrupting" if kind == "startEvent" else "cancelActivity", default=True),
        _multi(reading, element),
        reading.reference(element.get("calledElement")),
        _flag(element, "instantiate"),
    )


def _refuse_inside(element: etree._Element, kind: str) -> None:
    """Only a sub-process holds other nodes."""
    for name, child in bpmn_children(element):
        if kind != "subProcess" and (name in BEHAVIOURS or name in FLOW_ELEMENTS_REFUSED or name == "sequenceFlow"):
            raise unsupported(child)


def _overlook(reading: Reading, element: etree._Element, kind: str, identifier: str) -> None:
    if kind == "scriptTask":
        reading.overlook(identifier, _("Skripte werden nicht ausgeführt."))
    if element.find(f"{{{BPMN}}}standardLoopCharacteristics") is not None:
        reading.overlook(
            identifier, _("Die Schleifenmarkierung wird nicht unterstützt; zeichnen Sie die Schleife aus.")
        )
    if _flag(element, "instantiate"):
        reading.overlook(identifier, _("Ein Vorgang beginnt mit einem Startereignis."))


def _behaviour(element: etree._Element, kind: str, event: EventDefinition | None) -> Behaviour:
    """A thrown message is a job: somebody has to send it. Link events, and events without a trigger, pass at once."""
    if kind in ("intermediateThrowEvent", "endEvent") and event and event.type == "message":
        return Behaviour.JOB
    if kind == "intermediateCatchEvent" and (event is None or event.type == "link"):
        return Behaviour.THROW
    if kind == "subProcess" and _flag(element, "triggeredByEvent"):
        return Behaviour.EVENT_SUB_PROCESS
    return BEHAVIOURS[kind]


# --- attributes and roles


def _kreisbund_attributes(element: etree._Element) -> dict[str, str]:
    prefix = f"{{{KREISBUND}}}"
    return {
        str(name).removeprefix(prefix): str(value)
        for name, value in element.attrib.items()
        if str(name).startswith(prefix)
    }


def _attributes(reading: Reading, element: etree._Element, identifier: str) -> dict[str, str]:
    """The `kb:*` ones; the role from the nearest that names one: the element, its groups, its lane."""
    attributes = _kreisbund_attributes(element)
    role = attributes.get("role") or _group(element) or _owner(reading, element) or reading.roles.get(identifier)
    return {**attributes, "role": role} if role else attributes


def _group(element: etree._Element) -> str | None:
    """The first of another tool's `candidateGroups`."""
    for name, value in element.attrib.items():
        if etree.QName(name).localname == "candidateGroups" and etree.QName(name).namespace != BPMN:
            first = str(value).partition(",")[0].strip()
            return first if first and not first.startswith(("$", "#", "=")) else None
    return None


def _owner(reading: Reading, element: etree._Element) -> str | None:
    """BPMN's own potentialOwner: a resource's name, or an expression `group(x)` or `x`."""
    owner = element.find(f"{{{BPMN}}}potentialOwner")
    if owner is None:
        return None
    text = text_of(owner)
    if (group := _GROUP.search(text)) is not None or text.startswith("user("):
        return group[1].strip() or None if group else None
    resource = reading.ids.get(reading.reference(owner.findtext(f"{{{BPMN}}}resourceRef")) or "")
    return resource.get("name") if resource is not None else text or None


def _lane_roles(reading: Reading, process: etree._Element) -> Iterator[tuple[str, str]]:
    """Element id → role; inner lanes come later and win."""
    for lane in process.iter(f"{{{BPMN}}}lane"):
        role = lane.get(f"{{{KREISBUND}}}role") or lane.get("name")
        for found in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
            if role and (name := reading.reference(found.text)):
                yield name, role


# --- several instances


def _multi(reading: Reading, element: etree._Element) -> MultiInstanceText | None:
    marker = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if marker is None:
        return None
    own = _kreisbund_attributes(marker)
    return MultiInstanceText(
        _flag(marker, "isSequential"),
        _text(marker, "loopCardinality"),
        own.get("collection"),
        own.get("elementVariable"),
        _text(marker, "completionCondition"),
        own.get("outputCollection"),
        own.get("outputElement"),
        _foreign(marker, "collection", "inputCollection") or _data_input(reading, element, marker),
        _foreign(marker, "elementVariable", "inputElement") or _data_item(marker),
    )


def _text(marker: etree._Element, name: str) -> str | None:
    return text_of(marker.find(f"{{{BPMN}}}{name}")) or None


def _foreign(marker: etree._Element, *names: str) -> str | None:
    """Other tools' attributes, on the marker itself or on an element among its extensions."""
    for element in [marker, *marker.iterfind(f"{{{BPMN}}}extensionElements/*")]:
        for name, value in element.attrib.items():
            if etree.QName(name).localname in names and etree.QName(name).namespace != KREISBUND:
                return str(value)
    return None


def _data_item(marker: etree._Element) -> str | None:
    item = marker.find(f"{{{BPMN}}}inputDataItem")
    return (item.get("name") or item.get("id")) if item is not None else None


def _data_input(reading: Reading, element: etree._Element, marker: etree._Element) -> str | None:
    """BPMN's own way: a data input, fed by an association; whichever variable has one of their names."""
    first = reading.reference(marker.findtext(f"{{{BPMN}}}loopDataInputRef"))
    if first is None:
        return None
    names = [first]
    for association in element.iterchildren(f"{{{BPMN}}}dataInputAssociation"):
        if reading.reference(association.findtext(f"{{{BPMN}}}targetRef")) == first:
            names += [name for name in [reading.reference(association.findtext(f"{{{BPMN}}}sourceRef"))] if name]
    for name in list(names):
        item = reading.ids.get(name)
        names += [item.get(key) or "" for key in ("name", "dataObjectRef")] if item is not None else []
    usable = [name for name in dict.fromkeys(names) if _VARIABLE.fullmatch(name)]
    return " ".join(f"if {name} != null then {name} else" for name in usable) + " null" if usable else None
