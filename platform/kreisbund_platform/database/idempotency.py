"""Answers kept under a person's key: insert first, so that a second try waits for the first on the unique index."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import class_row

from kreisbund_platform.database.prepared import transaction

Rows = psycopg.Connection[Any]
T = TypeVar("T")
TRIES = 4
COUNTY, WORKSPACE = "idempotency", "shared.idempotency"


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


def reserve(connection: Rows, scope: Scope, request_hash: bytes, document_hash: bytes, now: datetime) -> Stored | None:
    """Takes the key for the running transaction (None), or answers what is stored under it."""
    taken = connection.execute(
        f"INSERT INTO {scope.table} (subject, mutation, key, request_hash, document_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING true",
        (scope.subject, scope.mutation, scope.key, request_hash, document_hash, now),
    ).fetchone()
    return None if taken else _stored(connection, scope)


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
    """Stores the answer in the transaction that earned it."""
    connection.execute(
        f"UPDATE {scope.table} SET sealed = %s, holders = %s WHERE subject = %s AND mutation = %s AND key = %s",
        (sealed, holders, scope.subject, scope.mutation, scope.key),
    )


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


def undone_if(connection: Rows, work: Callable[[], T], refused: Callable[[T], bool]) -> T:
    """Runs `work` behind a savepoint and undoes what it wrote where its result is a refusal."""
    with connection.transaction() as savepoint:
        result = work()
        if refused(result):
            raise psycopg.Rollback(savepoint)
    return result
