"""Statements that travel together: owed or sent ahead, they belong to their transaction and fail where one waits."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import PipelineStatus

from kreisbund_platform.database import prepared
from kreisbund_platform.database.prepared import Remembered, Statement, array, bytea, transaction, undone_if
from kreisbund_platform.database.session import Database
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment, login_of

COUNT = Statement("test_count", "INSERT INTO case_number_counter VALUES ($1, $2)")
LAST = Statement("test_last", "SELECT last_number FROM case_number_counter WHERE year = $1")
LENGTH = Statement("test_length", "SELECT length($1::bytea)")
YEARS = range(1900, 1910)


@pytest.fixture
def connection(deployment: Deployment, county: TenantContext) -> Iterator[psycopg.Connection[Any]]:
    with deployment.connections.for_tenant(county) as found:
        yield found
        found.execute("DELETE FROM case_number_counter WHERE year = ANY(%s)", (list(YEARS),))


def counted(connection: psycopg.Connection[Any]) -> list[int]:
    rows = connection.execute("SELECT year FROM case_number_counter WHERE year = ANY(%s) ORDER BY 1", (list(YEARS),))
    return [row[0] for row in rows]


@pytest.mark.parametrize("way", [COUNT.send, COUNT.owe])
def test_it_is_there_for_whoever_comes_next(connection: psycopg.Connection[Any], way: Any) -> None:
    with transaction(connection):
        way(connection, 1900, 1)
        assert LAST.run(connection, 1900).get_value(0, 0) == b"1"
        way(connection, 1901, 1)
        assert counted(connection) == [1900, 1901]
        way(connection, 1902, 1)
    assert counted(connection) == [1900, 1901, 1902]


def give_up(connection: psycopg.Connection[Any], opened_by: Any, way: Any) -> None:
    with opened_by(connection):
        LAST.run(connection, 1900)
        way(connection, 1900, 1)
        raise ZeroDivisionError


@pytest.mark.parametrize("way", [COUNT.send, COUNT.owe])
@pytest.mark.parametrize("opened_by", [transaction, lambda connection: connection.transaction()])
def test_it_goes_with_a_transaction_that_is_given_up(
    connection: psycopg.Connection[Any], way: Any, opened_by: Any
) -> None:
    with pytest.raises(ZeroDivisionError):
        give_up(connection, opened_by, way)
    assert connection.pgconn.pipeline_status == PipelineStatus.OFF
    assert counted(connection) == []
    with connection.transaction():
        with pytest.raises(ZeroDivisionError):
            give_up(connection, opened_by, way)
        way(connection, 1901, 1)
    assert counted(connection) == [1901]


def count_twice(connection: psycopg.Connection[Any], way: Any, then: Any) -> None:
    with transaction(connection):
        COUNT.run(connection, 1901, 1)
        way(connection, 1900, 2)
        then(connection)


@pytest.mark.parametrize("way", [COUNT.send, COUNT.owe])
@pytest.mark.parametrize("then", [lambda connection: LAST.run(connection, 1900), counted, lambda _connection: None])
def test_its_error_comes_up_with_what_comes_next(connection: psycopg.Connection[Any], way: Any, then: Any) -> None:
    COUNT.run(connection, 1900, 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        count_twice(connection, way, then)
    assert counted(connection) == [1900]


@pytest.mark.parametrize("way", [COUNT.send, COUNT.owe])
def test_without_a_transaction_it_is_done_at_once(connection: psycopg.Connection[Any], way: Any) -> None:
    way(connection, 1900, 1)
    assert counted(connection) == [1900]


def test_another_statement_is_prepared_while_one_is_under_way(connection: psycopg.Connection[Any]) -> None:
    fresh = Statement("test_fresh", "SELECT $1::int")
    with transaction(connection):
        COUNT.send(connection, 1900, 1)
        assert fresh.run(connection, 7).get_value(0, 0) == b"7"
    assert counted(connection) == [1900]


def test_nothing_that_is_owed_is_left_for_the_next_user(deployment: Deployment, county: TenantContext) -> None:
    pool = Database(deployment.settings, 1)
    login = login_of(deployment, county)
    with pool.connection(login) as first:
        first.execute("BEGIN")
        COUNT.owe(first, 1900, 1)
    with pool.connection(login) as second:
        assert counted(second) == []
    pool.close()


def test_a_connection_keeps_the_documents_it_ran_last(connection: psycopg.Connection[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(prepared, "MOST_REMEMBERED", 3)
    documents = [Remembered(f"test_document_{number}", f"SELECT {number} + $1::int") for number in range(5)]
    for asked in (0, 1, 2, 0, 3, 0, 4, 1, 0):
        assert documents[asked].run(connection, 10).get_value(0, 0) == str(asked + 10).encode()
    kept = connection.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'kb\\_test\\_document%'")
    assert {name for (name,) in kept} == {"kb_test_document_0", "kb_test_document_1", "kb_test_document_4"}


def test_documents_run_again_after_the_server_forgot_them(connection: psycopg.Connection[Any]) -> None:
    document = Remembered("test_forgotten", "SELECT $1::text")
    assert document.run(connection, "a").get_value(0, 0) == b"a"
    connection.execute("DEALLOCATE ALL")
    prepared.forget(connection)
    assert document.run(connection, "b").get_value(0, 0) == b"b"


@pytest.mark.parametrize(
    "values", [[], ["a", "b c"], ['q"uote', "back\\slash", "{curly}", "com,ma", ""], ["NULL", "null", None, "Łucja\n"]]
)
def test_a_list_arrives_as_it_was(connection: psycopg.Connection[Any], values: list[str | None]) -> None:
    assert connection.execute("SELECT %s::text[]", (array(values),)).fetchone() == (values,)


def test_who_waits_for_a_lock_lets_others_of_the_process_go_on(
    deployment: Deployment, county: TenantContext, connection: psycopg.Connection[Any]
) -> None:
    """Who holds the lock could otherwise never let it go: both are threads of one program."""
    done: list[int] = []
    held, waiting = threading.Event(), threading.Event()

    def second() -> None:
        with deployment.connections.for_tenant(county) as other, transaction(other):
            held.wait(10)
            LAST.run(other, 1900)
            waiting.set()
            COUNT.owe(other, 1900, 2)  # travels with what comes next, in pipeline mode, and waits for the first
            LAST.run(other, 1901)
            done.append(2)

    thread = threading.Thread(target=second)
    with transaction(connection):
        COUNT.run(connection, 1900, 1)
        thread.start()
        held.set()
        waiting.wait(10)
        with deployment.database.owner() as owner:
            _until_somebody_waits(owner)
        connection.execute("DELETE FROM case_number_counter WHERE year = 1900")
    thread.join(30)
    assert done == [2]


def _until_somebody_waits(owner: psycopg.Connection[Any]) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    end = time.monotonic() + 10
    while owner.execute(query).fetchone() != (1,):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_was_asked_is_there_with_what_comes_next(connection: psycopg.Connection[Any]) -> None:
    with transaction(connection):
        COUNT.owe(connection, 1900, 7)
        asked = LAST.ask(connection, 1900)
        other = LAST.ask(connection, 1901)
        assert LAST.run(connection, 1900).get_value(0, 0) == b"7"
        assert (asked.result().get_value(0, 0), other.result().ntuples) == (b"7", 0)
        assert LAST.ask(connection, 1900).result().get_value(0, 0) == b"7"
    assert LAST.ask(connection, 1900).result().get_value(0, 0) == b"7"


@pytest.mark.parametrize("way", [LENGTH.run, LENGTH.send, LENGTH.owe, LENGTH.ask])
def test_what_is_longer_than_a_socket_holds_goes_out(connection: psycopg.Connection[Any], way: Any) -> None:
    with transaction(connection):
        COUNT.run(connection, 1900, 7)
        way(connection, bytea(b"x" * 5_000_000))
    assert counted(connection) == [1900]


def by_cursor(connection: psycopg.Connection[Any], year: int, number: int) -> None:
    connection.execute("INSERT INTO case_number_counter VALUES (%s, %s)", (year, number))


def kept(_result: object) -> bool:
    return False


def refused(_result: object) -> bool:
    return True


def within(connection: psycopg.Connection[Any], year: int, number: int) -> None:
    with connection.transaction():
        by_cursor(connection, year, number)


@pytest.mark.parametrize("way", [COUNT.run, COUNT.send, COUNT.owe, by_cursor, within])
@pytest.mark.parametrize("before", [COUNT.run, COUNT.send, COUNT.owe, by_cursor])
def test_what_is_refused_is_undone_and_nothing_else(connection: psycopg.Connection[Any], way: Any, before: Any) -> None:
    with transaction(connection):
        before(connection, 1900, 1)
        undone_if(connection, lambda: way(connection, 1901, 1), kept)
        undone_if(connection, lambda: way(connection, 1902, 1), refused)
        assert undone_if(connection, lambda: "refused", refused) == "refused"
        COUNT.owe(connection, 1903, 1)
        undone_if(connection, lambda: undone_if(connection, lambda: way(connection, 1904, 1), kept), refused)
        undone_if(connection, lambda: undone_if(connection, lambda: way(connection, 1905, 1), refused), kept)
    assert counted(connection) == [1900, 1901, 1903]


@pytest.mark.parametrize("way", [COUNT.send, COUNT.owe])
def test_the_error_of_what_is_refused_goes_with_it(connection: psycopg.Connection[Any], way: Any) -> None:
    with transaction(connection):
        COUNT.run(connection, 1900, 1)
        undone_if(connection, lambda: LAST.run(connection, 1900) and way(connection, 1900, 1), refused)
        COUNT.run(connection, 1901, 1)
    assert counted(connection) == [1900, 1901]


@pytest.mark.parametrize("way", [COUNT.run, COUNT.send, COUNT.owe])
def test_what_raises_gives_the_transaction_up(connection: psycopg.Connection[Any], way: Any) -> None:
    def work() -> None:
        way(connection, 1901, 1)
        raise ZeroDivisionError

    def both() -> None:
        with transaction(connection):
            COUNT.run(connection, 1900, 1)
            undone_if(connection, work, kept)

    with pytest.raises(ZeroDivisionError):
        both()
    assert counted(connection) == []
