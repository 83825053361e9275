"""A deployment of the tests' own with a county whose cases stand at every stage, and a neighbour."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kreisbund_platform.audit.sealing import Sealer
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.documents import uploads
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.source import load_folder
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.demo.picture import portrait
from kreisbund_tenants.moving import exporting, tables
from kreisbund_tenants.moving.place import Place
from kreisbund_tenants.seeding import CATALOGUE, seed_templates
from tests.cases.conftest import TEMPLATE, Office
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START, Deployment, deployed, settings_for

LEADS = ("kyffhaeuserkreis", "unstrut-hainich-kreis")


@dataclass(frozen=True)
class Town:
    """A running deployment and what tests do with its counties."""

    deployment: Deployment
    clock: ManualClock

    @property
    def place(self) -> Place:
        here = self.deployment
        return Place(here.settings, here.database, here.connections, self.clock)

    def county(self, slug: str) -> TenantContext:
        self.deployment.registry.refresh()
        found = self.deployment.registry.by_slug(slug)
        assert found is not None
        return found

    def office(self, slug: str) -> Office:
        return Office(self.deployment, self.county(slug), self.clock)

    def rows(self, tenant: TenantContext) -> dict[str, list[str]]:
        """Every row of every table as text, by table."""
        with self.deployment.database.owner() as owner:
            return {
                table.name: b"".join(tables.rows_out(owner, tenant.schema_name, table)).decode().splitlines()
                for table in tables.tables_of(owner, tenant.schema_name)
            }

    def shared(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.deployment.database.owner() as owner:
            return owner.execute(query, values or None).fetchall()

    def execute(self, statement: str) -> None:
        with self.deployment.database.owner() as owner:
            owner.execute(statement)

    def files(self, slug: str) -> dict[str, bytes]:
        root = self.deployment.settings.home / "files" / slug
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def export(self, slug: str, target: Path) -> Path:
        return exporting.export(self.place, self.county(slug), target, lambda line: None).file


def built(deployment: Deployment) -> Town:
    """Templates published; the county and its neighbour with their cases, files and checkpoints."""
    town = Town(deployment, ManualClock(START))
    seed_templates(deployment.connections, town.clock)
    for slug in (COUNTY, OTHER_COUNTY):
        office = town.office(slug)
        office.do(adoptions.adopt, TEMPLATE, role="county_admin")
        made = [office.submit() for _number in range(3)]
        office.complete(made[0].case_id)
        office.decide(made[1].case_id)
        office.do(uploads.receive, "Bild.png", uploads.Examined(portrait(slug), "image/png", "CLEAN"), role="citizen")
        office.do(lambda work: Sealer(work, store_of(work.settings)).seal(now_or_never=True))
        office.submit()
    return town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with fresh_database() as url:
        with deployed(settings_for(url, tmp_path_factory.mktemp("home")), COUNTY, OTHER_COUNTY, *LEADS) as deployment:
            yield built(deployment)


@pytest.fixture(scope="package")
def exported(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.export(COUNTY, tmp_path_factory.mktemp("export") / "county.kbx")


@pytest.fixture(scope="package")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Another deployment with other keys; of the counties it has the topics' leads only."""
    with fresh_database() as url:
        with deployed(settings_for(url, tmp_path_factory.mktemp("elsewhere")), OTHER_COUNTY, *LEADS) as deployment:
            town = Town(deployment, ManualClock(START))
            (folder,) = CATALOGUE.glob(f"*/{TEMPLATE}")
            with deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
                publishing.publish(connection, load_folder(folder), clock=town.clock)
            yield town
