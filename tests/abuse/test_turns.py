"""Counties take turns: one that floods waits for itself, and what waits too long is told when to return."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import anyio
import pytest

from kreisbund_api import turns
from kreisbund_api.quota import Quota, Quotas
from kreisbund_api.transport import RefusedError, Threads, too_many
from kreisbund_api.turns import CHANGES_AT_ONCE, MOST_HELD, PATIENCE_SECONDS, Lanes, Turn, Turns
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import principal_of

LOUD, QUIET = "loud", "quiet"


class Work:
    """Work that runs until it is let go; remembers the order of its beginning."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.running = 0
        self.most = 0
        self._gate = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __call__(self, name: str) -> str:
        with self._lock:
            self.begun.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        self._gate.acquire()
        with self._lock:
            self.running -= 1
        return name

    def let_go(self, number: int = 1) -> None:
        self._gate.release(number)


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not holds():
            await anyio.sleep(0.001)


async def flood(group: Any, line: Turns, work: Work, lane: str, number: int) -> None:
    for count in range(number):
        group.start_soon(line.run, lane, work, f"{lane}{count}")
    await anyio.sleep(0.05)


def test_a_county_alone_has_all_and_no_more_run_at_once() -> None:
    async def run() -> Work:
        line, work = Turns(Threads(), at_once=4), Work()
        async with anyio.create_task_group() as group:
            await flood(group, line, work, LOUD, 10)
            await until(lambda: work.running == 4)
            work.let_go(10)
        return work

    work = anyio.run(run)
    assert work.most == 4
    assert sorted(work.begun[:4]) == [f"{LOUD}{n}" for n in range(4)]
    assert len(work.begun) == 10


def test_another_county_goes_next_however_many_wait_before_it() -> None:
    async def run() -> Work:
        line, work = Turns(Threads(), at_once=2), Work()
        async with anyio.create_task_group() as group:
            await flood(group, line, work, LOUD, 50)
            group.start_soon(line.run, QUIET, work, QUIET)
            await anyio.sleep(0.05)
            work.let_go()
            await until(lambda: len(work.begun) == 3)
            work.let_go(50)
        return work

    assert anyio.run(run).begun[2] == QUIET


def test_changes_of_one_county_go_few_at_a_time_and_nobody_else_waits_for_them() -> None:
    async def run() -> Work:
        line, work = Turns(Threads(), at_once=8), Work()
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(partial(line.run, LOUD, work, f"change{number}", changes=True))
            await until(lambda: work.running == CHANGES_AT_ONCE)
            group.start_soon(line.run, LOUD, work, "read")
            group.start_soon(partial(line.run, QUIET, work, "other", changes=True))
            await until(lambda: work.running == CHANGES_AT_ONCE + 2)
            work.let_go(8)
        return work

    work = anyio.run(run)
    assert sorted(work.begun[: CHANGES_AT_ONCE + 2]) == ["change0", "change1", "change2", "other", "read"]
    assert work.most == CHANGES_AT_ONCE + 2
    assert len(work.begun) == 8


def test_who_leaves_a_queue_of_changes_leaves_no_gap() -> None:
    async def run() -> tuple[Lanes, list[str]]:
        lanes, order = Lanes(8, 20), []

        async def change(name: str) -> None:
            async with Turn(lanes, LOUD, True):
                order.append(name)

        async with anyio.create_task_group() as group:
            for _number in range(CHANGES_AT_ONCE):
                await lanes.enter(LOUD, changes=True)
            with anyio.move_on_after(0.01):
                await change("gone")
            group.start_soon(change, "stays")
            await anyio.sleep(0.01)
            for _number in range(CHANGES_AT_ONCE):
                lanes.leave(LOUD, changes=True)
        return lanes, order

    lanes, order = anyio.run(run)
    assert order == ["stays"]
    assert not lanes.running
    assert not lanes.waiting


def test_who_is_there_keeps_a_share_free() -> None:
    """The quiet county's requests find room at once, although the loud one never stops."""

    async def run() -> list[int]:
        line, work = Turns(Threads(), at_once=4), Work()
        found = []
        async with anyio.create_task_group() as group:
            group.start_soon(line.run, QUIET, work, QUIET)
            await until(lambda: work.running == 1)
            work.let_go()
            await until(lambda: work.running == 0)
            await flood(group, line, work, LOUD, 20)
            found.append(work.running)
            group.start_soon(line.run, QUIET, work, QUIET)
            await until(lambda: work.begun[-1] == QUIET)
            found.append(work.running)
            work.let_go(21)
        return found

    assert anyio.run(run) == [2, 3]


