"""What a county's decisions about people are kept for; the event log says longer that they were made."""

from datetime import timedelta

from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.rights import queries

DECISIONS_KEPT_FOR = timedelta(days=3 * 366)
COLLEAGUES_KEPT_FOR = timedelta(days=366)
APPROVALS_KEPT_FOR = timedelta(days=30)


def forget_old(work: WorkContext) -> None:
    """Removes what is past its time; a colleague whom a kept decision names stays."""
    now = work.clock.now()
    queries.delete_old_decisions(work.connection, now - DECISIONS_KEPT_FOR)
    queries.delete_old_approvals(work.connection, now - APPROVALS_KEPT_FOR)
    queries.delete_old_colleagues(work.connection, now - COLLEAGUES_KEPT_FOR)
