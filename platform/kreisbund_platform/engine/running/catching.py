"""Events that happen to waiting tokens: timers, messages, signals, and thrown errors and escalations."""

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.catchers import catching_boundary, catching_handler
from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.closing import empty_scope, kill, remove, stop_listening
from kreisbund_platform.engine.running.instances import finish_instance
from kreisbund_platform.engine.running.leaving import leave, stop
from kreisbund_platform.engine.running.marking import Resting
from kreisbund_platform.engine.running.resting import open_scope, timer_set
from kreisbund_platform.engine.running.run import Run, Trouble


def fire(run: Run, token: int, event: Element) -> None:
    """What the token waits for has happened."""
    if token in run.marking.listeners:
        _start_handler(run, event, run.marking.listeners[token].scope, token)
    elif event.host is not None:
        _fire_boundary(run, token, event)
    else:
        at = remove(run, token, "completed")
        if at.instance is None:
            leave(run, event, at.scope)
        else:
            finish_instance(run, event, at.scope, at.instance)


def _fire_boundary(run: Run, token: int, boundary: Element) -> None:
    at = run.marking.tokens[token]
    if boundary.interrupting:
        kill(run, token)
        leave(run, boundary, at.scope)
        return
    run.marking.scopes[at.scope].live += 1
    try:
        _count_firing(run, token, at, boundary)
    except Trouble as trouble:
        run.effects.append(e.TimerCleared(token, boundary.element_id))
        stop(run, boundary, at.scope, trouble)
    else:
        leave(run, boundary, at.scope)


def _count_firing(run: Run, token: int, at: Resting, event: Element) -> bool:
    """Sets a timer that repeats again; False where it has had its last firing."""
    if event.timer is None:
        return True
    fired = at.fired.get(event.element_id, 0) + 1
    limit = event.timer.most_firings
    at.fired = {**at.fired, event.element_id: fired if limit is not None else 0}
    if limit is None or fired < limit:
        run.effects.append(timer_set(run, token, event, run.view(at.scope)))
        return True
    run.effects.append(e.TimerCleared(token, event.element_id))
    return False


def _start_handler(run: Run, start: Element, scope: int, listener: int | None = None) -> None:
    """An event sub-process begins; an interrupting one ends everything else in its scope."""
    if start.interrupting:
        empty_scope(run, scope)
        run.marking.scopes[scope].live = 1
    else:
        run.marking.scopes[scope].live += 1
        if listener is not None and not _listens_on(run, listener, start):
            return
    host = run.marking.number()
    run.marking.tokens[host] = Resting(start.container, scope)
    open_scope(run, start.container, scope, host)


def _listens_on(run: Run, listener: int, start: Element) -> bool:
    """False where the timer cannot be set again: the beginning is an incident instead."""
    at = run.marking.listeners[listener]
    try:
        if not _count_firing(run, listener, at, start):
            del run.marking.listeners[listener]
    except Trouble as trouble:
        stop_listening(run, listener)
        stop(run, run.plan.elements[start.container], at.scope, trouble)
        return False
    return True


# --- errors and escalations


def throw(run: Run, scope: int, kind: str, code: str) -> bool | None:
    """Looks outward for who catches; True where that interrupts the scope, None where nobody does."""
    within: int | None = scope
    inside: Element | None = None  # the event sub-process it is thrown from
    while within is not None:
        here = run.marking.scopes[within]
        handler = _handler(run, here.container, inside, kind, code)
        if handler is not None:
            _start_handler(run, handler, within)
            return handler.interrupting
        if here.host is None:
            return None
        at = run.marking.tokens[here.host]
        host = run.plan.elements[at.element_id]
        if at.instance is None and (boundary := catching_boundary(run.plan, host, code, kind)):
            _fire_boundary(run, here.host, boundary)
            return boundary.interrupting
        inside = host if host.behaviour is Behaviour.EVENT_SUB_PROCESS else None
        within = here.outer
    return None


def _handler(run: Run, container: str, inside: Element | None, kind: str, code: str) -> Element | None:
    """What an event sub-process throws is not for itself, and for nobody in a scope that it has interrupted."""
    if container not in run.plan.containers:
        return None
    if inside is not None and run.plan.elements[inside.awaits[0]].interrupting:
        return None
    handler = catching_handler(run.plan, container, kind, code)
    return None if inside and handler and handler.container == inside.element_id else handler


def raise_error(run: Run, token: int, code: str) -> bool:
    """An error of the work behind a token; False where nobody catches it."""
    at = run.marking.tokens[token]
    boundary = catching_boundary(run.plan, run.plan.elements[at.element_id], code) if at.instance is None else None
    if boundary:
        _fire_boundary(run, token, boundary)
        return True
    return throw(run, at.scope, "error", code) is not None


# --- signals


def throw_signal(run: Run, name: str, element_id: str) -> None:
    """Reaches everything in this case that waits for it now; other cases hear it by the effect."""
    run.effects.append(e.SignalThrown(element_id, name))
    marking = run.marking
    waiting = [(token, run.events_of(at)) for token, at in marking.tokens.items()]
    waiting += [(token, run.events_of(at, listening=True)) for token, at in marking.listeners.items()]
    for token, event in [(token, event) for token, events in waiting for event in events]:
        caught = event.event is not None and event.event.type == "signal" and event.event.name == name
        if caught and (token in marking.tokens or token in marking.listeners):
            fire(run, token, event)
