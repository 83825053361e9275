"""How all cases of one state move: proved once, told once, applied to any number of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.cases.upgrading.orders import Move
from kreisbund_platform.engine import migration
from kreisbund_platform.engine.advance import waiting
from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.migration import Judgement
from kreisbund_platform.engine.plan import Element, Plan
from kreisbund_platform.engine.running.marking import INSTANCES
from kreisbund_platform.texts import _

State = Mapping[str, Any]
# one at a token: whatever its element is called now, it is the same
STAYING = ("task", "job", "incident")


@dataclass(frozen=True)
class Wait:
    """A task, job, incident, timer, message or signal that a token of a state stands for; `at` is where it rests.

    `name` and `key` are those of a message or signal: what it is called, and the text of its correlation.
    """

    token: int
    kind: str
    element_id: str
    at: str
    name: str | None = None
    key: str | None = None
    instance: int | None = None


@dataclass(frozen=True)
class NextStep:
    """What the applicant is told: a text and its period, or the due day of their own task.

    `usual`: said of any case that is not decided.
    """

    text: str
    period: str | None = None
    task_token: int | None = None
    usual: bool = False


@dataclass(frozen=True)
class Recipe:
    """The outcome for one state. Without `state` it is refused, `judgement` says why.

    `kept` pairs each wait that stays with what it was before.
    """

    judgement: Judgement
    state: dict[str, Any] | None = None
    opened: tuple[Wait, ...] = ()
    closed: tuple[Wait, ...] = ()
    kept: tuple[tuple[Wait, Wait], ...] = ()
    next_step: NextStep | None = None
    resting: tuple[str, ...] = ()
    changed_tasks: tuple[Wait, ...] = field(default=())

    @property
    def moves_waits(self) -> bool:
        """Whether any row beside the case itself changes."""
        renamed = any(before.element_id != after.element_id or before.name != after.name for before, after in self.kept)
        return bool(self.opened or self.closed or self.changed_tasks or renamed)


def recipe(move: Move, state: State, judgement: Judgement) -> Recipe:
    """What moving a state means, whose marking was judged."""
    old, new = move.old.plan, move.new.plan
    resting = tuple(element_id for _token, element_id in waiting(dict(state)))
    if not judgement.possible:
        return Recipe(judgement, resting=resting)
    told = migration.translate(old, new, dict(state), move.mapping)
    if isinstance(told, migration.Problem):
        problem = Judgement(False, element_id=told.element_id, reason=told.reason, path=(told.element_id,))
        return Recipe(problem, resting=resting)
    return _with_waits(move, judgement, state, told, resting)


def _with_waits(
    move: Move, judgement: Judgement, before: State, after: dict[str, Any], resting: tuple[str, ...]
) -> Recipe:
    old, new = list(waits(move.old.plan, before)), list(waits(move.new.plan, after))
    kept = tuple((each, other) for each in old for other in new if _same(each, other, move.mapping))
    was, stays = [pair[0] for pair in kept], [pair[1] for pair in kept]
    return Recipe(
        judgement,
        after,
        opened=tuple(each for each in new if each not in stays),
        closed=tuple(each for each in old if each not in was),
        kept=kept,
        next_step=_next_step(move.new.plan, after, new),
        resting=resting,
        changed_tasks=tuple(now for then, now in kept if now.kind == "task" and _task_changed(move, then, now)),
    )


def _same(before: Wait, after: Wait, mapping: Mapping[str, str]) -> bool:
    name = mapping.get(before.element_id, before.element_id)
    if (before.token, before.kind, before.key) != (after.token, after.kind, after.key):
        return False
    return after.kind in STAYING or name == after.element_id


def _task_changed(move: Move, before: Wait, after: Wait) -> bool:
    return _task_facts(move.old.plan, before) != _task_facts(move.new.plan, after)


def _task_facts(plan: Plan, wait: Wait) -> tuple[str | None, ...]:
    element = plan.elements[wait.element_id]
    return wait.element_id, element.name, element.attributes.get("role"), element.attributes.get("form")


# --- what a state waits for


def waits(plan: Plan, state: State) -> Iterator[Wait]:
    """Tasks, jobs, incidents, timers, messages and signals of a state, by token; a timer that had all its firings
    is none.
    """
    for kind in ("tokens", "listeners"):
        for token, entry in sorted(state.get(kind, {}).items(), key=lambda item: int(item[0])):
            element = plan.elements[entry[0]]
            yield from _work(int(token), element, entry)
            for name in _awaited(state, element, entry):
                yield from _event(int(token), plan.elements[name], element.element_id, entry[2])
    for token, (element_id, *_more) in state.get("incidents", {}).items():
        yield Wait(int(token), "incident", element_id, element_id)


def _is_whole(entry: list[Any]) -> bool:
    """Whether the token stands for a multi-instance activity as a whole."""
    return len(entry) > 3 and isinstance(entry[3], list)


def _work(token: int, element: Element, entry: list[Any]) -> Iterator[Wait]:
    kinds = {Behaviour.TASK: "task", Behaviour.JOB: "job"}
    if element.behaviour in kinds and not _is_whole(entry):
        instance = entry[3] if len(entry) > 3 else None
        yield Wait(token, kinds[element.behaviour], element.element_id, element.element_id, instance=instance)


def _awaited(state: State, element: Element, entry: list[Any]) -> Iterator[str]:
    """An instance leaves the boundary to the activity as a whole, which leaves the work to its instances."""
    if not _is_whole(entry):
        yield from element.awaits
    if not state["scopes"][str(entry[1])][0].endswith(INSTANCES):
        yield from element.boundaries


def _event(token: int, awaited: Element, at: str, fired: Mapping[str, int]) -> Iterator[Wait]:
    kind = awaited.event.type if awaited.event else None
    if awaited.timer:
        limit = awaited.timer.most_firings
        if limit is None or fired.get(awaited.element_id, 0) < limit:
            yield Wait(token, "timer", awaited.element_id, at)
    elif awaited.event and kind in ("message", "signal"):
        name, key = awaited.event.name or awaited.element_id, awaited.attributes.get("correlation")
        yield Wait(token, kind, awaited.element_id, at, name, key)


# --- what the applicant is told


def _next_step(plan: Plan, state: dict[str, Any], found: list[Wait]) -> NextStep:
    tasks = {wait.token: plan.elements[wait.element_id] for wait in found if wait.kind == "task"}
    for token, task in tasks.items():
        if task.attributes.get("role") == "citizen":
            text = _("Bitte erledigen Sie: {task}").format(task=task.name or task.element_id)
            return NextStep(text, task_token=token)
    for token, element_id in waiting(state):
        attributes = plan.elements[element_id].attributes
        if told := attributes.get("nextStep"):
            period = attributes.get("nextStepBy")
            return NextStep(told, period, None if period or token not in tasks else token)
    return NextStep(_("Ihr Antrag wird bearbeitet."), usual=True)
