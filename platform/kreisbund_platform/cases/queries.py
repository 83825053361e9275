"""SQL of the case tables. search_path is the county's own schema."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.pq.abc import PGresult
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.cases.models import Application, CaseRecord, Message, Note, Party, Task
from kreisbund_platform.cases.rows import HeldCase, HeldTask, read_case, read_task
from kreisbund_platform.database.prepared import Statement

Rows = Connection[Any]


def next_case_number(connection: Rows, year: int) -> int:
    """The year's next number; gapless because the counter's row stays locked until commit."""
    row = connection.execute(
        "INSERT INTO case_number_counter AS c (year, last_number) VALUES (%s, 1)"
        " ON CONFLICT (year) DO UPDATE SET last_number = c.last_number + 1 RETURNING last_number",
        (year,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def lock_case(connection: Rows, case_id: UUID) -> CaseRecord | None:
    """The case, locked until the transaction ends. Always the first lock of a durable step."""
    with connection.cursor(row_factory=class_row(CaseRecord)) as cursor:
        return cursor.execute("SELECT * FROM case_record WHERE id = %s FOR UPDATE", (case_id,)).fetchone()


def case_of_application(connection: Rows, application_id: UUID) -> Application | None:
    """The application by its id."""
    with connection.cursor(row_factory=class_row(Application)) as cursor:
        return cursor.execute("SELECT * FROM application WHERE id = %s", (application_id,)).fetchone()


def application_of_case(connection: Rows, case_id: UUID) -> Application | None:
    """The application that opened a case, if one did."""
    with connection.cursor(row_factory=class_row(Application)) as cursor:
        return cursor.execute("SELECT * FROM application WHERE case_id = %s", (case_id,)).fetchone()


def task(connection: Rows, task_id: UUID) -> Task | None:
    """One task."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        return cursor.execute("SELECT * FROM task WHERE id = %s", (task_id,)).fetchone()


def open_tasks(connection: Rows, case_id: UUID) -> list[Task]:
    """The open and claimed tasks of a case."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        sql = "SELECT * FROM task WHERE case_id = %s AND status IN ('OPEN', 'CLAIMED') ORDER BY created_at, token"
        return cursor.execute(sql, (case_id,)).fetchall()


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case's row, locked, and what lies beside it: open tasks, its applicant's subject, local feast days."""

    case: HeldCase
    tasks: list[HeldTask]
    applicant_subject: str | None
    local_feasts: Sequence[str]


HOLD_CASE = Statement("hold_case", "SELECT code.take_case($1, $2)")


def hold_case(connection: Rows, case_id: UUID) -> LockedCase | None:
    """A case for a step, locked until the transaction ends. Always the first lock of a durable step."""
    return _locked_case(HOLD_CASE.run(connection, case_id, None))


def hold_case_of_task(connection: Rows, task_id: UUID) -> LockedCase | None:
    """The case of a task, as `hold_case`; the task asked for is among its tasks, whatever its status."""
    return _locked_case(HOLD_CASE.run(connection, None, task_id))


def _locked_case(found: PGresult) -> LockedCase | None:
    value = found.get_value(0, 0)
    if value is None:
        return None
    held = orjson.loads(value)
    return LockedCase(
        read_case(held["case"]),
        [read_task(task) for task in held["tasks"] or ()],
        held["applicant_subject"],
        held["local_feasts"] or (),
    )


COMPLETE_TASK = Statement("complete_task", "SELECT code.finish_task($1, $2, $3)")


def complete_task(connection: Rows, task_id: UUID, actor: str, at: datetime) -> None:
    """A held task is done, and all that its token waited for. Sent ahead: written while the engine moves the case."""
    COMPLETE_TASK.send(connection, task_id, actor, at)


@dataclass(frozen=True)
class StepRecord:
    """What one durable step writes. `changes`: lists by name, see migration 0004; `task_id`: whose event it is."""

    case: HeldCase
    data_changed: bool
    changes: Mapping[str, Any]
    event_id: UUID
    at: datetime
    type: str
    actor: str | None
    task_id: UUID | None
    body: bytes


RECORD_STEP = Statement(
    "record_step",
    "SELECT code.write_step($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
)


def record_step(connection: Rows, step: StepRecord) -> None:
    """Writes a step and its chained event in one statement; the last write of a transaction, sent with what follows."""
    case = step.case
    RECORD_STEP.owe(
        connection,
        *(case.id, case.version, case.status, orjson.dumps(case.state)),
        orjson.dumps(case.data) if step.data_changed else None,
        *(case.due_at, case.next_step, case.next_step_by, case.decided_at, case.closed_at, None),
        orjson.dumps(step.changes) if step.changes else None,
        *(step.at, step.event_id, step.type, step.actor, step.task_id, step.body),
    )


def parties(connection: Rows, case_id: UUID) -> list[Party]:
    """The parties of a case, the applicant first."""
    with connection.cursor(row_factory=class_row(Party)) as cursor:
        return cursor.execute("SELECT * FROM party WHERE case_id = %s ORDER BY position", (case_id,)).fetchall()


def insert_case(connection: Rows, case: CaseRecord) -> None:
    """A new case."""
    connection.execute(
        "INSERT INTO case_record (id, case_number, status, version, channel, template_id, template_version_id, unit_id,"
        " applicant_name, data, state, received_at, received_on, opened_at, due_at, next_step, next_step_by,"
        " decided_at, closed_at, municipality_key, variant_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            case.id, case.case_number, case.status, case.version, case.channel, case.template_id,
            case.template_version_id, case.unit_id, case.applicant_name, Json(case.data), Json(case.state),
            case.received_at, case.received_on, case.opened_at, case.due_at, case.next_step, case.next_step_by,
            case.decided_at, case.closed_at, case.municipality_key, case.variant_id,
        ),
    )  # fmt: skip


