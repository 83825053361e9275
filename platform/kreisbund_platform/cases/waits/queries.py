"""SQL of timers, jobs, subscriptions, incidents and events between cases. search_path is the county's own schema."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.cases.models import Incident, Job, OutboundEvent, Subscription, Timer

Rows = Connection[Any]


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


def remove_timer(connection: Rows, timer: Timer) -> None:
    """A timer whose token has moved on."""
    connection.execute(
        "DELETE FROM timer WHERE case_id = %s AND token = %s AND element_id = %s",
        (timer.case_id, timer.token, timer.element_id),
    )


def move_timer(connection: Rows, timer: Timer, due_at: datetime) -> None:
    """A timer whose period turned out to end later."""
    connection.execute(
        "UPDATE timer SET due_at = %s WHERE case_id = %s AND token = %s AND element_id = %s",
        (due_at, timer.case_id, timer.token, timer.element_id),
    )


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


def due_jobs(connection: Rows, now: datetime, limit: int) -> list[Job]:
    """Jobs that are to be tried again, the oldest first; locks their cases and skips what others hold."""
    with connection.cursor(row_factory=class_row(Job)) as cursor:
        sql = (
            "SELECT j.* FROM job j JOIN case_record c ON c.id = j.case_id WHERE j.due_at <= %s"
            " ORDER BY j.due_at, j.case_id LIMIT %s FOR UPDATE OF c SKIP LOCKED"
        )
        return cursor.execute(sql, (now, limit)).fetchall()


def postpone_job(connection: Rows, job: Job, until: datetime) -> None:
    """A job that failed again."""
    connection.execute(
        "UPDATE job SET attempts = attempts + 1, due_at = %s WHERE case_id = %s AND token = %s",
        (until, job.case_id, job.token),
    )


def remove_job(connection: Rows, job: Job) -> None:
    """A job that is done, or given up."""
    connection.execute("DELETE FROM job WHERE case_id = %s AND token = %s", (job.case_id, job.token))


def incident(connection: Rows, incident_id: UUID) -> Incident | None:
    """One incident; lock its case before believing it."""
    with connection.cursor(row_factory=class_row(Incident)) as cursor:
        return cursor.execute("SELECT * FROM incident WHERE id = %s", (incident_id,)).fetchone()


def next_outbound(connection: Rows, now: datetime) -> OutboundEvent | None:
    """The oldest event that somebody waits for, or that has expired; locked, what others hold is skipped."""
    sql = (
        "SELECT o.* FROM outbound_event o WHERE o.kind = 'signal' OR o.expires_at <= %s OR EXISTS (SELECT 1"
        " FROM subscription s WHERE s.kind = o.kind AND s.name = o.name"
        " AND s.correlation_key IS NOT DISTINCT FROM o.correlation_key AND s.case_id IS DISTINCT FROM o.from_case)"
        " ORDER BY o.id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    with connection.cursor(row_factory=class_row(OutboundEvent)) as cursor:
        return cursor.execute(sql, (now,)).fetchone()


def remove_outbound(connection: Rows, event_id: int) -> None:
    """An event that is delivered or has expired."""
    connection.execute("DELETE FROM outbound_event WHERE id = %s", (event_id,))


def awaiting(connection: Rows, event: OutboundEvent, most: int) -> list[Subscription]:
    """Who waits for an event, behind whom it has reached already; the sending case has had its own."""
    sql = (
        "SELECT s.* FROM subscription s WHERE s.kind = %(kind)s AND s.name = %(name)s AND (s.kind = 'signal'"
        " OR s.correlation_key IS NOT DISTINCT FROM %(key)s) AND s.case_id IS DISTINCT FROM %(but)s"
        " AND (%(case)s::uuid IS NULL OR (s.case_id, s.token) > (%(case)s::uuid, %(token)s::integer))"
        " ORDER BY s.case_id, s.token LIMIT %(most)s"
    )
    bound = {
        "kind": event.kind, "name": event.name, "key": event.correlation_key, "but": event.from_case,
        "case": event.reached_case, "token": event.reached_token, "most": most,
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(sql, bound).fetchall()


def mark_reached(connection: Rows, event_id: int, last: Subscription) -> None:
    """How far a signal has come."""
    connection.execute(
        "UPDATE outbound_event SET reached_case = %s, reached_token = %s WHERE id = %s",
        (last.case_id, last.token, event_id),
    )


def lock_subscription(connection: Rows, subscription: Subscription) -> bool:
    """Whether it still stands, for the holder of its case's lock."""
    row = connection.execute(
        "SELECT 1 FROM subscription WHERE case_id = %s AND token = %s AND element_id = %s",
        (subscription.case_id, subscription.token, subscription.element_id),
    ).fetchone()
    return row is not None
