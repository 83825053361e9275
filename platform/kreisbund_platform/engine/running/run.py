"""One event's work: the marking being changed, the tokens on the move, the variables as each scope sees them.

The modules `run_*.py` are the moves: each is a set of functions on a `Run`.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.feel.values import plain
from kreisbund_platform.engine.plan.model import Element, Plan
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.marking import INSTANCES, Marking, Resting

MOST_MOVES = 50_000
OWN_DATA = "#instances"
"""Among the variables: what each instance of a multi-instance activity has of its own, by `<scope>.<instance>`."""

Move = tuple[Element, int, str | None, int | None]
"""A token about to arrive: element, scope, the flow it comes by, the instance it is to be."""


class Trouble(Exception):  # noqa: N818  becomes an incident
    """A token cannot go on; `reason` is the incident's code."""

    def __init__(self, reason: str, flow_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.flow_id = flow_id


class Run:
    """`moving` tokens are about to arrive, those in `late` once nothing else moves; `finished` hosts are done."""

    __slots__ = ("effects", "finished", "late", "marking", "moving", "now", "plan", "variables")

    def __init__(self, plan: Plan, marking: Marking, variables: dict[str, Any], now: datetime) -> None:
        self.plan = plan
        self.marking = marking
        self.variables = variables
        self.now = now
        self.effects: list[e.Effect] = []
        self.moving: deque[Move] = deque()
        self.late: deque[Move] = deque()
        self.finished: deque[int] = deque()

    def events_of(self, at: Resting, *, listening: bool = False) -> list[Element]:
        """What a token waits for: events at the border and its own; a listener, an event sub-process's start.

        Those at the border belong to a multi-instance activity's host, its own to each instance.
        """
        element = self.plan.elements[at.element_id]
        names = () if at.instance is not None else element.boundaries
        if element.awaits and at.instances is None and (element.behaviour is Behaviour.EVENT_SUB_PROCESS) is listening:
            names += element.awaits
        return [self.plan.elements[name] for name in names]

    # --- variables

    def merge(self, variables: Mapping[str, Any], scope: int, instance: int | None = None) -> None:
        """Adds variables by key, to an instance's own where the scope lies in one; never changes what was given."""
        if not variables:
            return
        key = self._instance_key(scope, instance)
        if key is None:
            self.variables = {**self.variables, **variables}
        else:
            own = self.variables.get(OWN_DATA, {})
            self.variables = {**self.variables, OWN_DATA: {**own, key: {**own.get(key, {}), **variables}}}

    def own(self, scope: int, instance: int) -> dict[str, Any]:
        """What an instance has of its own."""
        return dict(self.variables.get(OWN_DATA, {}).get(f"{scope}.{instance}", {}))

    def forget(self, scope: int, instance: int | None = None) -> None:
        """Drops what one instance, or all instances of a scope, have of their own."""
        own = self.variables.get(OWN_DATA)
        if not own:
            return
        prefix = f"{scope}."
        key = None if instance is None else f"{scope}.{instance}"
        kept = {name: data for name, data in own.items() if not (name == key if key else name.startswith(prefix))}
        if len(kept) == len(own):
            return
        self.variables = {**self.variables, OWN_DATA: kept}
        if not kept:
            del self.variables[OWN_DATA]

    def _instance_key(self, scope: int, instance: int | None) -> str | None:
        if instance is not None:
            return f"{scope}.{instance}"
        inner = next(self._instances_around(scope), None)
        return f"{inner.scope}.{inner.instance}" if inner else None

    def _instances_around(self, scope: int) -> Iterator[Resting]:
        """The instances of multi-instance activities that a scope lies in, innermost first."""
        within: int | None = scope
        while within is not None:
            here = self.marking.scopes[within]
            if here.host is not None and (at := self.marking.tokens[here.host]).instance is not None:
                yield at
            within = here.outer

    def view(self, scope: int, element: Element | None = None, instance: int | None = None) -> dict[str, Any]:
        """The variables as one scope, or one instance of an element in it, sees them."""
        if instance is None and not any(s.container.endswith(INSTANCES) for s in self.marking.scopes.values()):
            return self.variables
        around = list(self._instances_around(scope))
        if element is not None and instance is not None:
            around.insert(0, Resting(element.element_id, scope, {}, instance))
        known = self.variables
        for at in reversed(around):
            known = {**known, **self._instance_view(at, known)}
        return {name: value for name, value in known.items() if name != OWN_DATA} if around else known

    def _instance_view(self, at: Resting, known: Mapping[str, Any]) -> dict[str, Any]:
        assert at.instance is not None
        multi = self.plan.elements[at.element_id].multi
        own: dict[str, Any] = {"loopCounter": at.instance}
        if multi is not None and multi.element_variable:
            own[multi.element_variable] = _item(multi.collection(known) if multi.collection else None, at.instance)
        return {**own, **self.own(at.scope, at.instance)}


def _item(items: Any, instance: int) -> Any:
    if not isinstance(items, list):
        return instance
    return plain(items[instance - 1]) if instance <= len(items) else None
