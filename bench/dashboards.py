"""What the state's dashboard adds to writing: CPU of its lines and of collecting them, by CPU of the writes themselves.

Applications are the dearest writes there are for it: each leaves a line in the county's outbox, as a case's first
decision does and no other step. They are written by the real service, one durable transaction each, without a pause;
the real worker runs beside them in a thread of its own and collects at its own pace. What it does for other ends
(timers, checkpoints, …) does not count: only `_collect`, connections and all.
"""

import threading
import time
from uuid import UUID

from psycopg.types.json import Jsonb

from bench.office import TEMPLATE, Office
from bench.step import Measure, backend_cpu
from kreisbund_api.worker import Worker
from kreisbund_platform.cases import intake
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import transaction
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.source import load_folder
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry

APPLICATIONS, ALONE, WARM_UP, LINES = 600, 60, 100, 5_000
WAIT_SECONDS = 30.0
LINE = {"topic": "application", "payload": {"month": "2026-03-01"}}
WRITTEN = "SELECT code.write_step_changes(%s, %s, now(), 'bench') FROM generate_series(1, %s)"


class Collecting(Worker):
    """The worker, noting what collecting takes: seconds of CPU of its thread and of the two sessions that it uses."""

    lines = rounds = 0
    seconds = seconds_then = 0.0  # in all; until the last line was collected

    def _collect(self, tenant: TenantContext) -> int:
        database, client = self._sessions_cpu(tenant), time.thread_time()
        lines = super()._collect(tenant)
        self.seconds += time.thread_time() - client
        self.seconds += self._sessions_cpu(tenant) - database
        if lines:
            self.lines += lines
            self.rounds += 1
            self.seconds_then = self.seconds
        return lines

    def _sessions_cpu(self, tenant: TenantContext) -> float:
        """Of the sessions that lie ready for collecting; lending them waits for what they still do."""
        with self._connections.for_tenant(tenant) as county, self._connections.for_workspace("collector") as shared:
            return backend_cpu(county.info.backend_pid) + backend_cpu(shared.info.backend_pid)


class Dashboards(Measure):
    def __init__(self, here: Office, applications: int = APPLICATIONS, alone: int = ALONE) -> None:
        self.missing: list[str] = []
        self._here, self._applications, self._alone = here, applications, alone
        self._registry = Registry(here.connections)
        self._data = dict(load_folder(TEMPLATE).forms["application"]["example"])
        self._written(min(WARM_UP, applications))
        self._rest()

    def round(self) -> dict[str, float]:
        self._rest()  # other measures have applications, too
        line = self._line()
        write, busy = self._busily()
        one_by_one = self._one_by_one()
        without = write - line
        return {
            "dashboard_write_cost": (busy.seconds_then / busy.lines * 1e6 + line) / without,
            "dashboard_write_cost_one_by_one": (one_by_one + line) / without,
            "dashboard_write_us": without,
            "dashboard_line_us": line,
            "dashboard_collect_us": busy.seconds_then / busy.lines * 1e6,
            "dashboard_collect_one_by_one_us": one_by_one,
            "dashboard_lines_a_round": busy.lines / busy.rounds,
        }

    def _busily(self) -> tuple[float, Collecting]:
        """CPU of an application, in microseconds, and the worker that collected all of them meanwhile."""
        worker, figure = self._worker(), self._figure()
        beside = threading.Thread(target=worker.run)
        beside.start()
        try:
            write = self._written(self._applications)
            end = time.monotonic() + WAIT_SECONDS
            while worker.lines < self._applications and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            worker.stopping.set()
            beside.join()
        assert self._figure() - figure == self._applications, "the dashboard is not exact"
        return write, worker

    def _one_by_one(self) -> float:
        """CPU of collecting where each line has a round of its own, in microseconds a line."""
        worker = self._worker()
        for _ in range(self._alone):
            self._submit()
            assert worker._collect(self._here.tenant) == 1
        return worker.seconds / self._alone * 1e6

    def _written(self, count: int) -> float:
        """CPU of an application, in microseconds: this thread and its session of the database."""
        pid = self._here.connection.info.backend_pid
        database, client = backend_cpu(pid), time.thread_time()
        for _ in range(count):
            self._submit()
        return (time.thread_time() - client + backend_cpu(pid) - database) / count * 1e6

    def _submit(self) -> None:
        with transaction(self._here.connection):
            done = intake.submit(self._here.work(Role.CITIZEN), intake.SubmitApplication("bench", self._data))
        assert isinstance(done, intake.Submitted), done

    def _line(self) -> float:
        """CPU of the database for one line, in microseconds: the function that writes a step, with it and without."""
        with self._here.connection.transaction(force_rollback=True):
            self._changes([LINE], LINES // 10)
            return (self._changes([LINE], LINES) - self._changes([], LINES)) / LINES * 1e6

    def _changes(self, lines: list[object], count: int) -> float:
        connection = self._here.connection
        before = backend_cpu(connection.info.backend_pid)
        connection.execute(WRITTEN, (UUID(int=0), Jsonb({"outbox": lines} if lines else {}), count))
        return backend_cpu(connection.info.backend_pid) - before

    def _figure(self) -> int:
        """All applications of the county as the dashboard has them."""
        counted = "SELECT coalesce(sum(applications), 0) FROM shared.dashboard_month WHERE tenant_id = %s"
        with self._here.connections.for_workspace("collector") as shared:
            return int(shared.execute(counted, (self._here.tenant.id,)).fetchone()[0])

    def _worker(self) -> Collecting:
        here = self._here
        return Collecting(here.settings, here.connections, self._registry, SystemClock())

    def _rest(self) -> None:
        """What lies there from before is collected and worked off."""
        worker = self._worker()
        while worker.serve(self._here.tenant):
            pass
