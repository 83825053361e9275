"""Can a case that runs finish? Explores from where its tokens stand, each scope in its own container."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Container, Plan
from kreisbund_platform.engine.soundness.net import Builder, Elements, Part, part, reach, threads
from kreisbund_platform.engine.soundness.verdicts import SOUND, Verdict, fault, judge, judge_runs


@dataclass
class Standing:
    """A scope's tokens: inside elements, and on flows before joins by how many there are; timers that have fired."""

    inside: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    fired: set[str] = field(default_factory=set)

    def take(self, elements: Elements, members: frozenset[str]) -> "Standing":
        """The tokens within a thread."""
        inside = Counter({name: count for name, count in self.inside.items() if name in members})
        targets = {flow.flow_id: name for name in members for flow in elements[name].incoming}
        arrived = Counter({flow: count for flow, count in self.arrived.items() if flow in targets})
        return Standing(inside, arrived, self.fired)


def check_from(plan: Plan, state: dict[str, Any]) -> Verdict:
    """Whether every token can still complete; the state's element ids are the plan's own."""
    for scope, (container_id, *_rest) in state["scopes"].items():
        if (container := plan.containers.get(container_id)) is not None:
            verdict = _check_scope(plan, container, _standing(plan, state, int(scope)))
            if verdict.result != "sound":
                return verdict
    return SOUND


def _standing(plan: Plan, state: dict[str, Any], scope: int) -> Standing:
    """Event sub-processes that run are left out: they end beside all else, and have a scope of their own."""
    standing = Standing()
    for entry in state["tokens"].values():
        if entry[1] == scope and plan.elements[entry[0]].behaviour is not Behaviour.EVENT_SUB_PROCESS:
            standing.inside[entry[0]] += 1
            standing.fired.update(name for name, count in entry[2].items() if count)
    standing.inside.update(entry[0] for entry in state.get("incidents", {}).values() if entry[1] == scope)
    for key, flows in state["joins"].items():
        if key.partition("|")[0] == str(scope):
            standing.arrived.update(flows)
    return standing


def _check_scope(plan: Plan, container: Container, standing: Standing) -> Verdict:
    """The main thread's tokens together, then those of each side thread."""
    taken = set[str]()
    for roots, thread in threads(plan.elements, container):
        own = standing.take(plan.elements, thread.members - taken)
        taken |= thread.members
        side = roots != container.starts
        apart = side and not any(plan.elements[name].joins for name in thread.members)
        for together in _one_by_one(own) if apart else [own]:
            verdict = _check_thread(plan, container, together, side=side)
            if verdict.result != "sound":
                return verdict
    rest = standing.take(plan.elements, frozenset(container.element_ids) - taken)
    return _check_thread(plan, container, rest, side=False)


def _one_by_one(standing: Standing) -> Iterator[Standing]:
    """Threads without joins do not meet: each token goes its own way."""
    for name in standing.inside:
        yield Standing(Counter({name: 1}), fired=standing.fired)


def _check_thread(plan: Plan, container: Container, standing: Standing, *, side: bool) -> Verdict:
    """A side thread may run several times at once, the main one may not."""
    if not standing.inside and not standing.arrived:
        return SOUND
    joined = {flow.flow_id: flow.target for name in container.element_ids for flow in plan.elements[name].incoming}
    thread = part(plan.elements, [*standing.inside, *(joined[flow_id] for flow_id in standing.arrived)])
    builder = Builder(plan.elements, thread)
    started = _started(plan.elements, thread, standing)
    net = builder.go_on(standing.inside.elements(), standing.arrived, started)
    more = Counter({builder.flows[flow]: count - 1 for flow, count in standing.arrived.items() if count > 1})
    if more and not side:
        twice = next(iter(flow for flow, count in standing.arrived.items() if count > 1))
        return fault("UNSAFE", joined[twice], (), (twice,))
    verdict = judge(net, container.container_id, alive=False)
    if side and (more or verdict.kind == "UNSAFE"):
        return judge_runs(net, more, container.container_id)
    return verdict


def _started(elements: Elements, thread: Part, standing: Standing) -> frozenset[str]:
    """Sides that already run: their timer has fired, or a token stands where only they lead."""
    return frozenset(side for side in thread.sides if side in standing.fired or _runs(elements, side, standing))


def _runs(elements: Elements, side: str, standing: Standing) -> bool:
    only = reach(elements, [side], sides=True) - reach(elements, [elements[side].host or side], sides=False)
    return any(name in only for name in standing.inside)
