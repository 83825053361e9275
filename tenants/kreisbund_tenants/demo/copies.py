"""Many running cases quickly: copies of a few that the services made, row by row the same but for ids and numbers.

For measuring and for trying an upgrade of thousands; `demo load` makes each case by the services and takes longer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.ids import Kind, new_id

Rows = Connection[Any]
PLAIN = ("timer", "subscription")
AT_ONCE = 2_000


def multiply(connection: Rows, seeds: Sequence[UUID], count: int, now: datetime) -> int:
    """Copies running cases in turn until there are `count` more; answers how many. In the caller's transaction."""
    for start in range(0, count, AT_ONCE):
        for number, seed in enumerate(seeds):
            amount = len(range(start + number, min(count, start + AT_ONCE), len(seeds)))
            if amount:
                _copy(connection, seed, amount, now)
    return count


def running(connection: Rows, template_slug: str, most: int = 20) -> list[UUID]:
    """A few running cases of a template, one for each version and state first."""
    rows = connection.execute(
        "SELECT id FROM (SELECT c.id, row_number() OVER (PARTITION BY c.template_version_id, c.state::text) AS n"
        " FROM case_record c JOIN shared.process_template t ON t.id = c.template_id WHERE t.slug = %s"
        " AND c.status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING')) x ORDER BY n, id LIMIT %s",
        (template_slug, most),
    )
    return [row[0] for row in rows]


def _copy(connection: Rows, seed: UUID, amount: int, now: datetime) -> None:
    case_ids = [new_id(Kind.CASE_RECORD, now) for _n in range(amount)]
    _cases(connection, seed, case_ids, now)
    _with_ids(connection, "application", Kind.APPLICATION, seed, case_ids, now)
    _with_ids(connection, "party", Kind.PARTY, seed, case_ids, now)
    _with_ids(connection, "task", Kind.TASK, seed, case_ids, now)
    for table in PLAIN:
        columns = _columns(connection, table, but=("case_id",))
        connection.execute(
            f"INSERT INTO {table} (case_id, {columns}) SELECT x, {columns} FROM {table}, unnest(%s::uuid[]) x"
            " WHERE case_id = %s",
            (case_ids, seed),
        )
    _events(connection, seed, case_ids, now)


def _cases(connection: Rows, seed: UUID, case_ids: list[UUID], now: datetime) -> None:
    year = now.astimezone(BERLIN).year
    (last,) = connection.execute(
        "UPDATE case_number_counter SET last_number = last_number + %s WHERE year = %s RETURNING last_number",
        (len(case_ids), year),
    ).fetchone() or (0,)
    columns = _columns(connection, "case_record", but=("id", "case_number"))
    connection.execute(
        f"INSERT INTO case_record (id, case_number, {columns}) SELECT x.id,"
        " regexp_replace(case_number, '[0-9]{4}-[0-9]+$', %s || '-' || lpad((%s + x.n)::text, 6, '0')),"
        f" {columns} FROM case_record c, unnest(%s::uuid[]) WITH ORDINALITY x(id, n) WHERE c.id = %s",
        (str(year), last - len(case_ids), case_ids, seed),
    )


def _with_ids(connection: Rows, table: str, kind: Kind, seed: UUID, case_ids: list[UUID], now: datetime) -> None:
    """A table whose rows have ids of their own."""
    (rows,) = connection.execute(f"SELECT count(*) FROM {table} WHERE case_id = %s", (seed,)).fetchone() or (0,)
    fresh = [new_id(kind, now) for _n in range(rows * len(case_ids))]
    columns = _columns(connection, table, but=("id", "case_id"))
    connection.execute(
        f"INSERT INTO {table} (id, case_id, {columns}) SELECT (%s::uuid[])[row_number() OVER ()], x, {columns}"
        f" FROM {table}, unnest(%s::uuid[]) x WHERE case_id = %s",
        (fresh, case_ids, seed),
    )


def _events(connection: Rows, seed: UUID, case_ids: list[UUID], now: datetime) -> None:
    """The seed's events for each copy, chained like all others."""
    events = connection.execute(
        "SELECT at, type, actor, case_version, body::text FROM event WHERE case_id = %s ORDER BY seq", (seed,)
    ).fetchall()
    for at, type, actor, version, body in events:
        fresh = [new_id(Kind.EVENT, now) for _case in case_ids]
        many = len(case_ids)
        connection.execute(
            "SELECT code.chain_events(%s::uuid[], %s::uuid[], %s::integer[], %s, %s, %s, %s::text[], %s::integer[])",
            (fresh, case_ids, [version] * many, at, type, actor, [body], [1] * many),
        )


def _columns(connection: Rows, table: str, but: Sequence[str]) -> str:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND NOT attname = ANY(%s) ORDER BY attnum",
        (table, list(but)),
    )
    return ", ".join(row[0] for row in rows)
