"""Given cases run through a file's processes, alone and by the clock of their own timers.

Tasks complete in the order in which they were opened; a thrown message or signal reaches who waits for it, or starts a
process of the same file; a timer fires, the earliest first, when nothing else can happen.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import Behaviour, Element, Plan
from kreisbund_tenants.conformance.bpmn_mail import Mail

MOST_STEPS = 5_000
_BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)
_NOT_RUN = ("scriptTask", "businessRuleTask")
_THROWING = ("intermediateThrowEvent", "endEvent")


@dataclass
class _Running:
    """One process that runs."""

    plan: Plan
    state: dict[str, Any]
    variables: dict[str, Any]
    faulty: bool = False


@dataclass(frozen=True)
class _Thrown:
    """A message or signal on its way.

    A message may be meant for one element by a message flow; a signal has been heard where it was thrown.
    """

    kind: str
    name: str
    target: str | None = None
    heard_in: "_Running | None" = None


@dataclass
class Outcome:
    """`trace` holds ids of activities as they were completed."""

    completed: str = "stuck"
    trace: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As the contract has it."""
        return {"completed": self.completed, "trace": self.trace}


def run_case(plans: Mapping[str, Plan], mail: Mail, process: str, variables: dict[str, Any]) -> Outcome:
    """Runs one process of the file."""
    return _World(plans, mail).run(process, variables)


class _World:
    """All that runs because of one case."""

    def __init__(self, plans: Mapping[str, Plan], mail: Mail) -> None:
        self.plans = {name: _with_waiting_tasks(plan) for name, plan in plans.items()}
        self.mail = mail
        self.running: list[_Running] = []
        self.work: deque[tuple[_Running, int, str]] = deque()
        self.timers: list[tuple[datetime, int, _Running, int, str]] = []
        self.thrown: deque[_Thrown] = deque()
        self.kept: list[_Thrown] = []
        self.now, self.count = _BEGIN, 0
        self.outcome = Outcome()

    def run(self, process: str, variables: dict[str, Any]) -> Outcome:
        plan = self.plans[process]
        first = self._start(plan, variables, _plain_start(plan))
        for _step in range(MOST_STEPS):
            if not (self._deliver() or self._do_work() or self._fire_a_timer()):
                break
        if first.state["ended"]:
            self.outcome.completed = "completed"
        elif first.faulty or first.state.get("incidents"):
            self.outcome.completed = "incident"
        return self.outcome

    def _start(self, plan: Plan, variables: dict[str, Any], start_event: str | None) -> _Running:
        running = _Running(plan, engine.initial_state(), {})
        self.running.append(running)
        if plan.elements:
            self._step(running, engine.Start(variables, start_event))
        else:
            running.state = {**running.state, "ended": True}
        return running

    # --- one event

    def _step(self, running: _Running, event: engine.Event) -> bool:
        """False where the event comes too late, or leads into a loop without a wait state."""
        try:
            step = engine.advance(running.plan, running.state, running.variables, event, self.now)
        except engine.StaleToken:
            return False
        except engine.EngineFault:
            running.faulty = True
            return False
        running.state = step.state
        running.variables = running.variables if step.variables is None else step.variables
        for effect in step.effects:
            self._note(running, effect)
        return True

    def _note(self, running: _Running, effect: engine.Effect) -> None:
        match effect:
            case engine.Passed(element_id, instance):
                element = running.plan.elements[element_id]
                if _is_activity(element) and bool(element.multi) == bool(instance):
                    self.outcome.trace.append(_own_id(running.plan, element))
            case engine.TaskOpened(token, element_id):
                self.work.append((running, token, element_id))
            case engine.JobRequested(token, element_id):
                thrown_at_once = running.plan.elements[element_id].kind in _THROWING
                (self.work.appendleft if thrown_at_once else self.work.append)((running, token, element_id))
            case engine.SubscriptionOpened(token, element_id):
                if self._is_thrown_by_nobody(running, element_id):
                    self.work.append((running, token, element_id))
                self._take_kept(running.plan, running.plan.elements[element_id])
            case engine.TimerSet(token, element_id, due_at):
                self.count += 1
                self.timers.append((due_at, self.count, running, token, element_id))
            case engine.SignalThrown(_element_id, name):
                self.thrown.append(_Thrown("signal", name, heard_in=running))

    def _is_thrown_by_nobody(self, running: _Running, element_id: str) -> bool:
        """A receive task is a task: where nobody in the file sends its message it completes as reached."""
        if running.plan.elements[element_id].kind != "receiveTask":
            return False
        element = running.plan.elements[element_id]
        return (
            _own_id(running.plan, element) not in self.mail.flows.values()
            and _name(element) not in self.mail.sent.values()
        )

    # --- what can happen

    def _do_work(self) -> bool:
        if not self.work:
            return False
        running, token, element_id = self.work.popleft()
        element = running.plan.elements[element_id]
        done: dict[Behaviour, engine.Event] = {
            Behaviour.TASK: engine.TaskCompleted(token),
            Behaviour.JOB: engine.JobCompleted(token),
        }
        happened = self._step(running, done.get(element.behaviour, engine.MessageReceived(token, element_id)))
        own = _own_id(running.plan, element)
        if happened and own in self.mail.sent:
            self.thrown.append(_Thrown("message", self.mail.sent[own], self.mail.flows.get(own)))
        return True

    def _fire_a_timer(self) -> bool:
        if not self.timers:
            return False
        due = min(self.timers, key=lambda timer: timer[:2])
        self.timers.remove(due)
        due_at, _number, running, token, element_id = due
        if not running.state["ended"]:
            at = max(self.now, due_at)
            before, self.now = self.now, at
            if not self._step(running, engine.TimerFired(token, element_id)):
                self.now = before
        return True

    # --- messages and signals

    def _deliver(self) -> bool:
        if not self.thrown:
            return False
        thrown = self.thrown.popleft()
        waiting = [
            (running, token, element)
            for running in self.running
            for token, element in _waited_for(running)
            if _hears(running.plan, element, thrown) and thrown.heard_in is not running
        ]
        if thrown.kind == "signal":
            for running, token, element in waiting:
                self._step(running, engine.SignalReceived(token, element.element_id))
            self._start_others(thrown)
        elif not (self._first_to_take(waiting) or self._start_others(thrown)):
            self.kept.append(thrown)
        return True

    def _first_to_take(self, waiting: list[tuple[_Running, int, Element]]) -> bool:
        """A message goes to one only."""
        return any(
            self._step(running, engine.MessageReceived(token, element.element_id))
            for running, token, element in waiting
        )

    def _start_others(self, thrown: _Thrown) -> bool:
        started = False
        for plan in self.plans.values():
            for name in plan.containers[plan.process_id].starts:
                element = plan.elements[name]
                own = thrown.heard_in is not None and thrown.heard_in.plan is plan
                if _begins(plan, element, thrown) and not started and not own:
                    self._start(plan, {}, name)
                    started = thrown.kind == "message"
        return started

    def _take_kept(self, plan: Plan, element: Element) -> None:
        """A message that came before anybody waited for it."""
        for thrown in self.kept:
            if _hears(plan, element, thrown):
                self.kept.remove(thrown)
                self.thrown.append(thrown)
                return


