"""What is kept for a time only: stored answers to idempotent mutations, seven days (design, section 4)."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from kreisbund_platform.identity import queries
from kreisbund_platform.identity.context import WorkContext

ANSWERS_KEPT_FOR = timedelta(days=7)


def forget_answers(work: WorkContext) -> int:
    """Removes the county's stored answers that are past their time; answers how many."""
    return queries.delete_old_answers(work.connection, work.clock.now() - ANSWERS_KEPT_FOR)


def forget_shared_answers(operations: Connection[Any], now: datetime) -> int:
    """The same for what operators did, on a connection of the workspace `operations`."""
    return queries.delete_old_answers(operations, now - ANSWERS_KEPT_FOR)
