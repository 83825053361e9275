"""From a model as written to a plan's elements: flows joined to nodes, expressions compiled, tables for the run."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kreisbund_platform.engine.bpmn.model import (
    Behaviour,
    FlowNode,
    MultiInstanceText,
    ProcessModel,
    SequenceFlow,
)
from kreisbund_platform.engine.durations import Duration
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.plan.expressions import Expression, OneAtLeast, read_expression
from kreisbund_platform.engine.plan.model import Container, Element, Flow, MultiInstance
from kreisbund_platform.engine.plan.timers import Timer, read_timer
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.texts import _

MOST_UPSTREAM = 1_000_000
MOST_LEVELS = 60
_AT_ONCE = Timer("timeDuration", Duration(0, 0, 0))


@dataclass
class _Tables:
    """Everything of a model by the node it belongs to."""

    nodes: dict[str, FlowNode]
    lenient: bool
    incoming: dict[str, list[Flow]] = field(default_factory=lambda: defaultdict(list))
    outgoing: dict[str, list[Flow]] = field(default_factory=lambda: defaultdict(list))
    boundaries: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    starts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def elements_of(model: ProcessModel, *, lenient: bool) -> dict[str, Element]:
    """The elements by id, in the file's order; raises ModelRefused."""
    tables = _Tables({node.element_id: node for node in model.nodes}, lenient)
    for flow in [*(_flow(tables, flow) for flow in model.flows), *_links(model.nodes)]:
        tables.outgoing[flow.source].append(flow)
        tables.incoming[flow.target].append(flow)
    for node in model.nodes:
        if node.host is not None:
            _require_host(tables, node)
            tables.boundaries[node.host].append(node.element_id)
        if node.behaviour is Behaviour.START:
            tables.starts[node.container].append(node.element_id)
    return {node.element_id: _element(tables, node) for node in model.nodes}


def _require_host(tables: _Tables, node: FlowNode) -> None:
    host = tables.nodes.get(node.host or "")
    if host is None or host.container != node.container or host.element_id == node.element_id:
        raise ModelRefused(node.element_id, _("Das Randereignis hängt an keinem Element dieses Prozesses."))


def _flow(tables: _Tables, flow: SequenceFlow) -> Flow:
    for end in (flow.source, flow.target):
        if end not in tables.nodes:
            reason = _("Der Sequenzfluss führt zu „{name}“, das es hier nicht gibt.").format(name=end)
            raise ModelRefused(flow.flow_id, reason)
    if tables.nodes[flow.source].container != tables.nodes[flow.target].container:
        raise ModelRefused(flow.flow_id, _("Der Sequenzfluss führt über die Grenze eines Teilprozesses."))
    reason = _("Die Bedingung ist kein gültiges FEEL: {problem}")
    return Flow(flow.flow_id, flow.source, flow.target, _feel(tables, flow.condition, flow.flow_id, reason))


def _feel(tables: _Tables, text: str | None, element_id: str, reason: str) -> Expression | None:
    if not text:
        return None
    try:
        return read_expression(text, lenient=tables.lenient)
    except FeelError as error:
        raise ModelRefused(element_id, reason.format(problem=error)) from error


def _links(nodes: Iterable[FlowNode]) -> Iterator[Flow]:
    """A thrown link goes on at its catch event as if a flow led there."""
    links = [node for node in nodes if node.event and node.event.type == "link"]
    catches = {_link(node): node.element_id for node in links if node.kind == "intermediateCatchEvent"}
    for node in links:
        if node.kind == "intermediateThrowEvent" and (target := catches.get(_link(node))):
            yield Flow(f"{node.element_id}~{target}", node.element_id, target, None)


def _link(node: FlowNode) -> tuple[str, str | None]:
    return node.container, node.event.name if node.event else None


def _element(tables: _Tables, node: FlowNode) -> Element:
    name = node.element_id
    incoming, outgoing = tuple(tables.incoming[name]), tuple(tables.outgoing[name])
    problem = _("Der Schlüssel der Nachricht ist kein gültiges FEEL: {problem}")
    return Element(
        element_id=name,
        name=node.name,
        kind=node.kind,
        attributes=MappingProxyType(dict(node.attributes)),
        incoming=incoming,
        outgoing=outgoing,
        behaviour=node.behaviour,
        container=node.container,
        default=node.default,
        event=node.event,
        timer=_timer(tables, node),
        host=node.host,
        interrupting=node.interrupting,
        boundaries=tuple(tables.boundaries[name]),
        multi=_multi(tables, node, node.multi) if node.multi else None,
        called=node.called,
        correlation=_feel(tables, node.attributes.get("correlation"), name, problem),
        awaits=_awaits(tables, node, outgoing),
        chooses=_chooses(node, outgoing),
        joins=node.behaviour in (Behaviour.PARALLEL, Behaviour.INCLUSIVE) and len(incoming) > 1,
        instantiates=node.instantiates and not incoming,
    )


