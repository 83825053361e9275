"""The same load on a deployment of 400 counties and on one of 4: what people notice, and what memory it takes.

Two deployments with as many cases in all, each at work alone: the other's API and worker stand still meanwhile. One
deployment with load on 4 of its 400 counties would not do: what idle counties cost (the worker's rounds, sessions that
make room for others) would be on both sides. Requests come at fixed moments, well below saturation, each for the next
county: lists, single cases, and every tenth completes a task.
"""

import itertools
import json
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.contenders import family_cpu
from bench.deployed import Deployment
from bench.floor import Copies
from bench.mutations import COMPLETE, input_of
from bench.reads import BY_ID, LIST
from bench.site import client, cpu_of, descendants
from bench.step import Measure
from kreisbund_platform.tenancy.context import TenantContext

COUNTIES = (4, 400)
CASES = 20_000  # of each deployment
PER_SECOND, SECONDS, LEAD_SECONDS = 60, 20, 8  # everybody has been here once before
KINDS = ("list",) * 5 + ("by_id",) * 4 + ("complete",)
SESSIONS = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
PARTS = ("api", "worker", "postgres")


@dataclass(frozen=True)
class Desk:
    """A county's caseworker with the cases there are, and those with a task that nobody has completed yet."""

    county: TenantContext
    cases: Sequence[str]
    tasks: Iterator[str]


class Crowded:
    """A deployment with its desks; it rests until it is asked."""

    def __init__(self, site: Deployment) -> None:
        self.site = site
        self.sent = self.refused = 0  # tasks to complete; requests of any kind
        each = CASES // len(site.counties)
        self._desks = [_desk(site, county, each) for county in site.counties]
        with site.database.owner() as owner:
            for desk, table in itertools.product(self._desks, ("case_record", "application", "task", "timer")):
                owner.execute(f"VACUUM ANALYZE {desk.county.schema_name}.{table}")
        site.start()
        self._greet()
        site.rest()

    def _greet(self) -> None:
        """Everybody was here once: keys of issuers are known, and what is asked is answered."""
        address = f"http://127.0.0.1:{self.site.port}/graphql"
        with httpx.Client(trust_env=False, timeout=30) as visitor:
            for desk in self._desks:
                headers = {"Authorization": f"Bearer {self.site.token(desk.county)}"}
                completed = input_of(next(desk.tasks))
                self.sent += 1
                for query, variables in (
                    (LIST, {"first": 20}),
                    (BY_ID, {"id": desk.cases[0]}),
                    (COMPLETE, completed),
                ):
                    body = {"query": query, "variables": variables}
                    told = visitor.post(address, json=body, headers=headers).json()
                    assert all(told.get("data", {}).values()), told
                    assert "errors" not in told, told

    def _requests(self, number: int, chance: random.Random) -> list[bytes]:
        """So many of the mix, from one county after the other."""
        desks = [(desk, self.site.token(desk.county)) for desk in self._desks]
        kinds = list(itertools.islice(itertools.cycle(KINDS), number))
        chance.shuffle(kinds)
        self.sent += kinds.count("complete")
        turns = itertools.islice(itertools.cycle(desks), chance.randrange(len(desks)), None)
        return [self._request(*turn, kind, chance) for turn, kind in zip(turns, kinds, strict=False)]

    def _request(self, desk: Desk, token: str, kind: str, chance: random.Random) -> bytes:
        if kind == "list":
            return self.site.question(token, LIST, first=20)
        if kind == "by_id":
            return self.site.question(token, BY_ID, id=chance.choice(desk.cases))
        return self.site.question(token, COMPLETE, **input_of(next(desk.tasks)))

    def measured(self, chance: random.Random) -> dict[str, float]:
        """One phase: awake, led in, asked, looked at, resting again."""
        lead, asked = (self._requests(seconds * PER_SECOND, chance) for seconds in (LEAD_SECONDS, SECONDS))
        self.site.wake()
        self._ask(lead, LEAD_SECONDS)
        sessions, cpu, begun = self._sessions(), self._cpu(), time.perf_counter()
        told = self._ask(asked, SECONDS)
        spent, lasted = self._cpu(), time.perf_counter() - begun
        memory = {name: sum(map(pss_mb, descendants(self.site.pid(name)))) for name in PARTS}
        figures = {"sessions": self._sessions() - sessions - 1}  # one was to ask
        assert self.sent - self.refused <= self.completed() <= self.sent, "what was answered is not in the database"
        self.site.rest()
        figures |= {f"{name}_cpu": (used - cpu[name]) / lasted for name, used in spent.items()}
        figures |= {f"{name}_mb": size for name, size in memory.items()}
        return {**told, **figures, "memory_mb": sum(memory.values())}

    def _ask(self, requests: Sequence[bytes], seconds: int) -> dict[str, float]:
        given = json.dumps([request.decode() for request in requests]).encode()
        told = json.loads(client(self.site.port, "bench.quiet", seconds, PER_SECOND, given=given).communicate()[0])
        taken = sorted(told["taken"])
        self.refused += len(told["refused"])
        return {
            "p50_ms": 1000 * statistics.median(taken),
            "p99_ms": 1000 * taken[int(0.99 * len(taken))],
            "refused": float(len(told["refused"])),
        }

    def _sessions(self) -> float:
        with self.site.database.owner() as owner:
            return float(owner.execute(SESSIONS).fetchone()[0])

    def _cpu(self) -> dict[str, float]:
        found = {name: sum(map(cpu_of, descendants(self.site.pid(name)))) for name in ("api", "worker")}
        return {**found, "postgres": family_cpu(self.site.pid("postgres"))}

    def completed(self) -> int:
        """Tasks, in all counties."""
        with self.site.database.owner() as owner:
            query = "SELECT count(*) FROM {}.task WHERE status = 'COMPLETED'"
            return sum(owner.execute(query.format(d.county.schema_name)).fetchone()[0] for d in self._desks)


