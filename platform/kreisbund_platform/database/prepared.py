"""Statements of the hot path, prepared once per connection and run straight on libpq: text in, text out.

What psycopg adds for every kind of value and cursor costs more than these statements themselves; here each model
says once how its columns are read. Errors are psycopg's own, and a broken connection is noticed as ever.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg
from psycopg import errors
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import JSON, Column
from sqlalchemy.orm.instrumentation import manager_of_class
from sqlmodel import SQLModel

Model = TypeVar("Model", bound=SQLModel)
Rows = psycopg.Connection[Any]
Read = Callable[[bytes], Any]
PREFIX = b"kb_"
PREPARED = b"SELECT name FROM pg_prepared_statements WHERE starts_with(name, 'kb_')"
# a prepared statement's name and values, or a command as it stands
Call = tuple[bytes, list[bytes | None] | None]
BEGIN: Call = (b"BEGIN", None)
COMMIT: Call = (b"COMMIT", None)
SYNC: Call = (b"", None)
DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Statement:
    """One statement with `$n` parameters; its `name` is unique among all of the product."""

    def __init__(self, name: str, text: str) -> None:
        self._name = PREFIX + name.encode()
        self.text = text
        self._bytes = text.encode()

    def run(self, connection: Rows, *values: object) -> PGresult:
        """The result; values are written as text. Raises psycopg.Error."""
        return run_all(connection, self.call(connection, *values))[0]

    def owe(self, connection: Rows, *values: object) -> None:
        """Runs with whatever comes next, the commit at the latest; its errors come up there."""
        owed = owed_of(connection)
        if not owed and connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self.run(connection, *values)
        else:
            owed.append(self.call(connection, *values))

    def call(self, connection: Rows, *values: object) -> Call:
        """The statement with its values, prepared on this connection."""
        prepared = _prepared(connection)
        if self._name not in prepared:
            _check(connection, connection.pgconn.prepare(self._name, self._bytes))
            prepared.add(self._name)
        return self._name, [_written(value) for value in values]


def _prepared(connection: Rows) -> set[bytes]:
    known: set[bytes] | None = connection.__dict__.get("kreisbund_prepared")
    if known is None:
        found = connection.pgconn.exec_(PREPARED)
        _check(connection, found)
        known = {found.get_value(row, 0) or b"" for row in range(found.ntuples)}
        connection.__dict__["kreisbund_prepared"] = known
    return known


def forget(connection: Rows) -> None:
    """The server is asked which statements are left: psycopg deallocates all of them when it rolls back."""
    connection.__dict__["kreisbund_prepared"] = None


def _written(value: object) -> bytes | None:
    if value is None:
        return None
    return value if isinstance(value, bytes) else str(value).encode()


def _check(connection: Rows, result: PGresult) -> None:
    if result.status in DONE:
        return
    forget(connection)
    if connection.closed:
        raise psycopg.OperationalError("the connection broke")
    raise errors.error_from_result(result)


def owed_of(connection: Rows) -> list[Call]:
    """What is still to be sent on a connection: a transaction's beginning, writes nobody waits for."""
    owed: list[Call] = connection.__dict__.setdefault("kreisbund_owed", [])
    return owed


def settle(connection: Rows) -> None:
    """Sends what is owed; whoever uses the connection in psycopg's own way comes here first (session.py)."""
    if owed_of(connection):
        run_all(connection)


def run_all(connection: Rows, *calls: Call) -> list[PGresult]:
    """Results of these statements, sent in one go behind what is owed. Raises the first error."""
    owed = owed_of(connection)
    sent = [*owed, *calls]
    owed.clear()
    results = _one(connection, sent[0]) if len(sent) == 1 else _many(connection, sent)
    for result in results:
        _check(connection, result)
    return results[len(sent) - len(calls) :]


def _one(connection: Rows, call: Call) -> list[PGresult]:
    name, values = call
    if values is None:
        return [connection.pgconn.exec_(name)]
    return [connection.pgconn.exec_prepared(name, values)]  # type: ignore[arg-type]


def _many(connection: Rows, calls: Sequence[Call]) -> list[PGresult]:
    """Libpq's pipeline: one message out, one wait."""
    server = connection.pgconn
    server.enter_pipeline_mode()
    try:
        for name, values in calls:
            if values is None:
                server.send_query_params(name, None)
            else:
                server.send_query_prepared(name, values)
        server.pipeline_sync()
        return [_result(server) for _call in (*calls, SYNC)][:-1]
    finally:
        if server.status == ConnStatus.OK:
            server.exit_pipeline_mode()


def _result(server: PGconn) -> PGresult:
    result = server.get_result()
    if result is None:
        raise psycopg.OperationalError("the connection broke")
    if result.status != ExecStatus.PIPELINE_SYNC:
        server.get_result()
    return result


@contextmanager
def transaction(connection: Rows) -> Iterator[None]:
    """A transaction as `connection.transaction()` gives it; its BEGIN and COMMIT travel with other statements.

    Inside another transaction it is psycopg's savepoint.
    """
    owed = owed_of(connection)
    if owed or connection.pgconn.transaction_status != TransactionStatus.IDLE:
        with connection.transaction():
            yield
        return
    owed.append(BEGIN)
    try:
        yield
        if owed == [BEGIN]:
            owed.clear()
        else:
            run_all(connection, COMMIT)
    except BaseException:
        owed.clear()
        if connection.pgconn.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            connection.pgconn.exec_(b"ROLLBACK")
        raise


@cache
def columns(model: type[SQLModel], alias: str = "") -> str:
    """The model's columns for a SELECT, in the order in which `reader` takes them."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(prefix + column.name for column in model.__table__.columns)  # type: ignore[attr-defined]


@cache
def reader(model: type[Model]) -> Callable[[PGresult, int], Model]:
    """Makes one model from a row of a result whose first columns are `columns(model)`.

    The database keeps the types already, so nothing is validated again.
    """
    declared = tuple(model.__table__.columns)  # type: ignore[attr-defined]
    names = frozenset(column.name for column in declared)
    places = tuple(
        (place, column.name, READS.get(_kind(column), bytes.decode)) for place, column in enumerate(declared)
    )
    setup: Callable[[Model], None] = manager_of_class(model).setup_instance

    def read(result: PGresult, row: int) -> Model:
        made: Model = model.__new__(model)
        values = made.__dict__
        for place, name, read_one in places:
            value = result.get_value(row, place)
            values[name] = None if value is None else read_one(value)
        object.__setattr__(made, "__pydantic_fields_set__", set(names))
        setup(made)
        return made

    return read


def texts(value: bytes | None) -> Sequence[str]:
    """The elements of a text[] without quotes in them; none for null."""
    inner = (value or b"{}").decode()[1:-1]
    return [item.strip('"') for item in inner.split(",")] if inner else []


def _kind(column: Column[Any]) -> type:
    return dict if isinstance(column.type, JSON) else column.type.python_type


READS: dict[type, Read] = {
    UUID: lambda value: UUID(value.decode()),
    int: int,
    bool: lambda value: value == b"t",
    datetime: lambda value: datetime.fromisoformat(value.decode()),
    date: lambda value: date.fromisoformat(value.decode()),
    dict: orjson.loads,
}