def test_too_many_are_told_when_to_return_and_others_are_not_touched() -> None:
    async def run() -> int:
        line, work = Turns(Threads(), at_once=1, waiting_of_one=3), Work()
        async with anyio.create_task_group() as group:
            await flood(group, line, work, LOUD, 4)
            with pytest.raises(RefusedError) as refused:
                await line.run(LOUD, work, LOUD)
            assert refused.value.status == 429
            assert int(refused.value.headers["Retry-After"]) > 0
            group.start_soon(line.run, QUIET, work, QUIET)
            await anyio.sleep(0.05)
            work.let_go(5)
        return len(work.begun)

    assert anyio.run(run) == 5


def test_who_leaves_while_waiting_holds_no_place() -> None:
    async def run() -> list[str]:
        line, work = Turns(Threads(), at_once=1), Work()
        async with anyio.create_task_group() as group:
            await flood(group, line, work, LOUD, 1)
            with anyio.move_on_after(0.05):
                await line.run(LOUD, work, "left")
            with anyio.move_on_after(0.05):
                await line.run(QUIET, work, "left")
            group.start_soon(line.run, QUIET, work, QUIET)
            await anyio.sleep(0.05)
            work.let_go(2)
        return [*work.begun, *line.lanes().running, *line.lanes().waiting]

    assert anyio.run(run) == [f"{LOUD}0", QUIET]


def county(slug: str) -> TenantContext:
    return TenantContext(uuid4(), slug, slug, None, "COUNTY", "ACTIVE", f"county_{slug}", f"kb_{slug}", {})


def test_a_county_has_a_bucket_beside_its_peoples() -> None:
    now = [0.0]
    quotas = Quotas(Quota(100, 1, lambda: now[0]), Quota(3, 0.5, lambda: now[0]))
    here, there = county("nordhausen"), county("wartburgkreis")
    people = [principal_of(here, subject=name) for name in "abcd"]
    for person in people[:3]:
        quotas.count(person)
    with pytest.raises(RefusedError) as refused:
        quotas.count(people[3])
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "2")
    quotas.count(None, here)  # guests have a bucket of their own
    quotas.count(principal_of(there, subject="a"))
    now[0] = 2.0
    quotas.count(people[3])


def test_a_county_that_floods_waits_while_another_county_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on beside it once its patience is over: it is never kept out."""
    now = [0.0]
    monkeypatch.setattr(turns, "_now", lambda: now[0])

    async def run() -> list[dict[str, int]]:
        lanes, found = Lanes(at_once=4, waiting_of_one=50), []
        await lanes.enter(QUIET)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(lanes.enter, LOUD)
            await anyio.wait_all_tasks_blocked()
            found.append(dict(lanes.running))
            lanes.leave(LOUD)
            lanes.leave(LOUD)
            found.append(dict(lanes.running))
            lanes.leave(QUIET)
            found.append(dict(lanes.running))
            await lanes.enter(QUIET)
            lanes.leave(LOUD)
            found.append(dict(lanes.running))
            now[0] += PATIENCE_SECONDS + 0.01
            group.start_soon(lanes.enter, LOUD)
            await anyio.wait_all_tasks_blocked()
            found.append(dict(lanes.running))
            group.cancel_scope.cancel()
        return found

    both, quiet, loud = {QUIET: 1, LOUD: 2}, {QUIET: 1}, {LOUD: 1}
    assert anyio.run(run) == [both, quiet, loud, quiet, {QUIET: 1, LOUD: 1}]


def test_who_is_refused_hears_of_it_later_and_its_body_is_not_awaited() -> None:
    async def run() -> tuple[float, int]:
        turns, held = Turns(Threads()), 0

        def full() -> None:
            raise too_many(7)

        async def refused() -> None:
            nonlocal held
            with pytest.raises(RefusedError) as told:
                await turns.admit(LOUD, full)
            assert told.value.headers["Retry-After"] == "7"
            held += 1

        async with anyio.create_task_group() as group:
            for _ in range(MOST_HELD + 5):
                group.start_soon(refused)
            await until(lambda: held > 0)
            first = held
            await turns.admit(QUIET, lambda: None)
        return first, held

    assert anyio.run(run) == (5, MOST_HELD + 5)