def _desk(site: Deployment, county: TenantContext, cases: int) -> Desk:
    with site.office(county) as here:
        tasks = Copies(here, here.submit()).make(1, cases)
        found = here.connection.execute("SELECT case_id FROM task WHERE id = ANY(%s)", (tasks,)).fetchall()
    return Desk(county, [str(row[0]) for row in found], iter(map(str, tasks)))


def pss_mb(pid: int) -> float:
    """A process's proportional set size: what it shares with others counts once for all of them."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # ended meanwhile
        return 0.0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0) / 1024


class Rotating(Measure):
    """The many beside the few, which take turns at going first."""

    def __init__(self, *, durable: bool = True) -> None:
        self.missing = []
        self._rounds = 0
        with ExitStack() as held:
            self._crowds: dict[int, Crowded] = {}
            for number in COUNTIES:
                site = held.enter_context(closing(Deployment(number, durable=durable)))
                self._crowds[number] = Crowded(site)
            self._held = held.pop_all()

    def close(self) -> None:
        self._held.close()

    def round(self) -> dict[str, float]:
        few, many = COUNTIES
        order = COUNTIES if self._rounds % 2 == 0 else tuple(reversed(COUNTIES))
        self._rounds += 1
        found = {number: self._measured(number) for number in order}
        return compared(found[few], found[many], few, many)

    def _measured(self, number: int) -> dict[str, float]:
        """The same mix on both sides."""
        return self._crowds[number].measured(random.Random(self._rounds))  # the same for both


def compared(few: Mapping[str, float], many: Mapping[str, float], fewer: int, more: int) -> dict[str, float]:
    """The figures of a round: ratios, then each side's own."""
    figures = {
        f"{name}_{more}_vs_{fewer}": many[f"{name}_{unit}"] / few[f"{name}_{unit}"]
        for name, unit in (("p99", "ms"), ("p50", "ms"), ("memory", "mb"))
    }
    for number, found in ((fewer, few), (more, many)):
        figures |= {f"rotating_{name}_{number}": value for name, value in found.items()}
    return figures
