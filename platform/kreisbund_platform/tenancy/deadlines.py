"""Periods of procedure: BGB §§ 187-193 with § 31 ThürVwVfG, and when a notice counts as delivered.

Days are calendar days in Europe/Berlin. What the law may change lies as dated rules in delivery_rules.toml.
"""

import calendar as gregorian
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.tenancy.calendar import WorkingCalendar, calendar_for

__all__ = ["DeliveryRule", "Period", "calendar_for", "deemed_delivery", "delivery_rule", "due_on", "end_of"]

PERIOD = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?", re.ASCII)
RULES = Path(__file__).with_name("delivery_rules.toml")


@dataclass(frozen=True)
class Period:
    """A period as statutes name it: months and days, years and weeks folded in."""

    months: int
    days: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Reads `P14D`, `P2W`, `P1M`, `P1Y6M`; hours and anything else raise ValueError."""
        found = PERIOD.fullmatch(text)
        if found is None:
            raise ValueError("a period counts in years, months, weeks or days")
        years, months, weeks, days = (int(number or 0) for number in found.groups())
        return cls(years * 12 + months, weeks * 7 + days)


@lru_cache(maxsize=10_000)
def due_on(event_day: date, period: str, calendar: WorkingCalendar, *, moves: bool = True) -> date:
    """The last day of a period that an event on `event_day` starts.

    The event's day does not count (§ 187 Abs. 1 BGB); months end on the day of the same number, or on the
    month's last day where it has none (§ 188 Abs. 2 and 3). Where the end `moves`, a Saturday, Sunday or
    holiday gives way to the next working day (§ 193 BGB, § 31 Abs. 3 ThürVwVfG); fictions do not move.
    """
    length = Period.parse(period)
    last_day = _months_later(event_day, length.months) + timedelta(days=length.days)
    return calendar.next_working_day(last_day) if moves else last_day


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def end_of(last_day: date) -> datetime:
    """24:00 in Berlin on that day: the first moment that is too late; aware."""
    return datetime.combine(last_day + timedelta(days=1), time(), BERLIN)


@dataclass(frozen=True)
class DeliveryRule:
    """From `valid_from` on (day of sending), what goes by `channel` counts as delivered `days` days later.

    `moves`: a last day that is no working day gives way to the next.
    """

    regime: str
    channel: str
    valid_from: date
    days: int
    moves: bool
    citation: str


@cache
def delivery_rules(path: Path = RULES) -> Sequence[DeliveryRule]:
    """All rules, newest first."""
    table = tomllib.loads(path.read_text("utf-8"))
    rules = [
        DeliveryRule(regime, rule["channel"], rule["valid_from"], rule["days"], rule["moves"], rule["citation"])
        for rule in table["rules"]
        for regime in rule["regimes"]
    ]
    return sorted(rules, key=lambda rule: rule.valid_from, reverse=True)


def delivery_rule(channel: str, sent_on: date, regime: str) -> DeliveryRule:
    """The rule in force on the day of sending; a channel or regime without one raises ValueError."""
    for rule in delivery_rules():
        if (rule.channel, rule.regime) == (channel, regime) and rule.valid_from <= sent_on:
            return rule
    raise ValueError(f"no rule of delivery for {regime} by {channel} on {sent_on.isoformat()}")


def deemed_delivery(channel: str, sent_on: date, regime: str, calendar: WorkingCalendar | None = None) -> date:
    """The day on which a notice counts as delivered.

    `sent_on`: LETTER, the day of posting; PORTAL, the day of the first retrieval by the recipient. Whoever
    shows that it came later, or not at all, is right: then another day is recorded.
    """
    rule = delivery_rule(channel, sent_on, regime)
    deemed_on = sent_on + timedelta(days=rule.days)
    return (calendar or WorkingCalendar()).next_working_day(deemed_on) if rule.moves else deemed_on
