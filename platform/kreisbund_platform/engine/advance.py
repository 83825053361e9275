"""One event moves a case: `advance` is pure, knows no clock and costs the same however old the case is."""

from datetime import datetime
from typing import Any

from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.checks import catching_boundary
from kreisbund_platform.engine.events import (
    Cancel,
    DecisionMade,
    Effect,
    Ended,
    EngineFault,
    ErrorRaised,
    Event,
    IncidentClosed,
    IncidentRaised,
    IncidentRetried,
    JobClosed,
    JobCompleted,
    JobFailed,
    JobRequested,
    MessageReceived,
    Passed,
    SignalReceived,
    SignalThrown,
    StaleToken,
    Start,
    Step,
    SubscriptionClosed,
    SubscriptionOpened,
    TaskClosed,
    TaskCompleted,
    TaskOpened,
    TimerCleared,
    TimerFired,
    TimerSet,
    Waiting,
)
from kreisbund_platform.engine.marking import Resting, initial_state, read_state, waiting, written
from kreisbund_platform.engine.plan import Element, Plan
from kreisbund_platform.engine.run import Run

__all__ = [
    "Cancel",
    "DecisionMade",
    "Effect",
    "Ended",
    "EngineFault",
    "ErrorRaised",
    "Event",
    "IncidentClosed",
    "IncidentRaised",
    "IncidentRetried",
    "JobClosed",
    "JobCompleted",
    "JobFailed",
    "JobRequested",
    "MessageReceived",
    "Passed",
    "SignalReceived",
    "SignalThrown",
    "StaleToken",
    "Start",
    "Step",
    "SubscriptionClosed",
    "SubscriptionOpened",
    "TaskClosed",
    "TaskCompleted",
    "TaskOpened",
    "TimerCleared",
    "TimerFired",
    "TimerSet",
    "Waiting",
    "advance",
    "initial_state",
    "local_variables",
    "waiting",
]


def advance(plan: Plan, state: dict[str, Any] | None, variables: dict[str, Any], event: Event, now: datetime) -> Step:
    """The state after an event and what follows from it; neither `state` nor `variables` is changed.

    `now` is aware; its time zone is the one in which days count. Raises StaleToken for a token, timer or message
    that is not expected any more, EngineFault where the model cannot go on.
    """
    run = Run(plan, read_state(state or initial_state()), variables, now)
    if run.marking.ended:
        raise StaleToken("the case has ended")
    _apply(run, event)
    run.settle()
    changed = None if run.variables is variables else run.variables
    return Step(written(run.marking), changed, tuple(run.effects))


def _apply(run: Run, event: Event) -> None:
    match event:
        case Start(variables):
            _start(run, variables)
        case TaskCompleted(token, variables):
            _complete(run, token, Behaviour.TASK, variables)
        case JobCompleted(token, variables):
            _complete(run, token, Behaviour.JOB, variables)
        case TimerFired(token, element_id):
            run.fire(token, _awaited(run, token, element_id, "timer"))
        case MessageReceived(token, element_id, variables):
            awaited = _awaited(run, token, element_id, "message")
            run.merge(variables)
            run.fire(token, awaited)
        case ErrorRaised(token, code):
            _raise(run, token, code)
        case Cancel():
            run.cancel()


def _start(run: Run, variables: dict[str, Any]) -> None:
    if run.marking.scopes:
        raise StaleToken("the case has already started")
    run.merge(variables)
    run.open_scope(run.plan.process_id, None, None)


def _resting(run: Run, token: int) -> Resting:
    if token not in run.marking.tokens:
        raise StaleToken(f"token {token} has moved on")
    return run.marking.tokens[token]


def _element(run: Run, token: int) -> Element:
    return run.plan.elements[_resting(run, token).element_id]


def _complete(run: Run, token: int, behaviour: Behaviour, variables: dict[str, Any]) -> None:
    if _element(run, token).behaviour is not behaviour:
        raise StaleToken(f"token {token} waits for something else")
    run.merge(variables)
    run.complete(token)


def _awaited(run: Run, token: int, element_id: str, kind: str) -> Element:
    """The event, if the token still waits for it; a timer that had all its firings is stale."""
    at = _resting(run, token)
    for awaited in run.awaited(run.plan.elements[at.element_id]):
        if awaited.element_id == element_id and awaited.event and awaited.event.type == kind:
            limit = awaited.timer.most_firings if awaited.timer else None
            if limit is None or at.fired.get(element_id, 0) < limit:
                return awaited
    raise StaleToken(f"token {token} does not wait for {element_id}")


def _raise(run: Run, token: int, code: str) -> None:
    element = _element(run, token)
    boundary = catching_boundary(run.plan, element, code)
    if boundary:
        run.fire(token, boundary)
    else:
        run.throw(_resting(run, token).scope, code, element.element_id)


def local_variables(plan: Plan, state: dict[str, Any], token: int, variables: dict[str, Any]) -> dict[str, Any]:
    """What a waiting token sees: the case's variables."""
    return variables
