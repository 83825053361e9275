"""Can every case finish? Explores the control flow of each process and sub-process on its own, data left out.

Each condition is a free choice, an interrupting boundary event an alternative exit of its host, a non-interrupting
one an optional extra branch that starts at most once per visit. A marking is a set of flows with a token
(van der Aalst 1997: option to complete, no dead element, no second token on a flow). Beyond `MOST_STATES` the
answer is honestly "undecided".
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Literal, TypeVar

from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.plan import Container, Element, Flow, Plan
from kreisbund_platform.texts import _

MOST_STATES = 20_000
MOST_BRANCHES = 8

Item = TypeVar("Item")
Marking = frozenset[str]
DONE: Marking = frozenset()


@dataclass(frozen=True)
class Verdict:
    """`element_id` and `reason` (German) say where and why it is not sound."""

    result: Literal["sound", "unsound", "undecided"]
    element_id: str | None = None
    reason: str | None = None


class _Undecided(Exception):  # noqa: N818  ends the search
    pass


class _Unsafe(Exception):  # noqa: N818  ends the search
    def __init__(self, element_id: str) -> None:
        super().__init__(element_id)
        self.element_id = element_id


def check(plan: Plan) -> Verdict:
    """The first container that is not sound decides."""
    for container in plan.containers.values():
        if not container.starts:
            continue
        verdict = _check_container(plan, container)
        if verdict.result != "sound":
            return verdict
    return Verdict("sound")


def _check_container(plan: Plan, container: Container) -> Verdict:
    try:
        return _Net(plan, container).explore()
    except _Unsafe as found:
        return Verdict("unsound", found.element_id, _("Hier laufen mehrere Zweige ohne Abgleich zusammen."))
    except _Undecided:
        reason = _("Der Ablauf ist zu verzweigt, um ihn vollständig zu prüfen.")
        return Verdict("undecided", container.container_id, reason)


class _Net:
    """One container's flows and the moves between their markings."""

    def __init__(self, plan: Plan, container: Container) -> None:
        self._plan = plan
        self._elements = [plan.elements[name] for name in container.element_ids]
        self._start = plan.elements[container.start]
        self._targets = {flow.flow_id: flow.target for element in self._elements for flow in element.outgoing}
        self._moved: set[str] = set()
        self._independent = self._side_flows()
        self._exits = {element.element_id: list(self._possible_exits(element)) for element in self._elements}

    def explore(self) -> Verdict:
        """Breadth first over all markings, then backwards from the end."""
        before: dict[Marking, set[Marking]] = defaultdict(set)
        first = [frozenset(flows) for flows in self._exits[self._start.element_id]]
        self._moved.add(self._start.element_id)
        seen, pending = set(first), deque(first)
        while pending:
            marking = pending.popleft()
            following = self._next(marking)
            if not following and marking:
                return self._stuck(marking)
            for other in following:
                before[other].add(marking)
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
            if len(seen) > MOST_STATES:
                raise _Undecided
        return self._judge(seen, before)

    def _judge(self, seen: set[Marking], before: dict[Marking, set[Marking]]) -> Verdict:
        for element in self._elements:
            apart = element.host is not None or element.behaviour is Behaviour.EVENT_SUB_PROCESS
            if element.element_id not in self._moved and not apart:
                return Verdict("unsound", element.element_id, _("Dieses Element wird nie erreicht."))
        finishing, pending = {DONE}, [DONE]
        while pending:
            for other in before[pending.pop()] - finishing:
                finishing.add(other)
                pending.append(other)
        lost = next((marking for marking in seen if marking not in finishing), None)
        if lost:
            return Verdict("unsound", self._targets[min(lost)], _("Von hier führt kein Weg zum Ende."))
        return Verdict("sound")

    def _stuck(self, marking: Marking) -> Verdict:
        place = self._targets[min(marking)]
        return Verdict("unsound", place, _("Hier wird auf einen Zweig gewartet, der nicht kommen kann."))

    # --- moves

    def _next(self, marking: Marking) -> set[Marking]:
        """Where the marking leads. A plain step is taken first and alone: it excludes no other."""
        for flow_id in sorted(marking):
            element = self._plan.elements[self._targets[flow_id]]
            if self._is_plain(element):
                return set(self._fire(marking, element, [flow_id]))
        return set(chain.from_iterable(self._all_moves(marking)))

    def _is_plain(self, element: Element) -> bool:
        """One way in, one way on; not right behind a merge, so that a second token there is still seen."""
        if len(element.incoming) != 1 or len(self._exits[element.element_id]) != 1 or not element.outgoing:
            return False
        before = self._plan.elements[element.incoming[0].source]
        return len(before.incoming) < 2 or _joins(before)

    def _all_moves(self, marking: Marking) -> Iterator[Iterable[Marking]]:
        for name in {self._targets[flow_id] for flow_id in marking}:
            element = self._plan.elements[name]
            arrived = [flow.flow_id for flow in element.incoming if flow.flow_id in marking]
            if not _joins(element):
                for flow_id in arrived:
                    yield self._fire(marking, element, [flow_id])
            elif self._may_join(marking, element, arrived):
                yield self._fire(marking, element, arrived)

    def _may_join(self, marking: Marking, join: Element, arrived: list[str]) -> bool:
        if join.behaviour is Behaviour.PARALLEL:
            return len(arrived) == len(join.incoming)
        upstream = self._plan.upstream[join.element_id]
        places = {self._targets[flow_id] for flow_id in marking} - {join.element_id}
        reached = frozenset[str]().union(*(upstream[flow_id] for flow_id in arrived))
        return not any(
            places & (upstream[flow.flow_id] - reached) for flow in join.incoming if flow.flow_id not in arrived
        )

    def _fire(self, marking: Marking, element: Element, taken: list[str]) -> Iterator[Marking]:
        self._moved.add(element.element_id)
        rest = marking.difference(taken)
        if element.behaviour is Behaviour.END and element.event and element.event.type in ("terminate", "error"):
            yield DONE
            return
        for exits in self._exits[element.element_id]:
            if rest.intersection(exits) - self._independent:
                raise _Unsafe(element.element_id)
            yield rest.union(exits)

    # --- threads beside the main one

    def _side_flows(self) -> frozenset[str]:
        """Flows only non-interrupting events lead to and that never join again: there, several tokens do no harm."""
        extras = [element for element in self._elements if element.host and not element.interrupting]
        side = self._downstream(extras) - self._downstream([self._start])
        return frozenset(
            flow.flow_id
            for element in self._elements
            for flow in element.outgoing
            if flow.flow_id in side and not any(map(_synchronises, self._after(flow)))
        )

    def _after(self, flow: Flow) -> list[Element]:
        target = self._plan.elements[flow.target]
        later = [self._plan.elements[self._targets[name]] for name in self._downstream([target])]
        return [target, *later]

    def _downstream(self, elements: list[Element]) -> set[str]:
        """Flows reachable from elements, not through non-interrupting events of others."""
        found: set[str] = set()
        pending = list(elements)
        while pending:
            element = pending.pop()
            exits = [self._plan.elements[name] for name in element.boundaries]
            pending += [boundary for boundary in exits if boundary.interrupting]
            new = [flow for flow in element.outgoing if flow.flow_id not in found]
            found.update(flow.flow_id for flow in new)
            pending += [self._plan.elements[flow.target] for flow in new]
        return found

    # --- exits

    def _possible_exits(self, element: Element) -> Iterator[frozenset[str]]:
        boundaries = [self._plan.elements[name] for name in element.boundaries]
        extras = [boundary for boundary in boundaries if not boundary.interrupting]
        ways = [element, *(boundary for boundary in boundaries if boundary.interrupting)]
        for way in ways:
            for own in _choices(way):
                for started in _subsets(extras):
                    for branch in _combined(started):
                        yield own | branch


