"""Writes a settled step: one statement for all that changed, the chained event last."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from kreisbund_platform import ids, telemetry
from kreisbund_platform.cases import next_steps, queries
from kreisbund_platform.cases.deadlines import period_end
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.cases.rows import HeldCase, HeldTask, NewTask, OpenTask
from kreisbund_platform.cases.steps import UNDECIDED, Settled
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.advance import TaskOpened
from kreisbund_platform.identity.context import WorkContext

FIRST_RETRY = timedelta(seconds=10)
Codes = Mapping[str, object]  # str, int, bool or None


def record(
    work: WorkContext,
    held: Held,
    settled: Settled,
    *,
    type: str,
    completed: HeldTask | None = None,
    body: Codes | None = None,
    outbox: list[dict[str, Any]] | None = None,
) -> UUID:
    """Writes a step of a held case; answers the event's id. Mutates the case.

    `completed`: the task whose completion it is; it and what its token waited for are written already
    (`queries.complete_task`). `outbox`: further lines.
    """
    now = work.clock.now()
    case = held.case
    opened = [_task(held, effect, now) for effect in settled.opened.values()]
    still_open: list[OpenTask] = [*_left_open(held, settled, completed), *opened]
    case.version += 1
    case.state, case.data = settled.state, settled.variables
    lines = [*(outbox or ()), *_decided(case, settled, now)]
    _advance_status(case, settled, still_open, now)
    next_steps.tell(held, still_open, now)
    event_id = ids.new_id(ids.Kind.EVENT, now)
    changes = _changes(settled, opened, lines, now, completed.token if completed else None)
    work.left.from_on(_left_from(changes, now))
    queries.record_step(
        work.connection,
        queries.StepRecord(
            case=case,
            data_changed=settled.data_changed,
            changes=changes,
            event_id=event_id,
            at=now,
            type=type,
            actor=work.principal.subject if work.principal else None,
            task_id=completed.id if completed else None,
            body=_body(case, settled, body),
        ),
    )
    telemetry.durable_steps.add(1, {"type": type})
    return event_id


def _left_open(held: Held, settled: Settled, completed: HeldTask | None) -> list[HeldTask]:
    return [
        task
        for task in held.tasks
        if task.status in ("OPEN", "CLAIMED")
        and task.token not in settled.cancelled
        and (completed is None or task.id != completed.id)
    ]


def _task(held: Held, opened: TaskOpened, now: datetime) -> NewTask:
    element = held.template.plan.elements[opened.element_id]
    role = element.attributes["role"]
    due_on, due_at = period_end(now, held.calendar, element.attributes.get("due"))
    return NewTask(
        id=ids.new_id(ids.Kind.TASK, now),
        token=opened.token,
        element_id=opened.element_id,
        name=element.name or opened.element_id,
        role=role,
        unit_id=None if role == "citizen" else held.case.unit_id,
        form_id=element.attributes.get("form"),
        due_at=due_at,
        due_on=due_on,
        instance=opened.instance,
    )


def _changes(
    settled: Settled, opened: list[NewTask], outbox: list[dict[str, Any]], now: datetime, done: int | None
) -> dict[str, Any]:
    """Only lists that hold something, named as `write_step_changes` names them. `done`: a closed token."""
    lists: dict[str, list[Any]] = {
        "cancelled": settled.cancelled,
        "tasks": opened,
        "timers_cleared": [{"token": t, "element_id": at} for t, at in settled.timers_cleared if t != done],
        "timers": [{"token": t, "element_id": at, "due_at": due} for (t, at), due in settled.timers.items()],
        "subscriptions_closed": [token for token in settled.subscriptions_closed if token != done],
        "subscriptions": [
            {"token": s.token, "element_id": s.element_id, "name": s.name, "kind": s.kind, "correlation_key": s.key}
            for s in settled.subscriptions
        ],
        "jobs_closed": settled.jobs_closed,
        "jobs": [
            {"token": token, "element_id": at, "attempts": 1, "due_at": now + FIRST_RETRY}
            for token, at in settled.failed_jobs.items()
        ],
        "incidents_closed": settled.incidents_closed,
        "incidents": [
            {"id": ids.new_id(ids.Kind.INCIDENT, now), "token": token, "element_id": i.element_id, "reason": i.reason}
            for token, i in settled.incidents.items()
        ],
        "sent": [{"kind": s.kind, "name": s.name, "correlation_key": s.key} for s in settled.sent],
        "outbox": outbox,
    }
    return {name: rows for name, rows in lists.items() if rows}


def _left_from(changes: Mapping[str, list[Any]], now: datetime) -> datetime | None:
    """From when on the worker has something to do after this step."""
    waits = [line["due_at"] for name in ("timers", "jobs") for line in changes.get(name, ())]
    if "outbox" in changes or "sent" in changes:
        waits.append(now)
    return min(waits, default=None)


def _decided(case: HeldCase, settled: Settled, now: datetime) -> list[dict[str, Any]]:
    """The line for the dashboard when the case gets its first decision."""
    if not settled.decisions or case.decided_at is not None:
        return []
    case.decided_at = now
    month = now.astimezone(BERLIN).date().replace(day=1)
    return [{"topic": "decision", "payload": {"month": month.isoformat()}}]


def _advance_status(case: HeldCase, settled: Settled, still_open: Sequence[OpenTask], now: datetime) -> None:
    if case.status in ("WITHDRAWN", "TRANSFERRED"):
        case.closed_at = now
    elif settled.ended:
        case.status, case.closed_at = "CLOSED", now
    elif case.decided_at is not None:
        case.status = "DECIDED"
    else:
        case.status = _working_status(case, still_open)
    due = [task.due_at for task in still_open if task.due_at]
    case.due_at = min(due) if due and case.status in UNDECIDED else None


def _working_status(case: HeldCase, still_open: Sequence[OpenTask]) -> str:
    if not any(task.role != "citizen" for task in still_open):
        return "WAITING"
    return "SUBMITTED" if case.version == 1 else "IN_PROGRESS"


def _body(case: HeldCase, settled: Settled, body: Codes | None) -> bytes:
    """Codes and ids only; the event stands for ever."""
    written = {
        **(body or {}),
        "status": case.status,
        "passed": settled.passed,
        "decisions": [str(decision) for decision in settled.decisions],
    }
    return orjson.dumps(written, option=orjson.OPT_SORT_KEYS)
