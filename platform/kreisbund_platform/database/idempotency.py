"""Answers kept under a person's key: insert first, so that a second try waits for the first on the unique index."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import class_row

from kreisbund_platform.database.prepared import Statement, bytea, transaction

Rows = psycopg.Connection[Any]
T = TypeVar("T")
TRIES = 4
COUNTY, WORKSPACE = TABLES = "idempotency", "shared.idempotency"


@dataclass(frozen=True)
class Scope:
    """Where a key is looked up: `table` is one of the two constants above."""

    table: str
    subject: str
    mutation: str
    key: str


@dataclass(frozen=True)
class Stored:
    """What lies under a key. `sealed`: the answer as privacy/answers.py seals it, under the keys of `holders`."""

    request_hash: bytes
    document_hash: bytes
    sealed: bytes | None
    holders: list[str]


def _statements(name: str, action: str) -> dict[str, Statement]:
    """The same for both tables."""
    return {table: Statement(f"key_{name}_{number}", action.format(table)) for number, table in enumerate(TABLES)}


RESERVE = _statements(
    "reserve",
    "INSERT INTO {} (subject, mutation, key, request_hash, document_hash, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
)
KEEP = _statements("keep", "UPDATE {} SET sealed = $1, holders = $2 WHERE subject = $3 AND mutation = $4 AND key = $5")


def reserve(connection: Rows, scope: Scope, request_hash: bytes, document_hash: bytes, now: datetime) -> Stored | None:
    """Takes the key for the running transaction (None), or answers what is stored under it."""
    hashes = bytea(request_hash), bytea(document_hash)
    taken = RESERVE[scope.table].run(connection, scope.subject, scope.mutation, scope.key, *hashes, now)
    return None if taken.ntuples else _stored(connection, scope)


def _stored(connection: Rows, scope: Scope) -> Stored:
    with connection.cursor(row_factory=class_row(Stored)) as cursor:
        found = cursor.execute(
            f"SELECT request_hash, document_hash, sealed, holders FROM {scope.table}"
            " WHERE subject = %s AND mutation = %s AND key = %s",
            (scope.subject, scope.mutation, scope.key),
        ).fetchone()
    assert found is not None, "a conflicting key is committed with its answer"
    return found


def keep(connection: Rows, scope: Scope, sealed: bytes, holders: list[str]) -> None:
    """Stores the answer in the transaction that earned it, at its commit."""
    KEEP[scope.table].owe(connection, bytea(sealed), holders, scope.subject, scope.mutation, scope.key)


def in_transaction(connection: Rows, work: Callable[[], T]) -> T:
    """Runs `work` in one transaction, again where PostgreSQL gave it up in favour of another."""
    for _attempt in range(TRIES - 1):
        try:
            with transaction(connection):
                return work()
        except (errors.SerializationFailure, errors.DeadlockDetected):
            continue
    with transaction(connection):
        return work()
