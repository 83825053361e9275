"""Statements of the hot path, prepared once per connection and run straight on libpq: text in, text out.

What psycopg adds for every kind of value and cursor costs more than these statements themselves. Errors are
psycopg's own, and a broken connection is noticed as ever.

A statement is run and waited for (`run`), sent and waited for with what comes next (`send`), or owed: it travels with
what comes next (`owe`), and where it was asked (`ask`), its result can be had from then on. Whoever uses the connection
in psycopg's own way goes through `settle` first (session.py).
"""

import re
import select
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

Rows = psycopg.Connection[Any]
T = TypeVar("T")
PREFIX = b"kb_"
PREPARED = b"SELECT name FROM pg_prepared_statements WHERE starts_with(name, 'kb_') AND NOT from_sql"
# a prepared statement's name and values, or a command as it stands
Call = tuple[bytes, list[bytes | None] | None]
BEGIN: Call = (b"BEGIN", None)
COMMIT: Call = (b"COMMIT", None)
TRY: Call = (b"SAVEPOINT kb_try", None)
UNDO: Call = (b"ROLLBACK TO SAVEPOINT kb_try", None)
TRIED: Call = (b"RELEASE SAVEPOINT kb_try", None)
MOST_REMEMBERED = 150  # each keeps its plan in the server's session, some ten to a hundred kB
PLAIN = re.compile(r"[\w-]+", re.ASCII)
QUOTED, BEHIND = re.compile(r'(["\\])'), r"\\\1"
DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(slots=True)
class _Line:
    """What this module knows of a connection: statements prepared, those of documents by their last use, what is to be
    sent, what is sent but not waited for, and who asked for a result of either.
    """

    prepared: set[bytes] | None = None
    recent: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    owed: list["Call | Asked"] = field(default_factory=list)
    under_way: list["Call | Asked"] = field(default_factory=list)


def _line(connection: Rows) -> _Line:
    known: _Line | None = connection.__dict__.get("kreisbund_line")
    if known is None:
        known = connection.__dict__["kreisbund_line"] = _Line()
    return known


@dataclass(slots=True, eq=False)
class Asked:
    """A statement that travels with what comes next, and its result once that was waited for."""

    connection: Rows
    call: Call
    found: PGresult | None = None

    def result(self) -> PGresult:
        """Waits for it where nothing else did. Raises psycopg.Error."""
        if self.found is None:
            settle(self.connection)
        assert self.found is not None, "its transaction was given up"
        return self.found


class Statement:
    """One statement with `$n` parameters; its `name` is unique among all of the product."""

    def __init__(self, name: str, text: str) -> None:
        self._name = PREFIX + name.encode()
        self.text = text
        self._bytes = text.encode()

    def run(self, connection: Rows, *values: object) -> PGresult:
        """The result; values are written as text. Raises psycopg.Error."""
        return _run(connection, self.call(connection, *values))

    def send(self, connection: Rows, *values: object) -> None:
        """The server works on it while the caller goes on; its errors come up with what comes next."""
        call = self.call(connection, *values)
        if _is_idle(connection):
            _run(connection, call)
        else:
            _send(connection, call)

    def owe(self, connection: Rows, *values: object) -> None:
        """Runs with whatever comes next, the commit at the latest; its errors come up there."""
        call = self.call(connection, *values)
        if _is_idle(connection):
            _run(connection, call)
        else:
            _line(connection).owed.append(call)

    def ask(self, connection: Rows, *values: object) -> Asked:
        """Runs with whatever comes next; then its result is there. Errors come up as those of what is owed."""
        asked = Asked(connection, self.call(connection, *values))
        if _is_idle(connection):
            asked.found = _run(connection, asked.call)
        else:
            _line(connection).owed.append(asked)
        return asked

    def is_prepared(self, connection: Rows) -> bool:
        """Whether `call` has nothing to ask the server."""
        return self._name in (_line(connection).prepared or ())

    def call(self, connection: Rows, *values: object) -> Call:
        """The statement with its values, prepared on this connection."""
        prepared = _prepared(connection)
        if self._name not in prepared:
            settle(connection)
            _check(connection, connection.pgconn.prepare(self._name, self._bytes))
            prepared.add(self._name)
        # here and not in a function: a step has twenty values
        written = [
            v if v is None or type(v) is bytes else (array(v) if isinstance(v, (list, tuple)) else str(v)).encode()
            for v in values
        ]
        return self._name, written


class Remembered(Statement):
    """One of many statements, made for a document: a connection keeps those that it ran last."""

    def call(self, connection: Rows, *values: object) -> Call:
        """The statement with its values, prepared on this connection in the place of the one not used longest."""
        recent = _line(connection).recent
        if self._name in recent:
            recent.move_to_end(self._name)
            return super().call(connection, *values)
        if len(recent) >= MOST_REMEMBERED:
            _close(connection, recent.popitem(last=False)[0])
        made = super().call(connection, *values)
        recent[self._name] = None
        return made


def array(values: Iterable[object]) -> str:
    """A list of texts, numbers, ids or None as PostgreSQL writes arrays."""
    return f"{{{','.join(map(_element, values))}}}"


def bytea(value: bytes) -> str:
    """Bytes as PostgreSQL reads them from text."""
    return f"\\x{value.hex()}"


def bytes_of(written: bytes) -> bytes:
    """Bytes as PostgreSQL writes them as text, with `bytea_output` as it is by default."""
    return bytes.fromhex(written[2:].decode())


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return text if PLAIN.fullmatch(text) and text.upper() != "NULL" else f'"{QUOTED.sub(BEHIND, text)}"'


