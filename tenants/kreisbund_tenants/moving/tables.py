"""A county's tables as COPY text: which there are, in which order they go in, their rows out and in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_tenants.moving.container import gathered, lines_of

Rows = psycopg.Connection[Any]
LEDGER = "schema_migration"
HASHED = "event"  # its rows are chained as they stand: not a byte of them may change
UUID_TEXT = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
COLUMNS = """
SELECT c.relname, a.attname, coalesce(a.attnum = ANY(i.indkey), false), a.attidentity <> ''
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND c.relname <> %s ORDER BY c.relname, a.attnum
"""
REFERENCES = """
SELECT DISTINCT c.relname, r.relname FROM pg_constraint f
    JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
WHERE f.contype = 'f' AND c.relnamespace = %s::regnamespace AND r.relnamespace = c.relnamespace AND c.oid <> r.oid
"""


@dataclass(frozen=True)
class Table:
    """`key`: the columns of its primary key; `counted`: those whose values the database gives."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    counted: tuple[str, ...]


def tables_of(connection: Rows, schema: str) -> list[Table]:
    """All tables but the ledger of migrations, those that others refer to first."""
    found: dict[str, list[tuple[str, bool, bool]]] = {}
    for table, column, in_key, is_counted in connection.execute(COLUMNS, (f'"{schema}"', LEDGER)):
        found.setdefault(table, []).append((column, in_key, is_counted))
    order = TopologicalSorter[str]({name: set() for name in sorted(found)})
    for table, referred in connection.execute(REFERENCES, (f'"{schema}"',)):
        order.add(table, referred)
    return [
        Table(
            name,
            tuple(column for column, _key, _counted in found[name]),
            tuple(column for column, in_key, _counted in found[name] if in_key),
            tuple(column for column, _key, is_counted in found[name] if is_counted),
        )
        for name in order.static_order()
    ]


def rows_out(connection: Rows, schema: str, table: Table) -> Iterator[bytes]:
    """All rows as COPY text (PostgreSQL's documentation, COPY, "Text Format"), by primary key."""
    statement = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _names(table.columns), sql.Identifier(schema, table.name), _names(table.key or table.columns)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            yield bytes(row)


def rows_in(connection: Rows, schema: str, name: str, columns: Iterable[str], blocks: Iterable[bytes]) -> int:
    """Adds rows; answers how many there were."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(schema, name), _names(columns))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block)
        return cursor.rowcount


def empty(connection: Rows, schema: str, tables: Iterable[Table]) -> None:
    """Takes out what migrations put in: the exported rows are all that there is."""
    names = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
    connection.execute(sql.SQL("TRUNCATE {}").format(names))


def set_triggers(connection: Rows, schema: str, tables: Iterable[Table], *, enabled: bool) -> None:
    """Rows go in as they came out: no trigger may change them or others. Foreign keys are checked all the same."""
    verb = sql.SQL("ENABLE" if enabled else "DISABLE")
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(schema, table.name), verb))


def counters(connection: Rows, schema: str, tables: Iterable[Table]) -> dict[str, int]:
    """`table.column` to the next value that the database would give."""
    return {
        f"{table.name}.{column}": _next(connection, _sequence(connection, schema, table.name, column))
        for table in tables
        for column in table.counted
    }


def set_counters(connection: Rows, schema: str, wanted: Mapping[str, int]) -> None:
    """Lets the database go on counting where it stood."""
    for place, value in wanted.items():
        table, _dot, column = place.partition(".")
        sequence = _sequence(connection, schema, table, column)
        connection.execute("SELECT setval(%s::regclass, %s, false)", (sequence, value))


def with_ids(blocks: Iterable[bytes], ids: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """The same text with ids of the other deployment's catalogue and units replaced by those of this one."""
    if not ids:
        yield from blocks
        return
    changed = (UUID_TEXT.sub(lambda found: ids.get(found[0], found[0]), line) for line in lines_of(blocks))
    yield from gathered(changed)


def _sequence(connection: Rows, schema: str, table: str, column: str) -> str:
    row = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", (f'"{schema}"."{table}"', column)).fetchone()
    assert row is not None, "an identity column has a sequence"
    return str(row[0])


def _next(connection: Rows, sequence: str) -> int:
    row = connection.execute("SELECT coalesce(pg_sequence_last_value(%s::regclass), 0) + 1", (sequence,)).fetchone()
    assert row is not None, "one value"
    return int(row[0])


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
