"""All declarations, and the comparison with what the database has: what nobody declared turns the build red."""

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import Connection

from kreisbund_platform.privacy.declarations_county import COUNTY_TABLES
from kreisbund_platform.privacy.declarations_shared import COUNTY_SHARE, SHARED_TABLES
from kreisbund_platform.privacy.terms import Rule, Table

COUNTY: Mapping[str, Table] = {table.name: table for table in COUNTY_TABLES}
SHARED: Mapping[str, Table] = {table.name: table for table in SHARED_TABLES}
# what a county answers for, in its own schema and in `shared`
OF_PERSONS = tuple(table for table in (*COUNTY_TABLES, *COUNTY_SHARE) if table.personal)
COLUMNS = (
    "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
)


def columns_of(connection: Connection[Any], schema: str) -> dict[str, frozenset[str]]:
    """A schema's tables and their columns, as the database has them."""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(COLUMNS, (f'"{schema}"',)):
        found.setdefault(table, set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


def problems(declared: Mapping[str, Table], migrated: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """What is not declared, declared twice over, or no longer there; one line each."""
    for name in sorted(migrated.keys() - declared.keys()):
        yield f"{name}: no declaration (retention, whose data, erasure) in privacy/declarations_*.py"
    for name in sorted(declared.keys() - migrated.keys()):
        yield f"{name}: declared, but there is no such table"
    for name in sorted(declared.keys() & migrated.keys()):
        yield from _of_table(declared[name], migrated[name])


def _of_table(table: Table, columns: frozenset[str]) -> Iterator[str]:
    named = [*table.personal, *table.shown, *table.internal]
    if bool(table.personal) == (table.rule is Rule.NOBODY):
        yield f"{table.name}: personal columns and an erasure rule come together"
    if table.rule is Rule.KEEP and not table.why:
        yield f"{table.name}: kept without a reason"
    if len(named) != len(set(named)):
        yield f"{table.name}: a column is declared twice"
    if table.personal:
        yield from (f"{table.name}.{column}: no declaration" for column in sorted(columns - table.columns))
        yield from (f"{table.name}.{column}: there is no such column" for column in sorted(table.columns - columns))
