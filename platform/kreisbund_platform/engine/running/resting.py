"""Tokens that come to rest, with the timers and subscriptions that they open, and scopes that open around them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.bpmn.model import NESTING, Behaviour
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.leaving import consume, leave, stop
from kreisbund_platform.engine.running.marking import Resting, Scope
from kreisbund_platform.engine.running.run import Run, Trouble

TIMER, CORRELATION = "TIMER", "CORRELATION"
LONGEST_KEY = 200


def rest(
    run: Run,
    element: Element,
    scope: int,
    *,
    instance: int | None = None,
    instances: tuple[int, int, int] | None = None,
) -> int | None:
    """The resting token's number; None where a timer or a message's key has no value: then it is an incident."""
    at = Resting(element.element_id, scope, {}, instance, instances)
    token = run.marking.number()
    try:
        opened = _opened(run, token, at, run.events_of(at)) if element.boundaries or element.awaits else []
    except Trouble as trouble:
        stop(run, element, scope, trouble, instance, token)
        return None
    run.marking.tokens[token] = at
    if instances is None:
        if element.behaviour is Behaviour.TASK:
            run.effects.append(e.TaskOpened(token, element.element_id, instance))
        elif element.behaviour is Behaviour.JOB:
            run.effects.append(e.JobRequested(token, element.element_id, instance))
    run.effects += opened
    if instances is None and element.behaviour not in NESTING:
        run.effects.append(e.Waiting(token, element.element_id))
    return token


def _opened(run: Run, token: int, at: Resting, events: list[Element]) -> list[e.Effect]:
    """The timers and subscriptions of a token; raises Trouble."""
    found: list[e.Effect] = []
    known = run.view(at.scope, run.plan.elements[at.element_id], at.instance)
    for event in events:
        if event.timer:
            found.append(timer_set(run, token, event, known))
        elif event.event and event.event.type in ("message", "signal"):
            found.append(_subscription(token, event, known))
    return found


def timer_set(run: Run, token: int, event: Element, known: Mapping[str, Any]) -> e.TimerSet:
    """When a timer is due; raises Trouble where its expression gives no date."""
    assert event.timer is not None
    try:
        return e.TimerSet(token, event.element_id, event.timer.due_at(known, run.now))
    except ValueError as error:
        raise Trouble(TIMER) from error


def _subscription(token: int, event: Element, known: Mapping[str, Any]) -> e.SubscriptionOpened:
    assert event.event is not None
    name = event.event.name or event.element_id
    if event.event.type == "signal":
        return e.SubscriptionOpened(token, event.element_id, name, "signal")
    return e.SubscriptionOpened(token, event.element_id, name, "message", _key(event, known))


def _key(event: Element, known: Mapping[str, Any]) -> str | None:
    """A message's key as text: a number, a date or a text; raises Trouble for anything else."""
    if event.correlation is None:
        return None
    try:
        value = event.correlation(known)
    except FeelError as error:
        raise Trouble(CORRELATION) from error
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    if isinstance(value, date | datetime):
        value = value.isoformat()
    if not isinstance(value, str) or not value or len(value) > LONGEST_KEY:
        raise Trouble(CORRELATION)
    return value


# --- scopes


def open_scope(run: Run, container_id: str, outer: int | None, host: int | None, start: Element | None = None) -> None:
    """Begins the process, a sub-process or a called process, by one of its start events where it is named."""
    container = run.plan.containers[container_id]
    scope = run.marking.number()
    starts = [start] if start else [run.plan.elements[name] for name in container.starts]
    if not container.implicit:
        starts = starts[:1]
    run.marking.scopes[scope] = Scope(container_id, outer, host, len(starts))
    for name in container.event_sub_processes:
        if not listen(run, run.plan.elements[name], scope):
            run.marking.scopes[scope].live += 1
    for element in starts:
        if element.behaviour is Behaviour.CATCH and not container.implicit:
            leave(run, element, scope)
        else:
            run.moving.append((element, scope, None, None))
    if not starts:
        consume(run, scope, 0)


def listen(run: Run, element: Element, scope: int) -> bool:
    """An event sub-process may start from now on; False where its timer or key has no value: an incident."""
    at, token = Resting(element.element_id, scope), run.marking.number()
    try:
        opened = _opened(run, token, at, run.events_of(at, listening=True))
    except Trouble as trouble:
        stop(run, element, scope, trouble, token=token)
        return False
    if opened:
        run.effects += opened
        run.marking.listeners[token] = at
    return True
