"""Counts for the operator: no case, no person."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from kreisbund_platform.cases.waits import queries


def timers(connection: Connection[Any], now: datetime) -> tuple[int, int, int]:
    """How many timers wait, are overdue, and have failed at least once."""
    return queries.count_timers(connection, now)