def _plain_start(plan: Plan) -> str | None:
    """Of several start events the one without a trigger."""
    container = plan.containers[plan.process_id]
    plain = [name for name in container.starts if plan.elements[name].event is None]
    return next(iter([*plain, *container.starts]), None) if not container.implicit else None


def _with_waiting_tasks(plan: Plan) -> Plan:
    """Scripts are not run and rules not asked: they are completed in their turn like any other task."""
    elements = {
        name: replace(element, behaviour=Behaviour.TASK) if element.kind in _NOT_RUN else element
        for name, element in plan.elements.items()
    }
    return replace(plan, elements=MappingProxyType(elements))


def _waited_for(running: _Running) -> list[tuple[int, Element]]:
    """The events that tokens and listeners of a process wait for, the oldest first."""
    elements = running.plan.elements
    resting = {**running.state["tokens"], **running.state.get("listeners", {})}
    return [
        (int(token), elements[name])
        for token, entry in sorted(resting.items(), key=lambda item: int(item[0]))
        for name in (*elements[entry[0]].awaits, *elements[entry[0]].boundaries)
    ]


def _begins(plan: Plan, start: Element, thrown: _Thrown) -> bool:
    """A message flow may lead to a pool as a whole: to whatever message start it has."""
    whole = thrown.target == plan.process_id and start.event is not None and start.event.type == "message"
    return whole or _hears(plan, start, thrown)


def _hears(plan: Plan, element: Element, thrown: _Thrown) -> bool:
    if element.event is None or element.event.type != thrown.kind:
        return False
    return _own_id(plan, element) == thrown.target if thrown.target else _name(element) == thrown.name


def _name(element: Element) -> str:
    return (element.event and element.event.name) or element.element_id


def _is_activity(element: Element) -> bool:
    return element.kind.endswith("Task") or element.kind in ("task", "subProcess", "callActivity")


def _own_id(plan: Plan, element: Element) -> str:
    """The id in the file; a called process's elements carry the call's before it."""
    around = plan.elements.get(element.container)
    while around is not None and around.behaviour is not Behaviour.CALL:
        around = plan.elements.get(around.container)
    return element.element_id if around is None else element.element_id.removeprefix(f"{around.element_id}.")
