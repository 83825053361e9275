"""Periods of a case, counted in the calendar of the municipality it concerns."""

from datetime import date, datetime

from kreisbund_platform.cases import queries
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.tenancy import deadlines
from kreisbund_platform.tenancy.calendar import WorkingCalendar, calendar_of


def period_end(now: datetime, calendar: WorkingCalendar, period: str | None) -> tuple[date | None, datetime | None]:
    """The last day of a period (`P14D`, `P1M`) that starts today, and the moment it ends; nothing for no period.

    BGB §§ 187 I, 188, 193: today does not count, the end moves past Saturdays, Sundays and holidays.
    """
    if not period:
        return None, None
    last_day = deadlines.due_on(now.astimezone(BERLIN).date(), period, calendar)
    return last_day, deadlines.end_of(last_day)


def municipality(work: WorkContext, town: str | None) -> tuple[str | None, WorkingCalendar]:
    """Regional key of the county's municipality with this name, and its calendar; without one, the Land's."""
    found = queries.municipality(work.connection, work.tenant.id, town) if town else None
    return (found[0], calendar_of(found[1])) if found else (None, WorkingCalendar())
