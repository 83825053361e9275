"""The durable step: a caseworker completes a task, the case moves, the next task opens.

Each contender works the same number of fresh cases on one connection of the county's login role, every step in its
own transaction on a durable database. CPU is that of this process and of the connection's own backend.
"""

import itertools
import os
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
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

STEPS = 150
SLICES = 4
WARM_UP = 60
OLD = 500
AGED_CASES = 10
LIFE = 100
LIVES = 5
AGE = 8
STATES = 20
DATA = {"outcome": "again", "remark": "geprüft"}
REAPED_SECONDS = 0.1  # until the session has ended and is counted
TICKS = os.sysconf("SC_CLK_TCK")


class Measure(ABC):
    """One comparison; `missing` names peers that cannot be had."""

    missing: list[str]

    @abstractmethod
    def round(self) -> dict[str, float]:
        """Named figures of one round."""

    def rest(self) -> None:  # noqa: B027  most have no deployment of their own
        """What it started stands still while another measure has the machine."""

    def wake(self) -> None:  # noqa: B027
        """It goes on."""

    def close(self) -> None:  # noqa: B027  most hold nothing
        """Ends what it started."""


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


def ended_cpu(postmaster: int) -> float:
    """Seconds of CPU of PostgreSQL's processes that have ended."""
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICKS


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def complete(here: Office, task_id: UUID) -> None:
    work = here.work(Role.CASEWORKER)
    with transaction(here.connection):
        done = tasks.complete(work, str(task_id), DATA, 1)
    assert isinstance(done, UUID), done


@contextmanager
def watched(owner: type, name: str) -> Iterator[list[tuple[Any, ...]]]:
    """A list of each call's arguments."""
    calls: list[tuple[Any, ...]] = []
    original = getattr(owner, name)

    def watching(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return original(*args, **kwargs)

    setattr(owner, name, watching)
    try:
        yield calls
    finally:
        setattr(owner, name, original)


class StepAndFloor(Measure):
    """The product's step against pgbench running the same SQL."""

    def __init__(self, here: Office) -> None:
        self.missing: list[str] = []
        self._here = here
        self.copies = floor.Copies(here, here.submit())
        self._batches = itertools.count()
        for _ in range(2):
            self._steps(WARM_UP)
        self.recorded = self._one_step()

    def _steps(self, count: int) -> Cost:
        found = self.copies.make(next(self._batches), count)
        return measured(self._here, lambda number: complete(self._here, found[number]), count)

    def _one_step(self) -> floor.Recorded:
        """What a step sends, BEGIN and COMMIT left out."""
        (task_id,) = self.copies.make(next(self._batches), 1)
        with watched(Statement, "call") as calls, watched(self._here.connection.cursor_factory, "execute") as executed:
            complete(self._here, task_id)
        assert not executed, "pgbench would leave out what does not go through a Statement"
        case_id = self._here.connection.execute("SELECT case_id FROM task WHERE id = %s", (task_id,)).fetchone()[0]
        sent = [(statement.text, values) for statement, _connection, *values in calls]
        return floor.Recorded(sent, case_id, task_id)

    def round(self) -> dict[str, float]:
        """Medians of short slices: a machine's speed changes within a second."""
        slices = [self._slice() for _ in range(SLICES)]
        return {name: statistics.median(found[name] for found in slices) for name in slices[0]}

    def _slice(self) -> dict[str, float]:
        """The floor between two halves of ours."""
        before, best, after = self._steps(STEPS), self._floor(2 * STEPS), self._steps(STEPS)
        wall, database = (before.wall + after.wall) / 2, (before.database + after.database) / 2
        return {
            "step_vs_floor": best.wall / wall,
            "step_database_cpu_vs_floor": database / best.database,
            "step_statements": float(len(self.recorded.calls)),
            "step_us": wall,
            "step_floor_us": best.wall,
            "step_floor_database_cpu_us": best.database,
            "step_client_cpu_us": (before.client + after.client) / 2,
            "step_database_cpu_us": database,
        }

    def _floor(self, count: int) -> Cost:
        """`client` is not measured; `database` is that of the one session, its beginning included."""
        batch = next(self._batches)
        self.copies.make(batch, count)
        postmaster = parent_of(self._here.connection.info.backend_pid)
        before = ended_cpu(postmaster)
        wall = floor.run(self._here, self.recorded, batch, count)
        time.sleep(REAPED_SECONDS)
        return Cost(wall, 0.0, (ended_cpu(postmaster) - before) / count * 1e6)


class StepAndSpiff(Measure):
    """The same process on SpiffWorkflow's tuned loop: durable steps, and the engines alone without a database.

    Durable steps are counted over the lives of cases, from the first completed task to the `LIFE`th: ours cost the
    same all the way, theirs more with each. The first `AGE` of them are a figure of their own.
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
            "step_per_cpu_vs_spiff": sum(theirs) / sum(ours),
            "step_per_cpu_vs_spiff_young": sum(theirs[:AGE]) / sum(ours[:AGE]),
            "engine_per_cpu_vs_spiff": spiff_alone / engine,
            "engine_us": engine,
            "spiff_us": spiff_alone,
        }

    def _durable(self) -> tuple[list[float], list[float]]:
        """CPU of a step at each age, ours and theirs in turns."""
        assert self._peer is not None
        cases = [self._here.submit() for _ in range(LIVES)]
        started = self._peer.start(LIVES, self._held.case.data or {})
        ours, theirs = [], []
        for _ in range(LIFE):
            opened = [queries.open_tasks(self._here.connection, case_id)[0].id for case_id in cases]
            step = measured(self._here, lambda number, ids=opened: complete(self._here, ids[number]), LIVES)
            ours.append(step.cpu)
            theirs.append(measured(self._here, lambda number: self._peer.step(started[number]), LIVES).cpu)
        return ours, theirs

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
            measured(self._here, ours, 10 * STATES).client / AGE,
            measured(self._here, theirs, STATES).client / AGE,
        )


class OldAndYoung(Measure):
    """A case's 500th completed task against its first ones."""

    def __init__(self, here: Office) -> None:
        self._here, self.missing = here, []
        self._old = [here.submit() for _ in range(AGED_CASES)]
        for case_id in self._old:
            for _ in range(OLD):
                self._next(case_id)
        # as autovacuum has done long before a case is that old
        with here.database.owner() as owner:
            for table in ("case_record", "task", "timer", "event", "chain_head"):
                owner.execute(f"VACUUM ANALYZE {here.tenant.schema_name}.{table}")

    def _next(self, case_id: UUID) -> None:
        complete(self._here, queries.open_tasks(self._here.connection, case_id)[0].id)

    def _one(self, case_id: UUID) -> float:
        """CPU of one more step on a case."""
        opened = queries.open_tasks(self._here.connection, case_id)[0].id
        return measured(self._here, lambda _number: complete(self._here, opened), 1).cpu

    def round(self) -> dict[str, float]:
        """Step by step in turns: a machine's speed changes within a second."""
        young = [self._here.submit() for _ in range(AGED_CASES)]
        for case_id in young:
            self._next(case_id)
        pairs = [(self._one(old), self._one(new)) for _ in range(5) for old, new in zip(self._old, young, strict=True)]
        old_costs, young_costs = zip(*pairs, strict=True)
        return {"step_cpu_old_vs_young": statistics.median(old_costs) / statistics.median(young_costs)}
