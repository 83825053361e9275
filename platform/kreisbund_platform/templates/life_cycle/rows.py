"""Reading and writing rows by their models, so that each statement below names only what is special about it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from psycopg import Connection, sql
from psycopg.rows import class_row
from psycopg.types.json import Json
from sqlalchemy import JSON
from sqlmodel import SQLModel

Rows = Connection[Any]
Row = TypeVar("Row", bound=SQLModel)


def table_of(model: type[SQLModel] | SQLModel) -> sql.Identifier:
    """The table as the connection's role names it: `shared.x`, or bare in the county's own schema."""
    arguments = getattr(model, "__table_args__", None)
    schema = arguments.get("schema") if isinstance(arguments, dict) else None
    name = str(model.__tablename__)
    return sql.Identifier(schema, name) if schema else sql.Identifier(name)


def _values(row: SQLModel) -> dict[str, Any]:
    columns = type(row).__table__.columns  # type: ignore[attr-defined]
    given = {name: value for name, value in row.model_dump().items() if not (name == "id" and value == 0)}
    return {name: Json(value) if isinstance(columns[name].type, JSON) else value for name, value in given.items()}


def insert(connection: Rows, row: SQLModel) -> None:
    """Writes one row; an id of 0 is given by the database."""
    values = _values(row)
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            table_of(row),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        ),
        list(values.values()),
    )


def replace(connection: Rows, row: SQLModel, keys: Sequence[str]) -> None:
    """Writes one row, or brings the one with the same `keys` up to date."""
    values = _values(row)
    changed = [name for name in values if name not in keys]
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}").format(
            table_of(row),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
            sql.SQL(", ").join(map(sql.Identifier, keys)),
            sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changed),
        ),
        list(values.values()),
    )


def found(connection: Rows, model: type[Row], order: str = "", *, lock: bool = False, **where: Any) -> list[Row]:
    """Rows whose columns have these values. `order` is a constant of the caller."""
    condition = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in where)
    parts: list[sql.Composable] = [sql.SQL("SELECT * FROM {}").format(table_of(model))]
    parts += [sql.SQL("WHERE {}").format(condition)] if where else []
    parts += [sql.SQL("ORDER BY ") + sql.SQL(order)] if order else []
    parts += [sql.SQL("FOR UPDATE")] if lock else []
    with connection.cursor(row_factory=class_row(model)) as cursor:
        return cursor.execute(sql.SQL(" ").join(parts), where).fetchall()


def one(connection: Rows, model: type[Row], *, lock: bool = False, **where: Any) -> Row | None:
    """The row with these values; locked on demand."""
    rows = found(connection, model, lock=lock, **where)
    return rows[0] if rows else None


def update(connection: Rows, row: SQLModel, keys: Sequence[str], *names: str) -> None:
    """Writes the named columns of the row with the same `keys`."""
    values: Mapping[str, Any] = _values(row)
    assigned = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in names)
    condition = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in keys)
    connection.execute(
        sql.SQL("UPDATE {} SET {} WHERE {}").format(table_of(row), assigned, condition),
        {name: values[name] for name in (*names, *keys)},
    )
