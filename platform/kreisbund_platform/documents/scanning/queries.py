"""SQL of the quarantine, in one county's schema. A verdict holds for all uploads of the same bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from kreisbund_platform.documents.models import Upload

Connection = psycopg.Connection[Any]


def take_due(connection: Connection, now: datetime, until: datetime) -> Upload | None:
    """An upload whose scan is due, taken by this worker until then."""
    statement = (
        "UPDATE upload SET scan_due_at = %(until)s, scan_attempts = scan_attempts + 1 WHERE id = ("
        "SELECT id FROM upload WHERE scan_due_at <= %(now)s ORDER BY scan_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING *"
    )
    with connection.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(statement, {"now": now, "until": until}).fetchone()


def postpone(connection: Connection, upload: Upload, until: datetime, attempts: int) -> None:
    """Tries it again then."""
    connection.execute(
        "UPDATE upload SET scan_due_at = %s, scan_attempts = %s WHERE id = %s", (until, attempts, upload.id)
    )


def cases_with(connection: Connection, storage_key: str) -> list[UUID]:
    """The cases that took an upload of this content, by id."""
    rows = connection.execute(
        "SELECT DISTINCT claimed_by_case FROM upload WHERE storage_key = %s AND claimed_by_case IS NOT NULL ORDER BY 1",
        (storage_key,),
    )
    return [row[0] for row in rows]


def mark(connection: Connection, storage_key: str, state: str, *, instead_of: Sequence[str]) -> list[Upload]:
    """Gives all uploads of this content that are in one of the states another; answers them.

    A clean one need not be looked at again; one that is gone must, until its bytes are (`forget_due`).
    """
    statement = (
        "WITH these AS (SELECT id FROM upload WHERE storage_key = %s AND scan_state = ANY(%s) ORDER BY id FOR UPDATE)"
        " UPDATE upload u SET scan_state = %s, scan_due_at = CASE WHEN %s <> 'CLEAN' THEN u.scan_due_at END"
        " FROM these WHERE u.id = these.id RETURNING u.*"
    )
    with connection.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(statement, (storage_key, list(instead_of), state, state)).fetchall()


def is_needed(connection: Connection, storage_key: str, gone: Sequence[str]) -> bool:
    """Whether a document that the county made has the same content, or an upload that is not gone."""
    statement = (
        "SELECT EXISTS (SELECT FROM document WHERE storage_key = %(key)s AND kind <> 'upload')"
        " OR EXISTS (SELECT FROM upload WHERE storage_key = %(key)s AND scan_state <> ALL(%(gone)s))"
    )
    row = connection.execute(statement, {"key": storage_key, "gone": list(gone)}).fetchone()
    return bool(row and row[0])


def forget_due(connection: Connection, storage_key: str, gone: Sequence[str]) -> None:
    """Content that is gone is not looked at again."""
    connection.execute(
        "UPDATE upload SET scan_due_at = NULL WHERE storage_key = %s AND scan_state = ANY(%s)",
        (storage_key, list(gone)),
    )


def queue_unscanned(connection: Connection, now: datetime) -> None:
    """What nobody has scanned is due."""
    connection.execute(
        "UPDATE upload SET scan_due_at = %s WHERE scan_state = 'NOT_SCANNED' AND scan_due_at IS NULL", (now,)
    )
