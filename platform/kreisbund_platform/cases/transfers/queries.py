"""SQL of transfers. search_path is the county's own schema."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection, sql
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.audit.chain import GENESIS
from kreisbund_platform.cases.transfers.models import CaseTransfer

Rows = Connection[Any]
# What belongs to a case, in the order in which it can be written, and the condition that finds it.
CASE_TABLES = {
    "case_record": "id = %(case)s",
    "application": "case_id = %(case)s",
    "party": "case_id = %(case)s",
    "task": "case_id = %(case)s",
    "timer": "case_id = %(case)s",
    "subscription": "case_id = %(case)s",
    "job": "case_id = %(case)s",
    "incident": "case_id = %(case)s",
    "message": "case_id = %(case)s",
    "note": "case_id = %(case)s",
    "upload": "claimed_by_case = %(case)s",
    "document": "case_id = %(case)s",
    "decision": "case_id = %(case)s",
    "delivery": "decision_id IN (SELECT id FROM decision WHERE case_id = %(case)s)",
}
HISTORY = """
SELECT json_build_object('previous', encode(coalesce(p.hash, %(genesis)s), 'hex'), 'hash', encode(e.hash, 'hex'),
    'columns', json_build_array(e.seq::text, e.id::text, e.case_id::text, e.case_version::text,
        (extract(epoch FROM e.at) * 1000000)::bigint::text, e.type, e.actor, e.task_id::text, e.body::text))::text
FROM event e LEFT JOIN event p ON p.seq = e.seq - 1 WHERE e.case_id = %(case)s ORDER BY e.seq
"""
UPGRADING = """
SELECT FROM case_upgrade_case k JOIN case_upgrade u ON u.id = k.upgrade_id
WHERE k.case_id = %s AND u.status IN ('CHECKING', 'RUNNING', 'STOPPED', 'UNDOING', 'UNDO_STOPPED')
    AND k.status IN ('PLANNED', 'CHECKED', 'UPGRADED') LIMIT 1
"""


@dataclass(frozen=True)
class Version:
    """A published version by what names it everywhere."""

    template_id: UUID
    version_id: UUID
    slug: str
    number: int
    content_hash: str


VERSION = (
    "SELECT p.id AS template_id, v.id AS version_id, p.slug, v.number, v.content_hash"
    " FROM shared.template_version v JOIN shared.process_template p ON p.id = v.template_id WHERE "
)


def rows_of_case(connection: Rows, case_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything of a case by table."""
    found = {}
    for table, condition in CASE_TABLES.items():
        query = f"SELECT coalesce(json_agg(row_to_json(t)), '[]')::text FROM {table} t WHERE {condition}"
        row = connection.execute(query.encode(), {"case": case_id}).fetchone()
        found[table] = orjson.loads(row[0]) if row else []
    return found


def insert_rows(connection: Rows, table: str, rows: list[dict[str, Any]]) -> None:
    """Adds rows as JSON has them."""
    assert table in CASE_TABLES, "a constant of the product"
    name = sql.Identifier(table)
    statement = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s)").format(name)
    if rows:
        connection.execute(statement, (Json(rows),))


def history(connection: Rows, case_id: UUID) -> list[dict[str, Any]]:
    """The case's events as text with the hash before and their own."""
    rows = connection.execute(HISTORY, {"case": case_id, "genesis": GENESIS})
    return [orjson.loads(row[0]) for row in rows]


def is_upgrading(connection: Rows, case_id: UUID) -> bool:
    """Whether a case upgrade that is under way has this case."""
    return connection.execute(UPGRADING, (case_id,)).fetchone() is not None


def version(connection: Rows, version_id: UUID) -> Version | None:
    """The version of this id."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(VERSION + "v.id = %s", (version_id,)).fetchone()


def version_of_content(connection: Rows, slug: str, content_hash: str) -> Version | None:
    """The version of this content."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(VERSION + "p.slug = %s AND v.content_hash = %s", (slug, content_hash)).fetchone()


def county(connection: Rows, *, slug: str | None = None, county_id: UUID | None = None) -> tuple[UUID, str] | None:
    """Id and slug of a county that can receive."""
    query = "SELECT id, slug FROM shared.tenant WHERE status IN ('ACTIVE', 'SUSPENDED') AND (slug = %s OR id = %s)"
    return connection.execute(query, (slug, county_id)).fetchone()


def insert(connection: Rows, row: CaseTransfer) -> bool:
    """A new transfer; False where this package is known already."""
    names = [name for name in CaseTransfer.model_fields if name != "history"]
    statement = sql.SQL("INSERT INTO case_transfer ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join([sql.Placeholder()] * len(names))
    )
    return connection.execute(statement, [getattr(row, name) for name in names]).rowcount == 1


def lock(connection: Rows, transfer_id: UUID) -> CaseTransfer | None:
    """One transfer, locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(CaseTransfer)) as cursor:
        return cursor.execute("SELECT * FROM case_transfer WHERE id = %s FOR UPDATE", (transfer_id,)).fetchone()


def next_outgoing(connection: Rows) -> CaseTransfer | None:
    """A package or receipt that is to leave, locked."""
    query = (
        "SELECT * FROM case_transfer WHERE status IN ('PACKED', 'ACCEPTED') ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    with connection.cursor(row_factory=class_row(CaseTransfer)) as cursor:
        return cursor.execute(query).fetchone()


def save(connection: Rows, row: CaseTransfer) -> None:
    """What may change of a transfer; raises its version."""
    connection.execute(
        "UPDATE case_transfer SET status = %s, version = version + 1, case_id = %s, package = %s, history = %s,"
        " receipt = %s, receipt_number = %s, settled_at = %s, other_case_number = %s WHERE id = %s",
        (row.status, row.case_id, row.package, Json(row.history) if row.history is not None else None, row.receipt,
         row.receipt_number, row.settled_at, row.other_case_number, row.id),
    )  # fmt: skip
