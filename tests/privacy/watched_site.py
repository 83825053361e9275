"""API, worker and PostgreSQL as `up` starts them, each of their outputs kept: log files, OTLP, the server's log."""

import gzip
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import httpx

from kreisbund_infra.local import database as local_database
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.deployment import SERVICES
from kreisbund_infra.local.home import Home
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.tokens import DEMO_CLIENT
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.realms import realm_named
from tests.cases.models import MODELS
from tests.faults.site import BEAT
from tests.pages.conftest import Browser, Page
from tests.support.fixtures import COUNTY, OTHER_COUNTY, principal_of
from tests.support.ports import free_port

COUNTIES = (COUNTY, OTHER_COUNTY, "kyffhaeuserkreis", "unstrut-hainich-kreis")
TEMPLATES = ("schuelerbefoerderung", "unterhaltsvorschuss", "beat", "receiver")
PATIENCE = 60


class OtlpSink(http.server.ThreadingHTTPServer):
    """Takes what the exporters send, by signal; protobuf holds texts as they are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), OtlpHandler)
        self.received: dict[str, bytes] = defaultdict(bytes)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class OtlpHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        self.server.received[self.path.rpartition("/")[2]] += content
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class WatchedSite:
    """One deployment with four counties and the templates that the test applies for."""

    def __init__(self, home: Home) -> None:
        server = local_database.chosen(home, Path(sys.prefix))
        assert server is not None
        self.home, self.server, self.sink = home, server, OtlpSink()
        server.initialise()
        server.start()
        local_database.make_owner(server, Path(sys.prefix))
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": server.url(),
            "KREISBUND_HOME": str(home.root),
            "KREISBUND_PORT": str(port),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.sink.address,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_BLRP_SCHEDULE_DELAY": "200",
            "OTEL_METRIC_EXPORT_INTERVAL": "400",
        }
        self.settings = Settings.from_environment(self.environment)
        self.database = Database(self.settings)
        seeding.seed(self.database, self.settings, SystemClock(), only=COUNTIES)
        self.connections = Connections(self.database, self.settings)
        self.registry = Registry(self.connections)
        self._keep_outbox()
        self._publish()
        self.processes = [self._start(name) for name in SERVICES]
        self._wait(lambda: httpx.get(f"{self.base}/readyz").status_code == 200)

    def _keep_outbox(self) -> None:
        """The collector takes lines away within a second; this keeps what they were."""
        with self.database.owner() as owner:
            owner.execute(
                f"CREATE TABLE county_{COUNTY}.outbox_seen (line text);"
                f"CREATE FUNCTION county_{COUNTY}.see_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
                f" $$ BEGIN INSERT INTO county_{COUNTY}.outbox_seen VALUES (NEW::text); RETURN NEW; END $$;"
                f"CREATE TRIGGER see AFTER INSERT ON county_{COUNTY}.outbox"
                f" FOR EACH ROW EXECUTE FUNCTION county_{COUNTY}.see_outbox()"
            )

    def _publish(self) -> None:
        seeding.seed_templates(self.connections, SystemClock())
        with self.connections.for_workspace("catalogue") as connection:
            for source in (BEAT, MODELS["receiver"]):
                publishing.publish(connection, source, clock=SystemClock())
        tenant = self.registry.by_slug(COUNTY)
        admin = principal_of(tenant, "county_admin")
        with self.connections.for_tenant(tenant) as connection, connection.transaction():
            for slug in TEMPLATES:
                work = WorkContext(connection, tenant, admin, SystemClock(), self.settings)
                assert not hasattr(adoptions.adopt(work, slug), "code")

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", SERVICES[name]]
        with (self.home.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @staticmethod
    def _wait(done) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if done():
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < end, "it does not come"
            time.sleep(0.2)

    def person(self, role):
        return next(p for p in people_of(realm_named(self.registry, COUNTY), list(COUNTIES)) if p.role == role)

    def token(self, role: str) -> str:
        person = self.person(role)
        form = {"grant_type": "password", "client_id": DEMO_CLIENT}
        form |= {"username": person.username, "password": person.password}
        answer = httpx.post(f"{self.base}/realms/{COUNTY}/protocol/openid-connect/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def post(self, role: str | None, content: bytes | None = None, **body) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        if content is not None:
            return httpx.post(f"{self.base}/graphql", content=content, headers=headers | JSON, timeout=60)
        return httpx.post(f"{self.base}/graphql", json=body, headers=headers, timeout=60)

    def browser(self, role: str, path: str) -> Browser:
        browser = Browser(self.base)
        answer = browser.client.get(path)
        person, page = self.person(role), Page(answer.text)
        fields = page.forms[0]["fields"] | {"username": person.username, "password": person.password}
        answer = browser.client.post(str(answer.url), data=fields, headers={"Origin": self.base})
        assert answer.status_code == 200, answer.text[:2000]
        return browser

    def rows(self, statement, *values):
        with self.database.owner() as owner:
            owner.execute(f"SET search_path = county_{COUNTY}, pg_catalog")
            return owner.execute(statement, values).fetchall()

    def wait_for_rows(self, statement) -> None:
        self._wait(lambda: self.rows(statement))

    def stop(self) -> None:
        """Ends the processes, so that all is flushed; the server stays until `close`."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)

    def close(self) -> None:
        self.stop()
        self.database.close()
        self.server.stop()
        self.sink.shutdown()
        self.sink.server_close()


JSON = {"content-type": "application/json"}


@contextmanager
def watched_site():
    with tempfile.TemporaryDirectory(prefix="kreisbund-markers-") as folder:
        home = Home(Path(folder), 8420)
        homes.prepare(home)
        made = WatchedSite(home)
        try:
            yield made
        finally:
            made.close()
