"""Scalars. What comes out is JSON already, made by the database; what comes in is read here."""

from datetime import date, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", datetime)
Date = NewType("Date", date)
JSON = NewType("JSON", object)
ByteCount = NewType("ByteCount", int)
Cents = NewType("Cents", str)


def _read_date(value: Any) -> date:
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError("a date is written yyyy-mm-dd")


def _read_moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and 19 <= len(value) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GraphQLError("a moment is written as in ISO 8601, with its offset")
    return moment


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(name="DateTime", description="ISO 8601 with offset", parse_value=_read_moment),
    Date: strawberry.scalar(name="Date", description="ISO 8601 calendar date", parse_value=_read_date),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value"),
    ByteCount: strawberry.scalar(name="ByteCount", description="Whole number below 2^53"),
    Cents: strawberry.scalar(name="Cents", description="Whole euro cents as a string"),
}
