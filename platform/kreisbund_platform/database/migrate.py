"""Plain SQL migrations, forward only, with one ledger per schema.

Files `NNNN_name.sql` below `migrations/shared` and `migrations/tenant` run in the order of their numbers, each
in one transaction with its ledger row. A county that fails stays at its version and is reported; the others go on.
A tree may have a `baseline.sql`: what its first files give one after the other, at once, for schemas made now.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from kreisbund_platform.clock import Clock
from kreisbund_platform.database.session import Database

MIGRATIONS = Path(__file__).with_name("migrations")
SHARED = "shared"
PARALLEL = 4
LOCK_TIMEOUT = "3s"
BASELINE = re.compile(r"-- Baseline of the files up to (\d{4})\n")
GRANTED = re.compile(r"\b(TABLE|VIEW|FUNCTION|PROCEDURE)\b(?<!ALTER TABLE)|-- renew grants")
Rows = psycopg.Connection[Any]
AfterSchema = Callable[[Rows, str], None]


class MigrationError(Exception):
    """A schema's ledger contradicts the files, or the files themselves are numbered wrongly."""


@dataclass(frozen=True)
class Migration:
    """One file. `checksum`: SHA-256 of its bytes, hex."""

    version: int
    name: str
    statements: LiteralString
    checksum: str

    @property
    def changes_grants(self) -> bool:
        """Whether it makes something that needs them, or says so: looking for what is missing costs more than most
        files, in each of hundreds of counties.
        """
        return bool(GRANTED.search(self.statements))


@dataclass(frozen=True)
class Baseline:
    """What the files up to `version` give."""

    version: int
    statements: LiteralString


@dataclass(frozen=True)
class SchemaStatus:
    """Where a schema stands. `problem`: why it stayed behind, as a code or SQLSTATE; None where nothing failed."""

    schema: str
    version: int
    target: int
    problem: str | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something is left to do."""
        return self.version < self.target or self.problem is not None


@cache
def migrations_of(tree: str, folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The files of a tree (`shared` or `tenant`), from 1 upwards, each number once; features reserve numbers."""
    found = tuple(_read(path) for path in sorted((folder / tree).glob("[0-9]*.sql")))
    numbers = [migration.version for migration in found]
    if not numbers or numbers[0] != 1 or len(set(numbers)) != len(numbers):
        raise MigrationError(f"the migrations of {tree} are not numbered from 1, each number once")
    return found


@cache
def baseline_of(tree: str, folder: Path = MIGRATIONS) -> Baseline | None:
    """A tree's baseline, if it has one; its first line says what it stands for."""
    path = folder / tree / "baseline.sql"
    if not path.exists():
        return None
    content = path.read_bytes().decode()
    if (head := BASELINE.match(content)) is None:
        raise MigrationError(f"the baseline of {tree} does not say up to which file it goes")
    return Baseline(int(head[1]), content)


def newest(files: Sequence[Migration]) -> int:
    """The version a schema has when all files have run."""
    return files[-1].version


def _read(path: Path) -> Migration:
    number, _, name = path.stem.partition("_")
    content = path.read_bytes()
    return Migration(int(number), name, content.decode(), hashlib.sha256(content).hexdigest())


def tree_of(schema: str) -> str:
    """Which files a schema follows."""
    return SHARED if schema == SHARED else "tenant"


