"""A county made by the baseline is one made by the files it stands for, in everything that the catalogues say of it."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import Baseline, MigrationError, baseline_of, migrate_schema, migrations_of
from tests.support.fixtures import START, Deployment

Rows = psycopg.Connection[Any]
MADE, BY_FILES = "county_made", "county_by_files"
TREE = "tenant"
# each answers lines of text about the schema %(schema)s; nothing is on the search_path, so names are whole
DESCRIBED: dict[str, LiteralString] = {
    "relation": """
        SELECT concat_ws(' ', c.relname, c.relkind, c.relpersistence, c.reloptions, c.relreplident, c.relrowsecurity,
            c.relforcerowsecurity, c.reltablespace, c.relam, t.oid IS NOT NULL, t.reloptions, c.relacl::text,
            obj_description(c.oid, 'pg_class'))
        FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
        WHERE c.relnamespace = %(schema)s::regnamespace""",
    "column": """
        SELECT concat_ws(' ', c.relname, a.attnum, a.attname, a.attisdropped, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attstorage,
            a.attcompression, a.attstattarget, a.attcollation, a.attoptions, a.attacl::text,
            col_description(c.oid, a.attnum))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = %(schema)s::regnamespace AND a.attnum > 0""",
    "constraint": """
        SELECT concat_ws(' ', conrelid::regclass, contypid::regtype, conname, contype, convalidated, condeferrable,
            condeferred, confmatchtype, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
        FROM pg_constraint WHERE connamespace = %(schema)s::regnamespace""",
    "index": """
        SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisprimary, i.indisvalid, i.indisclustered,
            i.indisreplident, i.indimmediate)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = %(schema)s::regnamespace""",
    "trigger": """
        SELECT concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal""",
    "function": """
        SELECT concat_ws(' ', pg_get_functiondef(oid), proacl::text, obj_description(oid, 'pg_proc'))
        FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace""",
    "sequence": """
        SELECT concat_ws(' ', s.seqrelid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax,
            s.seqmin, s.seqcache, s.seqcycle, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), d.deptype)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid LEFT JOIN pg_depend d
            ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
        WHERE c.relnamespace = %(schema)s::regnamespace""",
    "type": """
        SELECT concat_ws(' ', typname, typtype, typcategory, format_type(typbasetype, typtypmod), typacl::text,
            (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
        FROM pg_type t WHERE typnamespace = %(schema)s::regnamespace""",
    "rule": """
        SELECT pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = %(schema)s::regnamespace""",
    "policy": """
        SELECT concat_ws(' ', polrelid::regclass, polname, polcmd, polpermissive, polroles,
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = %(schema)s::regnamespace""",
    "statistics": """
        SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = %(schema)s::regnamespace""",
    "schema": """
        SELECT concat_ws(' ', nspname, nspacl::text, obj_description(oid, 'pg_namespace'))
        FROM pg_namespace WHERE oid = %(schema)s::regnamespace""",
}
TABLES: LiteralString = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"


def described(connection: Rows, schema: str) -> set[str]:
    """Everything about a schema, rows included, as lines in which it has no name."""
    connection.execute("SET LOCAL search_path = pg_catalog")
    found = {
        f"{what} {line}"
        for what, query in DESCRIBED.items()
        for (line,) in connection.execute(query, {"schema": schema}).fetchall()
    }
    for (table,) in connection.execute(TABLES, (schema,)).fetchall():
        rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table)))
        found |= {f"row of {table} {row}" for (row,) in rows.fetchall()}
    return {line.replace(schema, "SCHEMA") for line in found}


def differences(connection: Rows) -> list[str]:
    made, by_files = described(connection, MADE), described(connection, BY_FILES)
    return [f"baseline only: {line}" for line in sorted(made - by_files)] + [
        f"files only: {line}" for line in sorted(by_files - made)
    ]


def _made(connection: Rows, schema: str, **options: Any) -> None:
    migrate_schema(connection, schema, ManualClock(START), lambda *_: None, **options)


@pytest.fixture(scope="module")
def both(deployment: Deployment) -> Iterator[Rows]:
    """A transaction in which there are both schemas; it is undone."""
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        _made(owner, MADE)
        with pytest.MonkeyPatch.context() as without:
            without.setattr(migrate, "baseline_of", lambda _tree: None)
            _made(owner, BY_FILES)
        yield owner


def test_the_baseline_gives_what_the_files_give(both: Rows) -> None:
    """Whoever adds a file below the baseline's number writes what it does into `baseline.sql`, too."""
    assert len(described(both, MADE)) > 1000
    assert differences(both) == []


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("ALTER TABLE note ADD COLUMN more integer", "column note 7 more"),
        ("ALTER TABLE note ALTER COLUMN text DROP NOT NULL", "column note 5 text"),
        ("ALTER TABLE note ALTER COLUMN text SET DEFAULT ''", "column note 5 text"),
        ("ALTER TABLE note ALTER COLUMN author TYPE varchar", "column note 4 author"),
        ("ALTER TABLE note ALTER COLUMN text SET STATISTICS 5", "column note 5 text"),
        ("ALTER TABLE note ADD CHECK (text <> '')", "constraint SCHEMA.note - note_text_check"),
        ("ALTER TABLE case_read VALIDATE CONSTRAINT case_read_basis_check", "constraint SCHEMA.case_read"),
        ("DROP INDEX note_case", "relation note_case"),
        ("CREATE INDEX ON note (author)", "index CREATE INDEX note_author_idx"),
        ("ALTER INDEX note_case SET (fillfactor = 50)", "relation note_case"),
        ("ALTER TABLE case_record RESET (fillfactor)", "relation case_record"),
        ("ALTER TABLE note REPLICA IDENTITY FULL", "relation note"),
        ("ALTER TABLE note ENABLE ROW LEVEL SECURITY", "relation note"),
        ("COMMENT ON TABLE note IS 'more'", "relation note"),
        ("ALTER TABLE event DISABLE TRIGGER event_append_only", "trigger CREATE TRIGGER event_append_only"),
        ("CREATE FUNCTION more() RETURNS int LANGUAGE sql RETURN 1", "function CREATE OR REPLACE FUNCTION SCHEMA.more"),
        ("ALTER TABLE outbox ALTER COLUMN id SET CACHE 9", "sequence SCHEMA.outbox_id_seq"),
        ("CREATE TYPE more AS ENUM ('a')", "type more"),
        ("CREATE POLICY more ON note", "policy SCHEMA.note more"),
        ("CREATE STATISTICS more ON author, text FROM note", "statistics CREATE STATISTICS SCHEMA.more"),
        ("UPDATE chain_head SET seq = 1", "row of chain_head"),
        ("UPDATE schema_migration SET checksum = '' WHERE version = 1", "row of schema_migration"),
    ],
)
def test_a_difference_is_seen(both: Rows, statement: LiteralString, where: str) -> None:
    with both.transaction(force_rollback=True):
        both.execute(f"SET LOCAL search_path = {MADE}")
        both.execute(statement)
        found = differences(both)
    assert any(where in line for line in found), found


def test_columns_in_another_order_are_seen(both: Rows) -> None:
    with both.transaction(force_rollback=True):
        for schema, columns in ((MADE, "a int, b int"), (BY_FILES, "b int, a int")):
            both.execute(f"CREATE TABLE {schema}.more ({columns})")  # type: ignore[arg-type]
        assert len(differences(both)) == 4


def test_it_stands_for_its_files_where_all_of_them_are_wanted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A county that is restored from an older export becomes first what it was then."""
    files = migrations_of(TREE)
    monkeypatch.setattr(migrate, "baseline_of", lambda _tree: Baseline(files[2].version, "CREATE TABLE at_once ()"))
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        _made(owner, "county_whole", only={file.version for file in files[:3]})
        _made(owner, "county_older", only={file.version for file in files[:2]})
        for schema, is_baseline in (("county_whole", True), ("county_older", False)):
            found = owner.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.at_once",)).fetchone()
            assert found == (is_baseline,)
            noted = owner.execute(f"SELECT version, name, checksum FROM {schema}.schema_migration ORDER BY 1")  # type: ignore[arg-type]
            wanted = files[: 3 if is_baseline else 2]
            assert noted.fetchall() == [(each.version, each.name, each.checksum) for each in wanted]


def test_later_files_run_after_it(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    later = migrate.Migration(9_000, "later", "ALTER TABLE note ADD COLUMN later integer", "x")
    monkeypatch.setattr(migrate, "migrations_of", lambda tree: (*migrations_of(tree), later))
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        _made(owner, "county_later")
        assert owner.execute("SELECT later FROM county_later.note").fetchall() == []


def test_a_baseline_says_how_far_it_goes(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("migrations")
    (folder / TREE).mkdir()
    (folder / TREE / "baseline.sql").write_text("CREATE TABLE note ()")
    with pytest.raises(MigrationError, match="up to which file"):
        baseline_of(TREE, folder)
    assert baseline_of("shared", folder) is None
