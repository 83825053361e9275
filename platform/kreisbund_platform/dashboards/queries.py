"""SQL of the figures: a county's outbox on one side, the shared rollup on the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.database.prepared import Statement

Rows = Connection[Any]


@dataclass(frozen=True)
class OutboxLine:
    """One delta of a county."""

    id: int
    topic: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Position:
    """`taken`: ids of lines that are in the figures and may still lie in the outbox; `past`: see `outbox`."""

    past: int
    taken: list[int]


OUTBOX = Statement("outbox", "SELECT id, topic, payload FROM outbox WHERE id > $1 ORDER BY id LIMIT $2")
FORGET = Statement("outbox_forget", "DELETE FROM outbox WHERE id = ANY($1) OR id <= $2")
POSITION = Statement(
    "collector_position",
    "SELECT last_outbox_id, array_to_json(taken) FROM shared.collector_position WHERE tenant_id = $1 FOR UPDATE",
)
TAKEN = Statement("collector_taken", "UPDATE shared.collector_position SET taken = $2 WHERE tenant_id = $1")
ADDED = Statement(
    "dashboard_added",
    "INSERT INTO shared.dashboard_month AS d (tenant_id, month, applications, decisions)"
    " SELECT $1::uuid, * FROM unnest($2::date[], $3::integer[], $4::integer[]) ON CONFLICT (tenant_id, month) DO UPDATE"
    " SET applications = d.applications + excluded.applications, decisions = d.decisions + excluded.decisions",
)


def outbox(connection: Rows, past: int, limit: int) -> list[OutboxLine]:
    """The oldest lines that are committed; `past`: those up to this id were counted by a former program."""
    found = OUTBOX.run(connection, past, limit)
    rows = ([found.get_value(row, column) or b"" for column in range(3)] for row in range(found.ntuples))
    return [OutboxLine(int(id), topic.decode(), orjson.loads(payload)) for id, topic, payload in rows]


def forget_outbox(connection: Rows, taken: Sequence[int], past: int) -> None:
    """Deletes what the rollup holds durably."""
    FORGET.run(connection, list(taken), past)


def lock_position(connection: Rows, tenant_id: UUID) -> Position:
    """What of a county is collected; locked, so that only one collector counts."""
    found = POSITION.run(connection, tenant_id)
    if not found.ntuples:
        connection.execute(
            "INSERT INTO shared.collector_position (tenant_id, last_outbox_id) VALUES (%s, 0) ON CONFLICT DO NOTHING",
            (tenant_id,),
        )
        found = POSITION.run(connection, tenant_id)
    return Position(int(found.get_value(0, 0) or b""), orjson.loads(found.get_value(0, 1) or b""))


def set_taken(connection: Rows, tenant_id: UUID, taken: Sequence[int]) -> None:
    """Notes the lines that count, in the same transaction as the figures; those noted before must be gone."""
    TAKEN.owe(connection, tenant_id, list(taken))


def add_counts(connection: Rows, tenant_id: UUID, counts: Sequence[tuple[date, int, int]]) -> None:
    """Adds (month, applications, decisions) to the rollup."""
    if counts:
        ADDED.owe(connection, tenant_id, *map(list, zip(*counts, strict=True)))


def close_month(connection: Rows, tenant_id: UUID, payload: dict[str, Any], closed_at: datetime) -> None:
    """Writes a closed month's figures once; a second closing changes nothing."""
    connection.execute(
        "INSERT INTO shared.dashboard_month AS d (tenant_id, month, median_days, online_share, closed_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (tenant_id, month) DO UPDATE SET median_days = excluded.median_days,"
        " online_share = excluded.online_share, closed_at = excluded.closed_at WHERE d.closed_at IS NULL",
        (tenant_id, payload["month"], payload["median_days"], payload["online_share"], closed_at),
    )


def set_adoption(connection: Rows, tenant_id: UUID, payload: dict[str, Any]) -> None:
    """What the service team sees of an adoption."""
    connection.execute(
        "INSERT INTO shared.adoption_overview (tenant_id, template_id, version_id, adopted_at, ended_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (tenant_id, template_id) DO UPDATE SET"
        " version_id = excluded.version_id, adopted_at = excluded.adopted_at, ended_at = excluded.ended_at",
        (tenant_id, payload["template_id"], payload["version_id"], payload["adopted_at"], payload["ended_at"]),
    )


