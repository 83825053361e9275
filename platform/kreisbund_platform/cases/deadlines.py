"""Periods of a case, counted in the calendar of the municipality it concerns."""

from datetime import date, datetime

from kreisbund_platform.cases import queries
from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.tenancy import deadlines


def period_end(work: WorkContext, case: CaseRecord, period: str | None) -> tuple[date | None, datetime | None]:
    """The last day of a period (`P14D`, `P1M`) that starts today, and the moment it ends; nothing for no period.

    BGB §§ 187 I, 188, 193: today does not count, the end moves past Saturdays, Sundays and holidays.
    """
    if not period:
        return None, None
    today = work.clock.now().astimezone(BERLIN).date()
    calendar = deadlines.calendar_for(work.connection, case.municipality_key)
    last_day = deadlines.due_on(today, period, calendar)
    return last_day, deadlines.end_of(last_day)


def municipality_key(work: WorkContext, town: str | None) -> str | None:
    """Regional key of the county's municipality with this name."""
    found = queries.municipality(work.connection, work.tenant.id, town) if town else None
    return found[0] if found else None
