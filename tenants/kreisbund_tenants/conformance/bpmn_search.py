"""Is there a run that reaches the end? The engine itself walks, every condition a free choice.

First some runs by chance (a fixed seed: the same answer each time), then all of them, depth first. "Stuck" is said
only when every run was tried. What a run cannot depend on is made harmless before: timers are due at once, instances
are one, rules and conditions answer as the search likes.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from random import Random
from types import MappingProxyType
from typing import Any

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.durations import Duration
from kreisbund_platform.engine.plan import Behaviour, Element, MultiInstance, Plan
from kreisbund_platform.engine.plan.timers import Timer

MOST_STATES = 4_000
MOST_TAPES = 64
MOST_SUBSETS = 8
MOST_CHOICES = 24
RUNS, LONGEST_RUN, SELDOM = 100, 200, 0.1
_UNQUIET = (Behaviour.EVENT_SUB_PROCESS, Behaviour.BOUNDARY)
_DISTURBING = ("terminate", "error", "escalation", "signal")
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE = Timer("timeDuration", Duration(0, 0, 0))
_OUTSIDE = {"timer": engine.TimerFired, "message": engine.MessageReceived, "signal": engine.SignalReceived}


@dataclass(frozen=True)
class Found:
    """`completed` is None where the search gave up; `element_id` is where the last run stood."""

    completed: bool | None
    element_id: str | None = None


@dataclass(frozen=True)
class _Place:
    state: dict[str, Any]
    fired: frozenset[tuple[str, str]]


def search(plan: Plan, seconds: float) -> Found:
    """Tries every start until a run ends."""
    if not plan.elements:
        return Found(True)
    found = _Search(plan, time.monotonic() + seconds)
    return Found(True) if found.by_chance() else found.run()


class _Tape:
    """The choices of one step: those wanted, then the first of each; `sizes` tells how many there were."""

    def __init__(self) -> None:
        self.chance: Random | None = None
        self.wanted: tuple[int, ...] = ()
        self.taken: list[int] = []
        self.sizes: list[int] = []

    def begin(self, wanted: tuple[int, ...]) -> None:
        self.wanted, self.taken, self.sizes = wanted, [], []

    def choose(self, size: int) -> int:
        here = len(self.taken)
        free = self.chance.randrange(size) if self.chance else 0
        self.taken.append(self.wanted[here] if here < len(self.wanted) else free)
        self.sizes.append(size)
        return self.taken[-1]


class _Choice:
    """The open flows of one element, chosen when the first of its flows is asked."""

    def __init__(self, tape: _Tape, sets: list[frozenset[str]]) -> None:
        self.tape, self.sets = tape, sets
        self.open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Free:
    """A condition that the search answers."""

    flow_id: str
    choice: _Choice
    first: bool
    text: str = "free"
    names: frozenset[str] = frozenset()

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        if self.first:
            self.choice.open = self.choice.sets[self.choice.tape.choose(len(self.choice.sets))]
        return self.flow_id in self.choice.open


@dataclass(frozen=True)
class _One:
    """As an expression: one instance."""

    text: str = "1"
    names: frozenset[str] = frozenset()

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        return 1


def _is_calm(plan: Plan) -> bool:
    """Nothing in it ends or stops another token: whichever moves first, the same is reached in the end."""
    return not any(
        element.host or element.behaviour in _UNQUIET or (element.event and element.event.type in _DISTURBING)
        for element in plan.elements.values()
    )


def _freed(plan: Plan, tape: _Tape) -> Plan:
    elements = {name: _harmless(element, tape) for name, element in plan.elements.items()}
    return replace(plan, elements=MappingProxyType(elements))


def _harmless(element: Element, tape: _Tape) -> Element:
    if element.timer is not None:
        element = replace(element, timer=_AT_ONCE)
    if element.multi is not None:
        element = replace(element, multi=MultiInstance(element.multi.sequential, cardinality=_One()))
    if element.behaviour is Behaviour.RULE:
        element = replace(element, behaviour=Behaviour.THROW)
    if element.correlation is not None:
        element = replace(element, correlation=None)
    return _with_choices(element, tape) if _is_free(element) else element


def _is_free(element: Element) -> bool:
    splits = element.behaviour in (Behaviour.EXCLUSIVE, Behaviour.INCLUSIVE) and len(element.outgoing) > 1
    return splits or element.chooses


def _with_choices(element: Element, tape: _Tape) -> Element:
    asked = [flow.flow_id for flow in element.outgoing if flow.flow_id != element.default]
    choice = _Choice(tape, list(_open_sets(element, asked)))
    flows = tuple(
        flow
        if flow.flow_id == element.default
        else replace(flow, condition=_Free(flow.flow_id, choice, flow.flow_id == asked[0]))
        for flow in element.outgoing
    )
    return replace(element, outgoing=flows, chooses=True)


def _open_sets(element: Element, asked: list[str]) -> Iterator[frozenset[str]]:
    """Which flows may be open together; none where there is a default."""
    if element.behaviour is Behaviour.EXCLUSIVE:
        yield from (frozenset({name}) for name in asked)
    else:
        always = _always(element)
        free = [name for name in asked if name not in always]
        sizes = range(len(free), 0, -1) if len(free) <= MOST_SUBSETS else (len(free), 1, 2, 3)
        yield from (always.union(some) for size in sizes for some in combinations(free, size))
        if always:
            yield always
    if element.default is not None or not asked:
        yield frozenset()


def _always(element: Element) -> frozenset[str]:
    """An activity's flows without a condition are open in any case; a gateway's are free."""
    if element.behaviour is Behaviour.INCLUSIVE:
        return frozenset()
    return frozenset(f.flow_id for f in element.outgoing if f.condition is None and f.flow_id != element.default)


class _Search:
    def __init__(self, plan: Plan, until: float) -> None:
        self.tape = _Tape()
        self.plan, self.until = _freed(plan, self.tape), until
        self.calm = _is_calm(plan)
        self.seen: set[Any] = set()
        self.dead: str | None = None
        self.complete = True

    def by_chance(self) -> bool:
        """Whether one of some random runs ends."""
        self.tape.chance = Random(1)  # noqa: S311  the same runs each time
        until = time.monotonic() + (self.until - time.monotonic()) / 3
        found = any(self._ends_by_chance(self.tape.chance) for _run in range(RUNS) if time.monotonic() < until)
        self.tape.chance = None
        return found

    def _ends_by_chance(self, chance: Random) -> bool:
        place = next(self._after(_Place(engine.initial_state(), frozenset()), self._any_start(chance), None), None)
        for _step in range(LONGEST_RUN):
            if place is None or place.state["ended"]:
                break
            events = [pair for pair in self._events(place) if pair[1] is None or chance.random() < SELDOM]
            place = next(self._after(place, *chance.choice(events)), place) if events else None
        return place is not None and bool(place.state["ended"])

    def _any_start(self, chance: Random) -> engine.Start:
        container = self.plan.containers[self.plan.process_id]
        names = () if container.implicit else container.starts
        return engine.Start({}, chance.choice(names) if names else None)

    def run(self) -> Found:
        """All runs, as far as the limits allow."""
        stack: list[Iterator[_Place]] = [self._beginnings()]
        while stack:
            place = next(stack[-1], None)
            if place is None:
                stack.pop()
            elif place.state["ended"]:
                return Found(True)
            elif self._is_new(place):
                stack.append(self._onward(place))
            if len(self.seen) > MOST_STATES or time.monotonic() > self.until:
                return Found(None, self.dead)
        return Found(False if self.complete else None, self.dead)

    def _beginnings(self) -> Iterator[_Place]:
        container = self.plan.containers[self.plan.process_id]
        for name in [None] if container.implicit or not container.starts else container.starts:
            yield from self._after(_Place(engine.initial_state(), frozenset()), engine.Start({}, name), None)

    def _is_new(self, place: _Place) -> bool:
        key = (signature(place.state), place.fired)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True

    def _onward(self, place: _Place) -> Iterator[_Place]:
        moved = False
        for event, fired in self._events(place):
            for after in self._after(place, event, fired):
                moved = True
                yield after
        if not moved and self.dead is None:
            self.dead = standing(place.state)

    def _after(self, place: _Place, event: engine.Event, fired: tuple[str, str] | None) -> Iterator[_Place]:
        """The states that one event may lead to, by all choices on the way."""
        pending: list[tuple[int, ...]] = [()]
        tried = 0
        while pending:
            wanted = pending.pop()
            tried += 1
            if tried > MOST_TAPES:
                self.complete = False
                return
            state = self._stepped(place, event, wanted)
            pending += self._others(len(wanted))
            if state is not None:
                yield _Place(state, place.fired | {fired} if fired else place.fired)

    def _stepped(self, place: _Place, event: engine.Event, wanted: tuple[int, ...]) -> dict[str, Any] | None:
        """None where the event comes too late, or leads into a loop without a wait state."""
        self.tape.begin(wanted)
        try:
            return engine.advance(self.plan, place.state, {}, event, _AT).state
        except engine.StaleToken:
            return None
        except engine.EngineFault as fault:
            self.dead = self.dead or fault.element_id
            return None

    def _others(self, known: int) -> Iterator[tuple[int, ...]]:
        """The tapes that choose otherwise somewhere behind what was wanted."""
        taken, sizes = self.tape.taken, self.tape.sizes
        if len(taken) > MOST_CHOICES:
            self.complete = False
        for index in range(known, min(len(taken), MOST_CHOICES)):
            for other in range(sizes[index] - 1, 0, -1):
                yield (*taken[:index], other)

    def _events(self, place: _Place) -> Iterator[tuple[engine.Event, tuple[str, str] | None]]:
        """Work first, then events that wait, then what interrupts, then errors; what only adds tokens once each."""
        later: list[tuple[engine.Event, tuple[str, str] | None]] = []
        hosts = {host for _container, _outer, host, _live in place.state["scopes"].values()}
        listening = place.state.get("listeners", {})
        for token, entry in [*place.state["tokens"].items(), *listening.items()]:
            element = self.plan.elements[entry[0]]
            if int(token) not in hosts and token not in listening:
                yield from self._work(int(token), element)
            later += self._outside(int(token), element, entry, place.fired)
            if self.calm and int(token) not in hosts:
                break
        yield from sorted(later, key=lambda pair: pair[1] is not None)

    def _work(self, token: int, element: Element) -> Iterator[tuple[engine.Event, None]]:
        if element.behaviour is Behaviour.TASK:
            yield engine.TaskCompleted(token), None
        elif element.behaviour is Behaviour.JOB:
            yield engine.JobCompleted(token), None

    def _outside(
        self, token: int, element: Element, entry: list[Any], fired: frozenset[tuple[str, str]]
    ) -> Iterator[tuple[engine.Event, tuple[str, str] | None]]:
        for name in (*element.awaits, *element.boundaries):
            awaited = self.plan.elements[name]
            kind = awaited.event.type if awaited.event else ""
            once = (
                None if awaited.interrupting or not (awaited.host or awaited.kind == "startEvent") else (name, entry[0])
            )
            if kind in _OUTSIDE and once not in fired:
                yield _OUTSIDE[kind](token, name), once
            elif kind == "error" and element.behaviour is not Behaviour.EVENT_SUB_PROCESS:
                yield engine.ErrorRaised(token, (awaited.event and awaited.event.name) or "ANY"), None


def standing(state: dict[str, Any]) -> str | None:
    """The element where a run that cannot go on stands: a join, a stopped token, anything that waits."""
    for key in state["joins"]:
        return str(key).partition("|")[2]
    for part in ("incidents", "tokens"):
        for entry in state.get(part, {}).values():
            return str(entry[0])
    return None


def signature(state: dict[str, Any]) -> Any:
    """The marking without its numbers: equal for states that go on alike."""
    inside: dict[int | None, list[str]] = {}
    for key, (container, _outer, host, _live) in state["scopes"].items():
        inside.setdefault(host, []).append(f"{key}|{container}")
    return tuple(_scope_signature(state, inside, name) for name in inside.get(None, []))


def _scope_signature(state: dict[str, Any], inside: dict[int | None, list[str]], name: str) -> Any:
    key, _bar, container = name.partition("|")
    found: list[Any] = []
    for part in ("tokens", "listeners", "incidents"):
        for token, entry in state.get(part, {}).items():
            if entry[1] == int(key):
                inner = tuple(sorted(repr(_scope_signature(state, inside, n)) for n in inside.get(int(token), [])))
                found.append(f"{part} {entry[0]} {entry[2:]} {inner}")
    for at, flows in state["joins"].items():
        scope, _bar, element_id = at.partition("|")
        if scope == key:
            found.append(f"join {element_id} {sorted(flows.items())}")
    return (container, tuple(sorted(found)))
