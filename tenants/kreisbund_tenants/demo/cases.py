"""Demonstration cases: a year of about 140 a county, made by the real services from a seed."""

import random
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from psycopg import Connection

from kreisbund_platform.audit import log
from kreisbund_platform.clock import BERLIN, ManualClock, SystemClock
from kreisbund_platform.dashboards import periods
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import AssuranceLevel, Principal, Role, system_of
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, plans
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo import office, year
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.demo.principal import principal_of
from kreisbund_tenants.demo.replay import Plan, Replay
from kreisbund_tenants.demo.scripts import Playing, Script, names, scripts_of

QUICK = {"schuelerbefoerderung": 8, "jagdschein": 2}
OTHERS_A_MONTH = 2
THIS_MONTH = 10
SHORTEST_MONTH = timedelta(hours=6)  # on the morning of a first the evening before counts too
# positions among this month's applications
WITHDRAWN, WAITING, LEFT_OPEN_FROM = (3,), (4, 5), 6
MOST_OF_WORKING_DAY = 8 * 3600
PROCESSES = 2


@dataclass(frozen=True)
class Wanted:
    """What one county's process is to make: a year (`number` None) or that many cases more."""

    settings: Settings
    slug: str
    seed: int
    number: int | None


def ensure(settings: Settings, slugs: Sequence[str], seed: int = 7) -> Iterator[tuple[str, int]]:
    """Gives each county that has no case yet its year of cases; answers each county's number as it is done."""
    return _make_all([Wanted(settings, slug, seed, None) for slug in slugs])


def load(settings: Settings, slugs: Sequence[str], number: int, seed: int) -> Iterator[tuple[str, int]]:
    """Makes `number` more cases in each county, from the last event until now."""
    return _make_all([Wanted(settings, slug, seed, number) for slug in slugs])


def _make_all(wanted: Sequence[Wanted]) -> Iterator[tuple[str, int]]:
    """Counties side by side in two processes."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        yield from pool.map(make, wanted)


def make(wanted: Wanted) -> tuple[str, int]:
    """One county's cases, in a process of its own; answers how many."""
    database = Database(wanted.settings)
    connections = Connections(database, wanted.settings)
    registry = Registry(connections)
    tenant = registry.by_slug(wanted.slug)
    if tenant is None:
        raise LookupError(f"no county {wanted.slug}")
    with connections.for_tenant(tenant) as connection:
        made = (
            _make_year(connection, tenant, wanted) if wanted.number is None else _make_more(connection, tenant, wanted)
        )
    database.close()
    return wanted.slug, made


def _make_year(connection: Connection[Any], tenant: TenantContext, wanted: Wanted) -> int:
    """The whole year in one transaction: a crash leaves none of it, and the next `up` begins anew."""
    now = SystemClock().now()
    last = log.last_at(connection)
    if last is None or last > datetime.combine(year.months(now)[0], time(), BERLIN):
        return 0
    with connection.transaction():
        plans = list(_planned(connection, tenant, wanted).plans(now))
        staff, clock = _staff(tenant), ManualClock(now)
        Replay(connection, tenant, wanted.settings, staff, wanted.seed).run(plans, now)
        office.decide(lambda person: WorkContext(connection, tenant, person, clock, wanted.settings), staff)
        periods.close_months(WorkContext(connection, tenant, system_of(tenant), SystemClock(), wanted.settings))
    return len(plans)


def _make_more(connection: Connection[Any], tenant: TenantContext, wanted: Wanted) -> int:
    now = SystemClock().now()
    start = max(log.last_at(connection) or now, now - timedelta(hours=1))
    plans = list(_planned(connection, tenant, wanted).more(wanted.number or 0, start, now))
    Replay(connection, tenant, wanted.settings, _staff(tenant), wanted.seed).run(plans, now)
    return len(plans)


def _planned(connection: Connection[Any], tenant: TenantContext, wanted: Wanted) -> "_Year":
    source = random.Random(f"{wanted.slug}/{wanted.seed}")  # noqa: S311  a seed must replay the same year
    return _Year(tenant, _scripts(connection), source)


def _scripts(connection: Connection[Any]) -> dict[str, list[Script]]:
    """The scripts of every adopted template."""
    found = {}
    for slug in year.TEMPLATES:
        version = adoptions.version_in_force(connection, slug)
        if version is not None:
            found[slug] = scripts_of(plans.plan_for_new(connection, version), plans.cases_of(connection, version))
    return found


