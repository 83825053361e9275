"""Pooled connections belong to one role for life, within one cap, and come back clean."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.database.session import Database, DatabaseUnavailableError, Login
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment, login_of


@pytest.fixture
def login(deployment: Deployment, county: TenantContext) -> Login:
    return login_of(deployment, county)


@pytest.fixture
def other_login(deployment: Deployment, other_county: TenantContext) -> Login:
    return login_of(deployment, other_county)


@pytest.fixture
def pool(deployment: Deployment) -> Iterator[Database]:
    database = Database(deployment.settings, 2, wait_seconds=0.2)
    yield database
    database.close()


def _value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(sql.SQL(query)).fetchone()
    assert row is not None
    return row[0]


def _backend(database: Database, login: Login) -> int:
    with database.connection(login) as connection:
        return int(_value(connection, "SELECT pg_backend_pid()"))


def test_a_connection_is_used_again_by_its_own_role_only(pool: Database, login: Login, other_login: Login) -> None:
    first = _backend(pool, login)
    assert _backend(pool, other_login) != first
    assert _backend(pool, login) == first


def test_the_least_recently_used_role_makes_room(deployment: Deployment, login: Login, other_login: Login) -> None:
    pool = Database(deployment.settings, 1, wait_seconds=0.2)
    first = _backend(pool, login)
    _backend(pool, other_login)
    assert pool.open_connections() == 1
    assert _backend(pool, login) != first
    pool.close()


def test_what_nobody_used_for_long_is_closed_when_another_comes_back(
    deployment: Deployment, login: Login, other_login: Login
) -> None:
    pool = Database(deployment.settings, 5, idle_seconds=0.05)
    with pool.connection(login):
        _backend(pool, login)
    time.sleep(0.1)
    kept = _backend(pool, other_login)
    _backend(pool, other_login)
    assert pool.open_connections() == 1
    assert _backend(pool, other_login) == kept
    assert _backend(pool, login) != kept
    pool.close()


def test_who_finds_none_waits_and_gives_up(pool: Database, login: Login) -> None:
    with pool.connection(login), pool.connection(login):
        with pytest.raises(DatabaseUnavailableError, match="in time"), pool.connection(login):
            pass
    assert pool.open_connections() == 2


def test_who_waits_gets_what_comes_free(deployment: Deployment, login: Login) -> None:
    pool = Database(deployment.settings, 1, wait_seconds=5)
    seen: list[int] = []
    with ExitStack() as held:
        held.enter_context(pool.connection(login))
        waiting = threading.Thread(target=lambda: seen.append(_backend(pool, login)))
        waiting.start()
    waiting.join(5)
    assert len(seen) == 1
    pool.close()


def test_an_unfinished_transaction_does_not_come_back(pool: Database, login: Login) -> None:
    with pool.connection(login) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO case_number_counter VALUES (1999, 1)")
    with pool.connection(login) as connection:
        assert _value(connection, "SELECT count(*) FROM case_number_counter WHERE year = 1999") == 0


def test_a_changed_session_comes_back_clean(pool: Database, login: Login) -> None:
    with pool.connection(login) as connection:
        backend = _value(connection, "SELECT pg_backend_pid()")
        connection.execute("SET search_path = shared")
        connection.execute("SET statement_timeout = 0")
        connection.autocommit = False
    with pool.connection(login) as connection:
        assert _value(connection, "SELECT pg_backend_pid()") == backend
        assert _value(connection, "SELECT current_schema()") == login.search_path
        assert _value(connection, "SHOW statement_timeout") == "30s"
        assert connection.autocommit


def test_a_broken_connection_is_dropped(deployment: Deployment, pool: Database, login: Login) -> None:
    backend = _backend(pool, login)
    _terminate(deployment, login)
    assert _backend(pool, login) != backend


def test_a_connection_that_breaks_in_use_says_so(deployment: Deployment, pool: Database, login: Login) -> None:
    with pytest.raises(DatabaseUnavailableError), pool.connection(login) as connection:
        _use_after_end(deployment, login, connection)
    assert pool.open_connections() == 0


def _use_after_end(here: Deployment, login: Login, connection: psycopg.Connection[Any]) -> None:
    _terminate(here, login)
    connection.execute("SELECT 1")


def _terminate(here: Deployment, login: Login) -> None:
    """The role ends its own sessions: that is its right."""
    with here.database.connection(login) as own:
        own.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
        )


def test_a_statement_that_is_cancelled_is_no_lost_database(pool: Database, login: Login) -> None:
    with pool.connection(login) as connection:
        connection.execute("SET statement_timeout = 10")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(1)")


def test_an_unreachable_server_and_a_refused_login(deployment: Deployment, login: Login) -> None:
    away = Database(replace(deployment.settings, database_url="postgresql://x@/y?host=/nowhere"))
    with pytest.raises(DatabaseUnavailableError), away.connection(login):
        pass
    with pytest.raises(DatabaseUnavailableError), deployment.database.connection(Login("kb_nobody", "x", "shared")):
        pass
    assert away.open_connections() == 0


def test_neither_secret_nor_address_shows(deployment: Deployment, login: Login) -> None:
    assert login.secret not in repr(login)
    assert "postgresql" not in repr(deployment.settings)


def test_prepared_statements_survive_what_psycopg_deallocates_on_a_rollback(pool: Database, login: Login) -> None:
    statement = Statement("prepared_for_a_test", "SELECT $1::int")
    with pool.connection(login) as connection:
        for _round in range(8):
            connection.execute("SELECT 1 WHERE %s", (True,))
        assert statement.run(connection, 1).get_value(0, 0) == b"1"
        with connection.transaction() as opened:
            raise psycopg.Rollback(opened)
        assert statement.run(connection, 2).get_value(0, 0) == b"2"
        with connection.transaction(), connection.transaction() as opened:
            statement.run(connection, 3)
            raise psycopg.Rollback(opened)
        assert statement.run(connection, 4).get_value(0, 0) == b"4"
