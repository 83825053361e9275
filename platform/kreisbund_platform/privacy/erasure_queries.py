"""SQL of erasure and legal holds, in one county's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.privacy.models import ErasureRun, LegalHold

Rows = Connection[Any]
CASE = (
    "SELECT c.id, c.case_number, c.version, c.closed_at, h.id AS hold_id, h.reason AS hold_reason FROM case_record c"
    " LEFT JOIN legal_hold h ON h.case_id = c.id AND h.lifted_at IS NULL WHERE c.id = ANY(%s) ORDER BY c.id"
)
DUE = "c.closed_at < %(closed_before)s"
HELD = "EXISTS (SELECT FROM legal_hold h WHERE h.case_id = c.id AND h.lifted_at IS NULL)"


@dataclass(frozen=True)
class ErasableCase:
    """What decides whether a case may be erased."""

    id: UUID
    case_number: str
    version: int
    closed_at: datetime | None
    hold_id: UUID | None
    hold_reason: str | None


def lock_cases(connection: Rows, cases: Sequence[UUID]) -> list[ErasableCase]:
    """These cases, locked until the transaction ends."""
    return _cases(connection, f"{CASE} FOR UPDATE OF c", cases)


def lock_case(connection: Rows, case_id: UUID) -> ErasableCase | None:
    """One case, locked."""
    return next(iter(lock_cases(connection, [case_id])), None)


def cases(connection: Rows, cases: Sequence[UUID]) -> list[ErasableCase]:
    """These cases, to look at."""
    return _cases(connection, CASE, cases)


def _cases(connection: Rows, statement: str, cases: Sequence[UUID]) -> list[ErasableCase]:
    with connection.cursor(row_factory=class_row(ErasableCase)) as cursor:
        return cursor.execute(statement, (list(cases),)).fetchall()


def insert_hold(connection: Rows, hold: LegalHold) -> None:
    """A new hold."""
    connection.execute(
        "INSERT INTO legal_hold (id, version, case_id, reason, set_at, set_by) VALUES (%s, %s, %s, %s, %s, %s)",
        (hold.id, hold.version, hold.case_id, hold.reason, hold.set_at, hold.set_by),
    )


def lock_hold(connection: Rows, hold_id: UUID) -> LegalHold | None:
    """A hold, locked."""
    with connection.cursor(row_factory=class_row(LegalHold)) as cursor:
        return cursor.execute("SELECT * FROM legal_hold WHERE id = %s FOR UPDATE", (hold_id,)).fetchone()


def lift_hold(connection: Rows, hold_id: UUID, at: datetime, by: str, reason: str) -> None:
    """Ends a hold."""
    connection.execute(
        "UPDATE legal_hold SET version = version + 1, lifted_at = %s, lifted_by = %s, lifted_reason = %s WHERE id = %s",
        (at, by, reason, hold_id),
    )


def count_due(connection: Rows, closed_before: datetime) -> tuple[int, int]:
    """Cases past their time: those that may go, and those under a hold."""
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE NOT {HELD}), count(*) FILTER (WHERE {HELD}) FROM case_record c WHERE {DUE}",
        {"closed_before": closed_before},
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def lock_due(connection: Rows, closed_before: datetime, most: int) -> list[tuple[UUID, int]]:
    """Id and version of some cases that may go, locked; those that somebody works on wait for another time."""
    rows = connection.execute(
        f"SELECT c.id, c.version FROM case_record c WHERE {DUE} AND NOT {HELD}"
        " ORDER BY c.closed_at LIMIT %(most)s FOR UPDATE SKIP LOCKED",
        {"closed_before": closed_before, "most": most},
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def open_run(connection: Rows) -> ErasureRun | None:
    """The run at work, locked."""
    with connection.cursor(row_factory=class_row(ErasureRun)) as cursor:
        return cursor.execute("SELECT * FROM erasure_run WHERE finished_at IS NULL FOR UPDATE").fetchone()


def insert_run(connection: Rows, run: ErasureRun) -> None:
    """A new run."""
    connection.execute(
        "INSERT INTO erasure_run (id, started_at, due, erased, held) VALUES (%s, %s, %s, %s, %s)",
        (run.id, run.started_at, run.due, run.erased, run.held),
    )


def advance_run(connection: Rows, run_id: UUID, erased: int, finished_at: datetime | None) -> None:
    """Counts what a batch erased."""
    connection.execute(
        "UPDATE erasure_run SET erased = erased + %s, finished_at = %s WHERE id = %s", (erased, finished_at, run_id)
    )
