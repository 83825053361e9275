"""Can every case finish? Looks at the control flow of each process and sub-process on its own, data left out.

Each condition is a free choice, an interrupting boundary event an alternative exit of its host, a non-interrupting
one an extra branch that may start. Sound is: every case can complete, no element is dead, no flow and no end event
gets a second token while the first may still be there (van der Aalst 1997). Threads that non-interrupting events
start and that never meet the main one are judged by themselves. Beyond the limit the answer is honestly "undecided".
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.plan import Container, Element, Plan
from kreisbund_platform.engine.soundness_exploring import Outcome, explore
from kreisbund_platform.engine.soundness_folding import fold
from kreisbund_platform.engine.soundness_net import Builder, Elements, ends, joins, part, reach, side_starts
from kreisbund_platform.texts import _

MOST_STATES = 30_000
MOST_STATES_UNFOLDED = 5_000


@dataclass(frozen=True)
class Verdict:
    """`element_id` and `reason` (German) say where and why it is not sound.

    `kind` is DEADLOCK, UNSAFE, UNREACHABLE, DEAD_END, LIVELOCK or UNDECIDED. `path` are the elements and flows from
    the start to the fault, `waiting` the flows or elements where tokens stand then.
    """

    result: Literal["sound", "unsound", "undecided"]
    element_id: str | None = None
    reason: str | None = None
    kind: str | None = None
    path: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


SOUND = Verdict("sound")


def check(plan: Plan) -> Verdict:
    """The first container that is not sound decides."""
    for container in plan.containers.values():
        verdict = _check_container(plan, container)
        if verdict.result != "sound":
            return _with_way_in(plan, container, verdict)
    return SOUND


def check_from(plan: Plan, state: dict[str, Any]) -> Verdict:
    """Whether every token of a running case can still complete; the state's element ids are the plan's own."""
    raise NotImplementedError


# --- one container


def _check_container(plan: Plan, container: Container) -> Verdict:
    inside = [plan.elements[name] for name in container.element_ids if plan.elements[name].host is None]
    if not inside:
        return SOUND
    return _drawn_wrong(plan, container, inside) or _explored(plan, container)


def _explored(plan: Plan, container: Container) -> Verdict:
    """The main thread, then each side thread that never meets it."""
    pending, seen = deque([tuple(_starts(container))]), set[tuple[str, ...]]()
    while pending:
        roots = pending.popleft()
        seen.add(roots)
        thread = part(plan.elements, roots)
        outcome = judge(lambda roots=roots, thread=thread: Builder(plan.elements, thread).begin(roots), alive=True)
        if outcome.kind:
            return verdict_of(outcome, container.container_id)
        others = sorted(side_starts(plan.elements, thread.members) - thread.sides)
        pending += ((name,) for name in others if (name,) not in seen)
    return SOUND


def judge(net: Callable[[], Any], *, alive: bool) -> Outcome:
    """Decided on the folded net; a fault is told on the net as drawn, where that is small enough."""
    drawn = net()
    outcome = explore(fold(drawn), MOST_STATES, alive=alive)
    if outcome.kind in (None, "UNDECIDED"):
        return outcome
    told = explore(drawn, MOST_STATES_UNFOLDED, alive=alive)
    return outcome if told.kind in (None, "UNDECIDED") else told


def _starts(container: Container) -> tuple[str, ...]:
    return (container.start,)


# --- what the drawing alone shows


def _drawn_wrong(plan: Plan, container: Container, inside: list[Element]) -> Verdict | None:
    starts = _starts(container)
    reached = reach(plan.elements, starts, sides=True)
    for found in (_unreached(inside, reached), _dead_end(inside), _trap(plan.elements, inside)):
        if found:
            kind, name = found
            return Verdict("unsound", name, _REASONS[kind](), kind, _drawn_way(plan.elements, starts, name))
    return None


def _unreached(inside: list[Element], reached: set[str]) -> tuple[str, str] | None:
    """An element that no flow leads to from a start; rather the first of such a row than one later in it."""
    lost = [e for e in inside if e.element_id not in reached and e.behaviour is not Behaviour.START]
    for element in sorted(lost, key=lambda element: bool(element.incoming)):
        return "UNREACHABLE", element.element_id
    for element in inside:
        if element.behaviour is Behaviour.END and element.outgoing:
            return "UNREACHABLE", element.outgoing[0].flow_id
    return None


def _dead_end(inside: list[Element]) -> tuple[str, str] | None:
    """BPMN 2.0.2, 10.5.3: where there are end events, every other element leads on."""
    if any(element.behaviour is Behaviour.END for element in inside):
        for element in inside:
            if ends(element) and element.behaviour is not Behaviour.END:
                return "DEAD_END", element.element_id
    return None


def _trap(elements: Elements, inside: list[Element]) -> tuple[str, str] | None:
    """An element from which no way at all leads to an end."""
    finishing = {element.element_id for element in inside if ends(element)}
    pending = list(finishing)
    while pending:
        element = elements[pending.pop()]
        before = [flow.source for flow in element.incoming] + ([element.host] if element.host else [])
        new = {name for name in before if elements[name].behaviour is not Behaviour.END} - finishing
        finishing |= new
        pending += new
    for element in inside:
        if element.element_id not in finishing:
            return "LIVELOCK", element.element_id
    return None


# --- ways


def _drawn_way(elements: Elements, roots: Iterable[str], goal: str) -> tuple[str, ...]:
    """The shortest drawn way, without regard to joins; empty where there is none."""
    came: dict[str, tuple[str, ...]] = {name: (name,) for name in roots}
    pending = deque(came)
    while pending:
        name = pending.popleft()
        if name == goal:
            return came[name]
        steps = [(flow.target, (flow.flow_id,)) for flow in elements[name].outgoing]
        for target, flow in [*steps, *((boundary, ()) for boundary in elements[name].boundaries)]:
            if target not in came:
                came[target] = (*came[name], *flow, target)
                pending.append(target)
    return ()


def _with_way_in(plan: Plan, container: Container, verdict: Verdict) -> Verdict:
    """The path from the case's start, through the sub-processes around."""
    path, name = verdict.path, container.container_id
    while path and name in plan.elements:
        around = plan.containers[plan.elements[name].container]
        path = (*_drawn_way(plan.elements, _starts(around), name), *path)
        name = around.container_id
    return Verdict(verdict.result, verdict.element_id, verdict.reason, verdict.kind, path, verdict.waiting)


# --- words

_REASONS: dict[str, Callable[[], str]] = {
    "DEADLOCK": lambda: _("Hier wird auf einen Zweig gewartet, der nicht kommen kann."),
    "UNSAFE": lambda: _("Hier laufen mehrere Zweige ohne Abgleich zusammen."),
    "UNREACHABLE": lambda: _("Dieses Element wird nie erreicht."),
    "DEAD_END": lambda: _("Hier endet der Weg ohne Endereignis."),
    "LIVELOCK": lambda: _("Von hier führt kein Weg zum Ende."),
    "UNDECIDED": lambda: _("Der Ablauf ist zu verzweigt, um ihn vollständig zu prüfen."),
}


def verdict_of(outcome: Outcome, container_id: str) -> Verdict:
    """An outcome in words."""
    if outcome.kind is None:
        return SOUND
    reason = _REASONS[outcome.kind]()
    if outcome.kind == "UNDECIDED":
        return Verdict("undecided", container_id, reason, outcome.kind)
    return Verdict("unsound", outcome.element_id, reason, outcome.kind, outcome.path, outcome.waiting)