def _close(connection: Rows, name: bytes) -> None:
    known = _prepared(connection)
    if name in known:
        settle(connection)
        _check(connection, connection.pgconn.exec_(b"DEALLOCATE " + name))
        known.discard(name)


def _prepared(connection: Rows) -> set[bytes]:
    line = _line(connection)
    if line.prepared is None:
        settle(connection)
        found = connection.pgconn.exec_(PREPARED)
        _check(connection, found)
        line.prepared = {found.get_value(row, 0) or b"" for row in range(found.ntuples)}
    return line.prepared


def forget(connection: Rows) -> None:
    """The server is asked which statements are left: psycopg deallocates all of them when it rolls back."""
    _line(connection).prepared = None


def _is_idle(connection: Rows) -> bool:
    """Whether no transaction is open, and none is owed."""
    return not _line(connection).owed and connection.pgconn.transaction_status == TransactionStatus.IDLE


def _check(connection: Rows, result: PGresult) -> None:
    if result.status in DONE:
        return
    forget(connection)
    if connection.closed:
        raise psycopg.OperationalError("the connection broke")
    raise errors.error_from_result(result)


def settle(connection: Rows) -> None:
    """Sends what is owed and waits for all that is under way. Raises psycopg.Error for the first that failed."""
    line = _line(connection)
    if line.owed or line.under_way:
        for result in _exchange(connection, ()):
            _check(connection, result)


def abandon(connection: Rows) -> None:
    """What is owed is dropped, what is under way is waited for whatever comes of it: a transaction is given up."""
    line = _line(connection)
    line.owed.clear()
    if line.under_way and not connection.closed:
        _exchange(connection, ())


def _run(connection: Rows, call: Call) -> PGresult:
    """The statement's result. Raises the first error, be it of what went before."""
    results = _exchange(connection, (call,))
    for result in results:
        _check(connection, result)
    return results[-1]


def _send(connection: Rows, call: Call) -> None:
    line, server = _line(connection), connection.pgconn
    if not line.under_way:
        server.enter_pipeline_mode()
    sent = [*line.owed, call]
    write(server, map(_call, sent))
    line.under_way += sent
    line.owed.clear()
    server.flush()


def _call(each: Call | Asked) -> Call:
    return each.call if isinstance(each, Asked) else each


def _exchange(connection: Rows, calls: Sequence[Call]) -> list[PGresult]:
    """Results of all that is under way, owed and called, in this order: one message out, one wait."""
    line = _line(connection)
    sent, under_way = [*line.owed, *calls], line.under_way
    line.owed.clear()
    line.under_way = []
    results = _results(connection.pgconn, sent, len(under_way))
    for each, result in zip((*under_way, *sent), results, strict=True):
        if isinstance(each, Asked):
            each.found = result
    return results


def _results(server: PGconn, sent: "Sequence[Call | Asked]", under_way: int) -> list[PGresult]:
    if not under_way and len(sent) == 1:
        return [_alone(server, _call(sent[0]))]
    if not under_way:
        server.enter_pipeline_mode()
    try:
        write(server, map(_call, sent))
        server.pipeline_sync()
        results = [_result(server) for _ in range(under_way + len(sent))]
        _result(server)
        return results
    finally:
        if server.status == ConnStatus.OK:
            server.exit_pipeline_mode()


def _alone(server: PGconn, call: Call) -> PGresult:
    name, values = call
    return server.exec_(name) if values is None else server.exec_prepared(name, values)  # type: ignore[arg-type]


def write(server: PGconn, calls: Iterable[Call]) -> None:
    """Sends calls in pipeline mode."""
    for name, values in calls:
        if values is None:
            server.send_query_params(name, None)
        else:
            server.send_query_prepared(name, values)


def wait(server: PGconn) -> None:
    """Until a result can be had. libpq's own waiting would keep Python's lock from all other threads, those among them
    whose commit is waited for. Raises psycopg.OperationalError.
    """
    poll = select.poll()
    while server.is_busy():
        # what does not fit into the socket goes out as the server reads
        poll.register(server.socket, select.POLLIN | select.POLLOUT if server.flush() else select.POLLIN)
        poll.poll()
        server.consume_input()


def _result(server: PGconn) -> PGresult:
    wait(server)
    result = server.get_result()
    if result is None:
        raise psycopg.OperationalError("the connection broke")
    if result.status != ExecStatus.PIPELINE_SYNC:
        wait(server)
        server.get_result()
    return result


@contextmanager
def transaction(connection: Rows) -> Iterator[None]:
    """A transaction as `connection.transaction()` gives it; its BEGIN and COMMIT travel with other statements.

    Inside another transaction it is psycopg's savepoint.
    """
    if not _is_idle(connection):
        with connection.transaction():
            yield
        return
    owed = _line(connection).owed
    owed.append(BEGIN)
    try:
        yield
        if owed == [BEGIN]:
            owed.clear()
        else:
            _run(connection, COMMIT)
    except BaseException:
        abandon(connection)
        if connection.pgconn.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            connection.pgconn.exec_(b"ROLLBACK")
        raise


def undone_if(connection: Rows, work: Callable[[], T], refused: Callable[[T], bool]) -> T:
    """Runs `work` in the running transaction and undoes what it wrote where its result is a refusal.

    A savepoint that travels with other statements. Where `work` raises, the transaction is given up as a whole.
    """
    owed, begun = _line(connection).owed, Asked(connection, TRY)
    place = len(owed)
    owed.append(begun)
    result = work()
    if refused(result):
        if begun in owed[place:]:  # nothing has run
            del owed[place:]
            return result
        abandon(connection)
        owed.append(UNDO)
    owed.append(TRIED)
    return result
