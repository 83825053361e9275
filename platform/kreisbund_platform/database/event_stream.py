"""The event log as a stream: events past a number, in order. Numbers have no gaps, the chain sees to that."""

from typing import Any
from uuid import UUID

import psycopg

Rows = psycopg.Connection[Any]


def last_number(connection: Rows) -> int:
    """The number of the newest event; 0 for none."""
    row = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    assert row is not None
    return int(row[0])


def after(connection: Rows, number: int, case_id: UUID | None, limit: int) -> list[tuple[int, UUID]]:
    """Number and id of the events past a number, of one case or of all."""
    if case_id is None:
        query, values = "SELECT seq, id FROM event WHERE seq > %s ORDER BY seq LIMIT %s", (number, limit)
        return connection.execute(query, values).fetchall()
    return connection.execute(
        "SELECT seq, id FROM event WHERE case_id = %s AND seq > %s ORDER BY seq LIMIT %s", (case_id, number, limit)
    ).fetchall()
