"""The collector counts each line of an outbox exactly once, in whatever order transactions end."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from kreisbund_platform.dashboards import collector, queries
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import START

LINE = """INSERT INTO outbox (topic, payload, created_at)
    VALUES ('application', '{"month": "2025-01-01"}', %s) RETURNING id"""


@pytest.fixture
def shared(connections: Connections) -> Iterator[Connection[Any]]:
    with connections.for_workspace("collector") as found:
        yield found


@pytest.fixture
def counties(connections: Connections, county: TenantContext) -> Iterator[list[Connection[Any]]]:
    """Three connections of one county; what lies in its outbox is collected before."""
    with contextlib.ExitStack() as held:
        found = [held.enter_context(connections.for_tenant(county)) for _ in range(3)]
        with connections.for_workspace("collector") as shared:
            while collector.collect(found[0], shared, county.id, START):
                pass
        yield found


def counted(shared: Connection[Any], county: TenantContext) -> int:
    query = "SELECT coalesce(sum(applications), 0) FROM shared.dashboard_month WHERE tenant_id = %s"
    row = shared.execute(query, (county.id,)).fetchone()
    assert row is not None
    return int(row[0])


def put(connection: Connection[Any]) -> int:
    row = connection.execute(LINE, (START,)).fetchone()
    assert row is not None
    return int(row[0])


def test_a_lower_line_that_comes_later_counts(
    counties: list[Connection[Any]], shared: Connection[Any], county: TenantContext
) -> None:
    early, late, reading = counties
    before = counted(shared, county)
    with early.transaction():
        early.execute("SELECT pg_current_xact_id()")  # the older transaction writes its line last
        with late.transaction():
            lower = put(late)
            assert put(early) > lower
            early.execute("COMMIT")
            assert collector.collect(reading, shared, county.id, START) == 1
        assert collector.collect(reading, shared, county.id, START) == 1
        early.execute("BEGIN")
    assert counted(shared, county) == before + 2
    assert collector.collect(reading, shared, county.id, START) == 0
    assert reading.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_crash_before_lines_are_deleted_counts_none_twice(
    counties: list[Connection[Any]],
    shared: Connection[Any],
    county: TenantContext,
    monkeypatch: pytest.MonkeyPatch,
    rounds: int,
) -> None:
    writing, _other, reading = counties
    before = counted(shared, county)
    forget = queries.forget_outbox
    for _round in range(rounds):
        put(writing)
        calls = []

        def killed(*given: Any, calls: list[Any] = calls) -> None:
            """Only what is deleted before anything is read."""
            calls.append(given)
            if shared.info.transaction_status.name == "INTRANS":
                forget(*given)

        monkeypatch.setattr(queries, "forget_outbox", killed)
        assert collector.collect(reading, shared, county.id, START) == 1
        monkeypatch.setattr(queries, "forget_outbox", forget)
    assert counted(shared, county) == before + rounds
    assert reading.execute("SELECT count(*) FROM outbox").fetchone() == (1,), "the last one lies there, taken"
    assert collector.collect(reading, shared, county.id, START) == 0
    assert reading.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert counted(shared, county) == before + rounds