def insert_application(connection: Rows, application: Application) -> None:
    """A new application."""
    connection.execute(
        "INSERT INTO application (id, case_id, version, submitted_at, applicant_subject, status_secret_hash)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (
            application.id, application.case_id, application.version, application.submitted_at,
            application.applicant_subject, application.status_secret_hash,
        ),
    )  # fmt: skip


def withdraw_application(connection: Rows, application_id: UUID, at: datetime, reason: str | None) -> None:
    """Marks an application withdrawn and raises its version."""
    connection.execute(
        "UPDATE application SET version = version + 1, withdrawn_at = %s, withdrawal_reason = %s WHERE id = %s",
        (at, reason, application_id),
    )


def insert_parties(connection: Rows, rows: Sequence[Party]) -> None:
    """The parties of a new case."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO party (id, case_id, role, kind, name, subject, address, represents, position)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (p.id, p.case_id, p.role, p.kind, p.name, p.subject, Json(p.address) if p.address else None,
                 p.represents, p.position)
                for p in rows
            ],
        )  # fmt: skip


def set_status(connection: Rows, case_id: UUID, status: str) -> None:
    """The status of a locked case, outside of a step."""
    connection.execute("UPDATE case_record SET status = %s WHERE id = %s", (status, case_id))


def set_assignee(connection: Rows, task_id: UUID, assignee: str | None) -> None:
    """Claims or releases a locked task."""
    connection.execute(
        "UPDATE task SET status = %s, assignee = %s, version = version + 1 WHERE id = %s",
        ("CLAIMED" if assignee else "OPEN", assignee, task_id),
    )


def insert_note(connection: Rows, note: Note) -> None:
    """A note."""
    connection.execute(
        "INSERT INTO note (id, case_id, event_id, author, text, written_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (note.id, note.case_id, note.event_id, note.author, note.text, note.written_at),
    )


def set_file_reference(connection: Rows, case_id: UUID, file_reference: str) -> int:
    """Answers the case's new version."""
    row = connection.execute(
        "UPDATE case_record SET file_reference = %s, version = version + 1 WHERE id = %s RETURNING version",
        (file_reference, case_id),
    ).fetchone()
    assert row is not None, "locked before"
    return int(row[0])


def mark_messages_read(connection: Rows, cases: Collection[UUID], direction: str, subject: str, now: datetime) -> None:
    """The first time only; what goes to an applicant is read by that applicant alone."""
    connection.execute(
        "UPDATE message m SET read_at = %(now)s WHERE case_id = ANY(%(cases)s) AND direction = %(direction)s"
        " AND read_at IS NULL AND (direction = 'FROM_APPLICANT' OR EXISTS (SELECT 1 FROM application o"
        " WHERE o.case_id = m.case_id AND o.applicant_subject = %(subject)s))",
        {"now": now, "cases": list(cases), "direction": direction, "subject": subject},
    )


def insert_message(connection: Rows, message: Message) -> None:
    """A message."""
    connection.execute(
        "INSERT INTO message (id, case_id, direction, author, subject, text, sent_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            message.id, message.case_id, message.direction, message.author, message.subject, message.text,
            message.sent_at,
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class GuestApplication:
    """What is needed to check a guest's secret."""

    id: UUID
    case_id: UUID
    status_secret_hash: bytes | None
    status_tries: int
    status_locked_until: datetime | None


def lock_guest_application(connection: Rows, case_number: str) -> GuestApplication | None:
    """The guest's application by its number, locked while a try is counted."""
    with connection.cursor(row_factory=class_row(GuestApplication)) as cursor:
        return cursor.execute(
            "SELECT a.id, a.case_id, a.status_secret_hash, a.status_tries, a.status_locked_until FROM application a"
            " JOIN case_record c ON c.id = a.case_id WHERE c.case_number = %s AND a.status_secret_hash IS NOT NULL"
            " FOR UPDATE OF a",
            (case_number,),
        ).fetchone()


def count_try(connection: Rows, application_id: UUID, tries: int, locked_until: datetime | None) -> None:
    """Remembers how often a wrong secret was given."""
    connection.execute(
        "UPDATE application SET status_tries = %s, status_locked_until = %s WHERE id = %s",
        (tries, locked_until, application_id),
    )


def unit_for(connection: Rows, tenant_id: UUID, template_slug: str) -> UUID | None:
    """The unit of the county that works on a template."""
    row = connection.execute(
        "SELECT id FROM shared.unit WHERE tenant_id = %s AND %s = ANY(responsible_for) ORDER BY slug LIMIT 1",
        (tenant_id, template_slug),
    ).fetchone()
    return row[0] if row else None


def municipality(connection: Rows, tenant_id: UUID, name: str) -> tuple[str, list[str]] | None:
    """Regional key and local feast days of a municipality of the county, by its name."""
    row = connection.execute(
        "SELECT regional_key, local_holidays FROM shared.municipality WHERE tenant_id = %s AND lower(name) = lower(%s)",
        (tenant_id, name),
    ).fetchone()
    return (row[0], list(row[1])) if row else None


def version_health(connection: Rows, version_id: UUID, now: datetime) -> tuple[int, int, int]:
    """Cases that run or ran on a version, those that stand at an incident or a failing timer, those overdue."""
    row = connection.execute(
        "SELECT count(*)::integer, (count(*) FILTER (WHERE EXISTS (SELECT 1 FROM incident i WHERE i.case_id = c.id"
        " AND i.resolved_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM timer t WHERE t.case_id = c.id AND t.attempts > 2)))::integer,"
        " (count(*) FILTER (WHERE c.due_at < %s))::integer FROM case_record c WHERE c.template_version_id = %s",
        (now, version_id),
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
