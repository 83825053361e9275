"""Stand-in for the pure proof of instance migration; replaced by the soundness branch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.engine.plan import Plan
from kreisbund_platform.texts import _

State = Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """Whether every token of a marking can complete in the new version."""

    possible: bool
    element_id: str | None = None
    reason: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Why a state cannot be told in the new version's ids."""

    element_id: str
    reason: str


def signature(state: State) -> str:
    """The canonical marking, independent of token numbers."""
    tokens = sorted(f"{at[0]}" for at in state["tokens"].values())
    joins = sorted(
        f"{key.split('|')[1]}<{flow}*{n}" for key, flows in state["joins"].items() for flow, n in flows.items()
    )
    return " ".join(tokens + joins)


def translate(old: Plan, new: Plan, state: State, mapping: Mapping[str, str]) -> dict[str, Any] | Problem:
    """The state in the new version's ids."""

    def renamed(name: str) -> str:
        return mapping.get(name, name)

    for at in state["tokens"].values():
        there = new.elements.get(renamed(at[0]))
        if there is None or there.behaviour is not old.elements[at[0]].behaviour:
            return Problem(at[0], _("Dieses Element gibt es in der neuen Fassung nicht."))
    joins = {}
    for key, flows in state["joins"].items():
        scope, _bar, name = key.partition("|")
        there = new.elements.get(renamed(name))
        ways = {flow.source: flow.flow_id for flow in there.incoming} if there else {}
        origin = {flow.flow_id: renamed(flow.source) for flow in old.elements[name].incoming}
        if there is None or {origin[flow] for flow in flows} - set(ways):
            return Problem(name, _("Die Zusammenführung ist in der neuen Fassung eine andere."))
        if len(there.incoming) != len(old.elements[name].incoming):
            return Problem(name, _("Hier wird auf einen Zweig gewartet, der nicht kommen kann."))
        joins[f"{scope}|{renamed(name)}"] = {ways[origin[flow]]: count for flow, count in flows.items()}
    return {
        **state,
        "tokens": {token: [renamed(at[0]), *at[1:]] for token, at in state["tokens"].items()},
        "joins": joins,
        "scopes": {
            key: [new.process_id if at[0] == old.process_id else renamed(at[0]), *at[1:]]
            for key, at in state["scopes"].items()
        },
    }


def judge(old: Plan, new: Plan, state: State, mapping: Mapping[str, str]) -> Judgement:
    """Whether the marking can complete in the new version, with a counterexample where it cannot."""
    told = translate(old, new, state, mapping)
    if isinstance(told, Problem):
        return Judgement(False, told.element_id, told.reason, (told.element_id,))
    return Judgement(True)


def suggest_mapping(old: Plan, new: Plan) -> dict[str, str]:
    """Old to new element ids, where they differ."""
    gone = [each for each in old.elements.values() if each.element_id not in new.elements]
    fresh = [each for each in new.elements.values() if each.element_id not in old.elements]
    return {
        each.element_id: other.element_id
        for each in gone
        for other in fresh
        if (each.name, each.kind) == (other.name, other.kind) and each.name
    }
