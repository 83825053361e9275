"""Tokens and scopes that end before their time, with all that they had opened."""

from collections import deque

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.marking import INSTANCES, Resting
from kreisbund_platform.engine.running.run import Run

_SUBSCRIBED = ("message", "signal")


def remove(run: Run, token: int, reason: str) -> Resting:
    """Takes a token away with its task, timers and subscriptions; the scope's count is the caller's matter."""
    at = run.marking.tokens.pop(token)
    if at.instances is None:
        behaviour = run.plan.elements[at.element_id].behaviour
        if behaviour is Behaviour.TASK:
            run.effects.append(e.TaskClosed(token, at.element_id, reason))
        elif behaviour is Behaviour.JOB:
            run.effects.append(e.JobClosed(token, at.element_id, reason))
    _close_events(run, token, run.events_of(at))
    return at


def stop_listening(run: Run, token: int) -> None:
    """An event sub-process cannot start any more."""
    _close_events(run, token, run.events_of(run.marking.listeners.pop(token), listening=True))


def _close_events(run: Run, token: int, awaited: list[Element]) -> None:
    if any(event.timer for event in awaited):
        run.effects.append(e.TimerCleared(token, None))
    if any(event.event and event.event.type in _SUBSCRIBED for event in awaited):
        run.effects.append(e.SubscriptionClosed(token))


def kill(run: Run, token: int) -> None:
    """Cancels a token and all that runs inside it."""
    for scope in [key for key, value in run.marking.scopes.items() if value.host == token]:
        close_scope(run, scope)
    remove(run, token, "cancelled")


def close_scope(run: Run, scope: int) -> None:
    """Cancels a scope and everything in it."""
    empty_scope(run, scope)
    if run.marking.scopes[scope].container.endswith(INSTANCES):
        run.forget(scope)
    del run.marking.scopes[scope]


def empty_scope(run: Run, scope: int) -> None:
    """Cancels everything in a scope; its count is the caller's matter."""
    marking = run.marking
    for token in [token for token, at in marking.tokens.items() if at.scope == scope]:
        kill(run, token)
    for token in [token for token, at in marking.listeners.items() if at.scope == scope]:
        stop_listening(run, token)
    for token in [token for token, incident in marking.incidents.items() if incident.scope == scope]:
        del marking.incidents[token]
        run.effects.append(e.IncidentClosed(token))
    for key in [key for key in marking.joins if key[0] == scope]:
        del marking.joins[key]
    run.moving = deque(move for move in run.moving if move[1] != scope)
    run.late = deque(move for move in run.late if move[1] != scope)
