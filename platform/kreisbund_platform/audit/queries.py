"""SQL of the audit room: the log as text, its head, and the watch over both."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from kreisbund_platform.audit.chain import Event
from kreisbund_platform.audit.models import AuditWatch

Rows = psycopg.Connection[Any]
EVENTS = (
    "SELECT seq, id::text, case_id::text, case_version::text, (extract(epoch FROM at) * 1000000)::bigint::text,"
    " type, actor, task_id::text, body::text, hash FROM event"
)
BATCH = 5_000


def events(connection: Rows, first: int = 1, last: int | None = None) -> Iterator[Event]:
    """Rows from number `first` on, in order, read in batches; hold a snapshot for a view of one moment."""
    after, end = first - 1, 2**62 if last is None else last
    while True:
        rows = connection.execute(
            f"{EVENTS} WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT %s", (after, end, BATCH)
        ).fetchall()
        yield from map(Event._make, rows)
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def strays(connection: Rows) -> list[Event]:
    """Rows with a number that no event can have."""
    rows = connection.execute(f"{EVENTS} WHERE seq NOT BETWEEN 1 AND {2**62} ORDER BY seq LIMIT 100").fetchall()
    return [Event._make(row) for row in rows]


def values_in_use(connection: Rows, column: str) -> list[str]:
    """The different values of one of the log's text or id columns, at most ten thousand."""
    assert column in ("case_id", "task_id", "type", "actor", "body"), "a constant of the product"
    rows = connection.execute(
        f"SELECT DISTINCT {column}::text AS value FROM event WHERE {column} IS NOT NULL ORDER BY value LIMIT 10000"
    ).fetchall()
    return [row[0] for row in rows]


def hashes(connection: Rows, first: int, last: int) -> list[tuple[int, bytes]]:
    """Numbers and hashes of a stretch, in order."""
    return connection.execute(
        "SELECT seq, hash FROM event WHERE seq BETWEEN %s AND %s ORDER BY seq", (first, last)
    ).fetchall()


def head(connection: Rows) -> tuple[int, bytes] | None:
    """The chain's head as the database keeps it; None where the row is gone."""
    return connection.execute("SELECT seq, hash FROM chain_head").fetchone()


def watch(connection: Rows, *, lock: bool = False) -> AuditWatch:
    """How far the log is sealed and checked."""
    with connection.cursor(row_factory=class_row(AuditWatch)) as cursor:
        found = cursor.execute(f"SELECT * FROM audit_watch{' FOR UPDATE' if lock else ''}").fetchone()
    assert found is not None, "the migration writes the row"
    return found


def sealed(connection: Rows, number: int, seq: int, at: datetime) -> None:
    """Notes the newest checkpoint."""
    connection.execute("UPDATE audit_watch SET number = %s, seq = %s, sealed_at = %s", (number, seq, at))


def checked(connection: Rows, number: int, at: datetime, finding: str | None) -> None:
    """Notes what the check of one checkpoint's events said; a finding stands until a person removes it."""
    connection.execute(
        "UPDATE audit_watch SET checked_number = %s, checked_at = %s, finding = coalesce(finding, %s)",
        (number, at, finding),
    )
