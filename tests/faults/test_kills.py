"""SIGKILL of the worker and of PostgreSQL under load: nothing acknowledged is lost, nothing happens twice.

Beat cases wait for a timer and then send a message; each has a receiver that waits for it. Clients submit pairs as
fast as they can while worker and postmaster are killed in turn; afterwards a worker finishes what is left.
"""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from kreisbund_infra.local import database as local_database
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.processes import started_at
from kreisbund_platform.audit import log
from kreisbund_platform.cases import intake
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import transaction
from kreisbund_platform.database.session import Database, DatabaseUnavailableError
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from tests.cases.models import MODELS, message, template
from tests.engine.models import flows, node, timer
from tests.support.fixtures import COUNTY, principal_of

CLIENTS, KILLS, BETWEEN_KILLS, REST = 3, 6, 1.2, 40
BEAT = template(
    "beat",
    node("intermediateCatchEvent", "pause", timer("PT1S"), kb_nextStep="Gleich geht es weiter."),
    node("serviceTask", "send", kb_operation="send", kb_message="ready", kb_correlation="name"),
    flows("start>pause", "pause>send", "send>end"),
    before=message("ready"),
)


class Site:
    """A deployment of one county on a PostgreSQL of its own that may be killed."""

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
        seeding.seed(self.database, self.settings, SystemClock(), only=(COUNTY,))
        self.connections = Connections(self.database, self.settings)
        with self.connections.for_workspace("catalogue") as connection:
            for source in (BEAT, MODELS["receiver"]):
                publishing.publish(connection, source, clock=SystemClock())
        self.tenant = Registry(self.connections).by_slug(COUNTY)
        for slug in ("beat", "receiver"):
            self.do(adoptions.adopt, slug, role="county_admin")

    def start_database(self) -> None:
        self.server.initialise()
        self.server.start()

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

    def do(self, service, *arguments, role="citizen"):
        with self.connections.for_tenant(self.tenant) as connection, transaction(connection):
            person = principal_of(self.tenant, role)
            return service(WorkContext(connection, self.tenant, person, SystemClock(), self.settings), *arguments)

    def rows(self, sql: str, *values: object):
        with self.connections.for_tenant(self.tenant) as connection:
            return connection.execute(sql, values).fetchall()

    def close(self) -> None:
        if self.worker:
            self.worker.terminate()
            self.worker.wait(20)
        self.database.close()
        self.server.stop()


@contextmanager
def site():
    with tempfile.TemporaryDirectory(prefix="kreisbund-faults-") as folder:
        home = Home(Path(folder), 8420)
        homes.prepare(home)
        made = Site(home)
        try:
            yield made
        finally:
            made.close()


class Client(threading.Thread):
    """Submits pairs until told to stop; keeps what was acknowledged."""

    def __init__(self, place: Site, number: int, stopping: threading.Event) -> None:
        super().__init__()
        self._place, self._number, self._stopping = place, number, stopping
        self.acknowledged: dict[str, list[str]] = {}

    def run(self) -> None:
        for count in itertools.count():
            if self._stopping.is_set():
                return
            name = f"Paar {self._number}-{count}"
            for slug in ("receiver", "beat"):
                self._submit(name, slug)

    def _submit(self, name: str, slug: str) -> None:
        data = dict(MODELS["receiver"].forms["application"]["example"]) | {"name": name}
        try:
            done = self._place.do(intake.submit, intake.SubmitApplication(slug, data))
        except (DatabaseUnavailableError, psycopg.Error):
            time.sleep(0.1)
            return
        assert isinstance(done, intake.Submitted), done
        self.acknowledged.setdefault(name, []).append(slug)


@pytest.mark.timeout(180)
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice():
    with site() as place:
        place.start_worker()
        stopping = threading.Event()
        clients = [Client(place, number, stopping) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for number in range(KILLS):
            time.sleep(BETWEEN_KILLS)
            place.kill(("worker", "postgres")[number % 2])
        stopping.set()
        for client in clients:
            client.join()
        acknowledged = {name: slugs for client in clients for name, slugs in client.acknowledged.items()}
        assert len(acknowledged) > 20, "there was a load"
        assert_finished(place)
        assert_whole(place, acknowledged)


def assert_finished(place: Site) -> None:
    """The worker that is left finishes: no timer due, nothing on its way to somebody who waits."""
    left = (
        "SELECT (SELECT count(*) FROM timer) + (SELECT count(*) FROM job) + (SELECT count(*) FROM outbound_event o"
        " JOIN subscription s ON s.name = o.name AND s.correlation_key = o.correlation_key)"
    )
    place.start_worker()
    end = time.monotonic() + REST
    while place.rows(left) != [(0,)]:
        assert time.monotonic() < end, "the worker does not finish"
        time.sleep(0.3)


def assert_whole(place: Site, acknowledged: dict[str, list[str]]) -> None:
    stored: dict[str, list[tuple[str, str, int]]] = {}
    for name, *facts in place.rows(
        "SELECT c.data->>'name', t.slug, c.status, (SELECT count(*) FROM task k WHERE k.case_id = c.id)"
        " FROM case_record c JOIN shared.process_template t ON t.id = c.template_id"
    ):
        stored.setdefault(name, []).append(tuple(facts))
    for name, slugs in acknowledged.items():
        found = stored[name]
        receivers, beats = ([each for each in found if each[0] == slug] for slug in ("receiver", "beat"))
        assert len(receivers) >= slugs.count("receiver"), "an acknowledged application is there"
        assert len(beats) >= slugs.count("beat")
        assert {status for _, status, _ in beats} <= {"CLOSED"}, "its timer fired and its message was sent"
        assert sum(tasks for _, _, tasks in receivers) == min(len(beats), len(receivers)), "one message, one task"
    numbers = [int(row[0][-6:]) for row in place.rows("SELECT case_number FROM case_record ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1)), "no gap, no duplicate"
    assert place.do(log.verify) is None
    fired = place.rows("SELECT count(*) FROM event WHERE type = 'TIMER_FIRED' GROUP BY case_id HAVING count(*) > 1")
    assert fired == []
