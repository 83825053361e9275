"""Many cases in a county: the demonstration's own, copied row by row under ids and numbers of their own."""

from typing import Any

from psycopg import Connection, sql

# what a list or a case page shows; timers are left out, so that the worker rests
TABLES = {"case_record": "id", "application": "case_id", "party": "case_id", "task": "case_id"}
MOVED = "(lpad(to_hex(n), 8, '0') || substr({column}::text, 9))::uuid"  # the kind stays in the id
UNIQUE = {"case_number": "o.case_number || '-' || n", "opened_at": "o.opened_at - n * interval '7 minutes'"}


def fill(owner: Connection[Any], schema: str, cases: int) -> int:
    """Copies until there are about so many; answers how many there are."""
    with owner.transaction():
        owner.execute(sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(sql.Identifier(schema)))
        times = max(0, cases // _count(owner) - 1)
        for table in TABLES:
            columns = _columns(owner, table)
            values = ", ".join(_value(table, column, kind) for column, kind in columns)
            names = ", ".join(f'"{column}"' for column, _kind in columns)
            owner.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} o, generate_series(1, {times}) n"
            )
        found = _count(owner)
    for table in TABLES:
        owner.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(schema, table)))
    return found


def _count(owner: Connection[Any]) -> int:
    row = owner.execute("SELECT count(*) FROM case_record").fetchone()
    assert row is not None
    return int(row[0])


def _columns(owner: Connection[Any], table: str) -> list[tuple[str, str]]:
    found = owner.execute(
        "SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attidentity = '' AND attgenerated = ''",
        (table,),
    )
    return found.fetchall()


def _value(table: str, column: str, kind: str) -> str:
    if kind == "uuid" and (column in ("id", "case_id")):
        return MOVED.format(column=f"o.{column}")
    if column in UNIQUE and table == "case_record":
        return UNIQUE[column]
    return f'o."{column}"'
