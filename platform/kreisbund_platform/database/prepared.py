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
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import JSON, Column
from sqlalchemy.orm.instrumentation import manager_of_class
from sqlmodel import SQLModel

Model = TypeVar("Model", bound=SQLModel)
Rows = psycopg.Connection[Any]
Read = Callable[[bytes], Any]
DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Statement:
    """One statement with `$n` parameters; its `name` is unique among all of the product."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name.encode()
        self.text = text
        self._bytes = text.encode()

    def run(self, connection: Rows, *values: object) -> PGresult:
        """The result; values are written as text. Raises psycopg.Error."""
        prepared: set[bytes] = connection.__dict__.setdefault("kreisbund_prepared", set())
        if self._name not in prepared:
            _checked(connection, connection.pgconn.prepare(self._name, self._bytes))
            prepared.add(self._name)
        written = [_written(value) for value in values]
        return _checked(connection, connection.pgconn.exec_prepared(self._name, written))  # type: ignore[arg-type]


def _written(value: object) -> bytes | None:
    if value is None:
        return None
    return value if isinstance(value, bytes) else str(value).encode()


def _checked(connection: Rows, result: PGresult) -> PGresult:
    if result.status in DONE:
        return result
    if connection.closed:
        raise psycopg.OperationalError("the connection broke")
    raise errors.error_from_result(result)


@contextmanager
def transaction(connection: Rows) -> Iterator[None]:
    """A transaction as `connection.transaction()` gives it, where none is open yet; savepoints inside are psycopg's."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        with connection.transaction():
            yield
        return
    _checked(connection, connection.pgconn.exec_(b"BEGIN"))
    try:
        yield
    except BaseException:
        if not connection.closed:
            connection.pgconn.exec_(b"ROLLBACK")
        raise
    _checked(connection, connection.pgconn.exec_(b"COMMIT"))


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
