"""Statements of several requests that travel together: one commit for those that came meanwhile, nobody forgotten."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from kreisbund_platform.database.awaited import Gathering
from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment

KEPT = Statement("test_gathered", "INSERT INTO gathered (n) SELECT 12 / $1::int FROM pg_sleep($2::float)")
SLOW, TOGETHER = 0.3, 5


@pytest.fixture
def table(deployment: Deployment, county: TenantContext) -> Iterator[str]:
    """Rows that know which transaction wrote them."""
    name = f'"{county.schema_name}".gathered'
    with deployment.database.owner() as owner:
        owner.execute(f"CREATE TABLE {name} (n int, xact xid8 NOT NULL DEFAULT pg_current_xact_id())")
        owner.execute(f'GRANT SELECT, INSERT ON {name} TO "{county.login_role}"')
        yield name
        owner.execute(f"DROP TABLE {name}")


@pytest.fixture
def connections(deployment: Deployment, county: TenantContext) -> Iterator[list[PooledConnection]]:
    with ExitStack() as held:
        found = [held.enter_context(deployment.connections.for_tenant(county)) for _ in range(TOGETHER)]
        assert all(isinstance(each, PooledConnection) for each in found)
        yield found  # type: ignore[misc]


def _by_transaction(deployment: Deployment, table: str) -> list[list[int]]:
    with deployment.database.owner() as owner:
        rows = owner.execute(f"SELECT array_agg(n ORDER BY n) FROM {table} GROUP BY xact ORDER BY min(xact::text)")
        return sorted(row[0] for row in rows)


async def _run(
    gathering: Gathering, connections: list[PooledConnection], numbers: list[int]
) -> list[asyncio.Task[bool]]:
    """The first is slow; the others begin while it is under way."""
    tasks = []
    for connection, number in zip(connections, numbers, strict=False):
        call = KEPT.call(connection, number, 0 if tasks else SLOW)
        tasks.append(asyncio.create_task(gathering.run("role", connection, call)))
        await asyncio.sleep(0.02)
    return tasks


def test_what_comes_meanwhile_goes_together(
    deployment: Deployment, table: str, connections: list[PooledConnection]
) -> None:
    async def all_of_them() -> list[bool]:
        gathering = Gathering()
        first = await asyncio.gather(*await _run(gathering, connections, [1, 2, 3, 4]))
        alone = await gathering.run("role", connections[0], KEPT.call(connections[0], 6, 0))
        return [*first, alone]

    assert asyncio.run(all_of_them()) == [True] * 5
    assert _by_transaction(deployment, table) == [[2], [3, 4, 6], [12]]


def test_one_that_fails_takes_those_along_that_travel_with_it(
    deployment: Deployment, table: str, connections: list[PooledConnection]
) -> None:
    async def all_of_them() -> list[bool]:
        gathering = Gathering()
        done = await asyncio.gather(*await _run(gathering, connections, [1, 2, 0, 3]))
        return [*done, await gathering.run("role", connections[4], KEPT.call(connections[4], 4, 0))]

    assert asyncio.run(all_of_them()) == [True, False, False, False, True]
    assert _by_transaction(deployment, table) == [[3], [12]]


def test_who_leaves_while_sending_leaves_the_others_an_answer(
    deployment: Deployment, table: str, connections: list[PooledConnection]
) -> None:
    async def all_of_them() -> list[bool]:
        tasks = await _run(Gathering(), connections, [1, 2, 3])
        tasks[0].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        return found[1:]  # type: ignore[return-value]

    assert asyncio.run(all_of_them()) == [True, True]
    assert connections[0].closed
    assert [4, 6] in _by_transaction(deployment, table)


def test_who_leaves_while_waiting_sends_nothing(
    deployment: Deployment, table: str, connections: list[PooledConnection]
) -> None:
    async def all_of_them() -> list[bool]:
        tasks = await _run(Gathering(), connections, [1, 2, 3])
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        return [found[0], found[2]]  # type: ignore[list-item]

    assert asyncio.run(all_of_them()) == [True, True]
    assert _by_transaction(deployment, table) == [[4], [12]]


class _LosingTheSecond(Gathering):
    """Whoever is told to send leaves before it knows."""

    tasks: Sequence[asyncio.Task[bool]] = ()

    def _hand_on(self, role: str) -> None:
        super()._hand_on(role)
        if self.tasks:
            self.tasks[1].cancel()


def test_who_leaves_just_when_told_to_send_tells_the_next(
    deployment: Deployment, table: str, connections: list[PooledConnection]
) -> None:
    async def all_of_them() -> list[bool]:
        gathering = _LosingTheSecond()
        gathering.tasks = tasks = await _run(gathering, connections, [1, 2, 3])
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        return [found[0], found[2], await gathering.run("role", connections[3], KEPT.call(connections[3], 4, 0))]  # type: ignore[list-item]

    assert asyncio.run(all_of_them()) == [True, True, True]
    assert _by_transaction(deployment, table) == [[3], [4], [12]]


def test_roles_do_not_travel_together(
    deployment: Deployment, table: str, connections: list[PooledConnection], other_county: TenantContext
) -> None:
    """Another role's statement neither waits for this one's nor runs on its connection."""
    asked = Statement("test_who", "SELECT 1 / (current_user::text = $1)::int")

    async def both() -> list[bool]:
        gathering = Gathering()
        with deployment.connections.for_tenant(other_county) as other:
            assert isinstance(other, PooledConnection)
            tasks = await _run(gathering, connections, [1])
            theirs = await gathering.run("other", other, asked.call(other, other_county.login_role))
            assert not tasks[0].done()
            return [theirs, await tasks[0]]

    assert asyncio.run(both()) == [True, True]
