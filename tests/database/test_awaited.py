"""Statements that the event loop waits for: in order, whole, and never a connection left in the middle."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from psycopg.pq import PipelineStatus

from kreisbund_platform.database.awaited import exchange
from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.database.session import Database
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment, login_of

SAID = Statement("test_said", "SELECT repeat($1::text, $2::int)")
QUOTIENT = Statement("test_quotient", "SELECT 1 / $1::int")
SLEEP = Statement("test_sleep", "SELECT pg_sleep($1::float)")
LONG = 3_000_000


@pytest.fixture
def connection(deployment: Deployment, county: TenantContext) -> Iterator[PooledConnection]:
    with deployment.connections.for_tenant(county) as found:
        assert isinstance(found, PooledConnection)
        yield found


def test_results_come_in_order_however_long(connection: PooledConnection) -> None:
    calls = [SAID.call(connection, "x", LONG), SAID.call(connection, "y", 2), SAID.call(connection, "z", 1)]
    for _again in range(2):
        found = asyncio.run(exchange(connection, calls))
        assert found is not None
        assert [len(each.get_value(0, 0) or b"") for each in found] == [LONG, 2, 1]
        assert found[1].get_value(0, 0) == b"yy"
    found = asyncio.run(exchange(connection, [SAID.call(connection, "x" * LONG, 2)]))
    assert found is not None
    assert len(found[0].get_value(0, 0) or b"") == 2 * LONG
    assert connection.pgconn.pipeline_status == PipelineStatus.OFF
    assert connection.execute("SELECT 7").fetchone() == (7,)


def test_one_that_fails_spoils_its_message_alone(connection: PooledConnection) -> None:
    good, bad = SAID.call(connection, "x", 1), QUOTIENT.call(connection, 0)
    assert asyncio.run(exchange(connection, [good, bad, good])) is None
    assert asyncio.run(exchange(connection, [good])) is not None
    assert not connection.closed


def test_the_event_loop_goes_on_meanwhile(connection: PooledConnection) -> None:
    call, order = SLEEP.call(connection, 0.2), []

    async def wait() -> None:
        await exchange(connection, [call])
        order.append("answered")

    async def both() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        order.append("meanwhile")
        await waiting

    asyncio.run(both())
    assert order == ["meanwhile", "answered"]


def test_who_stops_waiting_leaves_no_half_answer_behind(connection: PooledConnection) -> None:
    call = SLEEP.call(connection, 30)

    async def give_up() -> None:
        async with asyncio.timeout(0.1):
            await exchange(connection, [call])

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert connection.closed


def test_a_connection_that_breaks_answers_nothing(
    connection: PooledConnection, connections: Connections, county: TenantContext
) -> None:
    call, pid = SLEEP.call(connection, 30), connection.info.backend_pid

    async def kill() -> None:
        waiting = asyncio.create_task(exchange(connection, [call]))
        await asyncio.sleep(0.05)
        with connections.for_tenant(county) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        assert await waiting is None

    asyncio.run(kill())
    assert connection.closed


def test_a_connection_is_at_hand_once_it_is_clean(deployment: Deployment, county: TenantContext) -> None:
    connections = deployment.connections
    with connections.for_tenant(county) as used:
        used.execute("SET application_name = 'somebody'")
        pid = used.info.backend_pid
    end = time.monotonic() + 10
    while time.monotonic() < end:  # the reset was sent when it came back
        with connections.at_hand(county) as found:
            if found is not None:
                break
        time.sleep(0.01)
    assert found is not None
    with connections.at_hand(county) as found:
        assert found is not None
        assert found.info.backend_pid == pid
        assert found.execute("SHOW application_name").fetchone() == ("kreisbund",)


def test_none_is_opened_or_waited_for(deployment: Deployment, county: TenantContext) -> None:
    database = Database(deployment.settings)
    with database.at_hand(login_of(deployment, county)) as found:
        assert found is None
    assert database.open_connections() == 0