def _chooses(node: FlowNode, outgoing: tuple[Flow, ...]) -> bool:
    if node.behaviour in (Behaviour.PARALLEL, Behaviour.EVENT_GATEWAY):
        return False
    if node.behaviour is Behaviour.EXCLUSIVE and len(outgoing) > 1:
        return True
    return node.default is not None or any(flow.condition is not None for flow in outgoing)


def _awaits(tables: _Tables, node: FlowNode, outgoing: tuple[Flow, ...]) -> tuple[str, ...]:
    if node.behaviour is Behaviour.CATCH:
        return (node.element_id,)
    if node.behaviour is Behaviour.EVENT_GATEWAY:
        return tuple(flow.target for flow in outgoing)
    if node.behaviour is Behaviour.EVENT_SUB_PROCESS:
        return tuple(tables.starts[node.element_id][:1])
    return ()


def _timer(tables: _Tables, node: FlowNode) -> Timer | None:
    if node.event is None or node.event.type != "timer":
        return None
    try:
        return read_timer(node.event)
    except ValueError as error:
        if tables.lenient:
            return _AT_ONCE
        raise ModelRefused(node.element_id, _("Der Zeitpunkt oder die Dauer ist nicht lesbar.")) from error


def _multi(tables: _Tables, node: FlowNode, text: MultiInstanceText) -> MultiInstance:
    reason = _("Die Mehrfachausführung enthält kein gültiges FEEL: {problem}")
    written, variable = text.collection, text.element_variable
    if tables.lenient:
        written, variable = written or text.foreign_collection, variable or text.foreign_variable
    cardinality, collection, completion, output = (
        _feel(tables, expression, node.element_id, reason)
        for expression in (text.cardinality, written, text.completion, text.output_element)
    )
    if collection and tables.lenient:
        collection = OneAtLeast(collection)
    return MultiInstance(text.sequential, cardinality, collection, variable, completion, text.output_collection, output)


def containers_of(model: ProcessModel, elements: Mapping[str, Element]) -> dict[str, Container]:
    """The process, its sub-processes and what it calls, outermost first."""
    inside: dict[str, list[Element]] = {name: [] for name in model.containers}
    for element in elements.values():
        inside[element.container].append(element)
    _refuse_depth(model, elements)
    return {name: _container(name, found) for name, found in inside.items()}


def _refuse_depth(model: ProcessModel, elements: Mapping[str, Element]) -> None:
    levels: dict[str, int] = {}
    for name in model.containers:
        levels[name] = levels[elements[name].container] + 1 if name in elements else 0
        if levels[name] > MOST_LEVELS:
            raise ModelRefused(name, _("Die Teilprozesse sind zu tief verschachtelt."))


def _container(name: str, inside: list[Element]) -> Container:
    starts = [element for element in inside if element.behaviour is Behaviour.START or element.instantiates]
    starts.sort(key=lambda element: element.event is not None or element.instantiates)
    implicit = [] if starts else [element for element in inside if _begins(element)]
    return Container(
        name,
        tuple(element.element_id for element in starts or implicit),
        tuple(element.element_id for element in inside),
        tuple(element.element_id for element in inside if element.behaviour is Behaviour.EVENT_SUB_PROCESS),
        implicit=bool(implicit),
    )


def _begins(element: Element) -> bool:
    """Where a process has no start event, it begins with all that nothing leads to."""
    link = element.event is not None and element.event.type == "link" and element.kind == "intermediateCatchEvent"
    apart = element.behaviour in (Behaviour.BOUNDARY, Behaviour.EVENT_SUB_PROCESS)
    return not element.incoming and not apart and not link


def upstream_of(elements: Mapping[str, Element]) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """For each inclusive join and each flow into it, what reaches it that way without passing the join itself."""
    found: dict[str, Mapping[str, frozenset[str]]] = {}
    size = 0
    for join in elements.values():
        if join.behaviour is Behaviour.INCLUSIVE and join.joins:
            reach = {flow.flow_id: _reaching(elements, flow.source, join.element_id) for flow in join.incoming}
            found[join.element_id] = MappingProxyType(reach)
            size += sum(map(len, reach.values()))
            if size > MOST_UPSTREAM:
                raise ModelRefused(join.element_id, _("Das Modell hat zu viele inklusive Zusammenführungen."))
    return MappingProxyType(found)


def _reaching(elements: Mapping[str, Element], start: str, join: str) -> frozenset[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in found or name == join:
            continue
        found.add(name)
        element = elements[name]
        pending += [flow.source for flow in element.incoming] + ([element.host] if element.host else [])
    return frozenset(found)
