"""Scalars. What comes out is JSON already, made by the database; what comes in is read here."""

from datetime import date
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", str)
Date = NewType("Date", date)
JSON = NewType("JSON", object)
ByteCount = NewType("ByteCount", int)
Cents = NewType("Cents", str)


def _read_date(value: Any) -> date:
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("a date is written yyyy-mm-dd")
    return date.fromisoformat(value)


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(name="DateTime", description="ISO 8601 with offset"),
    Date: strawberry.scalar(name="Date", description="ISO 8601 calendar date", parse_value=_read_date),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value"),
    ByteCount: strawberry.scalar(name="ByteCount", description="Whole number below 2^53"),
    Cents: strawberry.scalar(name="Cents", description="Whole euro cents as a string"),
}
