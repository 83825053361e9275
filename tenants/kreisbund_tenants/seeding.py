"""What a fresh deployment starts with: migrated schemas, workspaces, the counties of `counties/`. Idempotent."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import psycopg

from kreisbund_platform.clock import BERLIN, Clock
from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import SchemaStatus
from kreisbund_platform.database.session import Database
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.services import importing
from kreisbund_platform.services.importing import ImportReport
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.life_cycle import agreements
from kreisbund_platform.templates.source import load_folder
from kreisbund_platform.tenancy import roles
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import read_tenant, read_tenants
from kreisbund_tenants import manifest, provisioning
from kreisbund_tenants.manifest import Manifest

CATALOGUE = Path(__file__).with_name("catalogue")
Rows = psycopg.Connection[Any]


class SeedingError(Exception):
    """A county of `counties/` was refused; the text names it and the refusal's code."""


def seed(database: Database, settings: Settings, clock: Clock, only: Collection[str] = ()) -> list[SchemaStatus]:
    """Migrates, makes the workspaces' roles and the counties that are missing; answers where each schema stands.

    `only`: slugs of the counties wanted, all where empty.
    """
    standing = migrate_all(database, clock)
    with database.owner() as connection:
        with connection.transaction():
            roles.ensure_workspaces(connection, settings)
        for county in manifest.seeded():
            if not only or county.slug in only:
                ensure_county(connection, settings, clock, county)
        provisioning.point_issuers(connection, settings)
        with connection.transaction():
            _ensure_agreement(connection, clock)
    return standing


def _ensure_agreement(connection: Rows, clock: Clock) -> None:
    """The cooperation agreement of the counties that a deployment starts with."""
    now = clock.now()
    found = [tenant.id for tenant in read_tenants(connection) if tenant.slug in seeded_slugs()]
    agreement_id = new_id(Kind.COOPERATION_AGREEMENT, now)
    agreements.ensure(connection, found, now.astimezone(BERLIN).date(), agreement_id)


def migrate_all(database: Database, clock: Clock) -> list[SchemaStatus]:
    """Brings all schemas and their grants up."""
    return migrate.migrate(database, clock, roles.renew_grants)


def ensure_county(connection: Rows, settings: Settings, clock: Clock, county: Manifest) -> None:
    """Makes the county, or brings what its manifest says up to date; a deleted one stays deleted."""
    if read_tenant(connection, county.slug) is not None:
        provisioning.describe(connection, clock, county)
        return
    made = provisioning.create_tenant(
        connection,
        settings,
        clock,
        slug=county.slug,
        name=county.name,
        regional_key=county.regional_key,
        manifest=county,
    )
    if isinstance(made, REFUSALS):
        raise SeedingError(f"{county.slug}: {made.code}")


def seeded_slugs() -> frozenset[str]:
    """The counties that every deployment starts with."""
    return frozenset(county.slug for county in manifest.seeded())


def seed_services(connections: Connections, clock: Clock) -> ImportReport | str:
    """Imports the starter catalogue into an empty one; a catalogue somebody imported stays as it is."""
    with connections.for_workspace("catalogue") as connection:
        if importing.is_filled(connection):
            return "in place"
        return importing.import_path(connection, CATALOGUE / "services", clock)


def seed_templates(connections: Connections, clock: Clock, leads: Collection[str] = ()) -> list[str]:
    """Publishes every folder of the catalogue whose content is not published yet; answers slug and version.

    `leads`: only what these counties lead, all where empty; a template needs its lead in the deployment.
    """
    published = []
    for folder in sorted(path.parent for path in CATALOGUE.glob("*/*/template.toml")):
        if leads and _lead_of(folder) not in leads:
            continue
        with connections.for_workspace("catalogue") as connection, connection.transaction():
            result = publishing.publish(connection, load_folder(folder), clock=clock)
        if isinstance(result, REFUSALS):
            raise SeedingError(f"{folder.name}: {result.code} {result}")
        published.append(f"{folder.name} {result.number}")
    return published


def _lead_of(folder: Path) -> str:
    table = tomllib.loads((folder / "template.toml").read_text("utf-8"))
    return str(table["topic"]["lead_county"])
