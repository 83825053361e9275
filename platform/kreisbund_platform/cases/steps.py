"""The durable step: one event moves a case, and everything that follows is written in one transaction.

`settle` asks the pure engine where the tokens go and does what service tasks do; `record` writes case, tasks,
timers, the outbox and, last, the chained event.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from kreisbund_platform import ids, telemetry
from kreisbund_platform.audit import log
from kreisbund_platform.cases import next_steps, operations, queries
from kreisbund_platform.cases.deadlines import period_end
from kreisbund_platform.cases.models import CaseRecord, Task
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import Element
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate

UNDECIDED = frozenset({"SUBMITTED", "IN_PROGRESS", "WAITING"})


@dataclass
class Settled:
    """Where an event led: the engine's new state and what is to be written."""

    state: dict[str, Any]
    variables: dict[str, Any]
    opened: dict[int, str] = field(default_factory=dict)  # token → element id of a task
    cancelled: list[int] = field(default_factory=list)
    timers: dict[tuple[int, str], datetime] = field(default_factory=dict)
    timers_cleared: list[tuple[int, str | None]] = field(default_factory=list)
    subscriptions: list[tuple[int, str, str]] = field(default_factory=list)
    subscriptions_closed: list[int] = field(default_factory=list)
    decisions: list[UUID] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    ended: bool = False


def settle(work: WorkContext, case: CaseRecord, template: LoadedTemplate, event: engine.Event) -> Settled:
    """Runs the event and every service task behind it until all tokens rest.

    Raises StaleToken or EngineFault (engine/advance.py) where the model cannot take the event.
    """
    settled = Settled(state=case.state, variables=case.data or {})
    pending = deque([event])
    while pending:
        step = engine.advance(
            template.plan, settled.state, settled.variables, pending.popleft(), work.clock.now().astimezone(BERLIN)
        )
        settled.state = dict(step.state)
        if step.variables is not None:
            settled.variables = dict(step.variables)
        for effect in step.effects:
            if isinstance(effect, engine.JobRequested):
                element = template.plan.elements[effect.element_id]
                decision = operations.perform(work, case, template, element, settled.variables)
                if decision:
                    settled.decisions.append(decision)
                pending.append(engine.JobCompleted(effect.token, {}))
            else:
                _note(settled, effect)
    return settled


def _note(settled: Settled, effect: engine.Effect) -> None:
    match effect:
        case engine.TaskOpened(token, element_id):
            settled.opened[token] = element_id
        case engine.TaskClosed(token, _, reason):
            if settled.opened.pop(token, None) is None and reason == "cancelled":
                settled.cancelled.append(token)
        case engine.TimerSet(token, element_id, due_at):
            settled.timers[token, element_id] = due_at
        case engine.TimerCleared(token, element_id):
            for key in [key for key in settled.timers if key[0] == token and element_id in (None, key[1])]:
                del settled.timers[key]
            settled.timers_cleared.append((token, element_id))
        case engine.SubscriptionOpened(token, element_id, name):
            settled.subscriptions.append((token, element_id, name))
        case engine.SubscriptionClosed(token):
            settled.subscriptions = [s for s in settled.subscriptions if s[0] != token]
            settled.subscriptions_closed.append(token)
        case engine.Passed(element_id):
            settled.passed.append(element_id)
        case engine.Ended():
            settled.ended = True
        case _:
            pass


def record(
    work: WorkContext,
    case: CaseRecord,
    template: LoadedTemplate,
    settled: Settled,
    *,
    type: str,
    task_id: UUID | None = None,
    body: Mapping[str, str | int | bool | None] | None = None,
) -> UUID:
    """Writes a settled step to a locked case, its event last; answers the event's id. Mutates `case`."""
    now = work.clock.now()
    _write_tokens(work, case, settled, now)
    tasks = [_task(work, case, template, token, element_id) for token, element_id in settled.opened.items()]
    queries.insert_tasks(work.connection, tasks)
    still_open = queries.open_tasks(work.connection, case.id)
    case.version += 1
    case.state, case.data = settled.state, settled.variables
    _advance_status(work, case, settled, still_open)
    next_steps.tell(work, case, template, still_open)
    queries.update_case(work.connection, case)
    telemetry.durable_steps.add(1, {"type": type})
    passed: list[str] = settled.passed
    return log.append(
        work,
        type=type,
        case_id=case.id,
        case_version=case.version,
        task_id=task_id,
        body={
            **(body or {}),
            "status": case.status,
            "passed": passed,
            "decisions": [str(d) for d in settled.decisions],
        },
    )


def _write_tokens(work: WorkContext, case: CaseRecord, settled: Settled, now: datetime) -> None:
    connection = work.connection
    if settled.cancelled:
        queries.cancel_tasks(connection, case.id, settled.cancelled, now)
    if settled.timers_cleared:
        queries.clear_timers(connection, case.id, settled.timers_cleared)
    queries.set_timers(connection, case.id, [(*key, due) for key, due in settled.timers.items()])
    if settled.subscriptions_closed:
        queries.close_subscriptions(connection, case.id, settled.subscriptions_closed)
    queries.open_subscriptions(connection, case.id, settled.subscriptions)


def _task(work: WorkContext, case: CaseRecord, template: LoadedTemplate, token: int, element_id: str) -> Task:
    element: Element = template.plan.elements[element_id]
    now = work.clock.now()
    due_on, due_at = period_end(work, case, element.attributes.get("due"))
    return Task(
        id=ids.new_id(ids.Kind.TASK, now),
        case_id=case.id,
        token=token,
        element_id=element_id,
        name=element.name or element_id,
        status="OPEN",
        version=1,
        role=element.attributes["role"],
        unit_id=None if element.attributes["role"] == "citizen" else case.unit_id,
        form_id=element.attributes.get("form"),
        due_at=due_at,
        due_on=due_on,
        created_at=now,
    )


def _advance_status(work: WorkContext, case: CaseRecord, settled: Settled, still_open: list[Task]) -> None:
    now = work.clock.now()
    if settled.decisions and case.decided_at is None:
        case.decided_at = now
        month = now.astimezone(BERLIN).date().replace(day=1)
        queries.emit(work.connection, "decision", {"month": month.isoformat()}, now)
    if case.status == "WITHDRAWN":
        case.closed_at = now
    elif settled.ended:
        case.status, case.closed_at = "CLOSED", now
    elif case.decided_at is not None:
        case.status = "DECIDED"
    else:
        case.status = _working_status(case, still_open)
    due = [task.due_at for task in still_open if task.due_at]
    case.due_at = min(due) if due and case.status in UNDECIDED else None


def _working_status(case: CaseRecord, still_open: list[Task]) -> str:
    if not any(task.role != "citizen" for task in still_open):
        return "WAITING"
    return "SUBMITTED" if case.version == 1 else "IN_PROGRESS"
