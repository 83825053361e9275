"""The durable step: one event moves a case, and everything that follows is written in one transaction.

`settle` asks the pure engine where the tokens go and does what service tasks do; `record` (recording.py) writes
case, tasks, waits, the outbox and, last, the chained event. A service task whose work fails does not stop the step:
its token stays, and the worker tries again (waits/jobs.py).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from kreisbund_platform import telemetry
from kreisbund_platform.cases import operations
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine import advance as engine
from kreisbund_platform.identity.context import WorkContext

UNDECIDED = frozenset({"SUBMITTED", "IN_PROGRESS", "WAITING"})


@dataclass
class Settled:
    """Where an event led: the engine's new state and what is to be written."""

    state: dict[str, Any]
    variables: dict[str, Any]
    data_changed: bool = False
    opened: dict[int, engine.TaskOpened] = field(default_factory=dict)
    cancelled: list[int] = field(default_factory=list)
    timers: dict[tuple[int, str], datetime] = field(default_factory=dict)
    timers_cleared: list[tuple[int, str | None]] = field(default_factory=list)
    subscriptions: list[engine.SubscriptionOpened] = field(default_factory=list)
    subscriptions_closed: list[int] = field(default_factory=list)
    failed_jobs: dict[int, str] = field(default_factory=dict)  # token → element id
    jobs_closed: list[int] = field(default_factory=list)
    incidents: dict[int, engine.IncidentRaised] = field(default_factory=dict)
    incidents_closed: list[int] = field(default_factory=list)
    sent: list[operations.Sent] = field(default_factory=list)
    decisions: list[UUID] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    ended: bool = False


def settle(work: WorkContext, held: Held, event: engine.Event) -> Settled:
    """Runs the event and every service task behind it until all tokens rest.

    Raises StaleToken or EngineFault (engine/advance.py) where the model cannot take the event.
    """
    settled = Settled(state=held.case.state, variables=held.case.data or {})
    now = work.clock.now().astimezone(BERLIN)
    pending = deque([event])
    while pending:
        step = engine.advance(held.template.plan, settled.state, settled.variables, pending.popleft(), now)
        settled.state = step.state
        if step.variables is not None:
            settled.variables, settled.data_changed = step.variables, True
        for effect in step.effects:
            if isinstance(effect, engine.JobRequested):
                if _done(work, held, settled, effect):
                    pending.append(engine.JobCompleted(effect.token, {}))
            else:
                _note(settled, effect)
    return settled


def _done(work: WorkContext, held: Held, settled: Settled, job: engine.JobRequested) -> bool:
    element = held.template.plan.elements[job.element_id]
    try:
        done = operations.perform(work, held, element, settled.variables)
    except operations.OperationFailedError as failure:
        telemetry.log("job_failed", problem=failure, case=held.case.id, element=job.element_id)
        settled.failed_jobs[job.token] = job.element_id
        return False
    settled.decisions += done.decisions
    settled.sent += done.sent
    return True


def _note(settled: Settled, effect: engine.Effect) -> None:
    """Keeps what is to be written; what a step opens and closes again is never written."""
    note = NOTES.get(type(effect))
    if note:
        note(settled, effect)


def _task_closed(settled: Settled, effect: engine.TaskClosed) -> None:
    if settled.opened.pop(effect.token, None) is None and effect.reason == "cancelled":
        settled.cancelled.append(effect.token)


def _timer_set(settled: Settled, effect: engine.TimerSet) -> None:
    settled.timers[effect.token, effect.element_id] = effect.due_at


def _timer_cleared(settled: Settled, effect: engine.TimerCleared) -> None:
    token, element_id = effect.token, effect.element_id
    for key in [key for key in settled.timers if key[0] == token and element_id in (None, key[1])]:
        del settled.timers[key]
    settled.timers_cleared.append((token, element_id))


def _subscription_closed(settled: Settled, effect: engine.SubscriptionClosed) -> None:
    settled.subscriptions = [other for other in settled.subscriptions if other.token != effect.token]
    settled.subscriptions_closed.append(effect.token)


def _job_closed(settled: Settled, effect: engine.JobClosed) -> None:
    if settled.failed_jobs.pop(effect.token, None) is None and effect.reason == "cancelled":
        settled.jobs_closed.append(effect.token)


def _incident_closed(settled: Settled, effect: engine.IncidentClosed) -> None:
    if settled.incidents.pop(effect.token, None) is None:
        settled.incidents_closed.append(effect.token)


def _ended(settled: Settled, _effect: engine.Ended) -> None:
    settled.ended = True


NOTES: Mapping[type[engine.Effect], Callable[[Settled, Any], None]] = {
    engine.Passed: lambda settled, effect: settled.passed.append(effect.element_id),
    engine.TaskOpened: lambda settled, effect: settled.opened.update({effect.token: effect}),
    engine.TaskClosed: _task_closed,
    engine.TimerSet: _timer_set,
    engine.TimerCleared: _timer_cleared,
    engine.SubscriptionOpened: lambda settled, effect: settled.subscriptions.append(effect),
    engine.SubscriptionClosed: _subscription_closed,
    engine.JobClosed: _job_closed,
    engine.IncidentRaised: lambda settled, effect: settled.incidents.update({effect.token: effect}),
    engine.IncidentClosed: _incident_closed,
    engine.SignalThrown: lambda settled, effect: settled.sent.append(operations.Sent("signal", effect.name, None)),
    engine.Ended: _ended,
}
