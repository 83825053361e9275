"""What is kept for a time only: stored answers to idempotent mutations, seven days (design, section 4)."""

from datetime import timedelta

from kreisbund_platform.identity import queries
from kreisbund_platform.identity.context import WorkContext

ANSWERS_KEPT_FOR = timedelta(days=7)


def forget_answers(work: WorkContext) -> int:
    """Removes the county's stored answers that are past their time; answers how many."""
    return queries.delete_old_answers(work.connection, work.clock.now() - ANSWERS_KEPT_FOR)
