"""Tokens that leave an element, and scopes that run out of tokens."""

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.plan.model import Element, Flow
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.closing import stop_listening
from kreisbund_platform.engine.running.marking import Incident
from kreisbund_platform.engine.running.run import Run, Trouble

CONDITION, NO_OPEN_FLOW = "CONDITION", "NO_OPEN_FLOW"
LEAVING = (CONDITION, NO_OPEN_FLOW)
"""Reasons of incidents that stop a token behind its element; all others stop it before."""


def leave(run: Run, element: Element, scope: int) -> None:
    """Sends a token's successors on their way; where it cannot be said which, it becomes an incident."""
    flows = element.outgoing
    if element.chooses:
        try:
            flows = _chosen(run, element, scope)
        except Trouble as trouble:
            stop(run, element, scope, trouble)
            return
    run.effects.append(e.Passed(element.element_id))
    elements = run.plan.elements
    for flow in flows:
        run.moving.append((elements[flow.target], scope, flow.flow_id, None))
    consume(run, scope, 1 - len(flows))


def stop(
    run: Run, element: Element, scope: int, trouble: Trouble, instance: int | None = None, token: int | None = None
) -> None:
    """The token rests as an incident; it still counts as alive."""
    token = token or run.marking.number()
    run.marking.incidents[token] = Incident(element.element_id, scope, trouble.flow_id, trouble.reason, instance)
    run.effects.append(e.IncidentRaised(token, element.element_id, trouble.reason))


def _chosen(run: Run, element: Element, scope: int) -> tuple[Flow, ...]:
    known = run.view(scope)
    exclusive = element.behaviour is Behaviour.EXCLUSIVE
    found: list[Flow] = []
    for flow in element.outgoing:
        if flow.flow_id != element.default and _is_open(flow, known):
            if exclusive:
                return (flow,)
            found.append(flow)
    if not found:
        found = [flow for flow in element.outgoing if flow.flow_id == element.default]
    if not found:
        raise Trouble(NO_OPEN_FLOW)
    return tuple(found)


def _is_open(flow: Flow, known: dict[str, object]) -> bool:
    try:
        return flow.condition is None or flow.condition(known) is True
    except FeelError as error:
        raise Trouble(CONDITION, flow.flow_id) from error


def consume(run: Run, scope: int, count: int) -> None:
    """So many tokens fewer in a scope; without any it is finished, and so is what hosts it."""
    here = run.marking.scopes[scope]
    here.live -= count
    if here.live:
        return
    for token in [token for token, at in run.marking.listeners.items() if at.scope == scope]:
        stop_listening(run, token)
    del run.marking.scopes[scope]
    if here.host is None:
        run.marking.ended = True
        run.effects.append(e.Ended())
    else:
        run.finished.append(here.host)