def _staff(tenant: TenantContext) -> dict[str, list[Principal]]:
    return {role: [p for p in year.people(tenant) if role in p.roles] for role in Role if role is not Role.CITIZEN}


class _Year:
    """Which applications come when, by which script."""

    def __init__(self, tenant: TenantContext, scripts: dict[str, list[Script]], source: random.Random) -> None:
        self._tenant = tenant
        self._scripts = scripts
        self._random = source
        self._names = names(source)
        self._citizens = [p for p in year.people(tenant) if Role.CITIZEN in p.roles and p.assurance_level != "basic"]
        self._towns = [town["name"] for town in tenant.profile.get("municipalities", ())] or [tenant.name]

    def plans(self, now: datetime) -> Iterator[Plan]:
        """Eleven full months, each with its decisions, and the running one with cases in all states."""
        for month in year.months(now):
            for slug, number in QUICK.items():
                for _ in range(number):
                    yield self._plan(self._quick(slug), self._within(month, 1, 12), timedelta(hours=14))
            for _ in range(OTHERS_A_MONTH):
                yield self._plan(self._any(), self._within(month, 3, 24), timedelta(days=2), ends_early=True)
        yield from self._this_month(now)

    def _this_month(self, now: datetime) -> Iterator[Plan]:
        """Ten applications that end in every state a case can be in: decided, withdrawn, waiting, begun, untouched."""
        opening = datetime.combine(now.astimezone(BERLIN).date().replace(day=1), time(7), BERLIN)
        start = min(opening, now - SHORTEST_MONTH)
        span = (now - start) / (THIS_MONTH + 1)
        pace = min(timedelta(hours=10), span / 8)
        for position in range(THIS_MONTH):
            script = self._waiting() if position in WAITING else self._quick(self._random.choice(sorted(QUICK)))
            plan = self._plan(script, start + span * (position + 1), pace)
            if position in WITHDRAWN:
                plan = replace(plan, channel=None, withdraw=True)
            elif position in WAITING:
                plan = replace(plan, channel=None, most_tasks=script.tasks_before_applicant)
            elif position >= LEFT_OPEN_FROM:
                plan = replace(plan, most_tasks=position % 2)
            yield plan

    def _waiting(self) -> Script:
        """A script in which the applicant is asked for something."""
        asking = [script for scripts in self._scripts.values() for script in scripts if script.tasks_before_applicant]
        return self._random.choice(asking)

    def more(self, number: int, start: datetime, now: datetime) -> Iterator[Plan]:
        """Applications spread evenly over a span, worked as far as the span allows."""
        span = (now - start) / (number + 1)
        for position in range(number):
            yield self._plan(self._any(), start + span * (position + 1), span, ends_early=position % 2 == 0)

    def _plan(self, script: Script, at: datetime, pace: timedelta, *, ends_early: bool = False) -> Plan:
        given, family = next(self._names)
        playing = Playing(script, given, family, self._random.choice(self._towns))
        on_paper = self._random.random() < 0.2 and not script.needs_applicant
        return Plan(
            at=at,
            playing=playing,
            applicant=self._applicant(given, family),
            channel=self._random.choice(("LETTER", "COUNTER", "MAIL")) if on_paper else None,
            pace=pace,
            most_tasks=self._random.randint(0, 3) if ends_early and self._random.random() < 0.5 else 99,
            withdraw=ends_early and self._random.random() < 0.25,
        )

    def _applicant(self, given: str, family: str) -> Principal:
        """Mostly people who cannot be logged in as, now and then one who can."""
        if self._random.random() < 0.12:
            return self._random.choice(self._citizens)
        name = f"{given} {family}"
        subject = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:kreisbund:demo-applicant:{self._tenant.slug}:{name}"))
        person = DemoPerson(self._tenant.slug, name, subject, Role.CITIZEN, AssuranceLevel.SUBSTANTIAL)
        return principal_of(person, self._tenant)

    def _quick(self, slug: str) -> Script:
        return self._random.choice([script for script in self._scripts[slug] if script.is_quick])

    def _any(self) -> Script:
        return self._random.choice(self._scripts[self._random.choice(sorted(self._scripts))])

    def _within(self, month: date, first: int, last: int) -> datetime:
        day = month + timedelta(days=self._random.randint(first, last) - 1)
        return datetime.combine(day, time(7), BERLIN) + timedelta(seconds=self._random.randrange(MOST_OF_WORKING_DAY))
