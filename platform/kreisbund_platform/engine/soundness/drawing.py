"""Faults that the drawing alone shows, without any token: unreached elements, dead ends, traps; and drawn ways."""

from collections import deque
from collections.abc import Iterable, Iterator

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Container, Element, Plan
from kreisbund_platform.engine.soundness.net import Elements, ends, reach
from kreisbund_platform.engine.soundness.verdicts import Verdict, fault


def drawn_wrong(plan: Plan, container: Container) -> Verdict | None:
    """The first such fault of a container."""
    inside = [plan.elements[name] for name in container.element_ids]
    inside = [element for element in inside if element.behaviour is not Behaviour.EVENT_SUB_PROCESS]
    found = _unreached(plan.elements, container, inside) or _dead_end(inside) or _trap(plan.elements, inside)
    if found is None:
        return None
    kind, name = found
    return fault(kind, name, drawn_way(plan.elements, container.starts, name))


def _unreached(elements: Elements, container: Container, inside: list[Element]) -> tuple[str, str] | None:
    """An element that no flow leads to from a start, rather the first of such a row; a flow that leaves an end."""
    reached = reach(elements, container.starts, sides=True)
    lost = [element for element in inside if element.element_id not in reached and element.host is None]
    if lost:
        return "UNREACHABLE", next((e for e in lost if not e.incoming), lost[0]).element_id
    beyond = (e.outgoing[0].flow_id for e in inside if e.behaviour is Behaviour.END and e.outgoing)
    return next((("UNREACHABLE", name) for name in beyond), None)


def _dead_end(inside: list[Element]) -> tuple[str, str] | None:
    """BPMN 2.0.2, 10.5.3: where there are end events, every other element leads on. A thrown link always does."""
    ended = any(element.kind == "endEvent" for element in inside)
    stops = (e.element_id for e in inside if not e.outgoing and e.kind != "endEvent" and (ended or _is_link(e)))
    return next((("DEAD_END", name) for name in stops), None)


def _is_link(element: Element) -> bool:
    return element.event is not None and element.event.type == "link"


def _trap(elements: Elements, inside: list[Element]) -> tuple[str, str] | None:
    """An element from which no way at all leads to an end."""
    finishing = {element.element_id for element in inside if ends(element)}
    pending = list(finishing)
    while pending:
        new = set(_before(elements, pending.pop())) - finishing
        finishing |= new
        pending += new
    lost = (element.element_id for element in inside if element.element_id not in finishing)
    return next((("LIVELOCK", name) for name in lost), None)


def _before(elements: Elements, name: str) -> Iterator[str]:
    yield from (f.source for f in elements[name].incoming if elements[f.source].behaviour is not Behaviour.END)
    if (host := elements[name].host) is not None:
        yield host


def mixed(plan: Plan, container: Container, boundary: Element, members: Iterable[str]) -> Verdict | None:
    """A side thread that may run twice at a time, with an inclusive join on one branch to a parallel one.

    It may take two tokens of two runs for one, and then the parallel join waits for the other.
    """
    inside = [plan.elements[name] for name in sorted(members) if plan.elements[name].joins]
    for join in inside if _repeats(plan.elements, boundary) else ():
        if join.behaviour is Behaviour.INCLUSIVE and any(_starves(plan.elements, join, other) for other in inside):
            return fault("MIXED", join.element_id, drawn_way(plan.elements, container.starts, join.element_id))
    return None


def _starves(elements: Elements, join: Element, parallel: Element) -> bool:
    """Whether the join lies on some ways into the parallel one and not on others."""
    if parallel.behaviour is not Behaviour.PARALLEL:
        return False
    onward = (flow.target for flow in join.outgoing if flow.target != parallel.element_id)
    found = {join.element_id} | reach(elements, onward, sides=False, without=parallel.element_id)
    return len({flow.source in found for flow in parallel.incoming}) == 2


def _repeats(elements: Elements, boundary: Element) -> bool:
    """Whether the event may come again while its first thread still runs."""
    host = boundary.host or ""
    once = boundary.timer is not None and boundary.timer.most_firings == 1
    return not once or host in reach(elements, (target for target, _flow in _steps(elements[host])), sides=True)


def drawn_way(elements: Elements, roots: Iterable[str], goal: str) -> tuple[str, ...]:
    """The shortest drawn way from a root, without regard to joins; empty where there is none."""
    came: dict[str, tuple[str, ...]] = {name: (name,) for name in roots}
    pending = deque(came)
    while pending and goal not in came:
        name = pending.popleft()
        for target, flow in _steps(elements[name]):
            if target not in came:
                came[target] = (*came[name], *flow, target)
                pending.append(target)
    return came.get(goal, ())


def _steps(element: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((flow.target, (flow.flow_id,)) for flow in element.outgoing)
    yield from ((boundary, ()) for boundary in element.boundaries)
