"""What `shared` holds of a county beside its own row: units, places, figures, adoptions, known persons.

Not here, since it belongs to all counties together: agreements, reviews, rollouts, template history. Secrets,
issuers and sessions never leave a deployment; a restored county gets its own.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Json

Rows = psycopg.Connection[Any]


@dataclass(frozen=True)
class SharedTable:
    """A table of `shared` and the column that says whose a row is: `tenant_id`, or `realm` (the county's slug)."""

    name: str
    owner: str
    order: str


TABLES = (
    SharedTable("unit", "tenant_id", "id"),
    SharedTable("municipality", "tenant_id", "regional_key"),
    SharedTable("natural_person_account", "realm", "subject"),
    SharedTable("collector_position", "tenant_id", "tenant_id"),
    SharedTable("dashboard_month", "tenant_id", "month"),
    SharedTable("adoption_overview", "tenant_id", "template_id"),
)
COUNTY = ("id", "slug", "name", "regional_key", "kind", "status", "profile", "identity", "four_eyes", "created_at")


def county_row(connection: Rows, tenant_id: UUID) -> dict[str, Any]:
    """The county's own row."""
    row = connection.execute("SELECT row_to_json(t)::text FROM shared.tenant t WHERE id = %s", (tenant_id,)).fetchone()
    assert row is not None, "the registry knows it"
    found = json.loads(row[0])
    return {name: found[name] for name in COUNTY}


def rows_out(connection: Rows, table: SharedTable, owner: UUID | str) -> Iterator[bytes]:
    """Rows as JSON lines."""
    query = sql.SQL("SELECT row_to_json(t)::text FROM {} t WHERE {} = %s ORDER BY {}").format(
        sql.Identifier("shared", table.name), sql.Identifier(table.owner), sql.Identifier(table.order)
    )
    for (line,) in connection.execute(query, (owner,)):
        yield line.encode() + b"\n"


def rows_in(
    connection: Rows,
    table: SharedTable,
    owner: UUID | str,
    rows: Iterable[Mapping[str, Any]],
    ids: Mapping[str, str],
) -> None:
    """Adds rows as this deployment has them: of the new owner, with its own ids, later columns as declared."""
    fitted = [_fitted(row, ids) | {table.owner: str(owner)} for row in rows]
    if not fitted:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, fitted[0]))
    statement = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM json_populate_recordset(NULL::{0}, %s)").format(
        sql.Identifier("shared", table.name), columns
    )
    connection.execute(statement, (Json(fitted),))


def _fitted(row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {name: ids.get(value, value) if isinstance(value, str) else value for name, value in row.items()}
