"""Migrations: a ledger per schema, nothing twice, a changed file refused, one failing county holds nobody up."""

from dataclasses import replace

import pytest

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import MigrationError, migrate_schema, migrations_of
from kreisbund_platform.tenancy import roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants import seeding
from tests.support.fixtures import Deployment


def test_all_schemas_stand_at_the_newest_version(deployment: Deployment) -> None:
    standing = migrate.status(deployment.database)
    assert [state.schema for state in standing] == ["shared", "county_nordhausen", "county_wartburgkreis"]
    assert not any(state.is_behind for state in standing)
    assert standing[0].version == migrations_of("shared")[-1].version


def test_a_second_run_changes_nothing(deployment: Deployment, clock: ManualClock) -> None:
    before = migrate.status(deployment.database)
    assert seeding.migrate_all(deployment.database, clock) == before


def test_a_county_has_no_function_of_its_own(deployment: Deployment) -> None:
    """PostgreSQL looks through all functions of a name, in whatever schema."""
    with deployment.database.owner() as owner:
        query = "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace::regnamespace::text LIKE 'county%'"
        assert owner.execute(query).fetchall() == []


def test_a_file_changed_after_it_was_applied_is_refused(deployment: Deployment, clock: ManualClock) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute("UPDATE county_nordhausen.schema_migration SET checksum = 'other' WHERE version = 2")
        with pytest.raises(MigrationError, match="0002 was changed"):
            migrate_schema(owner, "county_nordhausen", clock, roles.renew_grants)


def test_a_schema_newer_than_the_program_is_refused(deployment: Deployment, clock: ManualClock) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute("INSERT INTO county_nordhausen.schema_migration VALUES (999, 'later', 'x', now())")
        with pytest.raises(MigrationError, match="newer"):
            migrate_schema(owner, "county_nordhausen", clock, roles.renew_grants)


def test_a_failing_county_stays_behind_and_the_others_go_on(
    deployment: Deployment, clock: ManualClock, county: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = migrations_of("tenant")
    last = files[-1].version
    broken = replace(files[-1], version=last + 1, statements="ALTER TABLE missing_here ADD COLUMN x int")
    with deployment.database.owner() as owner:
        owner.execute("CREATE TABLE county_wartburgkreis.missing_here (id int)")
        monkeypatch.setattr(
            migrate, "migrations_of", lambda tree: (*files, broken) if tree == "tenant" else migrations_of("shared")
        )
        try:
            standing = {state.schema: state for state in seeding.migrate_all(deployment.database, clock)}
        finally:
            owner.execute("DROP TABLE county_wartburgkreis.missing_here")
            owner.execute("DELETE FROM county_wartburgkreis.schema_migration WHERE version > %s", (last,))
    assert standing[county.schema_name].problem == "42P01"
    assert standing[county.schema_name].version == last
    assert standing["county_wartburgkreis"].version == last + 1


def test_files_must_be_numbered_from_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "tenant").mkdir()
    (folder / "tenant" / "0002_second.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match="numbered"):
        migrations_of("tenant", folder)
