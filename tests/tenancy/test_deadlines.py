"""Periods end where BGB and the calendar of the municipality say."""

from datetime import UTC, date, datetime

import pytest

from kreisbund_platform.tenancy.calendar import WorkingCalendar, calendar_for, calendar_of
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.deadlines import deemed_delivery, due_on, end_of
from tests.support.fixtures import WorkFor

LAND = WorkingCalendar()
CATHOLIC = calendar_of(["corpus_christi"])


@pytest.mark.parametrize(
    ("event_day", "period", "last_day"),
    [
        ("2026-03-02", "P14D", "2026-03-16"),
        ("2026-03-02", "P2W", "2026-03-16"),
        ("2026-01-31", "P1M", "2026-03-02"),  # 28 February is a Saturday
        ("2027-12-31", "P2M", "2028-02-29"),  # clamps to the end of February of a leap year
        ("2026-03-31", "P1M", "2026-04-30"),
        ("2025-11-24", "P1M", "2025-12-24"),  # no holiday, whatever offices do
        ("2025-11-25", "P1M", "2025-12-29"),  # Christmas, then a weekend
        ("2026-08-20", "P1M", "2026-09-21"),  # 20 September: Weltkindertag and a Sunday
        ("2026-03-03", "P1M", "2026-04-07"),  # Good Friday to Easter Monday
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2025-10-30", "P1D", "2025-11-03"),  # Reformation Day is a Friday
    ],
)
def test_end_of_periods(event_day: str, period: str, last_day: str) -> None:
    assert due_on(date.fromisoformat(event_day), period, LAND) == date.fromisoformat(last_day)


def test_fictions_do_not_move() -> None:
    assert due_on(date(2026, 1, 31), "P1M", LAND, moves=False) == date(2026, 2, 28)


def test_corpus_christi_counts_where_it_is_one() -> None:
    event_day = date(2026, 5, 21)
    assert due_on(event_day, "P14D", LAND) == date(2026, 6, 4)
    assert due_on(event_day, "P14D", CATHOLIC) == date(2026, 6, 5)


@pytest.mark.parametrize("period", ["", "P", "PT1H", "P1DT1H", "14", "P-1D", "P1.5D", "P1D ", "P99999D", "P١D"])
def test_what_is_no_period(period: str) -> None:
    with pytest.raises(ValueError, match="counts in"):
        due_on(date(2026, 3, 2), period, LAND)


@pytest.mark.parametrize(
    ("last_day", "utc"),
    [("2026-03-28", "2026-03-28T23:00"), ("2026-03-29", "2026-03-29T22:00"), ("2026-10-25", "2026-10-25T23:00")],
)
def test_a_due_day_ends_at_midnight_in_berlin(last_day: str, utc: str) -> None:
    assert end_of(date.fromisoformat(last_day)).astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "sent_on", "regime", "deemed_on"),
    [
        ("LETTER", "2024-12-31", "ThürVwVfG", "2025-01-03"),
        ("LETTER", "2025-01-01", "ThürVwVfG", "2025-01-05"),  # a Sunday: the fiction does not move
        ("LETTER", "2025-01-01", "AO", "2025-01-06"),  # under the AO it does
        ("LETTER", "2026-03-02", "SGB_X", "2026-03-06"),
        ("PORTAL", "2026-03-02", "BauGB", "2026-03-03"),
    ],
)
def test_deemed_delivery(channel: str, sent_on: str, regime: str, deemed_on: str) -> None:
    assert deemed_delivery(channel, date.fromisoformat(sent_on), regime) == date.fromisoformat(deemed_on)


@pytest.mark.parametrize(("channel", "regime"), [("FAX", "AO"), ("LETTER", "StPO")])
def test_no_rule_no_guess(channel: str, regime: str) -> None:
    with pytest.raises(ValueError, match="no rule"):
        deemed_delivery(channel, date(2026, 3, 2), regime)


def test_an_unknown_feast_day_is_refused() -> None:
    with pytest.raises(ValueError, match="karneval"):
        calendar_of(["karneval"])


def test_the_calendar_of_a_municipality(work_for: WorkFor, other_county: TenantContext) -> None:
    with work_for(other_county) as work:
        assert calendar_for(work.connection, "160630028028") == CATHOLIC
        assert calendar_for(work.connection, "160630105105") == LAND
        assert calendar_for(work.connection, None) == calendar_for(work.connection, "999999999999") == LAND
