"""Eight processes of the product that complete tasks at once, each on a connection of the county's login role."""

import itertools
import multiprocessing
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bench.contenders import family_cpu
from bench.floor import Copies
from bench.office import Office
from bench.step import Cost, complete, parent_of
from kreisbund_platform.database.session import Database
from kreisbund_platform.tenancy.connections import Connections

PROCESSES, WARM_UP, STEPS = 8, 40, 300  # warm-up and steps of each
FIRST_BATCH = 100_000  # ids are made of a batch's number: other measures begin at 0
PROCESS = multiprocessing.get_context("fork")  # the county's secret lies in this process's memory


class Crowd:
    """`standing` cases are open from the beginning; each measurement brings its own beside them."""

    def __init__(self, here: Office, standing: int) -> None:
        self._here = here
        self._copies = Copies(here, here.submit())
        self._batches = itertools.count(FIRST_BATCH)
        self.postmaster = parent_of(here.connection.info.backend_pid)
        self._copies.make(next(self._batches), standing)
        with here.database.owner() as owner:
            for table in ("case_record", "application", "task", "timer"):
                owner.execute(f"VACUUM ANALYZE {here.tenant.schema_name}.{table}")

    def cost(self) -> Cost:
        """Per step: wall time of the whole divided by all steps, CPU of the processes and of PostgreSQL."""
        each = WARM_UP + STEPS
        opened = self._copies.make(next(self._batches), PROCESSES * each)
        together, told = PROCESS.Barrier(PROCESSES + 1), PROCESS.SimpleQueue()
        workers = [
            PROCESS.Process(target=_work, args=(self._here, opened[at * each : (at + 1) * each], together, told))
            for at in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        together.wait()
        database, begun = family_cpu(self.postmaster), time.perf_counter()
        client = sum(told.get() for _ in workers)
        wall, database = time.perf_counter() - begun, family_cpu(self.postmaster) - database
        together.wait()
        for worker in workers:
            worker.join()
        steps = PROCESSES * STEPS
        return Cost(*(seconds / steps * 1e6 for seconds in (wall, client, database)))


def _work(parent: Office, opened: Sequence[UUID], together: Any, told: Any) -> None:
    """Its connection stays open until PostgreSQL's CPU was read."""
    database = Database(parent.settings)
    connections = Connections(database, parent.settings)
    with connections.for_tenant(parent.tenant) as connection:
        here = Office(connection, parent.tenant, parent.settings, connections, database)
        for task_id in opened[:WARM_UP]:
            complete(here, task_id)
        together.wait()
        begun = time.process_time()
        for task_id in opened[WARM_UP:]:
            complete(here, task_id)
        told.put(time.process_time() - begun)
        together.wait()
    database.close()
