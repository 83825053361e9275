"""Prepared statements without a thread: sent at once, and the event loop goes on until the server has answered."""

import select
from asyncio import AbstractEventLoop, CancelledError, Future, get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from psycopg import OperationalError
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.prepared import DONE, Call, write

Result = PGresult
NEWS_ONCE = select.EPOLLIN | select.EPOLLONESHOT
MOST_NEWS = 64  # at a time; what is left comes at once


class _Sockets:
    """Who waits for which socket in one event loop.

    The loop itself watches this one epoll: watching and forgetting a socket by the loop's own means for each answer
    takes a dozen system calls, more than sending the statement.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._waiting: dict[int, Callable[[], None]] = {}
        loop.add_reader(self._epoll.fileno(), self._tell)

    def once(self, socket: int, told: Callable[[], None]) -> None:
        """`told` is called when there is something to read, or the other side is gone."""
        self._waiting[socket] = told
        try:
            self._epoll.modify(socket, NEWS_ONCE)
        except FileNotFoundError:  # the first time: a socket that closes is forgotten by itself
            self._epoll.register(socket, NEWS_ONCE)

    def forget(self, socket: int) -> None:
        """Nobody is told any more."""
        self._waiting.pop(socket, None)

    def _tell(self) -> None:
        for socket, _news in self._epoll.poll(0, MOST_NEWS):
            told = self._waiting.pop(socket, None)
            if told is not None:
                told()


_sockets: WeakKeyDictionary[AbstractEventLoop, _Sockets] = WeakKeyDictionary()


def _sockets_of(loop: AbstractEventLoop) -> _Sockets:
    found = _sockets.get(loop)
    if found is None:
        found = _sockets[loop] = _Sockets(loop)
    return found


async def exchange(connection: PooledConnection, calls: Sequence[Call]) -> list[PGresult] | None:
    """The results of statements that travel in one message; None where one failed or the connection broke.

    Together they are one implicit transaction. A connection that was left in the middle is closed.
    """
    server, loop = connection.pgconn, get_running_loop()
    results: list[PGresult] | None = None
    try:
        server.enter_pipeline_mode()
        write(server, calls)
        server.pipeline_sync()
        await _sent(server, loop)
        results = await _answered(server, loop)
        server.exit_pipeline_mode()
    except OperationalError:
        results = None
    finally:
        if results is None:
            connection.close()
    if results is None or any(result.status not in DONE for result in results):
        return None
    return results


async def _sent(server: PGconn, loop: AbstractEventLoop) -> None:
    """All that is written, as the socket takes it. Raises OperationalError."""
    while server.flush():
        writable: Future[None] = loop.create_future()
        loop.add_writer(server.socket, writable.set_result, None)
        try:
            await writable
        finally:
            loop.remove_writer(server.socket)


async def _answered(server: PGconn, loop: AbstractEventLoop) -> list[PGresult]:
    """All results up to the end of the message. Raises OperationalError."""
    found: list[PGresult] = []
    done: Future[None] = loop.create_future()
    socket, sockets = server.socket, _sockets_of(loop)

    def read() -> None:
        if done.done():
            return  # whoever waited has left
        try:
            server.consume_input()
            while not server.is_busy():
                result = server.get_result()
                if result is None:
                    continue  # the end of one statement's results
                if result.status == ExecStatus.PIPELINE_SYNC:
                    done.set_result(None)
                    return
                found.append(result)
            sockets.once(socket, read)
        except Exception as problem:
            done.set_exception(problem)

    sockets.once(socket, read)
    try:
        await done
    finally:
        sockets.forget(socket)
    return found


@dataclass(frozen=True)
class _Waiting:
    """`told`: True or False once the statement was tried; None where its owner is to send the next message."""

    call: Call
    told: "Future[bool | None]"


class Gathering:
    """Statements of several requests in one message, one transaction and one commit: while a message is under way, what
    comes waits and goes with the next. Belongs to one event loop.
    """

    def __init__(self) -> None:
        # by role, as long as somebody sends
        self._waiting: dict[str, deque[_Waiting]] = {}

    async def run(self, role: str, connection: PooledConnection, call: Call) -> bool:
        """Whether the statement is committed; it ran on this connection of the role, or on another's.

        False is the answer of all that travelled with one that failed.
        """
        if role in self._waiting:
            mine = _Waiting(call, get_running_loop().create_future())
            self._waiting[role].append(mine)
            told = await self._told(role, mine)
            if told is not None:
                return told
        else:
            self._waiting[role] = deque()
        return await self._sent(role, connection, call)

    async def _told(self, role: str, mine: _Waiting) -> bool | None:
        try:
            return await mine.told
        except CancelledError:
            if not mine.told.cancelled() and mine.told.result() is None:
                self._hand_on(role)
            raise

    async def _sent(self, role: str, connection: PooledConnection, call: Call) -> bool:
        others = [each for each in self._waiting[role] if not each.told.done()]
        self._waiting[role].clear()
        done = False
        try:
            done = await exchange(connection, [call, *(each.call for each in others)]) is not None
        finally:
            for each in others:
                if not each.told.done():
                    each.told.set_result(done)
            self._hand_on(role)
        return done

    def _hand_on(self, role: str) -> None:
        waiting = self._waiting[role]
        while waiting:
            following = waiting.popleft()
            if not following.told.done():
                following.told.set_result(None)
                return
        del self._waiting[role]
