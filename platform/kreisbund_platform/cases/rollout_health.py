"""How cases on a version in rollout fare in this county: counts that the service team watches, never a case."""

from datetime import datetime
from uuid import UUID

from kreisbund_platform.cases import queries
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.life_cycle import rollout_queries, rows
from kreisbund_platform.templates.life_cycle.models import VersionHealth


def tell(work: WorkContext) -> int:
    """Tells the collector what changed since it was told last; answers how many versions."""
    now = work.clock.now()
    return sum(_tell(work, version_id, now) for version_id in rollout_queries.watched(work.connection))


def _tell(work: WorkContext, version_id: UUID, now: datetime) -> bool:
    counts = queries.version_health(work.connection, version_id, now)
    told = rows.one(work.connection, VersionHealth, version_id=version_id)
    if told is not None and (told.cases, told.incidents, told.overdue) == counts:
        return False
    cases, incidents, overdue = counts
    measured = VersionHealth(version_id=version_id, cases=cases, incidents=incidents, overdue=overdue, measured_at=now)
    rows.replace(work.connection, measured, ["version_id"])
    rollout_queries.emit_health(work.connection, measured.version_id, counts, now)
    return True
