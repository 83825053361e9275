"""Tokens that arrive at an element."""

from collections.abc import Mapping
from typing import Any

from kreisbund_platform.engine import dmn
from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.catching import throw, throw_signal
from kreisbund_platform.engine.running.closing import close_scope, empty_scope, remove
from kreisbund_platform.engine.running.instances import finish_instance, open_instances
from kreisbund_platform.engine.running.joins import join
from kreisbund_platform.engine.running.leaving import consume, leave, stop
from kreisbund_platform.engine.running.resting import listen, open_scope, rest
from kreisbund_platform.engine.running.run import Move, Run, Trouble

DECISION = "DECISION"
_RESTING = (Behaviour.TASK, Behaviour.JOB, Behaviour.CATCH, Behaviour.EVENT_GATEWAY)
_SCOPES = (Behaviour.SUB_PROCESS, Behaviour.CALL)


def arrive(run: Run, move: Move) -> None:
    """Moves a token into an element: it rests there, passes, joins others or ends."""
    element, scope, flow_id, instance = move
    behaviour = element.behaviour
    if element.multi is not None and instance is None:
        open_instances(run, element, scope)
    elif behaviour in _RESTING:
        rest(run, element, scope, instance=instance)
    elif behaviour in _SCOPES:
        token = rest(run, element, scope, instance=instance)
        if token is not None:
            open_scope(run, element.element_id, scope, token)
    elif element.joins and flow_id is not None:
        join(run, element, flow_id, scope)
    elif behaviour is Behaviour.EVENT_SUB_PROCESS:
        if listen(run, element, scope):
            consume(run, scope, 1)
    elif behaviour is Behaviour.RULE:
        _decide(run, element, scope, instance)
    elif behaviour in (Behaviour.THROW, Behaviour.END):
        _pass_event(run, move)
    else:
        leave(run, element, scope)


def complete(run: Run, token: int) -> None:
    """The work at a token, or the scope it hosts, is done."""
    at = remove(run, token, "completed")
    _go_on(run, run.plan.elements[at.element_id], at.scope, at.instance)


def _go_on(run: Run, element: Element, scope: int, instance: int | None) -> None:
    if instance is None:
        leave(run, element, scope)
    else:
        finish_instance(run, element, scope, instance)


# --- decisions


def _decide(run: Run, element: Element, scope: int, instance: int | None) -> None:
    decision_id = element.attributes.get("decision")
    if decision_id is not None:
        try:
            run.merge(_outcome(run, element, decision_id, run.view(scope, element, instance)), scope, instance)
        except Trouble as trouble:
            stop(run, element, scope, trouble, instance)
            return
    _go_on(run, element, scope, instance)


def _outcome(run: Run, element: Element, decision_id: str, known: Mapping[str, Any]) -> dict[str, Any]:
    decisions, name = run.plan.decisions_for(decision_id)
    try:
        outcome = dmn.decide(decisions, name, known)
    except dmn.DecisionFault as fault:
        raise Trouble(DECISION) from fault
    run.effects.append(e.DecisionMade(element.element_id, decision_id, outcome.rule_ids))
    return dict(outcome.values)


# --- thrown events and ends


def _pass_event(run: Run, move: Move) -> None:
    """Signals wait until nothing else moves, so that branches that run at the same time are there to hear them."""
    element, scope, _flow_id, instance = move
    kind = element.event.type if element.event and element.kind != "intermediateCatchEvent" else None
    if kind == "signal":
        run.late.append(move)
    elif kind == "escalation" and throw(run, scope, "escalation", _code(element)):
        run.effects.append(e.Passed(element.element_id))
    elif kind == "error":
        _throw_error(run, element, scope)
    elif kind == "terminate":
        run.effects.append(e.Passed(element.element_id))
        empty_scope(run, scope)
        consume(run, scope, run.marking.scopes[scope].live)
    else:
        _go_on(run, element, scope, instance)


def arrive_late(run: Run, move: Move) -> None:
    """Throws a signal while its scope still listens; whoever interrupts that takes the thrower with it."""
    element, scope, _flow_id, instance = move
    run.late.appendleft(move)
    throw_signal(run, _code(element), element.element_id)
    if run.late and run.late[0] is move:
        run.late.popleft()
        _go_on(run, element, scope, instance)


def _code(element: Element) -> str:
    return (element.event.name if element.event else None) or ""


def _throw_error(run: Run, element: Element, scope: int) -> None:
    """An error end that nobody catches ends the case: publishing refuses such a model."""
    run.effects.append(e.Passed(element.element_id))
    interrupted = throw(run, scope, "error", _code(element))
    if interrupted is None:
        end_all(run)
    elif not interrupted:
        consume(run, scope, 1)


def end_all(run: Run) -> None:
    """Ends everything."""
    for scope in [key for key, value in run.marking.scopes.items() if value.host is None]:
        close_scope(run, scope)
    run.finished.clear()
    run.marking.ended = True
    run.effects.append(e.Ended())
