"""Decisions that no official sees (§ 35a VwVfG, § 155 Abs. 4 AO, § 31a SGB X).

A way to a notice on which no official completes a task is refused, unless the manifest names the norm that permits
it and the element where cases with individual circumstances leave for an official; every such way must pass it.
The search errs on the strict side: what it calls automatic may be attended after all, never the other way round.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.engine.bpmn.model import Behaviour, EventDefinition
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.plan import Element, Plan
from kreisbund_platform.errors import FieldError
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.manifest import Manifest
from kreisbund_platform.texts import _

# Who decides for the county; filing, protecting data or writing templates is no decision on a case.
OFFICIALS = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.TREASURER, Role.CASHIER, Role.COUNTY_ADMIN})
_GENERAL = re.compile(r"§ 35a (?:Thür)?VwVfG i\. ?V\. ?m\. (?:§|Art\.|Satzung).+")
# What each regime's norm must look like. § 35a permits nothing itself: it asks for a further norm that does.
NORMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "AO": (re.compile(r"§ 155 Abs\. 4 AO\b.*"), "§ 155 Abs. 4 AO"),
    "SGB_X": (re.compile(r"§ 31a SGB X\b.*"), "§ 31a SGB X"),
    "ThürVwVfG": (_GENERAL, "§ 35a ThürVwVfG i. V. m. § …"),
    "AufenthG": (_GENERAL, "§ 35a VwVfG i. V. m. § …"),
    "BauGB": (_GENERAL, "§ 35a ThürVwVfG i. V. m. § …"),
}
_THROWN = ("error", "escalation")


LetterOf = Callable[[str], Mapping[str, Any] | None]


def check_automatic(manifest: Manifest, plan: Plan, letter_of: LetterOf) -> Iterator[FieldError]:
    """Notices on a way without an official, where the norm or the exit for individual circumstances is missing."""
    notices = {name for name, element in plan.elements.items() if is_decision(element, letter_of)}
    automatic = sorted(unattended(plan) & notices)
    if not automatic:
        return
    if manifest.automatic_decision_norm is None:
        message = _("Ein Weg führt ohne Entscheidung eines Menschen hierher; dafür fehlt die Norm.")
        yield from (FieldError(name, "AUTOMATIC_DECISION", message) for name in automatic)
        return
    pattern, expected = NORMS[manifest.regime]
    if not pattern.fullmatch(manifest.automatic_decision_norm):
        german = _("Diese Norm lässt hier keine automatische Entscheidung zu; erwartet: {norm}")
        yield FieldError("automatic_decision_norm", "AUTOMATIC_NORM", german.format(norm=expected))
    yield from _exit_problems(manifest.automatic_decision_exit, plan, notices)


def is_decision(element: Element, letter_of: LetterOf) -> bool:
    """Whether the element issues an act: what its letter is decides, not what the operation is called."""
    kind = (letter_of(element.attributes.get("letter", "")) or {}).get("kind", "LETTER")
    operation = element.attributes.get("operation")
    return operation == "notice" or (operation == "letter" and kind != "LETTER")


def _exit_problems(name: str | None, plan: Plan, notices: set[str]) -> Iterator[FieldError]:
    element = plan.elements.get(name or "")
    if element is None or element.behaviour not in (Behaviour.EXCLUSIVE, Behaviour.INCLUSIVE):
        message = _("Wo ein Fall mit besonderen Umständen zu einem Menschen geht, muss ein Gateway benannt sein.")
        yield FieldError("automatic_decision_exit", "AUTOMATIC_EXIT", message)
        return
    for missed in sorted(unattended(plan, without=element.element_id) & notices):
        yield FieldError(missed, "AUTOMATIC_EXIT", _("Ein Weg führt am Ausgang für besondere Umstände vorbei hierher."))
    if not any(_leads_to_official(plan, flow.target, notices) for flow in element.outgoing):
        message = _("Von diesem Ausgang führt kein Weg zur Aufgabe eines Amtsträgers.")
        yield FieldError(element.element_id, "AUTOMATIC_EXIT", message)


def _leads_to_official(plan: Plan, start: str, notices: set[str]) -> bool:
    """Whether an official's task comes on this way before any notice."""
    search = _Search(plan, None, notices)
    search.reach(start)
    return any(is_official(plan.elements[name]) for name in search.run())