def migrate(
    database: Database, clock: Clock, after: AfterSchema, schemas: Sequence[str] | None = None
) -> list[SchemaStatus]:
    """Brings `shared` and then all counties up, some at a time; `after` renews a schema's grants where a file needs it.

    A failure of `shared` raises: nothing else could follow.
    """
    with database.owner() as connection:
        first = migrate_schema(connection, SHARED, clock, after)
        counties = list(schemas) if schemas is not None else county_schemas(connection)
    parts = [counties[start::PARALLEL] for start in range(PARALLEL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        done = {
            state.schema: state for part in pool.map(partial(_attempt, database, clock, after), parts) for state in part
        }
    return [first, *(done[schema] for schema in counties)]


def _attempt(database: Database, clock: Clock, after: AfterSchema, schemas: Sequence[str]) -> list[SchemaStatus]:
    """One county after the other."""
    with database.owner() as connection:
        return [_tried(connection, schema, clock, after) for schema in schemas]


def _tried(connection: Rows, schema: str, clock: Clock, after: AfterSchema) -> SchemaStatus:
    try:
        return migrate_schema(connection, schema, clock, after)
    except MigrationError as problem:
        return _behind(connection, schema, str(problem))
    except psycopg.Error as problem:
        return _behind(connection, schema, problem.sqlstate or type(problem).__name__)


def _behind(connection: Rows, schema: str, problem: str) -> SchemaStatus:
    return SchemaStatus(schema, _version(connection, schema), newest(migrations_of(tree_of(schema))), problem)


def migrate_schema(
    connection: Rows, schema: str, clock: Clock, after: AfterSchema, only: Collection[int] | None = None
) -> SchemaStatus:
    """Brings one schema up, file by file; makes the schema where it is missing. `connection` is the owner's.

    Nobody works in a new schema yet: its files run together.
    `only`: these files and no others, so that a schema becomes what it was when a county was exported.
    """
    files = [file for file in migrations_of(tree_of(schema)) if only is None or file.version in only]
    while True:
        with connection.transaction():
            applied = _locked(connection, schema)
            missing = _missing(applied, files)
            some = missing[:1] if applied else missing
            if some:
                texts = [each.statements for each in some] if applied else _from_nothing(tree_of(schema), some)
                _apply(connection, schema, some, texts, clock)
                if any(each.changes_grants for each in some):
                    after(connection, schema)
        if len(some) == len(missing):
            return SchemaStatus(schema, newest(files), newest(files))


def _from_nothing(tree: str, migrations: Sequence[Migration]) -> list[LiteralString]:
    """The files' statements; the baseline's for those it stands for, where all of these are wanted."""
    baseline = baseline_of(tree)
    if baseline is not None:
        stands_for = {each.version for each in migrations_of(tree) if each.version <= baseline.version}
        if stands_for | {baseline.version} <= {each.version for each in migrations}:
            return [baseline.statements, *(each.statements for each in migrations if each.version > baseline.version)]
    return [each.statements for each in migrations]


def _apply(
    connection: Rows, schema: str, migrations: Sequence[Migration], texts: Sequence[LiteralString], clock: Clock
) -> None:
    """Runs the texts, and notes that so the schema has these migrations."""
    before = connection.execute(
        "SELECT current_setting('search_path'), set_config('search_path', %s || ', pg_catalog', true)",
        (f'"{schema}"',),
    ).fetchone()
    assert before is not None
    for text in texts:
        connection.execute(text)
    noted = [(each.version, each.name, each.checksum) for each in migrations]
    connection.execute(
        sql.SQL(
            "INSERT INTO {} (version, name, checksum, applied_at) SELECT x.*, %s"
            " FROM set_config('search_path', %s, true), unnest(%s::int[], %s::text[], %s::text[]) x"
        ).format(_ledger(schema)),
        (clock.now(), before[0], *map(list, zip(*noted, strict=True))),
    )


def _locked(connection: Rows, schema: str) -> dict[int, str]:
    """Version and checksum of what has run; one migration of a schema at a time, and none that waits long for those
    who work.

    Once there is a ledger its lock serves: a county may read its ledger, so it cannot hold this lock, while the
    advisory one could be held by any login.
    """
    if not _has_ledger(connection, schema):
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('kreisbund migrate ' || %s, 0))", (schema,))
        _ensure_ledger(connection, schema)
    found = connection.execute(
        sql.SQL(
            "SET LOCAL lock_timeout = {}; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; SELECT version, checksum FROM {}"
        ).format(LOCK_TIMEOUT, _ledger(schema), _ledger(schema))
    )
    while found.nextset():
        pass
    return dict(found.fetchall())


def _has_ledger(connection: Rows, schema: str) -> bool:
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f'"{schema}".schema_migration',)).fetchone()
    return found is not None and bool(found[0])


def _ensure_ledger(connection: Rows, schema: str) -> None:
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL)"
        ).format(_ledger(schema))
    )


def _missing(applied: Mapping[int, str], files: Sequence[Migration]) -> Sequence[Migration]:
    for migration in files:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationError(f"migration {migration.version:04} was changed after it had been applied")
    if applied.keys() - {migration.version for migration in files}:
        raise MigrationError("the schema is newer than this program")
    return [migration for migration in files if migration.version not in applied]


def _applied(connection: Rows, schema: str) -> dict[int, str]:
    """Version and checksum of what has run."""
    query = sql.SQL("SELECT version, checksum FROM {}").format(_ledger(schema))
    return dict(connection.execute(query).fetchall())


def _version(connection: Rows, schema: str) -> int:
    if not _has_ledger(connection, schema):
        return 0
    query = sql.SQL("SELECT coalesce(max(version), 0) FROM {}").format(_ledger(schema))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _ledger(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, "schema_migration")


def county_schemas(connection: Rows) -> list[str]:
    """Schemas of all counties that are not deleted, by name."""
    query = "SELECT schema_name FROM shared.tenant WHERE status <> 'DELETED' ORDER BY schema_name"
    return [row[0] for row in connection.execute(query)]


def status(database: Database) -> list[SchemaStatus]:
    """Where `shared` and every county stand; changes nothing."""
    with database.owner() as connection:
        schemas = [SHARED]
        if _version(connection, SHARED):
            schemas += county_schemas(connection)
        return [_standing(connection, schema) for schema in schemas]


def _standing(connection: Rows, schema: str) -> SchemaStatus:
    files = migrations_of(tree_of(schema))
    version = _version(connection, schema)
    try:
        missing = _missing(_applied(connection, schema), files) if version else files
    except MigrationError as problem:
        return SchemaStatus(schema, version, newest(files), str(problem))
    # a file with a lower number may have come later
    return SchemaStatus(
        schema, version, newest(files), "files missing" if missing and version == newest(files) else None
    )
