"""Working days of one municipality: the Land's holidays (§ 2 Abs. 1 ThürFtG) and its own feast days (Abs. 2)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import holidays
from dateutil.easter import easter
from psycopg import Connection


def corpus_christi(year: int) -> date:
    """Fronleichnam: the 60th day after Easter Sunday, Easter itself counted as none."""
    return easter(year) + timedelta(days=60)


LOCAL_FEAST_DAYS: Mapping[str, Callable[[int], date]] = {"corpus_christi": corpus_christi}


@cache
def _of_the_land(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv="TH", years=year))


@dataclass(frozen=True)
class WorkingCalendar:
    """`local_feasts`: names from `LOCAL_FEAST_DAYS`; a name that is not there raises KeyError."""

    local_feasts: tuple[str, ...] = ()

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday here."""
        return day in _of_the_land(day.year) or any(
            LOCAL_FEAST_DAYS[name](day.year) == day for name in self.local_feasts
        )

    def is_working_day(self, day: date) -> bool:
        """Neither Saturday, Sunday nor holiday (§ 193 BGB)."""
        return day.weekday() < 5 and not self.is_holiday(day)

    def next_working_day(self, day: date) -> date:
        """The day itself if it is one, else the next."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


def calendar_of(local_feasts: Collection[str]) -> WorkingCalendar:
    """The calendar with these local feast days; unknown names raise ValueError."""
    names = tuple(sorted(set(local_feasts))) if local_feasts else ()
    if unknown := [name for name in names if name not in LOCAL_FEAST_DAYS]:
        raise ValueError(f"unknown feast day {unknown[0]}")
    return WorkingCalendar(names)


def calendar_for(connection: Connection[Any], municipality_key: str | None) -> WorkingCalendar:
    """The calendar of a municipality; without one, or for a place elsewhere, the Land's."""
    if municipality_key is None:
        return WorkingCalendar()
    row = connection.execute(
        "SELECT local_holidays FROM shared.municipality WHERE regional_key = %s", (municipality_key,)
    ).fetchone()
    return calendar_of(row[0] if row else ())