def set_invitation(connection: Rows, tenant_id: UUID, payload: dict[str, Any], now: datetime) -> None:
    """Where to ask about an invitation to the service team; nowhere once it is revoked. Forgets those that are over."""
    connection.execute("DELETE FROM shared.support_invitation WHERE until < %s", (now,))
    if payload["until"] is None:
        connection.execute("DELETE FROM shared.support_invitation WHERE id = %s", (payload["id"],))
        return
    connection.execute(
        "INSERT INTO shared.support_invitation (id, tenant_id, until) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (payload["id"], tenant_id, payload["until"]),
    )


def note_adoption(connection: Rows, tenant_id: UUID, payload: dict[str, Any]) -> None:
    """A line in the template's history: which county, which version; the person stays in the county's own log."""
    kind = "ADOPTION_ENDED" if payload["ended_at"] else "VERSION_RELEASED"
    connection.execute(
        "INSERT INTO shared.template_history (template_slug, at, type, actor, actor_name, tenant_id, version_id,"
        " content_hash, body) SELECT p.slug, %s, %s, t.slug, t.name, t.id, v.id, v.content_hash,"
        " json_build_object('number', v.number) FROM shared.template_version v"
        " JOIN shared.process_template p ON p.id = v.template_id JOIN shared.tenant t ON t.id = %s WHERE v.id = %s",
        (payload["ended_at"] or payload["adopted_at"], kind, tenant_id, payload["version_id"]),
    )


def set_health(connection: Rows, tenant_id: UUID, payload: dict[str, Any], now: datetime) -> None:
    """How a county's cases on a version fare."""
    connection.execute(
        "INSERT INTO shared.rollout_health (version_id, tenant_id, cases, incidents, overdue, measured_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (version_id, tenant_id) DO UPDATE SET cases = excluded.cases,"
        " incidents = excluded.incidents, overdue = excluded.overdue, measured_at = excluded.measured_at",
        (payload["version_id"], tenant_id, payload["cases"], payload["incidents"], payload["overdue"], now),
    )


def first_month(connection: Rows) -> date | None:
    """The first month in which the county received something."""
    row = connection.execute("SELECT date_trunc('month', min(received_on))::date FROM case_record").fetchone()
    return row[0] if row else None


def closed_months(connection: Rows) -> set[date]:
    """Months the county has closed."""
    return {row[0] for row in connection.execute("SELECT month FROM period_figure")}


@dataclass(frozen=True)
class Figures:
    """A month's raw figures inside the county."""

    decisions: int
    median_days: Decimal | None
    applications: int
    online: int


def figures(connection: Rows, month: date, start: datetime, end: datetime) -> Figures:
    """Counts of a month; `start` and `end` bound the moments of decision."""
    with connection.cursor(row_factory=class_row(Figures)) as cursor:
        found = cursor.execute(
            "SELECT d.decisions, d.median_days, a.applications, a.online FROM"
            " (SELECT count(*)::integer AS decisions, percentile_cont(0.5) WITHIN GROUP"
            " (ORDER BY extract(epoch FROM decided_at - received_at) / 86400)::numeric AS median_days"
            " FROM case_record WHERE decided_at >= %(start)s AND decided_at < %(end)s) d,"
            " (SELECT count(*)::integer AS applications,"
            " (count(*) FILTER (WHERE channel = 'PORTAL'))::integer AS online"
            " FROM case_record WHERE received_on >= %(month)s"
            " AND received_on < (%(month)s::date + interval '1 month')) a",
            {"month": month, "start": start, "end": end},
        ).fetchone()
    assert found is not None
    return found


def keep_figures(
    connection: Rows, month: date, median: Decimal | None, share: Decimal | None, closed_at: datetime
) -> None:
    """The county's own record of a closed month."""
    connection.execute(
        "INSERT INTO period_figure (month, median_days, online_share, closed_at) VALUES (%s, %s, %s, %s)",
        (month, median, share, closed_at),
    )


def emit_closing(
    connection: Rows, month: date, median: Decimal | None, share: Decimal | None, closed_at: datetime
) -> None:
    """Tells the collector."""
    payload = {
        "month": month.isoformat(),
        "median_days": None if median is None else str(median),
        "online_share": None if share is None else str(share),
    }
    connection.execute(
        "INSERT INTO outbox (topic, payload, created_at) VALUES ('month_closed', %s, %s)", (Json(payload), closed_at)
    )
