"""SQL of the case tables. search_path is the county's own schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.cases.models import Application, CaseRecord, Message, Note, Party, Task, Timer

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


def task(connection: Rows, task_id: UUID, *, lock: bool = False) -> Task | None:
    """One task; locked on demand (after its case)."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        end = " FOR UPDATE" if lock else ""
        return cursor.execute("SELECT * FROM task WHERE id = %s" + end, (task_id,)).fetchone()


def open_tasks(connection: Rows, case_id: UUID) -> list[Task]:
    """The open and claimed tasks of a case."""
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        sql = "SELECT * FROM task WHERE case_id = %s AND status IN ('OPEN', 'CLAIMED') ORDER BY created_at, id"
        return cursor.execute(sql, (case_id,)).fetchall()


def parties(connection: Rows, case_id: UUID) -> list[Party]:
    """The parties of a case, the applicant first."""
    with connection.cursor(row_factory=class_row(Party)) as cursor:
        return cursor.execute("SELECT * FROM party WHERE case_id = %s ORDER BY position", (case_id,)).fetchall()


def insert_case(connection: Rows, case: CaseRecord) -> None:
    """A new case."""
    connection.execute(
        "INSERT INTO case_record (id, case_number, status, version, channel, template_id, template_version_id, unit_id,"
        " applicant_name, data, state, received_at, received_on, opened_at, due_at, next_step, next_step_by,"
        " decided_at, closed_at, municipality_key) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
        " %s, %s, %s, %s, %s)",
        (
            case.id, case.case_number, case.status, case.version, case.channel, case.template_id,
            case.template_version_id, case.unit_id, case.applicant_name, Json(case.data), Json(case.state),
            case.received_at, case.received_on, case.opened_at, case.due_at, case.next_step, case.next_step_by,
            case.decided_at, case.closed_at, case.municipality_key,
        ),
    )  # fmt: skip


def update_case(connection: Rows, case: CaseRecord) -> None:
    """Writes what a durable step may change of a locked case."""
    connection.execute(
        "UPDATE case_record SET status = %s, version = %s, data = %s, state = %s, due_at = %s, next_step = %s,"
        " next_step_by = %s, decided_at = %s, closed_at = %s WHERE id = %s",
        (
            case.status, case.version, Json(case.data), Json(case.state), case.due_at, case.next_step,
            case.next_step_by, case.decided_at, case.closed_at, case.id,
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


def insert_tasks(connection: Rows, rows: Sequence[Task]) -> None:
    """Tasks that a step opened."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO task (id, case_id, token, element_id, name, status, version, role, unit_id, form_id, due_at,"
            " due_on, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (t.id, t.case_id, t.token, t.element_id, t.name, t.status, t.version, t.role, t.unit_id, t.form_id,
                 t.due_at, t.due_on, t.created_at)
                for t in rows
            ],
        )  # fmt: skip


def cancel_tasks(connection: Rows, case_id: UUID, tokens: Sequence[int], at: datetime) -> None:
    """Ends open tasks of tokens that the model took away."""
    connection.execute(
        "UPDATE task SET status = 'CANCELLED', version = version + 1, assignee = NULL, completed_at = %s"
        " WHERE case_id = %s AND token = ANY(%s) AND status IN ('OPEN', 'CLAIMED')",
        (at, case_id, list(tokens)),
    )


def set_assignee(connection: Rows, task_id: UUID, assignee: str | None) -> None:
    """Claims or releases a locked task."""
    connection.execute(
        "UPDATE task SET status = %s, assignee = %s, version = version + 1 WHERE id = %s",
        ("CLAIMED" if assignee else "OPEN", assignee, task_id),
    )


def complete_task(connection: Rows, task_id: UUID, subject: str, at: datetime) -> None:
    """Marks a locked task done."""
    connection.execute(
        "UPDATE task SET status = 'COMPLETED', version = version + 1, assignee = coalesce(assignee, %s),"
        " completed_at = %s, completed_by = %s WHERE id = %s",
        (subject, at, subject, task_id),
    )


def set_timers(connection: Rows, case_id: UUID, timers: Sequence[tuple[int, str, datetime]]) -> None:
    """Timers (token, element, due) that a step set; one that repeats moves."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO timer (case_id, token, element_id, due_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (case_id, token, element_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0",
            [(case_id, *timer) for timer in timers],
        )


def clear_timers(connection: Rows, case_id: UUID, cleared: Sequence[tuple[int, str | None]]) -> None:
    """Removes timers by token, or by token and element."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM timer WHERE case_id = %s AND token = %s AND element_id = coalesce(%s, element_id)",
            [(case_id, token, element) for token, element in cleared],
        )


def open_subscriptions(connection: Rows, case_id: UUID, opened: Sequence[tuple[int, str, str]]) -> None:
    """Messages (token, element, name) that a case now waits for."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO subscription (case_id, token, element_id, name) VALUES (%s, %s, %s, %s)",
            [(case_id, *subscription) for subscription in opened],
        )


