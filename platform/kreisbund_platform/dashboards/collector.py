"""Brings a county's outbox into the shared rollup, exactly once.

Position and figures change in one transaction of the shared side; only then is the county's outbox
shortened. A crash between the two leaves lines behind the position, which the next round deletes.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.dashboards import queries
from kreisbund_platform.dashboards.queries import OutboxLine

BATCH = 500


def collect(county: Connection[Any], shared: Connection[Any], tenant_id: UUID, now: datetime) -> int:
    """Collects one batch of a county; answers how many lines. Commits on both connections."""
    with shared.transaction():
        position = queries.lock_position(shared, tenant_id)
        lines = queries.outbox_after(county, position, BATCH)
        if lines:
            _apply(shared, tenant_id, lines, now)
            queries.set_position(shared, tenant_id, lines[-1].id)
    if lines or position:
        queries.forget_outbox(county, lines[-1].id if lines else position)
    return len(lines)


def _apply(shared: Connection[Any], tenant_id: UUID, lines: list[OutboxLine], now: datetime) -> None:
    applications: Counter[date] = Counter()
    decisions: Counter[date] = Counter()
    for line in lines:
        match line.topic:
            case "application":
                applications[date.fromisoformat(line.payload["month"])] += 1
            case "decision":
                decisions[date.fromisoformat(line.payload["month"])] += 1
            case "month_closed":
                queries.close_month(shared, tenant_id, line.payload, now)
            case "adoption":
                queries.set_adoption(shared, tenant_id, line.payload)
                queries.note_adoption(shared, tenant_id, line.payload)
            case "version_health":
                queries.set_health(shared, tenant_id, line.payload, now)
            case "support_invitation":
                queries.set_invitation(shared, tenant_id, line.payload, now)
            case unknown:
                raise ValueError(f"unknown outbox topic {unknown}")
    months = sorted(applications.keys() | decisions.keys())
    queries.add_counts(shared, tenant_id, [(month, applications[month], decisions[month]) for month in months])
