"""SQL of rollouts and of a county's releases."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from kreisbund_platform.templates.life_cycle.models import Rollout, TemplateRelease
from kreisbund_platform.templates.life_cycle.rows import Rows


def running(connection: Rows) -> list[Rollout]:
    """Rollouts under way, locked, those that another worker holds left out."""
    with connection.cursor(row_factory=class_row(Rollout)) as cursor:
        return cursor.execute(
            "SELECT * FROM shared.rollout WHERE status = 'RUNNING' ORDER BY version_id FOR UPDATE SKIP LOCKED"
        ).fetchall()


def health(connection: Rows, version_id: UUID, up_to_ring: int) -> tuple[int, int, int]:
    """Cases, incidents and overdue ones in the counties of the rings that are open."""
    row = connection.execute(
        "SELECT coalesce(sum(h.cases), 0)::integer, coalesce(sum(h.incidents), 0)::integer,"
        " coalesce(sum(h.overdue), 0)::integer FROM shared.rollout_county c JOIN shared.rollout_health h"
        " ON h.version_id = c.version_id AND h.tenant_id = c.tenant_id WHERE c.version_id = %s AND c.ring <= %s",
        (version_id, up_to_ring),
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def slug_of(connection: Rows, version_id: UUID) -> str:
    """The slug of a version's template."""
    row = connection.execute(
        "SELECT t.slug FROM shared.process_template t JOIN shared.template_version v ON v.template_id = t.id"
        " WHERE v.id = %s",
        (version_id,),
    ).fetchone()
    assert row is not None
    return str(row[0])


def open_to(connection: Rows, tenant_id: UUID) -> list[tuple[UUID, str]]:
    """Versions whose rollout has reached this county, newest first, with their template's slug; for its own role."""
    return connection.execute(
        "SELECT r.version_id, t.slug FROM shared.rollout r JOIN shared.rollout_county c"
        " ON c.version_id = r.version_id AND c.tenant_id = %s AND c.ring <= r.current_ring"
        " JOIN shared.template_version v ON v.id = r.version_id JOIN shared.process_template t ON t.id = v.template_id"
        " WHERE r.status IN ('RUNNING', 'COMPLETED')"
        " AND NOT EXISTS (SELECT 1 FROM shared.version_retirement x WHERE x.version_id = r.version_id)"
        " ORDER BY v.number DESC",
        (tenant_id,),
    ).fetchall()


def watched(connection: Rows) -> list[UUID]:
    """Versions in rollout on which this county has applications start."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT a.version_id FROM template_adoption a JOIN shared.rollout r ON r.version_id = a.version_id"
            " WHERE r.status <> 'COMPLETED' ORDER BY 1"
        )
    ]


def decisions_from(connection: Rows, case_version_id: UUID, today: object) -> tuple[int, object] | None:
    """A version in force here, newer than the case's, on which alone decisions are taken by now: number and day.

    Every rule between the case's version and the one that the county released counts.
    """
    return connection.execute(
        "SELECT n.number, p.transition_on FROM shared.template_version o"
        " JOIN shared.template_version n ON n.template_id = o.template_id AND n.number > o.number"
        " JOIN shared.version_publication p ON p.version_id = n.id AND p.transition = 'DECISIONS_FROM'"
        " JOIN template_adoption a ON a.template_id = o.template_id"
        " JOIN shared.template_version f ON f.id = a.version_id AND f.number >= n.number"
        " WHERE o.id = %s AND p.transition_on <= %s ORDER BY n.number DESC LIMIT 1",
        (case_version_id, today),
    ).fetchone()


def put_release(connection: Rows, release: TemplateRelease) -> None:
    """Records a release."""
    connection.execute(
        "INSERT INTO template_release (id, template_id, version_id, released_at, released_by, automatic,"
        " change_classes, reason) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            release.id, release.template_id, release.version_id, release.released_at, release.released_by,
            release.automatic, release.change_classes, release.reason,
        ),
    )  # fmt: skip


def emit_health(connection: Rows, version_id: UUID, counts: tuple[int, int, int], at: datetime) -> None:
    """Tells the collector a version's counts; no case, no person."""
    connection.execute(
        "INSERT INTO outbox (topic, payload, created_at) VALUES ('version_health', json_build_object("
        "'version_id', %s::text, 'cases', %s::int, 'incidents', %s::int, 'overdue', %s::int), %s)",
        (str(version_id), *counts, at),
    )
