"""One event moves a case: `advance` is pure, knows no clock and costs the same however old the case is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Element, Plan
from kreisbund_platform.engine.running.arriving import arrive, arrive_late, complete, end_all
from kreisbund_platform.engine.running.catching import fire
from kreisbund_platform.engine.running.events import (
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
from kreisbund_platform.engine.running.incidents import failed, raised, retry
from kreisbund_platform.engine.running.joins import release_inclusive_join
from kreisbund_platform.engine.running.marking import (
    Resting,
    has_instances,
    incidents,
    initial_state,
    read_state,
    waiting,
    written,
)
from kreisbund_platform.engine.running.resting import open_scope
from kreisbund_platform.engine.running.run import MOST_MOVES, Run

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
    "incidents",
    "initial_state",
    "local_variables",
    "waiting",
]


def advance(plan: Plan, state: dict[str, Any] | None, variables: dict[str, Any], event: Event, now: datetime) -> Step:
    """The state after an event and what follows from it; neither `state` nor `variables` is changed.

    `now` is aware; its time zone is the one in which days count. What stops a single token (no open flow, a failed
    decision, a timer without a date) becomes an incident. Raises StaleToken for a token, timer, message or signal
    that is not expected any more, EngineFault where the event cannot be taken at all.
    """
    run = Run(plan, read_state(state or initial_state()), variables, now)
    if run.marking.ended:
        raise StaleToken("the case has ended")
    _apply(run, event)
    _settle(run)
    changed = None if run.variables is variables else run.variables
    return Step(written(run.marking), changed, tuple(run.effects))


def local_variables(plan: Plan, state: dict[str, Any], token: int, variables: dict[str, Any]) -> Mapping[str, Any]:
    """The variables as the token sees them: inside a multi-instance activity with its item and `loopCounter`."""
    if str(token) not in state["tokens"] and str(token) not in state.get("incidents", ()):
        raise StaleToken(f"token {token} has moved on")
    if not has_instances(state):
        return variables
    run = Run(plan, read_state(state), variables, datetime.min.replace(tzinfo=UTC))
    at = run.marking.tokens.get(token) or run.marking.incidents[token]
    return run.view(at.scope, plan.elements[at.element_id], at.instance)


def _apply(run: Run, event: Event) -> None:
    match event:
        case TaskCompleted(token, variables):
            _complete(run, token, Behaviour.TASK, variables)
        case JobCompleted(token, variables):
            _complete(run, token, Behaviour.JOB, variables)
        case TimerFired(token, element_id):
            fire(run, token, _awaited(run, token, element_id, "timer"))
        case MessageReceived(token, element_id, variables):
            _receive(run, token, element_id, "message", variables)
        case SignalReceived(token, element_id, variables):
            _receive(run, token, element_id, "signal", variables)
        case Start(variables, start_event):
            _start(run, variables, start_event)
        case JobFailed(token, reason):
            _at(run, token, Behaviour.JOB)
            failed(run, token, reason)
        case ErrorRaised(token, code):
            _at(run, token, Behaviour.TASK, Behaviour.JOB)
            raised(run, token, code)
        case IncidentRetried(token, variables, flow_id):
            retry(run, token, variables, flow_id)
        case Cancel():
            end_all(run)


def _settle(run: Run) -> None:
    """Moves until every token rests; raises EngineFault after `MOST_MOVES`."""
    moves = 0
    while not run.marking.ended:
        if run.finished:
            host = run.finished.popleft()
            if host in run.marking.tokens:
                complete(run, host)
        elif run.moving:
            moves += 1
            if moves > MOST_MOVES:
                raise EngineFault(run.moving[0][0].element_id, "loop without a wait state")
            arrive(run, run.moving.popleft())
        elif run.late:
            arrive_late(run, run.late.popleft())
        elif not (run.marking.joins and release_inclusive_join(run)):
            return


# --- events


def _start(run: Run, variables: Mapping[str, Any], start_event: str | None) -> None:
    if run.marking.scopes:
        raise StaleToken("the case has already started")
    run.variables = {**run.variables, **variables} if variables else run.variables
    open_scope(run, run.plan.process_id, None, None, _start_element(run.plan, start_event))


def _start_element(plan: Plan, start_event: str | None) -> Element | None:
    """The start event named, or what an event gateway that begins the process leads to."""
    container = plan.containers[plan.process_id]
    if start_event is None:
        if container.element_ids and not container.starts:
            raise EngineFault(plan.process_id, "nothing begins this process")
        return None
    for name in container.starts:
        if start_event == name or start_event in plan.elements[name].awaits:
            return plan.elements[start_event]
    raise EngineFault(start_event, "no such start event")


def _resting(run: Run, token: int) -> Resting:
    at = run.marking.tokens.get(token)
    if at is None:
        raise StaleToken(f"token {token} has moved on")
    return at


def _at(run: Run, token: int, *behaviours: Behaviour) -> Resting:
    at = _resting(run, token)
    if at.instances is not None or run.plan.elements[at.element_id].behaviour not in behaviours:
        raise StaleToken(f"token {token} waits for something else")
    return at


def _complete(run: Run, token: int, behaviour: Behaviour, variables: Mapping[str, Any]) -> None:
    at = _at(run, token, behaviour)
    run.merge(variables, at.scope, at.instance)
    complete(run, token)


def _receive(run: Run, token: int, element_id: str, kind: str, variables: Mapping[str, Any]) -> None:
    event = _awaited(run, token, element_id, kind)
    at = run.marking.listeners.get(token) or run.marking.tokens[token]
    run.merge(variables, at.scope, at.instance)
    fire(run, token, event)


def _awaited(run: Run, token: int, element_id: str, kind: str) -> Element:
    """The event, if the token still waits for it; a timer that had all its firings is stale."""
    listening = token in run.marking.listeners
    at = run.marking.listeners[token] if listening else _resting(run, token)
    for event in run.events_of(at, listening=listening):
        if event.element_id == element_id and event.event and event.event.type == kind:
            limit = event.timer.most_firings if event.timer else None
            if limit is None or at.fired.get(element_id, 0) < limit:
                return event
    raise StaleToken(f"token {token} does not wait for {element_id}")
