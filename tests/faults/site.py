"""A deployment of two counties on a PostgreSQL of its own, which tests may kill or take the disk from."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from kreisbund_infra.local import database as local_database
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem
from kreisbund_infra.local.processes import started_at
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import transaction
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from tests.cases.models import MODELS, message, template
from tests.engine.models import flows, node, timer
from tests.support.fixtures import COUNTY, OTHER_COUNTY, principal_of

REST = 90  # patience, for machines that others use too
BEAT = template(
    "beat",
    node("intermediateCatchEvent", "pause", timer("PT1S"), kb_nextStep="Gleich geht es weiter."),
    node("serviceTask", "send", kb_operation="send", kb_message="ready", kb_correlation="name"),
    flows("start>pause", "pause>send", "send>end"),
    before=message("ready"),
)


class Site:
    """A deployment on a PostgreSQL of its own that may be killed; `other` is the county to which nothing happens."""

    def __init__(self, home: Home) -> None:
        self.home = home
        server = local_database.chosen(home, Path(sys.prefix))
        assert server is not None
        self.server = server
        self.worker: subprocess.Popen[bytes] | None = None
        self.start_database()
        local_database.make_owner(server, Path(sys.prefix))
        self.environment = {
            **os.environ,
            "DATABASE_URL": server.url(),
            "KREISBUND_HOME": str(home.root),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self.settings = Settings.from_environment(self.environment)
        self.database = Database(self.settings)
        seeding.seed(self.database, self.settings, SystemClock(), only=(COUNTY, OTHER_COUNTY))
        self.connections = Connections(self.database, self.settings)
        with self.connections.for_workspace("catalogue") as connection:
            for source in (BEAT, MODELS["receiver"]):
                publishing.publish(connection, source, clock=SystemClock())
        self.registry = Registry(self.connections)
        self.tenant, self.other = self.registry.by_slug(COUNTY), self.registry.by_slug(OTHER_COUNTY)
        for slug in ("beat", "receiver"):
            self.do(adoptions.adopt, slug, role="county_admin")
            self.do(adoptions.adopt, slug, role="county_admin", tenant=self.other)

    def start_database(self) -> None:
        self.server.initialise()
        self.server.start()

    def restart_database(self) -> None:
        """With the limits of this moment; what cannot stop in order, is killed."""
        with suppress(Problem):
            self.server.stop()
        if self.server.pid() is not None:
            self.kill("postgres")
        self.start_database()

    def start_worker(self) -> None:
        if self.worker is None or self.worker.poll() is not None:
            command = [sys.executable, "-m", "kreisbund_api.worker"]
            self.worker = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL)

    def kill(self, victim: str) -> None:
        if victim == "worker" and self.worker:
            self.worker.kill()
            self.worker.wait()
            self.start_worker()
        elif victim == "postgres":
            postmaster = self._postmaster()
            os.kill(postmaster, signal.SIGKILL)
            while started_at(postmaster) is not None:  # one that is only dying still counts as running
                time.sleep(0.01)
            self.start_database()

    def _postmaster(self) -> int:
        end = time.monotonic() + REST
        while (pid := self.server.pid()) is None:
            assert time.monotonic() < end, "PostgreSQL does not come up"
            time.sleep(0.1)
        return pid

    def do(self, service, *arguments, role="citizen", tenant=None):
        where = tenant or self.tenant
        with self.connections.for_tenant(where) as connection, transaction(connection):
            person = principal_of(where, role)
            return service(WorkContext(connection, where, person, SystemClock(), self.settings), *arguments)

    def rows(self, sql: str, *values: object):
        with self.connections.for_tenant(self.tenant) as connection:
            return connection.execute(sql, values).fetchall()

    def close(self) -> None:
        if self.worker:
            self.worker.terminate()
            self.worker.wait(20)
        self.database.close()
        self.server.stop()