def close_subscriptions(connection: Rows, case_id: UUID, tokens: Sequence[int]) -> None:
    """Messages of these tokens are no longer waited for."""
    connection.execute("DELETE FROM subscription WHERE case_id = %s AND token = ANY(%s)", (case_id, list(tokens)))


def due_timers(connection: Rows, now: datetime, limit: int) -> list[Timer]:
    """Timers that are due, the oldest first. Locks their cases, as every step does first; skips what others hold."""
    with connection.cursor(row_factory=class_row(Timer)) as cursor:
        sql = (
            "SELECT t.* FROM timer t JOIN case_record c ON c.id = t.case_id WHERE t.due_at <= %s"
            " ORDER BY t.due_at, t.case_id LIMIT %s FOR UPDATE OF c SKIP LOCKED"
        )
        return cursor.execute(sql, (now, limit)).fetchall()


def lock_timer(connection: Rows, timer: Timer) -> bool:
    """Whether the timer still stands, for the holder of its case's lock."""
    row = connection.execute(
        "SELECT 1 FROM timer WHERE case_id = %s AND token = %s AND element_id = %s AND due_at = %s",
        (timer.case_id, timer.token, timer.element_id, timer.due_at),
    ).fetchone()
    return row is not None


def postpone_timer(connection: Rows, timer: Timer, until: datetime) -> None:
    """A timer that failed is tried again later."""
    connection.execute(
        "UPDATE timer SET attempts = attempts + 1, due_at = %s WHERE case_id = %s AND token = %s AND element_id = %s",
        (until, timer.case_id, timer.token, timer.element_id),
    )


def emit(connection: Rows, topic: str, payload: dict[str, Any], at: datetime) -> None:
    """One line for the collector. Holds no case and no person."""
    connection.execute(
        "INSERT INTO outbox (topic, payload, created_at) VALUES (%s, %s, %s)", (topic, Json(payload), at)
    )


def move_timer(connection: Rows, timer: Timer, due_at: datetime) -> None:
    """A timer whose period turned out to end later."""
    connection.execute(
        "UPDATE timer SET due_at = %s WHERE case_id = %s AND token = %s AND element_id = %s",
        (due_at, timer.case_id, timer.token, timer.element_id),
    )


def insert_note(connection: Rows, note: Note) -> None:
    """A note."""
    connection.execute(
        "INSERT INTO note (id, case_id, event_id, author, text, written_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (note.id, note.case_id, note.event_id, note.author, note.text, note.written_at),
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


def count_timers(connection: Rows, now: datetime) -> tuple[int, int, int]:
    """Waiting, overdue and failing timers."""
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE due_at <= %s), count(*) FILTER (WHERE attempts > 0) FROM timer", (now,)
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def next_timer(connection: Rows) -> tuple[datetime, UUID] | None:
    """When the next timer is due, and of which case."""
    row = connection.execute("SELECT due_at, case_id FROM timer ORDER BY due_at, case_id LIMIT 1").fetchone()
    return (row[0], row[1]) if row else None
