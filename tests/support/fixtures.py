"""The fixtures: a deployment with two counties on a real PostgreSQL, and work that leaves nothing behind."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database.session import Database, Login
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import AccountKind, AssuranceLevel, Principal, RealmKind, Role
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import secret_box
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from tests.support.database import fresh_database

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
COUNTY, OTHER_COUNTY = "nordhausen", "wartburgkreis"
WorkFor = Callable[..., AbstractContextManager[WorkContext]]


@dataclass(frozen=True)
class Deployment:
    """A migrated database with workspaces and two counties, and what a process holds of it."""

    database: Database
    settings: Settings
    connections: Connections
    registry: Registry


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """An empty database of this test session."""
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a demo deployment with a home of its own."""
    return settings_for(database_url, tmp_path_factory.mktemp("home"))


def settings_for(database_url: str, home: Path) -> Settings:
    """Settings of a demo deployment in this home."""
    return Settings(
        home=home,
        port=8420,
        base_url="http://127.0.0.1:8420",
        environment="demo",
        database_url=database_url,
        wrapping_key=secrets.token_bytes(32),
        otlp_endpoint=None,
    )


@pytest.fixture(scope="session")
def deployment(settings: Settings) -> Iterator[Deployment]:
    """Migrated, with the workspaces' roles and the two counties of `county` and `other_county`."""
    with deployed(settings, COUNTY, OTHER_COUNTY) as made:
        yield made


@contextmanager
def deployed(settings: Settings, *slugs: str) -> Iterator[Deployment]:
    """A deployment with these of the seeded counties, in an empty database."""
    database = Database(settings)
    seeding.seed(database, settings, ManualClock(START), only=slugs)
    connections = Connections(database, settings)
    yield Deployment(database, settings, connections, Registry(connections))
    database.close()


@pytest.fixture(scope="session")
def database(deployment: Deployment) -> Database:
    """The session's database, migrated."""
    return deployment.database


@pytest.fixture(scope="session")
def connections(deployment: Deployment) -> Connections:
    """Connections by county and workspace."""
    return deployment.connections


@pytest.fixture(scope="session")
def registry(deployment: Deployment) -> Registry:
    """The registry of the session's deployment."""
    return deployment.registry


@pytest.fixture(scope="session")
def county(registry: Registry) -> TenantContext:
    """Landkreis Nordhausen."""
    return _county(registry, COUNTY)


@pytest.fixture(scope="session")
def other_county(registry: Registry) -> TenantContext:
    """Wartburgkreis: what it must not see, nobody of Nordhausen may see."""
    return _county(registry, OTHER_COUNTY)


def _county(registry: Registry, slug: str) -> TenantContext:
    found = registry.by_slug(slug)
    assert found is not None
    return found


@pytest.fixture
def clock() -> ManualClock:
    """Monday, 2 March 2026, 10 o'clock in Berlin."""
    return ManualClock(START)


def principal_of(
    tenant: TenantContext | None,
    *roles: Role | str,
    subject: str | None = None,
    realm_kind: RealmKind = RealmKind.COUNTY,
    home_tenant: str | None = None,
    units: tuple[UUID, ...] = (),
) -> Principal:
    """A person with these roles; the subject follows from county and first role unless given."""
    name = str(roles[0]) if roles else "guest"
    return Principal(
        subject=subject or f"{tenant.slug if tenant else realm_kind.value.lower()}-{name}",
        name=name.replace("_", " ").title(),
        username=name,
        realm_kind=realm_kind,
        tenant=tenant,
        home_tenant=home_tenant,
        roles=frozenset(map(Role, roles)),
        units=units,
        assurance_level=AssuranceLevel.SUBSTANTIAL,
        account_kind=AccountKind.PERSON,
        token_expires_at=START + timedelta(days=3650),
        authenticated_at=START,
    )


@pytest.fixture
def work_for(connections: Connections, settings: Settings, clock: ManualClock) -> WorkFor:
    """`with work_for(county, "caseworker") as work:` — a transaction that is rolled back at the end.

    Further arguments: more roles, `subject`, `units`, `principal` instead of roles, `keep=True` to commit.
    """

    @contextmanager
    def open_work(
        tenant: TenantContext,
        *roles: Role | str,
        subject: str | None = None,
        units: tuple[UUID, ...] = (),
        principal: Principal | None = None,
        keep: bool = False,
    ) -> Iterator[WorkContext]:
        person = principal or principal_of(tenant, *roles, subject=subject, units=units)
        with connections.for_tenant(tenant) as connection, connection.transaction(force_rollback=not keep):
            yield WorkContext(connection, tenant, person, clock, settings)

    return open_work


def login_of(here: Deployment, tenant: TenantContext) -> Login:
    """A county's login role with its secret, for a pool of the test's own."""
    with here.database.owner() as owner:
        row = owner.execute(
            "SELECT epoch, wrapped FROM shared.tenant_secret WHERE tenant_id = %s", (tenant.id,)
        ).fetchone()
    assert row is not None
    secret = secret_box.unwrap(here.settings.wrapping_key, tenant.login_role, *row)
    return Login(tenant.login_role, secret, tenant.schema_name)
