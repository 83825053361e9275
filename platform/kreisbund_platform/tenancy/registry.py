"""Who the counties are and who vouches for their people; a picture of the registry that is at most two seconds old.

Where somebody comes every second it is read anew behind them, so that nobody waits for it. What has not changed is the
same picture: nothing of hundreds of counties is made again.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.behind import Behind
from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext

NEW_SECONDS = 1.0  # an older one is read anew behind whoever looks
MAX_AGE_SECONDS = 2.0  # an older one before
TENANT: LiteralString = (
    "id, slug, name, regional_key, kind, status, schema_name, login_role, profile, identity, four_eyes"
)
PICTURE: LiteralString = f"""
SELECT json_build_object(
    'tenants', (SELECT coalesce(json_agg(json_build_array({TENANT}) ORDER BY slug), '[]') FROM shared.tenant
        WHERE status <> 'DELETED'),
    'issuers', (SELECT coalesce(json_agg(json_build_array(issuer, realm, kind, tenant_id, announced_kids)
        ORDER BY issuer), '[]') FROM shared.issuer),
    'units', (SELECT coalesce(json_agg(json_build_array(tenant_id, slug, id) ORDER BY id), '[]') FROM shared.unit)
)::text
"""
Found = TypeVar("Found")


@dataclass(frozen=True)
class IssuerEntry:
    """An issuer that may vouch. `kind`: COUNTY, SERVICE_TEAM, STATE, OPERATIONS; `tenant` for a county's only.

    `announced`: the ids of the keys that its operators announced; None where no record is kept.
    """

    issuer: str
    realm: str
    kind: str
    tenant: TenantContext | None
    announced: frozenset[str] | None = None


@dataclass(frozen=True)
class Snapshot:
    """The registry at one moment; deleted counties are left out."""

    by_slug: Mapping[str, TenantContext]
    by_id: Mapping[UUID, TenantContext]
    by_issuer: Mapping[str, IssuerEntry]
    units: Mapping[UUID, Mapping[str, UUID]]


class Registry:
    """Answers from memory; thread-safe. Raises `DatabaseUnavailableError` only before the first reading."""

    def __init__(self, connections: Connections, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connections = connections
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._text = ""  # the database's own words for it
        self._read_at = self._missed_at = float("-inf")
        self._behind = Behind("registry", self._renew)

    def by_slug(self, slug: str) -> TenantContext | None:
        """The county of this slug; one made a moment ago is found too."""
        return self._find(lambda snapshot: snapshot.by_slug.get(slug))

    def by_id(self, tenant_id: UUID) -> TenantContext | None:
        """The county of this id."""
        return self._find(lambda snapshot: snapshot.by_id.get(tenant_id))

    def by_issuer(self, issuer: str) -> IssuerEntry | None:
        """Who vouches under this address; None for an unknown one."""
        return self._find(lambda snapshot: snapshot.by_issuer.get(issuer))

    def issuers(self) -> list[IssuerEntry]:
        """All issuers, by address."""
        return [entry for _, entry in sorted(self._current().by_issuer.items())]

    def all(self) -> list[TenantContext]:
        """All counties that are not deleted, by slug."""
        return [tenant for _, tenant in sorted(self._current().by_slug.items())]

    def units_of(self, tenant: TenantContext) -> Mapping[str, UUID]:
        """The county's units: slug to id."""
        return self._current().units.get(tenant.id, MappingProxyType({}))

    def refresh(self) -> None:
        """Reads anew, now."""
        with self._lock:
            self._read()

    def _find(self, look: Callable[[Snapshot], Found | None]) -> Found | None:
        """Looks; what is unknown causes one fresh reading, but no more than one in two seconds."""
        return look(self._current()) or (look(self._reread()) if self._may_reread() else None)

    def _may_reread(self) -> bool:
        with self._lock:
            if self._monotonic() - self._missed_at < MAX_AGE_SECONDS:
                return False
            self._missed_at = self._monotonic()
            return True

    def _reread(self) -> Snapshot:
        with self._lock:
            return self._read_or_keep()

    @property
    def is_fresh(self) -> bool:
        """Whether it answers what it knows without reading anew."""
        return self._snapshot is not None and self._age() < MAX_AGE_SECONDS

    def _current(self) -> Snapshot:
        snapshot = self._snapshot
        if snapshot is not None and self.is_fresh:
            if self._age() >= NEW_SECONDS:
                self._behind.begin()
            return snapshot
        with self._lock:
            if self._snapshot is not None and self.is_fresh:
                return self._snapshot
            return self._read_or_keep()

    def _age(self) -> float:
        return self._monotonic() - self._read_at

    def _renew(self) -> None:
        with self._lock:
            if self._age() >= NEW_SECONDS:
                self._read_or_keep()

    def _read_or_keep(self) -> Snapshot:
        """A fresh picture; while the database is away the last one stands."""
        try:
            return self._read()
        except DatabaseUnavailableError:
            if self._snapshot is None:
                raise
            self._read_at = self._monotonic()
            return self._snapshot

    def _read(self) -> Snapshot:
        begun = self._monotonic()
        with self._connections.for_workspace("registry") as connection:
            row = connection.execute(PICTURE).fetchone()
        assert row is not None, "a SELECT without FROM answers one row"
        if self._snapshot is None or row[0] != self._text:
            self._snapshot, self._text = snapshot_of(row[0]), row[0]
        self._read_at = begun
        return self._snapshot


def read_tenant(connection: Connection[Any], slug: str) -> TenantContext | None:
    """The county of this slug as it stands in the database, deleted ones included."""
    with connection.cursor(row_factory=class_row(TenantContext)) as cursor:
        return cursor.execute(f"SELECT {TENANT} FROM shared.tenant WHERE slug = %s", (slug,)).fetchone()


def read_tenants(connection: Connection[Any]) -> list[TenantContext]:
    """All counties by slug, deleted ones included."""
    with connection.cursor(row_factory=class_row(TenantContext)) as cursor:
        return cursor.execute(f"SELECT {TENANT} FROM shared.tenant ORDER BY slug").fetchall()


def snapshot_of(text: str) -> Snapshot:
    """Everything the registry knows, from what PICTURE answers."""
    found = orjson.loads(text)
    by_id = {tenant.id: tenant for tenant in (TenantContext(UUID(row[0]), *row[1:]) for row in found["tenants"])}
    units: dict[UUID, dict[str, UUID]] = {}
    for tenant_id, slug, unit_id in found["units"]:
        units.setdefault(UUID(tenant_id), {})[slug] = UUID(unit_id)
    issuers = [(*row[:3], row[3] and UUID(row[3]), row[4]) for row in found["issuers"]]
    return Snapshot(
        by_slug={tenant.slug: tenant for tenant in by_id.values()},
        by_id=by_id,
        by_issuer={
            issuer: IssuerEntry(issuer, realm, kind, by_id.get(tenant_id), None if kids is None else frozenset(kids))
            for issuer, realm, kind, tenant_id, kids in issuers
            if tenant_id is None or tenant_id in by_id
        },
        units=units,
    )
