"""Loops need a person, a message or a timer in them; service tasks do not count, since they may answer at once."""

from collections.abc import Iterable, Iterator, Mapping

from kreisbund_platform.engine.bpmn.model import NESTING, Behaviour
from kreisbund_platform.engine.plan.model import Element, Plan
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.texts import _

_WAITS = (Behaviour.TASK, Behaviour.CATCH, Behaviour.EVENT_GATEWAY)
_AT_ONCE = ("error", "escalation")
_THROWN = ("signal", "escalation")


def refuse_loops(plan: Plan) -> None:
    """Raises ModelRefused at the first element, in the file's order, of a loop that never rests."""
    resting, heard = _Resting(plan), _heard(plan)
    onward = {
        name: list(resting.entered([*_successors(element), *heard.get(name, ())]))
        for name, element in plan.elements.items()
        if not resting.at(name)
    }
    loop = _loop(onward)
    if loop:
        first = next(name for name in plan.elements if name in loop)
        raise ModelRefused(first, _("Diese Schleife enthält keinen Wartepunkt."))


def _successors(element: Element) -> list[str]:
    return [*(flow.target for flow in element.outgoing), *element.boundaries]


def _heard(plan: Plan) -> dict[str, list[str]]:
    """What follows where a thrown signal or escalation is caught, by who throws it."""
    events = [element for element in plan.elements.values() if element.event and element.event.type in _THROWN]
    catching = [element for element in events if not _throws(element)]
    return {
        thrown.element_id: [
            flow.target for caught in catching if _reaches(plan, thrown, caught) for flow in caught.outgoing
        ]
        for thrown in events
        if _throws(thrown)
    }


def _throws(element: Element) -> bool:
    return element.behaviour in (Behaviour.THROW, Behaviour.END)


def _reaches(plan: Plan, thrown: Element, caught: Element) -> bool:
    """An event sub-process starts itself again only by a signal, and only where it does not interrupt."""
    assert thrown.event is not None
    assert caught.event is not None
    if thrown.event.type != caught.event.type or caught.event.name not in (None, thrown.event.name):
        return False
    again = caught.behaviour is not Behaviour.START or (thrown.event.type == "signal" and not caught.interrupting)
    return again or not _lies_in(plan, thrown, caught.container)


def _lies_in(plan: Plan, element: Element, container: str) -> bool:
    within = element.container
    while within != container and within in plan.elements:
        within = plan.elements[within].container
    return within == container


def _loop(onward: Mapping[str, list[str]]) -> set[str]:
    """The elements of one loop: what leads nowhere is taken away until only loops and ways to them are left."""
    ways = {name: len(others) for name, others in onward.items()}
    before: dict[str, list[str]] = {name: [] for name in onward}
    for name, others in onward.items():
        for other in others:
            before[other].append(name)
    ended = [name for name, count in ways.items() if not count]
    while ended:
        for name in before[ended.pop()]:
            ways[name] -= 1
            ended += [name] if not ways[name] else []
    left = [name for name, count in ways.items() if count]
    return (
        _walked({name: [other for other in onward[name] if ways[other]] for name in left}, left[0]) if left else set()
    )


def _walked(onward: Mapping[str, list[str]], name: str) -> set[str]:
    path: dict[str, int] = {}
    while name not in path:
        path[name] = len(path)
        name = onward[name][0]
    return {other for other, position in path.items() if position >= path[name]}


class _Resting:
    """Whether a token stays at an element until something happens outside; remembered for sub-processes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[str, bool] = {}
        for name in reversed(list(plan.containers)):
            if name in plan.elements:
                self._known[name] = not self._passes(plan.containers[name].starts)

    def at(self, name: str) -> bool:
        element = self._plan.elements[name]
        if element.behaviour in NESTING:
            return self._known.get(name, False)
        at_border = element.host is not None and element.event is not None and element.event.type not in _AT_ONCE
        return at_border or element.behaviour in _WAITS

    def entered(self, names: Iterable[str]) -> Iterator[str]:
        """Where a token goes on at once: past an element that does not rest, and into a sub-process in any case."""
        for name in names:
            if not self.at(name):
                yield name
            if name in self._plan.containers:
                yield from (start for start in self._plan.containers[name].starts if not self.at(start))

    def _passes(self, starts: Iterable[str]) -> bool:
        """Whether a token can get from a start to an end without resting."""
        found: set[str] = set()
        pending = [name for name in starts if not self.at(name)]
        while pending:
            name = pending.pop()
            if name in found:
                continue
            found.add(name)
            element = self._plan.elements[name]
            if not element.outgoing:
                return True
            pending += [other for other in _successors(element) if not self.at(other)]
        return False
