"""A deployment of its own with as many counties as wanted: PostgreSQL, API and worker as `./kreisbund up` starts them.

There is no demonstration in it: each county has adopted the measuring template and is empty. Counties are made in
process, as `tenants create` makes them; the running processes learn of them by themselves.
"""

import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.office import COUNTY, TEMPLATE, Office
from bench.site import question, signal_all
from bench.wide import create
from kreisbund_infra.local import database as local_database
from kreisbund_infra.local import deployment, home, processes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.postgres import Server
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.identity.tokens import DEMO_CLIENT
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.source import load_folder
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from kreisbund_tenants.demo.issuing import Grant, access_claims, signed
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.realms import county_realm
from tests.support.ports import free_port

READY_SECONDS = 60.0


class Deployment:
    """Its database is there from here until `close`, API and worker once they were started, so that what is filled in
    before is not disturbed. `durable`: as in operation from the start on; tests do without.
    """

    def __init__(self, counties: int, *, durable: bool = True) -> None:
        with ExitStack() as held:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="kreisbund-bench-"))
            self._home = Home(Path(folder), free_port())
            self.port = self._home.port
            home.prepare(self._home)
            self.server = self._server(durable=False)
            held.callback(self.server.stop)
            self.server.initialise()
            self._open(held)
            local_database.make_owner(self.server, Path(sys.prefix))
            self._make(counties)
            self._durable = durable
            self._held = held.pop_all()

    def _server(self, *, durable: bool) -> Server:
        server = local_database.chosen(self._home, Path(sys.prefix), durable=durable)
        assert server is not None, "without DATABASE_URL there is a server of our own"
        return server

    def _open(self, held: ExitStack) -> None:
        self.server.start()
        self._environment = deployment.environment_of(self._home, self.server)
        self.settings = Settings.from_environment(self._environment)
        self.database = Database(self.settings)
        held.callback(self.database.close)
        self.connections = Connections(self.database, self.settings)

    def _make(self, counties: int) -> None:
        seeding.seed(self.database, self.settings, SystemClock(), only=(COUNTY,))
        with self.connections.for_workspace("catalogue") as shared, shared.transaction():
            publishing.publish(shared, load_folder(TEMPLATE), clock=SystemClock())
        for number in range(1, counties):
            create(self.database, self.settings, number)
        self.counties = Registry(self.connections).all()
        for county in self.counties:
            with self.office(county) as here, here.connection.transaction():
                adopted = adoptions.adopt(here.work(Role.COUNTY_ADMIN), "bench")
                assert isinstance(adopted, uuid.UUID), adopted

    def start(self) -> None:
        """API and worker; returns once they are ready. Connections from before are closed where all is made durable."""
        if self._durable:
            self.database.close()
            self.server.stop()
            os.sync()
            self.server = self._server(durable=True)
            self._open(self._held)
        self._held.callback(self._stop)
        for name, module in deployment.SERVICES.items():
            told = deployment.environment_of_service(name, self._environment)
            processes.start(self._home, name, [sys.executable, "-m", module], told)
        end = time.monotonic() + READY_SECONDS
        while not deployment.is_ready(self._home):
            assert time.monotonic() < end, processes.last_words(self._home, "api")
            time.sleep(0.1)

    def _stop(self) -> None:
        self.wake()
        for name in deployment.SERVICES:
            processes.stop(self._home, name)

    def close(self) -> None:
        self._held.close()

    @contextmanager
    def office(self, county: TenantContext) -> Iterator[Office]:
        """A county at work in this process, until `database` is closed."""
        with self.connections.for_tenant(county) as connection:
            yield Office(connection, county, self.settings, self.connections, self.database)

    def token(self, county: TenantContext) -> str:
        """A caseworker's, as the demo issuer signs it; for a quarter of an hour."""
        people = people_of(county_realm(county.slug, county.name), ())
        person = next(each for each in people if each.role is Role.CASEWORKER)
        now = SystemClock().now()
        claims = access_claims(self.settings, Grant(person, DEMO_CLIENT, str(uuid.uuid4()), now), now)
        return signed(self.settings, county.slug, claims)

    def question(self, token: str, query: str, **variables: object) -> bytes:
        """One request as it goes over the wire."""
        return question(self.port, query, variables, token)

    def pid(self, name: str) -> int:
        """Of `api`, `worker` or `postgres`, the first process."""
        found = self.server.pid() if name == "postgres" else processes.running(self._home, name)
        assert found is not None, f"{name} has ended"
        return found

    def rest(self) -> None:
        """All stands still, so that another deployment has the machine."""
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        """They go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, sent: signal.Signals) -> None:
        signal_all((first for name in deployment.SERVICES if (first := processes.running(self._home, name))), sent)
        signal_all(filter(None, (self.server.pid(),)), sent)
