"""Call activities at compile time: the called process becomes a part of the plan, like a sub-process.

Its element ids get the prefix `<call activity's id>.`, the ids of its forms, letters and decisions `<slug>:`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.bpmn.model import Behaviour, FlowNode, Overlooked, ProcessModel, SequenceFlow
from kreisbund_platform.engine.dmn import Decisions, read_decisions
from kreisbund_platform.engine.plan.model import CalledModel
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.texts import _

MOST_ELEMENTS = 20_000
MOST_LEVELS = 20
_OWN_PARTS = ("form", "letter", "decision")


@dataclass(frozen=True)
class Whole:
    """A process with all it calls; `decisions` of the called ones by prefix."""

    model: ProcessModel
    decisions: Mapping[str, Decisions]


@dataclass(frozen=True)
class _Callable:
    """What a call activity may run: its model, the prefix of its parts, and what it may call in turn."""

    model: ProcessModel
    prefix: str
    decisions: Mapping[str, bytes]
    called: Mapping[str, CalledModel]
    beside: Mapping[str, ProcessModel]


def embed(
    model: ProcessModel,
    called: Mapping[str, CalledModel],
    beside: Mapping[str, ProcessModel],
    *,
    lenient: bool,
) -> Whole:
    """The model with every call resolved; what cannot be is refused, in a broad reading becomes a job."""
    return _embed(_Callable(model, "", {}, called, beside), lenient, 0)


def _embed(here: _Callable, lenient: bool, level: int) -> Whole:
    if level > MOST_LEVELS:
        raise ModelRefused(here.model.process_id, _("Die Vorlage ruft sich über zu viele Ebenen auf."))
    model, decisions = here.model, dict[str, Decisions]()
    for node in here.model.nodes:
        if node.behaviour is Behaviour.CALL:
            target = _target(here, node)
            if target is None:
                model = _as_job(model, node, lenient)
                continue
            inner = _embed(target, lenient, level + 1)
            decisions |= {_joined(target.prefix, key): value for key, value in inner.decisions.items()}
            if target.decisions:
                decisions[target.prefix] = read_decisions(target.decisions)
            model = _with(model, node, _renamed(inner.model, node, target.prefix))
    return Whole(model, decisions)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}:{name}" if prefix else name


def _target(here: _Callable, node: FlowNode) -> _Callable | None:
    name = node.called or ""
    if name in here.called:
        model = here.called[name]
        return _Callable(read_process(model.bpmn_xml), name, model.decisions, model.called, {})
    if name in here.beside:
        others = {key: value for key, value in here.beside.items() if key != name}
        return _Callable(here.beside[name], "", {}, here.called, others)
    return None


def _as_job(model: ProcessModel, node: FlowNode, lenient: bool) -> ProcessModel:
    if not lenient:
        reason = _("Die aufgerufene Vorlage „{name}“ gibt es nicht.").format(name=node.called or "")
        raise ModelRefused(node.element_id, reason)
    nodes = tuple(replace(other, behaviour=Behaviour.JOB) if other is node else other for other in model.nodes)
    return replace(model, nodes=nodes)


def _renamed(model: ProcessModel, call: FlowNode, prefix: str) -> ProcessModel:
    """The called model under the call activity's id."""

    def own(name: str) -> str:
        return call.element_id if name == model.process_id else f"{call.element_id}.{name}"

    return ProcessModel(
        call.element_id,
        {},
        tuple(own(name) for name in model.containers),
        tuple(_node(node, own(node.container), call.element_id, prefix) for node in model.nodes),
        tuple(_flow(flow, own(flow.container), call.element_id) for flow in model.flows),
        tuple(Overlooked(own(found.element_id), found.reason) for found in model.overlooked),
    )


def _node(node: FlowNode, container: str, call: str, prefix: str) -> FlowNode:
    parts = {name: _joined(prefix, node.attributes[name]) for name in _OWN_PARTS if name in node.attributes}
    return replace(
        node,
        element_id=f"{call}.{node.element_id}",
        container=container,
        attributes={**node.attributes, **parts},
        default=f"{call}.{node.default}" if node.default else None,
        host=f"{call}.{node.host}" if node.host else None,
    )


def _flow(flow: SequenceFlow, container: str, call: str) -> SequenceFlow:
    return replace(
        flow,
        flow_id=f"{call}.{flow.flow_id}",
        source=f"{call}.{flow.source}",
        target=f"{call}.{flow.target}",
        container=container,
    )


def _with(model: ProcessModel, node: FlowNode, inner: ProcessModel) -> ProcessModel:
    if len(model.nodes) + len(inner.nodes) > MOST_ELEMENTS:
        raise ModelRefused(node.element_id, _("Mit den aufgerufenen Vorlagen ist das Modell zu groß."))
    return replace(
        model,
        containers=(*model.containers, *inner.containers),
        nodes=(*model.nodes, *inner.nodes),
        flows=(*model.flows, *inner.flows),
        overlooked=(*model.overlooked, *inner.overlooked),
    )
