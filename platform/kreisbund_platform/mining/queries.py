"""SQL of the event log as process mining reads it: what happened when, by role; no actor ever leaves the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.mining.periods import Period

Rows = Connection[Any]
AT_ONCE = 5_000


@dataclass(frozen=True)
class Line:
    """One moment of a case. `role` is who may do it, never who did; `passed`: what was passed on the way."""

    case_id: UUID
    version_id: UUID
    variant_id: UUID | None
    at: datetime
    type: str
    element_id: str | None
    role: str | None
    passed: list[str] | None


def template_id(connection: Rows, slug: str) -> UUID | None:
    """The template of this slug."""
    row = connection.execute("SELECT id FROM shared.process_template WHERE slug = %s", (slug,)).fetchone()
    return row[0] if row else None


def lines(connection: Rows, template: UUID | None, period: Period) -> Iterator[Line]:
    """Cases received in the period, one after the other, each in the order of its log. Needs a transaction."""
    with connection.cursor(name="event_log", row_factory=class_row(Line)) as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(
            "SELECT x.case_id, c.template_version_id AS version_id, c.variant_id, x.at, x.type, x.element_id, x.role,"
            " x.passed FROM case_record c JOIN (SELECT e.case_id, e.at, e.type, coalesce(e.body ->> 'element',"
            " t.element_id) AS element_id, t.role, CASE WHEN json_typeof(e.body -> 'passed') = 'array' THEN"
            " ARRAY(SELECT json_array_elements_text(e.body -> 'passed')) END AS passed, e.seq, 1 AS place FROM event e"
            " LEFT JOIN task t ON t.id = e.task_id WHERE e.case_id IS NOT NULL"
            " UNION ALL SELECT k.case_id, k.created_at, 'TASK_OPENED', k.element_id, k.role, NULL, NULL, 2 FROM task k"
            " UNION ALL SELECT k.case_id, k.completed_at, 'TASK_CANCELLED', k.element_id, k.role, NULL, NULL, 0"
            " FROM task k WHERE k.status = 'CANCELLED' AND k.completed_at IS NOT NULL) x ON x.case_id = c.id"
            " WHERE c.template_version_id IS NOT NULL AND (%(template)s::uuid IS NULL OR c.template_id = %(template)s)"
            " AND c.received_on BETWEEN %(first)s AND %(last)s"
            " ORDER BY c.received_on, c.id, x.at, x.place, x.seq, x.element_id",
            {"template": template, "first": period.first, "last": period.last},
        )
