"""Brings a county's outbox into the shared rollup, exactly once.

Figures and the ids of the lines that made them change in one transaction of the shared side; only then are these lines
deleted. A crash between the two leaves lines that are noted as taken: the next round deletes them before it reads.
Ids say which lines, never up to where: they are given before commit, so that a lower one may come later.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.dashboards import queries
from kreisbund_platform.dashboards.queries import OutboxLine
from kreisbund_platform.database.prepared import transaction

BATCH = 500


def collect(county: Connection[Any], shared: Connection[Any], tenant_id: UUID, now: datetime) -> int:
    """Collects one batch of a county; answers how many lines. Commits on both connections."""
    with transaction(shared):
        position = queries.lock_position(shared, tenant_id)
        if position.taken:
            queries.forget_outbox(county, position.taken, position.past)
        lines = queries.outbox(county, position.past, BATCH)
        taken = [line.id for line in lines]
        _apply(shared, tenant_id, lines, now)
        if taken or position.taken:
            queries.set_taken(shared, tenant_id, taken)
    if taken:
        queries.forget_outbox(county, taken, position.past)
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
