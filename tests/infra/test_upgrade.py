"""An upgrade without downtime: the program that is replaced goes on with its work on the next version's schema."""

from dataclasses import replace

import pytest

from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import MigrationError, migrations_of
from kreisbund_platform.tenancy import readiness, roles
from kreisbund_tenants.seeding import migrate_all
from tests.moving.conftest import LEADS, built
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, deployed, settings_for

# what the runbook allows, each kind once
NEXT = {
    "tenant": """
        CREATE TABLE reminder (id uuid PRIMARY KEY, case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE);
        ALTER TABLE case_record ADD COLUMN colour text, ADD COLUMN urgency integer NOT NULL DEFAULT 0;
        CREATE INDEX case_record_urgency ON case_record (urgency);
        ALTER TABLE case_record ADD CONSTRAINT case_record_urgency_check CHECK (urgency >= 0) NOT VALID;
    """,
    "shared": """
        ALTER TABLE tenant ADD COLUMN motto text NOT NULL DEFAULT '';
        CREATE TABLE notice_board (id uuid PRIMARY KEY);
    """,
}


def test_the_old_program_works_on_the_new_schema(tmp_path, monkeypatch):
    """Migrated while it runs; the new program then finds nothing to do, and the old one may not migrate any more."""
    with fresh_database() as url, deployed(settings_for(url, tmp_path), COUNTY, OTHER_COUNTY, *LEADS) as deployment:
        town = built(deployment)
        office = town.office(COUNTY)
        running = office.submit()
        files = {tree: migrations_of(tree) for tree in NEXT}
        following = {
            tree: (*files[tree], replace(files[tree][-1], version=files[tree][-1].version + 1, statements=statements))
            for tree, statements in NEXT.items()
        }
        with monkeypatch.context() as new_program:
            new_program.setattr(migrate, "migrations_of", following.__getitem__)
            assert not any(each.is_behind for each in migrate_all(deployment.database, town.clock))

        office.decide(running.case_id)
        assert office.case(running.case_id).status == "DECIDED"
        office.decide(office.submit().case_id)
        assert readiness.fits_shared(deployment.connections)
        deployment.registry.refresh()
        assert deployment.registry.by_slug(COUNTY) is not None
        with deployment.database.owner() as owner, pytest.raises(MigrationError, match="newer than this program"):
            migrate.migrate_schema(owner, "shared", town.clock, roles.renew_grants)
