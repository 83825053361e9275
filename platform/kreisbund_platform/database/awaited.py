"""Prepared statements without a thread: sent at once, and the event loop goes on until the server has answered."""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Sequence

from psycopg import OperationalError
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.prepared import DONE, Call, write

Result = PGresult


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
        server.flush()
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


async def _answered(server: PGconn, loop: AbstractEventLoop) -> list[PGresult]:
    """All results up to the end of the message. Raises OperationalError."""
    found: list[PGresult] = []
    done: Future[None] = loop.create_future()

    def read() -> None:
        try:
            server.consume_input()
            while not done.done() and not server.is_busy():
                result = server.get_result()
                if result is None:
                    continue  # the end of one statement's results
                if result.status == ExecStatus.PIPELINE_SYNC:
                    done.set_result(None)
                else:
                    found.append(result)
        except Exception as problem:
            if not done.done():
                done.set_exception(problem)

    socket = server.socket
    loop.add_reader(socket, read)
    try:
        await done
    finally:
        loop.remove_reader(socket)
    return found
