"""A running case moves from one plan to another: where its tokens come to stand, and whether it can still finish.

Pure. `signature` groups cases by marking, `judge` decides once per group: the structure must fit (same kind of
element in the same container, joins with the flows that tokens wait on), and from the new marking every token must be
able to complete (`soundness.check_from`). That refuses what a comparison of elements alone lets pass: a parallel
branch added to a join that already waits would never start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.migration.mapping import suggest_mapping
from kreisbund_platform.engine.migration.marking import INSTANCES, Mapped, Problem, State, signature, translate
from kreisbund_platform.engine.migration.waits import Wait, differences_of_waits
from kreisbund_platform.engine.plan.model import Element, Plan
from kreisbund_platform.texts import _

__all__ = [
    "Judgement",
    "Problem",
    "Wait",
    "differences_of_waits",
    "judge",
    "signature",
    "suggest_mapping",
    "translate",
]


@dataclass(frozen=True)
class Judgement:
    """Whether every case with this marking can move.

    Of a refusal: the element (of the old plan where `path` is empty), the reason (German), its `kind` (one of
    soundness, or GONE, KIND, CONTAINER, JOIN), the way to the fault in the new plan and where tokens stand then.
    `waits` must be applied with a possible move; its token numbers are those of the state that was judged.
    """

    possible: bool
    element_id: str | None = None
    reason: str | None = None
    kind: str | None = None
    path: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()


def judge(old: Plan, new: Plan, state: State, mapping: Mapped) -> Judgement:
    """Structure first, then behaviour. Asks once per `signature`: the answer holds for all cases that share it."""
    if state["ended"]:
        return Judgement(possible=True)
    moved = translate(old, new, state, mapping)
    problem = moved if isinstance(moved, Problem) else next(_misfits(old, new, state, moved), None)
    if problem or isinstance(moved, Problem):
        assert problem is not None
        return Judgement(False, problem.element_id, problem.reason, problem.kind)
    verdict = soundness.check_from(new, moved)
    if verdict.result != "sound":
        return Judgement(False, verdict.element_id, verdict.reason, verdict.kind, verdict.path, verdict.waiting)
    return Judgement(possible=True, waits=differences_of_waits(old, new, state, moved, mapping))


# --- structure


def _misfits(old: Plan, new: Plan, state: State, moved: State) -> Iterator[Problem]:
    for kind in ("tokens", "listeners", "incidents"):
        before, after = state.get(kind, {}), moved.get(kind, {})
        for key in before.keys() & after.keys():
            place = moved["scopes"][str(after[key][1])][0]
            yield from _misfit(old.elements[before[key][0]], new.elements[after[key][0]], place)
    for key, flows in moved["joins"].items():
        yield from _join_misfit(new, key, flows)


def _misfit(one: Element, other: Element, container: str) -> Iterator[Problem]:
    if container not in (other.container, other.element_id + INSTANCES):
        reason = _("Dieses Element liegt in der neuen Fassung in einem anderen Teilprozess.")
        yield Problem(one.element_id, "CONTAINER", reason)
    if _kind(one) != _kind(other):
        yield Problem(one.element_id, "KIND", _("Dieses Element ist in der neuen Fassung von anderer Art."))


def _kind(element: Element) -> tuple[object, ...]:
    event = element.event.type if element.event else None
    return element.behaviour, event, element.multi.sequential if element.multi else None, element.called


def _join_misfit(new: Plan, key: str, flows: Mapping[str, int]) -> Iterator[Problem]:
    join = new.elements[key.partition("|")[2]]
    if not join.joins or not flows.keys() <= {flow.flow_id for flow in join.incoming}:
        reason = _("Hier wartet ein Zweig auf die anderen; in der neuen Fassung führt er nicht mehr hierher.")
        yield Problem(join.element_id, "JOIN", reason)
