"""A county closes its months: medians and shares are computed once, inside the county, and never change.

Below ten cases a figure would speak of people, so there is none (design, section 7).
"""

from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.dashboards import queries
from kreisbund_platform.identity.context import WorkContext

SMALLEST = 10


def close_months(work: WorkContext) -> list[date]:
    """Closes every month that is over and not yet closed; answers them."""
    first = queries.first_month(work.connection)
    if first is None:
        return []
    closed = queries.closed_months(work.connection)
    this_month = work.clock.now().astimezone(BERLIN).date().replace(day=1)
    due = [month for month in _months(first, this_month) if month not in closed]
    for month in due:
        _close(work, month)
    return due


def _close(work: WorkContext, month: date) -> None:
    now = work.clock.now()
    raw = queries.figures(work.connection, month, _start(month), _start(following(month)))
    median = share = None
    if raw.decisions >= SMALLEST and raw.median_days is not None:
        median = raw.median_days.quantize(Decimal(1), ROUND_HALF_UP)
    if raw.applications >= SMALLEST:
        share = (Decimal(raw.online) / raw.applications * 20).quantize(Decimal(1), ROUND_HALF_UP) / 20
    queries.keep_figures(work.connection, month, median, share, now)
    queries.emit_closing(work.connection, month, median, share, now)


def following(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _months(first: date, end: date) -> list[date]:
    months = []
    while first < end:
        months.append(first)
        first = following(first)
    return months


def _start(month: date) -> datetime:
    return datetime.combine(month, time(), BERLIN)
