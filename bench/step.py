"""The durable step: a caseworker completes a task, the case moves, the next task opens.

Each contender works the same number of fresh cases on one connection of the county's login role, every step in its
own transaction on a durable database. CPU is that of this process and of the connection's own backend.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import orjson

from bench import floor, spiff
from bench.office import Office
from kreisbund_platform.cases import queries, tasks
from kreisbund_platform.cases.holding import hold
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.database.prepared import Statement, transaction
from kreisbund_platform.engine.advance import TaskCompleted, advance, waiting
from kreisbund_platform.identity.principals import Role

STEPS = 400
WARM_UP = 60
OLD = 500
AGED_CASES = 10
AGE = 8
SPIFF_CASES = 20
DATA = {"outcome": "again", "remark": "geprüft"}
TICKS = os.sysconf("SC_CLK_TCK")


class Measure(Protocol):
    """One comparison; `missing` names peers that cannot be had."""

    missing: list[str]

    def round(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Cost:
    """Per step: wall time and CPU of client and database, in microseconds."""

    wall: float
    client: float
    database: float

    @property
    def cpu(self) -> float:
        return self.client + self.database


def measured(here: Office, work: Callable[[int], None], count: int) -> Cost:
    backend = here.connection.info.backend_pid
    before, cpu, wall = backend_cpu(backend), time.process_time(), time.perf_counter()
    for number in range(count):
        work(number)
    after = (time.perf_counter() - wall, time.process_time() - cpu, backend_cpu(backend) - before)
    return Cost(*(seconds / count * 1e6 for seconds in after))


def backend_cpu(pid: int) -> float:
    """Seconds of CPU; schedstat counts nanoseconds, stat only hundredths of a second."""
    schedstat = Path(f"/proc/{pid}/schedstat")
    if schedstat.exists():
        return int(schedstat.read_text().split()[0]) / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def complete(here: Office, task_id: UUID) -> None:
    work = here.work(Role.CASEWORKER)
    with transaction(here.connection):
        done = tasks.complete(work, str(task_id), DATA, 1)
    assert isinstance(done, UUID), done


@contextmanager
def counted(owner: type, name: str) -> Iterator[list[None]]:
    """A list that grows with each call of a method."""
    calls: list[None] = []
    original = getattr(owner, name)

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return original(*args, **kwargs)

    setattr(owner, name, counting)
    try:
        yield calls
    finally:
        setattr(owner, name, original)


class StepAndFloor:
    """The product's step against pgbench running the same SQL."""

    def __init__(self, here: Office) -> None:
        self.missing: list[str] = []
        self._here = here
        self._copies = floor.Copies(here, here.submit())
        self._batches = itertools.count()
        for _ in range(2):
            self._steps(WARM_UP)
        self._statements = self._counted()

    def _steps(self, count: int) -> Cost:
        found = self._copies.make(next(self._batches), count)
        return measured(self._here, lambda number: complete(self._here, found[number]), count)

    def _counted(self) -> float:
        """Statements of one step, BEGIN and COMMIT left out."""
        found = self._copies.make(next(self._batches), 10)
        cursor = self._here.connection.cursor_factory
        with counted(Statement, "call") as run, counted(cursor, "execute") as executed:
            for task_id in found:
                complete(self._here, task_id)
        return (len(run) + len(executed)) / len(found)

    def round(self) -> dict[str, float]:
        ours = self._steps(STEPS)
        batch = next(self._batches)
        self._copies.make(batch, STEPS)
        best = floor.run(self._here, self._copies, batch, STEPS)
        return {
            "step_vs_floor": best / ours.wall,
            "step_statements": self._statements,
            "step_us": ours.wall,
            "step_floor_us": best,
            "step_client_cpu_us": ours.client,
            "step_database_cpu_us": ours.database,
        }


class StepAndSpiff:
    """The same process on SpiffWorkflow's tuned loop: durable steps, and the engines alone without a database.

    Cases are as old as a case of this process usually gets: each is stepped `AGE` times.
    """

    def __init__(self, here: Office) -> None:
        self._here = here
        self.missing = [] if spiff.AVAILABLE else ["SpiffWorkflow"]
        self._peer = spiff.Loop(here) if spiff.AVAILABLE else None
        held = hold(here.work(Role.CASEWORKER), here.submit())
        assert held is not None
        self._held = held

    def round(self) -> dict[str, float]:
        if self._peer is None:
            return {}
        ours, theirs = self._durable()
        engine, spiff_alone = self._engines()
        return {
            "step_per_cpu_vs_spiff": theirs / ours,
            "engine_per_cpu_vs_spiff": spiff_alone / engine,
            "engine_us": engine,
            "spiff_us": spiff_alone,
        }

    def _durable(self) -> tuple[float, float]:
        assert self._peer is not None
        cases = [self._here.submit() for _ in range(SPIFF_CASES)]
        ours = 0.0
        for _ in range(AGE):
            opened = [queries.open_tasks(self._here.connection, case_id)[0].id for case_id in cases]
            ours += measured(self._here, lambda number, ids=opened: complete(self._here, ids[number]), len(opened)).cpu
        started = self._peer.start(SPIFF_CASES, self._held.case.data or {})
        theirs = sum(
            measured(self._here, lambda number: self._peer.step(started[number]), len(started)).cpu for _ in range(AGE)
        )
        return ours / AGE, theirs / AGE

    def _engines(self) -> tuple[float, float]:
        """CPU of one step: state read, moved and written as JSON."""
        assert self._peer is not None
        plan, case, now = self._held.template.plan, self._held.case, datetime.now(BERLIN)
        first, data = orjson.dumps(case.state), case.data or {}

        def ours(_number: int) -> None:
            state = first
            for _ in range(AGE):
                before = orjson.loads(state)
                step = advance(plan, before, data, TaskCompleted(waiting(before)[0][0], DATA), now)
                state = orjson.dumps(step.state)

        begun = self._peer.begin(data)

        def theirs(_number: int) -> None:
            state = begun
            for _ in range(AGE):
                state = self._peer.moved(state)

        return (
            measured(self._here, ours, 10 * SPIFF_CASES).client / AGE,
            measured(self._here, theirs, SPIFF_CASES).client / AGE,
        )


class OldAndYoung:
    """A case's 500th completed task against its first ones."""

    def __init__(self, here: Office) -> None:
        self._here, self.missing = here, []
        self._old = [here.submit() for _ in range(AGED_CASES)]
        for case_id in self._old:
            for _ in range(OLD):
                self._next(case_id)

    def _next(self, case_id: UUID) -> None:
        complete(self._here, queries.open_tasks(self._here.connection, case_id)[0].id)

    def _cost(self, cases: list[UUID]) -> float:
        """CPU of one more step on each case, five times over."""
        total = 0.0
        for _ in range(5):
            opened = [queries.open_tasks(self._here.connection, case_id)[0].id for case_id in cases]
            total += measured(self._here, lambda number, ids=opened: complete(self._here, ids[number]), len(cases)).cpu
        return total / 5

    def round(self) -> dict[str, float]:
        young = [self._here.submit() for _ in range(AGED_CASES)]
        for case_id in young:
            self._next(case_id)
        young_cost, old_cost = self._cost(young), self._cost(self._old)
        young_cost = (young_cost + self._cost(young)) / 2
        return {"step_cpu_old_vs_young": old_cost / young_cost}
