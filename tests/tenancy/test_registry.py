"""The picture of the registry: how old it may be, and who waits for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry, read_tenant, read_tenants
from tests.support.fixtures import Deployment
from tests.support.waiting import until


@dataclass
class Seen:
    """Connections that count who reads, and wait or refuse where a test wants it."""

    inner: Any
    read: int = 0
    refuses: bool = False
    open: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def for_workspace(self, name: str) -> Iterator[Any]:
        self.read += 1
        assert self.open.wait(10)
        if self.refuses:
            raise DatabaseUnavailableError("away")
        with self.inner.for_workspace(name) as connection:
            yield connection


@dataclass
class Watched:
    seen: Seen
    registry: Registry
    now: list[float]

    def later(self, seconds: float) -> None:
        self.now[0] += seconds


@pytest.fixture
def watched(deployment: Deployment) -> Watched:
    seen, now = Seen(deployment.connections), [100.0]
    seen.open.set()
    return Watched(seen, Registry(seen, lambda: now[0]), now)  # type: ignore[arg-type]


def test_it_knows_what_the_database_says(deployment: Deployment, watched: Watched, county: TenantContext) -> None:
    with deployment.database.owner() as owner:
        standing = [each for each in read_tenants(owner) if each.status != "DELETED"]
        issuers = owner.execute("SELECT issuer, tenant_id FROM shared.issuer").fetchall()
        units = owner.execute("SELECT slug, id FROM shared.unit WHERE tenant_id = %s", (county.id,)).fetchall()
        assert read_tenant(owner, county.slug) == county
    assert watched.registry.all() == standing
    assert watched.registry.by_slug(county.slug) == watched.registry.by_id(county.id) == county
    assert units
    assert watched.registry.units_of(county) == dict(units)
    by_address = dict(issuers)
    assert {each.issuer: each.tenant and each.tenant.id for each in watched.registry.issuers()} == by_address


def test_nobody_waits_where_somebody_comes_every_second(watched: Watched, county: TenantContext) -> None:
    watched.registry.all()
    watched.seen.open.clear()
    for _look in range(3):
        watched.later(0.5)
        assert watched.registry.by_slug(county.slug) == county, "while the database thinks"
    assert watched.seen.read == 2, "one reads behind the others"
    watched.seen.open.set()
    until(lambda: watched.registry._age() == 0.5)
    watched.later(0.4)
    assert watched.registry.by_slug(county.slug) == county
    assert watched.seen.read == 2


def test_an_older_picture_is_read_before_anything_is_answered(
    deployment: Deployment, watched: Watched, county: TenantContext
) -> None:
    assert watched.registry.by_slug(county.slug).status == "ACTIVE"
    with deployment.database.owner() as owner:
        owner.execute("UPDATE shared.tenant SET status = 'SUSPENDED' WHERE id = %s", (county.id,))
    try:
        watched.later(2.0)
        assert not watched.registry.is_fresh
        assert watched.registry.by_slug(county.slug).status == "SUSPENDED"
    finally:
        with deployment.database.owner() as owner:
            owner.execute("UPDATE shared.tenant SET status = 'ACTIVE' WHERE id = %s", (county.id,))


def test_what_has_not_changed_is_the_same_picture(watched: Watched, county: TenantContext) -> None:
    before = watched.registry.by_slug(county.slug)
    watched.later(2.0)
    assert watched.registry.by_slug(county.slug) is before
    watched.registry.refresh()
    assert watched.registry.by_slug(county.slug) is before


def test_while_the_database_is_away_the_last_picture_stands(watched: Watched, county: TenantContext) -> None:
    watched.seen.refuses = True
    with pytest.raises(DatabaseUnavailableError):
        watched.registry.all()
    watched.seen.refuses = False
    watched.registry.all()
    watched.seen.refuses = True
    watched.later(1.5)
    assert watched.registry.by_slug(county.slug) == county
    until(lambda: not watched.registry._behind.is_under_way)
    watched.later(1.0)
    assert watched.registry.by_slug(county.slug) == county
    assert watched.registry.is_fresh, "it is asked again in two seconds"
