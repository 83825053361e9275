"""A pooled connection, and how it is left without a trace of who had it.

A text that a caller built may hide `set_config`, an advisory lock or a second statement, so no client can tell
whether the session was changed. What ran a cursor is therefore reset whenever it comes back: the reset is sent at
once and answered while the connection lies idle, so nobody waits for it. Statements of `prepared.py` are the
product's own constants and need none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from kreisbund_platform.database.prepared import abandon, forget, settle, wait

# What DISCARD ALL does, prepared statements spared.
RESET = (
    b"RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; CLOSE ALL; DISCARD SEQUENCES; SELECT pg_advisory_unlock_all()"
)
# Commands that the product never sends and that can plant a statement under a name it prepares.
SPOILING = ("PREPARE", "DEALLOCATE", "DISCARD", "DO", "CALL", "LOAD")


class SessionCursor(psycopg.Cursor[Any]):
    """Notes on its connection that it was used in psycopg's way, and whether that must be its last time."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Self:
        """Runs the statement behind what is owed, and looks at every command's tag."""
        connection = _used(self)
        try:
            super().execute(query, params, **kwargs)
        except psycopg.Error:
            # of several statements in one text an earlier one may have worked
            connection.spoiled |= params is None
            raise
        connection.spoiled |= any(
            (result.command_status or b"").decode().startswith(SPOILING) for result in self._results
        )
        return self

    def executemany(self, *args: Any, **kwargs: Any) -> None:
        """Runs the statements behind what is owed."""
        _used(self)
        super().executemany(*args, **kwargs)

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """Copies behind what is owed; the text may call functions like any other."""
        _used(self)
        return super().copy(*args, **kwargs)


class PooledConnection(psycopg.Connection[Any]):
    """A connection that knows how it was used. `spoiled`: it is closed on return."""

    used = False
    spoiled = False
    resetting = False

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[psycopg.Transaction]:
        """A transaction, or a savepoint inside one that is only owed yet."""
        settle(self)
        done = False
        try:
            with super().transaction(*args, **kwargs) as opened:
                try:
                    yield opened
                    settle(self)
                except BaseException:
                    abandon(self)
                    raise
            done = opened.status is opened.Status.COMMITTED
        finally:
            if not done:
                forget(self)


def _used(cursor: SessionCursor) -> PooledConnection:
    connection = cursor.connection
    assert isinstance(connection, PooledConnection)
    settle(connection)
    connection.used = True
    return connection


def cleaned(connection: PooledConnection) -> bool:
    """Ends what is open and sends the reset; False where the connection cannot be used again."""
    try:
        abandon(connection)
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.rollback()
            forget(connection)
        if connection.spoiled or connection.closed:
            return False
        if not connection.autocommit:
            connection.autocommit = True
        if connection.used:
            connection.pgconn.send_query(RESET)
            connection.pgconn.flush()
            connection.used, connection.resetting = False, True
    except psycopg.Error:
        return False
    return True


def _next_result(server: PGconn) -> PGresult | None:
    wait(server)
    return server.get_result()


def was_reset(connection: PooledConnection) -> bool:
    """Waits for the reset that was sent when the connection came back; False where it failed."""
    if not connection.resetting:
        return True
    connection.resetting = False
    try:
        failed = False
        while (result := _next_result(connection.pgconn)) is not None:
            failed |= result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
    except psycopg.Error:
        return False
    return not failed and connection.info.transaction_status is TransactionStatus.IDLE