def _joins(element: Element) -> bool:
    return element.behaviour in (Behaviour.PARALLEL, Behaviour.INCLUSIVE) and len(element.incoming) > 1


def _synchronises(element: Element) -> bool:
    return _joins(element) or bool(element.kind == "endEvent" and element.event and element.event.type != "message")


def _combined(boundaries: Iterable[Element]) -> list[frozenset[str]]:
    found: list[frozenset[str]] = [frozenset()]
    for boundary in boundaries:
        found = [before | own for before in found for own in _choices(boundary)]
    return found


def _choices(element: Element) -> list[frozenset[str]]:
    """The sets of flows that may be taken together."""
    flows = element.outgoing
    if element.behaviour in (Behaviour.EXCLUSIVE, Behaviour.EVENT_GATEWAY):
        return [frozenset({flow.flow_id}) for flow in flows] or [frozenset()]
    if all(flow.condition is None for flow in flows) and element.default is None:
        return [frozenset(flow.flow_id for flow in flows)]
    return _inclusive_choices(element, flows)


def _inclusive_choices(element: Element, flows: tuple[Flow, ...]) -> list[frozenset[str]]:
    always = {flow.flow_id for flow in flows if flow.condition is None and flow.flow_id != element.default}
    free = [flow.flow_id for flow in flows if flow.condition is not None and flow.flow_id != element.default]
    found = [frozenset(always.union(some)) for some in _subsets(free) if always or some]
    return [*found, frozenset({element.default})] if element.default and not always else found


def _subsets(items: list[Item]) -> Iterator[tuple[Item, ...]]:
    if len(items) > MOST_BRANCHES:
        raise _Undecided
    for size in range(len(items) + 1):
        yield from combinations(items, size)
