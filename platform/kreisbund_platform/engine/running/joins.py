"""Gateways where branches meet."""

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running.leaving import leave
from kreisbund_platform.engine.running.run import Run


def join(run: Run, element: Element, flow_id: str, scope: int) -> None:
    """A token waits for those of the other flows; a parallel gateway that has all goes on."""
    arrived = run.marking.joins.setdefault((scope, element.element_id), {})
    arrived[flow_id] = arrived.get(flow_id, 0) + 1
    if element.behaviour is Behaviour.PARALLEL and len(arrived) == len(element.incoming):
        _release(run, element, scope)


def _release(run: Run, element: Element, scope: int) -> None:
    """Takes one token from each flow that has any and sends one on."""
    arrived = run.marking.joins.pop((scope, element.element_id))
    rest = {flow_id: count - 1 for flow_id, count in arrived.items() if count > 1}
    if rest:
        run.marking.joins[scope, element.element_id] = rest
    run.marking.scopes[scope].live -= len(arrived) - 1
    leave(run, element, scope)


def release_inclusive_join(run: Run) -> bool:
    """One inclusive join that waits for nothing more goes on; False where there is none."""
    for (scope, name), arrived in run.marking.joins.items():
        element = run.plan.elements[name]
        if element.behaviour is Behaviour.INCLUSIVE and not _still_expected(run, scope, element, arrived):
            _release(run, element, scope)
            return True
    return False


def _still_expected(run: Run, scope: int, join: Element, arrived: dict[str, int]) -> bool:
    """BPMN 2.0.2, table 13.4: a token elsewhere that can reach an empty flow but no flow with a token."""
    marking = run.marking
    places = {at.element_id for at in marking.tokens.values() if at.scope == scope}
    places |= {incident.element_id for incident in marking.incidents.values() if incident.scope == scope}
    places |= {name for (s, name) in marking.joins if s == scope and name != join.element_id}
    upstream = run.plan.upstream[join.element_id]
    reached = frozenset[str]().union(*(upstream[flow_id] for flow_id in arrived))
    empty = (upstream[flow.flow_id] for flow in join.incoming if flow.flow_id not in arrived)
    return any(places & (before - reached) for before in empty)
