"""Who a restored county is here: its slug, its ids, and which ids of the export stand for which of this deployment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.clock import Clock
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenants
from kreisbund_tenants import provisioning
from kreisbund_tenants.moving import catalogue, container
from kreisbund_tenants.moving.errors import RefusedError

Rows = psycopg.Connection[Any]


@dataclass(frozen=True)
class Identity:
    """The county to be. `ids`: ids of the export to ids of this deployment, where they differ.

    `is_itself`: it keeps its own id. `revives`: the empty row of the same county, deleted here earlier.
    """

    tenant: TenantContext
    ids: Mapping[str, str]
    is_itself: bool
    revives: bool
    has_places: bool


@dataclass(frozen=True)
class Wish:
    """What the operator asked for beside the file. `without_regional_key`: a copy beside the original has none."""

    slug: str | None = None
    without_regional_key: bool = False


def identity_of(connection: Rows, settings: Settings, clock: Clock, reader: container.Reader, wish: Wish) -> Identity:
    """Decides without writing. Raises RefusedError."""
    said = reader.manifest["county"]
    tenants = read_tenants(connection)
    slug = wish.slug or said["slug"]
    if errors := provisioning.field_errors(slug, said["name"], said["regional_key"] or "0" * 12):
        raise RefusedError(f"{errors[0].path}: {errors[0].message}")
    standing = next((each for each in tenants if each.slug == slug), None)
    revives = standing is not None and standing.status == "DELETED" and str(standing.id) == said["id"]
    if standing is not None and not revives:
        raise RefusedError(f"the slug {slug} is taken; --as names another")
    regional_key = None if wish.without_regional_key else said["regional_key"]
    if regional_key is not None and any(each.regional_key == regional_key for each in tenants):
        raise RefusedError(f"the regional key {regional_key} is taken; --without-regional-key restores a copy")
    is_itself = revives or all(str(each.id) != said["id"] for each in tenants)
    now = clock.now()
    tenant = TenantContext(
        id=UUID(said["id"]) if is_itself else new_id(Kind.TENANT, now),
        slug=slug,
        name=said["name"],
        regional_key=regional_key,
        kind=said["kind"],
        status="SUSPENDED",
        schema_name=roles.schema_of(slug),
        login_role=roles.county_role(connection.info.dbname, slug),
        profile=said["profile"],
    )
    has_places = not wish.without_regional_key
    if connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (tenant.schema_name,)).fetchone() == (True,):
        raise RefusedError(f"there is a schema {tenant.schema_name} that belongs to no county")
    if has_places:
        _refuse_taken_places(connection, reader)
    ids = catalogue.same_here(connection, reader.manifest["templates"])
    ids |= _unit_ids(connection, clock, (row["id"] for row in _rows(reader, "unit")))
    ids |= {said["id"]: str(tenant.id)}
    if is_itself:
        _refuse_later_checkpoints(settings, reader, tenant)
    return Identity(tenant, {old: new for old, new in ids.items() if old != new}, is_itself, revives, has_places)


def continues(settings: Settings, reader: container.Reader, who: Identity) -> bool:
    """Whether its checkpoints go on: they name the county's id and are signed by this deployment's key."""
    return who.is_itself and reader.signed_by == container.public_key(settings)


def _refuse_taken_places(connection: Rows, reader: container.Reader) -> None:
    keys = [row["regional_key"] for row in _rows(reader, "municipality")]
    row = connection.execute("SELECT name FROM shared.municipality WHERE regional_key = ANY(%s)", (keys,)).fetchone()
    if row is not None:
        raise RefusedError(f"{row[0]} belongs to another county; --without-regional-key restores a copy")


def _refuse_later_checkpoints(settings: Settings, reader: container.Reader, tenant: TenantContext) -> None:
    """A county whose log went on after the export cannot be set back unseen."""
    latest = max(store_of(settings).numbers(tenant.id), default=0)
    if latest > reader.manifest["event_log"]["checkpoints"]:
        raise RefusedError(
            f"the event log went on after this export (checkpoint {latest}); --as another slug restores a copy"
        )


def _unit_ids(connection: Rows, clock: Clock, ids: Iterable[str]) -> dict[str, str]:
    """Units keep their ids but where a unit here has them."""
    wanted = list(ids)
    query = "SELECT id::text FROM shared.unit WHERE id = ANY(%s::uuid[])"
    taken = {row[0] for row in connection.execute(query, (wanted,))}
    return {each: str(new_id(Kind.UNIT, clock.now())) for each in wanted if each in taken}


def _rows(reader: container.Reader, table: str) -> list[dict[str, Any]]:
    return [row for part in reader.parts("shared") if part["table"] == table for row in reader.lines(part)]
