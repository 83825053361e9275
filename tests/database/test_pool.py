"""Forty counties on twelve connections, and nothing of one use left for the next."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.database.session import Database, Login
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment, login_of
from tests.tenancy.many_logins import many_logins, seen_connections

COUNTIES, CAP, THREADS, REQUESTS = 40, 12, 8, 50
# what a text may leave behind, and how it would show
TRACES = {
    "a setting": ("SET search_path = shared", "SELECT current_setting('search_path')"),
    "a hidden setting": ("SELECT set_config('statement_timeout', '0', false)", "SHOW statement_timeout"),
    "a setting behind a first statement": ("SELECT 1; SET lock_timeout = 0", "SHOW lock_timeout"),
    "a setting in a text in a text": (
        "SELECT query_to_xml('SELECT set_config(''search_path'', ''shared'', false)', true, false, '')",
        "SELECT current_setting('search_path')",
    ),
    "an advisory lock": (
        "SELECT pg_advisory_lock(4711)",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    ),
    "a channel": ("LISTEN planted", "SELECT count(*) FROM pg_listening_channels()"),
    "a cursor": (
        "BEGIN; DECLARE planted CURSOR WITH HOLD FOR SELECT 1; COMMIT",
        "SELECT count(*) FROM pg_cursors WHERE name = 'planted'",
    ),
    "a prepared statement": (
        "SELECT 1; PREPARE kb_planted AS SELECT 2",
        "SELECT count(*) FROM pg_prepared_statements WHERE name = 'kb_planted'",
    ),
    "a prepared statement before an error": (
        "PREPARE kb_planted AS SELECT 2; SELECT 1 / 0",
        "SELECT count(*) FROM pg_prepared_statements WHERE name = 'kb_planted'",
    ),
    "a prepared statement from a block": (
        "DO $$ BEGIN EXECUTE 'PREPARE kb_planted AS SELECT 2'; END $$",
        "SELECT count(*) FROM pg_prepared_statements WHERE name = 'kb_planted'",
    ),
    "an open transaction": ("BEGIN READ ONLY", "SELECT current_setting('transaction_read_only')"),
    "a failed transaction": ("BEGIN; SELECT 1 / 0", "SELECT 1"),
    "a row lock": (
        "BEGIN; LOCK TABLE case_record IN ACCESS EXCLUSIVE MODE",
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND pid = pg_backend_pid()",
    ),
}


@pytest.fixture
def pool(deployment: Deployment) -> Iterator[Database]:
    database = Database(deployment.settings, 1, wait_seconds=5)
    yield database
    database.close()


def value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(sql.SQL(query)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("trace", TRACES)
def test_nothing_is_left_on_a_connection(
    trace: str, deployment: Deployment, county: TenantContext, pool: Database
) -> None:
    text, look = TRACES[trace]
    login = login_of(deployment, county)
    with pool.connection(login) as connection:
        clean = value(connection, look)
    with pool.connection(login) as connection:
        try:
            connection.execute(text)
        except psycopg.errors.DivisionByZero:
            assert "1 / 0" in text
    with pool.connection(login) as connection:
        assert value(connection, look) == clean


def test_a_copied_query_leaves_nothing_either(deployment: Deployment, county: TenantContext, pool: Database) -> None:
    login = login_of(deployment, county)
    with pool.connection(login) as connection:
        copied = Statement("clean_for_a_test", "SELECT pg_backend_pid()").run(connection).get_value(0, 0)
    with pool.connection(login) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY (SELECT set_config('search_path', 'shared', false)) TO STDOUT") as copy:
            assert list(copy)
    with pool.connection(login) as connection:
        assert str(value(connection, "SELECT pg_backend_pid()")).encode() == copied
        assert value(connection, "SELECT current_schema()") == login.search_path


def test_a_planted_statement_is_not_taken_for_the_products(
    deployment: Deployment, county: TenantContext, pool: Database
) -> None:
    ours = Statement("planted_for_a_test", "SELECT 'ours'")
    with pool.connection(login_of(deployment, county)) as connection:
        connection.execute("PREPARE kb_planted_for_a_test AS SELECT 'theirs'")
        with pytest.raises(psycopg.errors.DuplicatePreparedStatement):
            ours.run(connection)
    with pool.connection(login_of(deployment, county)) as connection:
        assert ours.run(connection).get_value(0, 0) == b"ours"


def test_an_ordinary_use_keeps_the_connection_and_its_prepared_statements(
    deployment: Deployment, county: TenantContext, pool: Database
) -> None:
    ours = Statement("kept_for_a_test", "SELECT pg_backend_pid()")
    backends = set()
    for _ in range(3):
        with pool.connection(login_of(deployment, county)) as connection:
            connection.execute("SELECT count(*) FROM case_record WHERE status = %s", ("WAITING",))
            backends.add(ours.run(connection).get_value(0, 0))
            assert (
                value(connection, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'kb_kept_for_a_test'") == 1
            )
    assert len(backends) == 1


def test_forty_counties_share_a_fixed_number_of_connections(database_url: str, settings: Settings) -> None:
    pool = Database(settings, CAP, wait_seconds=60)
    most = [0]
    done = threading.Event()
    with many_logins(database_url, COUNTIES) as logins:

        def watch() -> None:
            while not done.wait(0.01):
                most[0] = max(most[0], seen_connections(database_url, logins))

        def ask(seed: int) -> set[str]:
            source = random.Random(seed)
            return {whoever(pool, source.choice(logins)) for _ in range(REQUESTS)}

        watching = threading.Thread(target=watch)
        watching.start()
        with ThreadPoolExecutor(THREADS) as threads:
            asked = set().union(*threads.map(ask, range(THREADS)))
        done.set()
        watching.join()
        assert len(asked) == COUNTIES
        # one more than the cap may still be leaving while its place is taken
        assert 0 < most[0] <= CAP + THREADS
        assert pool.open_connections() <= CAP
        pool.close()


def whoever(pool: Database, login: Login) -> str:
    """Asks as this county and is answered as this county."""
    with pool.connection(login) as connection:
        found = connection.execute("SELECT current_user, county, current_schema() FROM whose").fetchone()
    assert found == (login.role, login.role, login.search_path)
    return login.role
