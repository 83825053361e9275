"""Rollout in rings: counties that release automatically do so ring by ring, watched, with an automatic halt.

A rollout holds back nobody who decides for themselves: a county's own release is always possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.errors import Conflict, FieldError, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.templates.life_cycle import access, rollout_queries, rows, shared_queries
from kreisbund_platform.templates.life_cycle.models import Rollout, RolloutCounty, RolloutRing
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion
from kreisbund_platform.texts import _

MOST_RINGS = 20
LONGEST_WAIT = 24 * 365


@dataclass(frozen=True)
class Ring:
    """Counties (their slugs) that come in together, and how many hours they are watched before the next ring."""

    counties: tuple[str, ...]
    waiting_hours: int


@dataclass(frozen=True)
class Health:
    """Sums over the counties of the rings that are open."""

    cases: int
    incidents: int
    overdue: int

    def too_bad(self, most_incidents: float, most_overdue: float, fewest_cases: int) -> str | None:
        """Why the rollout has to halt: INCIDENTS or OVERDUE; None while too few cases say anything."""
        if self.cases < fewest_cases:
            return None
        if self.incidents > most_incidents * self.cases:
            return "INCIDENTS"
        return "OVERDUE" if self.overdue > most_overdue * self.cases else None


def start(work: TeamContext, version_id: str, rings: Sequence[Ring]) -> UUID | Refusal:
    """Starts the rollout of a version; its first ring is open at once."""
    found = _version(work, version_id)
    if not isinstance(found, tuple):
        return found
    template, version = found
    counties = {slug: shared_queries.tenant_id_of(work.connection, slug) for ring in rings for slug in ring.counties}
    refusal = access.may_not_write(work, template.topic_id) or _rings_problem(rings, counties)
    if refusal:
        return refusal
    if rows.one(work.connection, Rollout, version_id=version.id):
        return Conflict("ROLLOUT_EXISTS", _("Die Einführung dieser Fassung läuft schon."))
    now, name = work.clock.now(), access.name_of(work.principal)
    rows.insert(work.connection, Rollout(
        version_id=version.id, status="RUNNING", current_ring=1, ring_opened_at=now, started_at=now,
        started_by_name=name, changed_at=now, changed_by_name=name, version=1,
    ))  # fmt: skip
    for number, ring in enumerate(rings, start=1):
        rows.insert(
            work.connection, RolloutRing(version_id=version.id, number=number, waiting_hours=ring.waiting_hours)
        )
        for slug in ring.counties:
            county = RolloutCounty(version_id=version.id, tenant_id=counties[slug], ring=number)  # type: ignore[arg-type]
            rows.insert(work.connection, county)
    access.record(work, template.slug, "ROLLOUT_STARTED", version_id=version.id, rings=len(rings))
    return version.id


def _rings_problem(rings: Sequence[Ring], counties: dict[str, UUID | None]) -> Invalid | None:
    named = [slug for ring in rings for slug in ring.counties]
    message = ""
    if not rings or len(rings) > MOST_RINGS or any(not ring.counties for ring in rings):
        message = _("Jede Einführungsstufe braucht mindestens einen Landkreis.")
    elif len(named) != len(set(named)):
        message = _("Ein Landkreis gehört zu einer einzigen Einführungsstufe.")
    elif None in counties.values():
        message = _("Einen dieser Landkreise gibt es nicht.")
    elif any(not 0 <= ring.waiting_hours <= LONGEST_WAIT for ring in rings):
        message = _("Die Wartezeit liegt zwischen 0 Stunden und einem Jahr.")
    return Invalid("INVALID_RINGS", message, (FieldError("rings", "RINGS", message),)) if message else None


def halt(work: TeamContext, version_id: str, reason: str, expected_version: int) -> UUID | Refusal:
    """Halts a rollout: no ring opens and nobody releases automatically until it goes on."""
    return _turn(work, version_id, ("RUNNING", "HALTED"), reason, expected_version)


def resume(work: TeamContext, version_id: str, reason: str, expected_version: int) -> UUID | Refusal:
    """Lets a halted rollout go on; its ring is watched anew from now on."""
    return _turn(work, version_id, ("HALTED", "RUNNING"), reason, expected_version)


def _turn(
    work: TeamContext, version_id: str, turn: tuple[str, str], reason: str, expected_version: int
) -> UUID | Refusal:
    found = _version(work, version_id)
    if not isinstance(found, tuple):
        return found
    template, version = found
    rollout = rows.one(work.connection, Rollout, lock=True, version_id=version.id)
    if rollout is None:
        return refusals.not_found()
    refusal = access.may_not_write(work, template.topic_id) or refusals.stale(rollout.version, expected_version)
    if unfit := refusal or access.text_problem("reason", reason):
        return unfit
    if rollout.status != turn[0]:
        return Conflict("ROLLOUT_STATUS", _("Dafür steht die Einführung gerade nicht richtig."), rollout.version)
    now = work.clock.now()
    rollout.ring_opened_at = now if turn[1] == "RUNNING" else rollout.ring_opened_at
    _write(work.connection, rollout, turn[1], now, access.name_of(work.principal), reason.strip())
    access.record(
        work, template.slug, f"ROLLOUT_{'HALTED' if turn[1] == 'HALTED' else 'RESUMED'}", version_id=version.id,
        ring=rollout.current_ring,
    )  # fmt: skip
    return version.id


def _version(work: TeamContext, version_id: str) -> tuple[ProcessTemplate, TemplateVersion] | Refusal:
    identifier = ids.parse_id(version_id, ids.Kind.TEMPLATE_VERSION)
    version = rows.one(work.connection, TemplateVersion, id=identifier) if identifier else None
    template = rows.one(work.connection, ProcessTemplate, lock=True, id=version.template_id) if version else None
    return (template, version) if template and version else refusals.not_found()


def advance(connection: rows.Rows, now: datetime) -> int:
    """One round of the worker over all running rollouts: halts the sick, opens the next ring of the well.

    In the caller's transaction on the workspace `catalogue`; answers how many changed.
    """
    agreement = shared_queries.agreement_in_force(connection)
    if agreement is None:
        return 0
    limits = (agreement.most_incident_share, agreement.most_overdue_share, agreement.fewest_cases)
    return sum(_advance(connection, rollout, limits, now) for rollout in rollout_queries.running(connection))


def _advance(connection: rows.Rows, rollout: Rollout, limits: tuple[float, float, int], now: datetime) -> bool:
    health = Health(*rollout_queries.health(connection, rollout.version_id, rollout.current_ring))
    rings = rows.found(connection, RolloutRing, "number", version_id=rollout.version_id)
    waiting = timedelta(hours=rings[rollout.current_ring - 1].waiting_hours)
    if sick := health.too_bad(*limits):
        return _by_itself(connection, rollout, "HALTED", now, sick, health)
    if now < rollout.ring_opened_at + waiting:
        return False
    if rollout.current_ring == len(rings):
        return _by_itself(connection, rollout, "COMPLETED", now, None, health)
    rollout.current_ring += 1
    rollout.ring_opened_at = now
    return _by_itself(connection, rollout, "RUNNING", now, None, health)


def _by_itself(
    connection: rows.Rows, rollout: Rollout, status: str, now: datetime, reason: str | None, health: Health
) -> bool:
    _write(connection, rollout, status, now, _("Kreisbund"), reason)
    kind = {"HALTED": "ROLLOUT_HALTED", "COMPLETED": "ROLLOUT_COMPLETED", "RUNNING": "RING_OPENED"}[status]
    slug = rollout_queries.slug_of(connection, rollout.version_id)
    counted = {**vars(health), "ring": rollout.current_ring, "reason": reason}
    access.record_by_system(connection, slug, kind, now, rollout.version_id, **counted)
    return True


def _write(connection: rows.Rows, rollout: Rollout, status: str, now: datetime, name: str, reason: str | None) -> None:
    rollout.status, rollout.reason = status, reason
    rollout.changed_at, rollout.changed_by_name = now, name
    rollout.version += 1
    rows.update(
        connection, rollout, ["version_id"], "status", "reason", "changed_at", "changed_by_name", "version",
        "current_ring", "ring_opened_at",
    )  # fmt: skip
