"""A durable mutation through the real API, beside pgbench running the statements that one such mutation sends.

A caseworker completes a task, each time of another case, with the desk's own document: the step of `step`, and around
it HTTP, token, limits, the person's standing, idempotency key, sealed answer. Eight connections without a pause on
either side, all in one county: the head of its event chain is one row that every step locks, here as there.

The statements are recorded on the wire and run by pgbench in their order and transactions, together where the product
sends them together. Left out is only what cleans a connection after use.
"""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import anyio
import httpx

from bench import bulk, contenders, floor
from bench.contenders import CLIENTS, family_cpu
from bench.deployed import Deployment
from bench.office import Office
from bench.replay import Replay, replay_of
from bench.site import CHECKOUT
from bench.step import DATA, Measure
from bench.wire import Sent, Wire
from kreisbund_api.main import create_api

CASES = 20_000
OURS, FLOORS = 150, 300  # of each connection, a round; the floor twice
MET = 6  # by then all that can be prepared is prepared
COMPLETE = (CHECKOUT / "api/kreisbund_api/web/desk/complete.graphql").read_text()
CLEANING = "RESET "
# What a mutation leaves of its case and its task, but for what is each one's own.
LEFT = {
    "case": "SELECT * FROM case_record WHERE id = %(case)s",
    "application": "SELECT * FROM application WHERE case_id = %(case)s",
    "tasks": "SELECT * FROM task WHERE case_id = %(case)s ORDER BY created_at, token",
    "timers": "SELECT * FROM timer WHERE case_id = %(case)s ORDER BY token, element_id",
    "events": "SELECT type, case_version, actor, body FROM event WHERE case_id = %(case)s ORDER BY seq",
    "answer": "SELECT subject, mutation, sealed IS NULL AS is_empty, holders FROM idempotency WHERE key = %(task)s",
}
OWN = ("id", "case_id", "case_number")
COUNTED = """SELECT (SELECT count(*) FROM task WHERE status = 'COMPLETED'), (SELECT seq FROM chain_head),
    (SELECT count(*) FROM idempotency WHERE mutation = 'completeTask' AND sealed IS NOT NULL)"""


class Mutations(Measure):
    """`mutation`."""

    def __init__(self, site: Deployment | None = None) -> None:
        self.missing = []
        self._batches = itertools.count(1)
        with ExitStack() as held:
            self._site = held.enter_context(closing(site or Deployment(1)))
            (self._county,) = self._site.counties
            original = self._fill()
            self._site.start()
            self._here = held.enter_context(self._site.office(self._county))
            self._copies = floor.Copies(self._here, original)
            self._replay = self._record(held)
            self._held = held.pop_all()

    def _fill(self) -> UUID:
        """Answers the case of which copies are made."""
        with self._site.office(self._county) as here:
            original = here.submit()
        with self._site.database.owner() as owner:
            bulk.fill(owner, self._county.schema_name, CASES)
            # pgbench has its connections beside the product's
            owner.execute(f"ALTER ROLE {self._county.login_role} CONNECTION LIMIT -1")
        return original

    def rest(self) -> None:
        self._site.rest()

    def wake(self) -> None:
        self._site.wake()

    def close(self) -> None:
        self._site.wake()
        self._held.close()

    def _record(self, held: ExitStack) -> Replay:
        """What one mutation sends once its connection and its process have seen some."""
        tasks = self._copies.make(next(self._batches), MET)
        wire = held.enter_context(closing(Wire(self._site.settings.database_url)))
        app = create_api(replace(self._site.settings, database_url=wire.url))
        held.callback(app.state.services.connections._database.close)
        headers = {"Authorization": f"Bearer {self._site.token(self._county)}"}

        async def meet() -> list[Sent]:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
                for task_id in tasks:
                    with wire.recorded(self._county.login_role) as said:
                        body = {"query": COMPLETE, "variables": input_of(task_id)}
                        told = (await client.post("/graphql", json=body)).json()
                    assert told["data"]["completeTask"]["__typename"] == "CompleteTaskSuccess", told
            return said

        said = [sent for sent in anyio.run(meet) if not sent.text.startswith(CLEANING)]
        return replay_of(self._here, said, self._case_of(tasks[-1]), tasks[-1])

    def round(self) -> dict[str, float]:
        before, ours, after = self._floor(), self._product(), self._floor()
        best = {name: (before[name] + after[name]) / 2 for name in before}
        figures = {f"mutation_{name}": value for name, value in ours.items()}
        figures |= {f"mutation_floor_{name}": value for name, value in best.items()}
        return {"mutation_vs_floor": ours["per_second"] / best["per_second"], **figures}

    def _product(self) -> dict[str, float]:
        tasks = self._copies.make(next(self._batches), CLIENTS * OURS)
        token, before = self._site.token(self._county), self._counted()
        requests = [self._site.question(token, COMPLETE, **input_of(task_id)) for task_id in tasks]
        api, postmaster = self._site.pid("api"), self._site.pid("postgres")
        found = contenders.asked(self._site.port, api, requests, "once", postmaster)
        self._check(before, tasks)
        return {**found, "statements": float(len(self._replay.types)), "waits": float(self._replay.waits)}

    def _floor(self) -> dict[str, float]:
        batch, each = next(self._batches), FLOORS
        tasks, before = self._copies.make(batch, CLIENTS * each), self._counted()
        login = floor.login_of(self._here.connection, self._county.schema_name)
        script, bound = self._replay.script(batch, each)
        cpu = family_cpu(self._site.pid("postgres"))
        rate = floor.pgbench(login, script, bound, "-c", str(CLIENTS), "-t", str(each))
        cpu = family_cpu(self._site.pid("postgres")) - cpu
        self._check(before, tasks)
        return {"per_second": rate, "database_cpu_us": cpu / len(tasks) * 1e6}

    def _counted(self) -> tuple[int, ...]:
        return self._here.connection.execute(COUNTED).fetchone()

    def _check(self, before: Sequence[int], tasks: Sequence[UUID]) -> None:
        """The database holds as many more tasks, events and answers as were acknowledged, and rows as the recorded."""
        risen = [now - then for now, then in zip(self._counted(), before, strict=True)]
        assert risen == [len(tasks)] * 3, f"{len(tasks)} were acknowledged; tasks, events, answers: {risen}"
        wanted = left(self._here, self._replay.recorded.case_id, self._replay.recorded.task_id)
        for task_id in (tasks[0], tasks[-1]):
            assert left(self._here, self._case_of(task_id), task_id) == wanted

    def _case_of(self, task_id: UUID) -> UUID:
        found = self._here.connection.execute("SELECT case_id FROM task WHERE id = %s", (task_id,)).fetchone()
        return UUID(str(found[0]))


def input_of(task_id: UUID) -> dict[str, Any]:
    """The key is the task's id, so that the floor has one for each, too."""
    written = str(task_id)
    return {"input": {"task": written, "data": DATA, "expectedVersion": 1, "idempotencyKey": written}}


def left(here: Office, case_id: UUID, task_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What a mutation left of its case, without ids and moments."""
    found = {}
    for name, query in LEFT.items():
        with here.connection.cursor() as cursor:
            rows = cursor.execute(query, {"case": case_id, "task": str(task_id)}).fetchall()
            columns = [column.name for column in cursor.description]
        found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return {name: [_unowned(row) for row in rows] for name, rows in found.items()}


def _unowned(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in OWN and not isinstance(value, date)}