def unattended(plan: Plan, without: str | None = None) -> frozenset[str]:
    """The elements that a case can reach before any official has completed a task; none past `without`."""
    search = _Search(plan, without, ())
    search.enter(plan.process_id)
    return search.run()


def is_official(element: Element) -> bool:
    """Whether a person who decides for the county surely acts here."""
    return (
        element.behaviour is Behaviour.TASK
        and element.attributes.get("role") in OFFICIALS
        and not _may_be_none(element)
    )


def _may_be_none(element: Element) -> bool:
    """A repeated task over an empty collection is done by nobody; only a fixed number of 1 or more is sure."""
    if element.multi is None:
        return False
    cardinality = element.multi.cardinality
    if cardinality is None or cardinality.names:
        return True
    try:
        return not cardinality({}) >= 1
    except (FeelError, TypeError):
        return True


@dataclass
class _Search:
    """Least fixpoint over flows: a parallel join is reached when all its flows are, everything else by one."""

    plan: Plan
    without: str | None
    stops: Iterable[str]
    reached: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    pending: list[str] = field(default_factory=list)

    def run(self) -> frozenset[str]:
        while self.pending:
            element = self.plan.elements[self.pending.pop()]
            if element.element_id not in (self.without, *self.stops):
                self._pass(element)
        return frozenset(self.reached - {self.without})

    def reach(self, name: str) -> None:
        if name not in self.reached:
            self.reached.add(name)
            self.pending.append(name)

    def enter(self, container_id: str) -> None:
        """Its starts, and its event sub-processes, which may be triggered at once, but for those of what it throws."""
        container = self.plan.containers[container_id]
        for name in container.starts:
            self.reach(name)
        for name in container.event_sub_processes:
            if not any(event.type in _THROWN for event in self._triggers(name)):
                self.reach(name)

    def _triggers(self, event_sub_process: str) -> list[EventDefinition]:
        starts = (self.plan.elements[name] for name in self.plan.containers[event_sub_process].starts)
        return [start.event for start in starts if start.event]

    def _pass(self, element: Element) -> None:
        for name in element.boundaries:
            if not self._is_thrown_inside(element, self.plan.elements[name]):
                self.reach(name)
        if element.element_id in self.plan.containers:
            self.enter(element.element_id)
            if _may_be_none(element):
                self._leave(element)
        elif not is_official(element):
            self._throw(element)
            self._leave(element)

    def _is_thrown_inside(self, host: Element, boundary: Element) -> bool:
        """Errors and escalations of a sub-process come from elements in it: `_throw` brings them."""
        thrown = boundary.event is not None and boundary.event.type in _THROWN
        return thrown and host.element_id in self.plan.containers

    def _leave(self, element: Element) -> None:
        for flow in element.outgoing:
            self.flows.add(flow.flow_id)
            target = self.plan.elements[flow.target]
            joins = target.behaviour is Behaviour.PARALLEL
            if not joins or all(incoming.flow_id in self.flows for incoming in target.incoming):
                self.reach(flow.target)
        if element.kind == "endEvent" and not (element.event and element.event.type == "error"):
            self._complete(element.container)

    def _complete(self, container_id: str) -> None:
        """An end in a sub-process leads past it; an end in an event sub-process past what encloses it."""
        host = self.plan.elements.get(container_id)
        if host is None:
            return
        self._leave(host)
        if not host.outgoing and host.kind != "endEvent":
            self._complete(host.container)

    def _throw(self, element: Element) -> None:
        thrown = element.event
        if thrown is None or thrown.type not in _THROWN or element.behaviour in (Behaviour.BOUNDARY, Behaviour.START):
            return
        container_id: str | None = element.container
        while container_id is not None:
            for name in self.plan.containers[container_id].event_sub_processes:
                if any(_catches(event, thrown) for event in self._triggers(name)):
                    self.reach(name)
            host = self.plan.elements.get(container_id)
            for name in host.boundaries if host else ():
                caught = self.plan.elements[name].event
                if caught and _catches(caught, thrown):
                    self.reach(name)
            container_id = host.container if host else None


def _catches(caught: EventDefinition, thrown: EventDefinition) -> bool:
    return caught.type == thrown.type and caught.name in (None, thrown.name)
