"""When the worker finds something to do in a county: one look instead of a round of steps that find nothing."""

from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection

from kreisbund_platform.clock import BERLIN

UPCOMING: LiteralString = """
SELECT CASE WHEN EXISTS (SELECT FROM outbox)
    OR EXISTS (SELECT FROM case_transfer WHERE status IN ('PACKED', 'ACCEPTED'))
    OR EXISTS (SELECT FROM case_upgrade
        WHERE status IN ('CHECKING', 'UNDOING') OR (status = 'RUNNING' AND effective_on <= %(today)s))
    OR EXISTS (SELECT FROM outbound_event o WHERE o.kind = 'signal' OR EXISTS (SELECT FROM subscription s
        WHERE s.kind = o.kind AND s.name = o.name AND s.correlation_key IS NOT DISTINCT FROM o.correlation_key
            AND s.case_id IS DISTINCT FROM o.from_case))
    THEN %(now)s
    ELSE least((SELECT min(due_at) FROM timer), (SELECT min(due_at) FROM job),
        (SELECT min(expires_at) FROM outbound_event))
END
"""


def upcoming(connection: Connection[Any], now: datetime) -> datetime | None:
    """The first moment from which on timers, jobs, events, transfers, upgrades or lines for the dashboard wait for the
    worker, `now` for those that wait already; None where nothing does. What others hold locked counts too.
    """
    given = {"now": now, "today": now.astimezone(BERLIN).date()}
    row = connection.execute(UPCOMING, given).fetchone()
    return max(row[0], now) if row and row[0] else None
