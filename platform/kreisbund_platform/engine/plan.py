"""BPMN and DMN compiled once, when published, into an immutable plan that cases run on for years.

`compile_plan` refuses loudly, naming the element, what could not run; `checks.py` holds the rules.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kreisbund_platform.engine.bpmn import (
    Behaviour,
    EventDefinition,
    FlowNode,
    ProcessModel,
    SequenceFlow,
    read_process,
)
from kreisbund_platform.engine.dmn import Decisions, read_decisions
from kreisbund_platform.engine.feel import Compiled, FeelError, compile_expression
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.engine.timers import Timer, read_timer
from kreisbund_platform.texts import _

__all__ = ["Behaviour", "Container", "Element", "Flow", "ModelRefused", "Plan", "compile_plan"]


@dataclass(frozen=True)
class Flow:
    """A sequence flow; one without condition is always open."""

    flow_id: str
    source: str
    target: str
    condition: Compiled | None


@dataclass(frozen=True)
class Element:
    """A flow node. `kind` is BPMN's name for it, `attributes` are the `kb:*` ones without prefix."""

    element_id: str
    name: str | None
    kind: str
    attributes: Mapping[str, str]
    incoming: tuple[Flow, ...]
    outgoing: tuple[Flow, ...]
    behaviour: Behaviour
    container: str
    default: str | None
    event: EventDefinition | None
    timer: Timer | None
    host: str | None
    interrupting: bool
    boundaries: tuple[str, ...]


@dataclass(frozen=True)
class Container:
    """The process or an embedded sub-process: its start and all elements directly in it."""

    container_id: str
    start: str
    element_ids: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What cases run on. `upstream[join][flow]` are the elements that reach an inclusive join by that flow."""

    content_hash: str
    process_id: str
    attributes: Mapping[str, str]
    elements: Mapping[str, Element]
    containers: Mapping[str, Container]
    decisions: Decisions
    upstream: Mapping[str, Mapping[str, frozenset[str]]]


def compile_plan(bpmn_xml: bytes, decisions: Mapping[str, bytes]) -> Plan:
    """Compiles a process and the DMN files by name that its rule tasks use; raises ModelRefused."""
    from kreisbund_platform.engine import checks  # noqa: PLC0415  checks read the plan's types

    model = read_process(bpmn_xml)
    tables = read_decisions(decisions)
    elements = _elements(model)
    plan = Plan(
        content_hash(bpmn_xml, decisions),
        model.process_id,
        MappingProxyType(dict(model.attributes)),
        MappingProxyType(elements),
        MappingProxyType({name: _container(name, elements) for name in model.containers}),
        tables,
        MappingProxyType({}),
    )
    checks.check_plan(plan)
    return _with_upstream(plan)


def content_hash(bpmn_xml: bytes, decisions: Mapping[str, bytes]) -> str:
    """SHA-256 over the model and its decisions, independent of their order."""
    digest = hashlib.sha256(hashlib.sha256(bpmn_xml).digest())
    for name in sorted(decisions):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(decisions[name]).digest())
    return digest.hexdigest()


def _elements(model: ProcessModel) -> dict[str, Element]:
    nodes = {node.element_id: node for node in model.nodes}
    flows = [_flow(nodes, flow) for flow in model.flows]
    return {node.element_id: _element(node, nodes, flows) for node in model.nodes}


def _flow(nodes: Mapping[str, FlowNode], flow: SequenceFlow) -> Flow:
    for end in (flow.source, flow.target):
        if end not in nodes or nodes[end].container != flow.container:
            reason = _("Der Sequenzfluss führt zu „{name}“, das es hier nicht gibt.").format(name=end)
            raise ModelRefused(flow.flow_id, reason)
    try:
        condition = compile_expression(flow.condition) if flow.condition else None
    except FeelError as error:
        reason = _("Die Bedingung ist kein gültiges FEEL: {problem}").format(problem=error)
        raise ModelRefused(flow.flow_id, reason) from error
    return Flow(flow.flow_id, flow.source, flow.target, condition)


def _element(node: FlowNode, nodes: Mapping[str, FlowNode], flows: list[Flow]) -> Element:
    return Element(
        node.element_id,
        node.name,
        node.kind,
        MappingProxyType(dict(node.attributes)),
        tuple(flow for flow in flows if flow.target == node.element_id),
        tuple(flow for flow in flows if flow.source == node.element_id),
        node.behaviour,
        node.container,
        node.default,
        node.event,
        _timer(node),
        node.host,
        node.interrupting,
        tuple(other.element_id for other in nodes.values() if other.host == node.element_id),
    )


def _timer(node: FlowNode) -> Timer | None:
    if node.event is None or node.event.type != "timer":
        return None
    try:
        return read_timer(node.event)
    except ValueError as error:
        raise ModelRefused(node.element_id, _("Der Zeitpunkt oder die Dauer ist nicht lesbar.")) from error


def _container(name: str, elements: Mapping[str, Element]) -> Container:
    inside = [element for element in elements.values() if element.container == name]
    starts = [element.element_id for element in inside if element.behaviour is Behaviour.START]
    if not starts:
        raise ModelRefused(name, _("Das Startereignis fehlt."))
    if len(starts) > 1:
        raise ModelRefused(starts[1], _("Es darf nur ein Startereignis geben."))
    return Container(name, starts[0], tuple(element.element_id for element in inside))


def _with_upstream(plan: Plan) -> Plan:
    joins = [
        element
        for element in plan.elements.values()
        if element.behaviour is Behaviour.INCLUSIVE and len(element.incoming) > 1
    ]
    reach = {join.element_id: _upstream(plan.elements, join) for join in joins}
    fields = {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
    return Plan(**{**fields, "upstream": MappingProxyType(reach)})


def _upstream(elements: Mapping[str, Element], join: Element) -> Mapping[str, frozenset[str]]:
    return MappingProxyType(
        {
            flow.flow_id: reaching(elements, flow.source, stop=lambda name: name == join.element_id)
            for flow in join.incoming
        }
    )


def reaching(elements: Mapping[str, Element], start: str, *, stop: Callable[[str], bool]) -> frozenset[str]:
    """All elements from which flows lead to `start`, itself included, without passing where `stop` says so."""
    found: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in found or stop(name):
            continue
        found.add(name)
        element = elements[name]
        pending += [flow.source for flow in element.incoming] + ([element.host] if element.host else [])
    return frozenset(found)
