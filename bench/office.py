"""One county at work on a durable database, with the measuring template adopted."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from kreisbund_platform.cases import intake
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import AccountKind, AssuranceLevel, Principal, RealmKind, Role
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.source import load_folder
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding

COUNTY = "nordhausen"
TEMPLATE = Path(__file__).with_name("template")
FOREVER = SystemClock().now().replace(year=2099)


@dataclass(frozen=True)
class Office:
    connection: object
    tenant: TenantContext
    settings: Settings
    connections: Connections
    database: Database
    # a checked token is remembered
    _people: dict[tuple[Role, ...], Principal] = field(default_factory=dict)

    def work(self, *roles: Role) -> WorkContext:
        who = self._people.get(roles) or self._people.setdefault(roles, person(self.tenant, *roles))
        return WorkContext(self.connection, self.tenant, who, SystemClock(), self.settings)

    def submit(self) -> UUID:
        data = load_folder(TEMPLATE).forms["application"]["example"]
        with self.connection.transaction():
            done = intake.submit(self.work(Role.CITIZEN), intake.SubmitApplication("bench", data))
        assert isinstance(done, intake.Submitted), done
        return done.case_id


def person(tenant: TenantContext, *roles: Role) -> Principal:
    return Principal(
        subject=f"bench-{roles[0]}", name="Bench", username="bench", realm_kind=RealmKind.COUNTY, tenant=tenant,
        home_tenant=None, roles=frozenset(roles), units=(), assurance_level=AssuranceLevel.HIGH,
        account_kind=AccountKind.PERSON, token_expires_at=FOREVER,
    )  # fmt: skip


def settings_of() -> Settings:
    """Those of the bench's own server and database."""
    return Settings(
        home=Path(os.environ["KREISBUND_BENCH_HOME"]),
        port=8420,
        base_url="http://127.0.0.1:8420",
        environment="demo",
        database_url=os.environ["KREISBUND_BENCH_DATABASE_URL"],
        wrapping_key=secrets.token_bytes(32),
        otlp_endpoint=None,
    )


@contextmanager
def office() -> Iterator[Office]:
    settings = settings_of()
    database = Database(settings)
    seeding.seed(database, settings, SystemClock(), only=(COUNTY,))
    connections = Connections(database, settings)
    with connections.for_workspace("catalogue") as shared, shared.transaction():
        made = publishing.publish(shared, load_folder(TEMPLATE), clock=SystemClock())
        assert hasattr(made, "content_hash"), made
    tenant = Registry(connections).by_slug(COUNTY)
    assert tenant is not None
    with connections.for_tenant(tenant) as connection:
        here = Office(connection, tenant, settings, connections, database)
        with connection.transaction():
            adoptions.adopt(here.work(Role.COUNTY_ADMIN), "bench")
        yield here
    database.close()
