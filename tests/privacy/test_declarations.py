"""Every table says how long it is kept, whose data it holds and how they are erased; else the build breaks."""

import pytest

from kreisbund_platform.privacy.declarations import COUNTY, SHARED, columns_of, problems
from kreisbund_platform.privacy.terms import Rule


@pytest.fixture
def owner(deployment):
    with deployment.database.owner() as connection, connection.transaction(force_rollback=True):
        yield connection


def test_everything_migrated_is_declared(owner, county):
    assert list(problems(COUNTY, columns_of(owner, county.schema_name))) == []
    assert list(problems(SHARED, columns_of(owner, "shared"))) == []


def test_a_table_that_nobody_declared_turns_the_build_red(owner, county):
    owner.execute(f"CREATE TABLE {county.schema_name}.visitor (name text)")
    owner.execute("CREATE TABLE shared.visitor (name text)")
    for declared, schema in ((COUNTY, county.schema_name), (SHARED, "shared")):
        (found,) = problems(declared, columns_of(owner, schema))
        assert found.startswith("visitor: no declaration")


def test_so_does_a_column_of_a_table_with_personal_data(owner, county):
    owner.execute(f"ALTER TABLE {county.schema_name}.party ADD COLUMN birth_date date")
    assert list(problems(COUNTY, columns_of(owner, county.schema_name))) == ["party.birth_date: no declaration"]


def test_what_goes_with_its_case_really_hangs_on_it(owner, county):
    """Else a declaration would promise what the database does not do."""
    query = (
        "WITH RECURSIVE hanging AS (SELECT 'case_record'::name AS name UNION SELECT child.relname FROM hanging h"
        " JOIN pg_class parent ON parent.relname = h.name AND parent.relnamespace = %(schema)s::regnamespace"
        " JOIN pg_constraint k ON k.confrelid = parent.oid AND k.confdeltype = 'c'"
        " JOIN pg_class child ON child.oid = k.conrelid) SELECT name FROM hanging"
    )
    hanging = {name for (name,) in owner.execute(query, {"schema": county.schema_name})}
    assert {table.name for table in COUNTY.values() if table.rule is Rule.WITH_CASE} <= hanging
    beside = {"upload", "timer", "job"}  # an upload may have no case; the others hold nothing of a person
    assert hanging - {table.name for table in COUNTY.values() if table.rule is Rule.WITH_CASE} == beside


def test_nothing_else_keeps_a_case_from_being_deleted(owner, county):
    """A foreign key without a cascade would make every erasure fail; `erasing.delete_cases` knows these two."""
    query = (
        "SELECT child.relname, parent.relname FROM pg_constraint k JOIN pg_class child ON child.oid = k.conrelid"
        " JOIN pg_class parent ON parent.oid = k.confrelid WHERE k.contype = 'f' AND k.confdeltype <> 'c'"
        " AND k.connamespace = %s::regnamespace"
    )
    case_rows = {table.name for table in COUNTY.values() if table.rule is Rule.WITH_CASE} | {"upload"}
    found = {(child, parent) for child, parent in owner.execute(query, (county.schema_name,)) if parent in case_rows}
    assert found == {("decision", "document"), ("delivery", "party")}
