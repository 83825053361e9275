"""What a case waits for after it moved that it did not wait for before, and the other way round."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from kreisbund_platform.engine.bpmn.model import Behaviour, EventDefinition
from kreisbund_platform.engine.migration.marking import INSTANCES, Mapped, State
from kreisbund_platform.engine.plan.model import Element, Plan

WAITING = ("timer", "message", "signal")
_WORK: dict[Behaviour, Literal["task", "job"]] = {Behaviour.TASK: "task", Behaviour.JOB: "job"}


@dataclass(frozen=True)
class Wait:
    """A change at one token. `before` and `after` are element ids in the old and the new plan, if there is one.

    `change` is open (only the new plan waits), close (only the old one), alter (the timer's, message's or key's text
    differs: keep or recompute) or rename (only the id differs).
    """

    token: int
    what: Literal["task", "job", "timer", "message", "signal"]
    change: Literal["open", "close", "alter", "rename"]
    before: str | None
    after: str | None


def differences_of_waits(old: Plan, new: Plan, state: State, moved: State, mapping: Mapped) -> tuple[Wait, ...]:
    """What to open, close or set anew when the case moves; `moved` is its translated state, token for token."""
    found: list[Wait] = []
    for kind in ("tokens", "listeners"):
        before, after = state.get(kind, {}), moved.get(kind, {})
        for key in dict.fromkeys((*before, *after)):
            listening = kind == "listeners"
            one = _Place.of(old, state, before.get(key), listening=listening)
            other = _Place.of(new, moved, after.get(key), listening=listening)
            found += _work(int(key), one, other)
            found += _events(int(key), one, other, mapping)
    return tuple(found)


@dataclass(frozen=True)
class _Place:
    """Where a token stands, and the events it waits for."""

    element: Element
    events: Mapping[str, Element]

    @staticmethod
    def of(plan: Plan, state: State, entry: list[Any] | None, *, listening: bool) -> "_Place | None":
        if entry is None:
            return None
        name, scope, fired, *more = entry
        element = plan.elements[name]
        apart = (element.behaviour is Behaviour.EVENT_SUB_PROCESS) is not listening
        own = () if apart or (more and isinstance(more[0], list)) else element.awaits
        border = () if state["scopes"][str(scope)][0].endswith(INSTANCES) else element.boundaries
        events = {event: plan.elements[event] for event in (*own, *border) if _waits(plan.elements[event], fired)}
        return _Place(element, events)


def _waits(event: Element, fired: Mapping[str, int]) -> bool:
    """Whether it is an event of the outside world that can still come."""
    if event.event is None or event.event.type not in WAITING:
        return False
    limit = event.timer.most_firings if event.timer else None
    return limit is None or fired.get(event.element_id, 0) < limit


def _work(token: int, one: _Place | None, other: _Place | None) -> Iterator[Wait]:
    moved = one and other and one.element.element_id != other.element.element_id
    if one and other and moved and (what := _WORK.get(one.element.behaviour)):
        yield Wait(token, what, "rename", one.element.element_id, other.element.element_id)


def _events(token: int, one: _Place | None, other: _Place | None, mapping: Mapped) -> Iterator[Wait]:
    before = {mapping.get(name, name): event for name, event in (one.events if one else {}).items()}
    after = other.events if other else {}
    for name in dict.fromkeys((*before, *after)):
        yield from _event(token, before.get(name), after.get(name))


def _event(token: int, before: Element | None, after: Element | None) -> Iterator[Wait]:
    if before and after and _type(before) == _type(after):
        if _text(before) != _text(after):
            yield Wait(token, _type(before), "alter", before.element_id, after.element_id)
        elif before.element_id != after.element_id:
            yield Wait(token, _type(before), "rename", before.element_id, after.element_id)
        return
    if before:
        yield Wait(token, _type(before), "close", before.element_id, None)
    if after:
        yield Wait(token, _type(after), "open", None, after.element_id)


def _type(element: Element) -> Literal["timer", "message", "signal"]:
    assert element.event is not None
    return cast(Literal["timer", "message", "signal"], element.event.type)


def _text(element: Element) -> tuple[EventDefinition | None, str | None]:
    return element.event, element.attributes.get("correlation")
