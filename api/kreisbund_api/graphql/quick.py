"""The quick way of a query that was asked before: no thread, and one message to the database instead of two.

Where the person stands is asked together with what they want to read, as they stood when they were last here; the
answer counts only where the database says the same of them again. Whatever is not at hand (a document, a plan, a free
connection, a prepared statement) or takes more than reading is left to the ordinary way, which begins anew: nothing
has left by then.
"""

from typing import Any

from kreisbund_api.graphql.compiled import Compiled
from kreisbund_api.graphql.execution import Executor, Known, Request
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import NotCompiledError
from kreisbund_api.services import Answer
from kreisbund_platform import telemetry
from kreisbund_platform.audit import reads
from kreisbund_platform.clock import Clock
from kreisbund_platform.database.awaited import Gathering, Result, exchange
from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.prepared import Call, Statement
from kreisbund_platform.database.selection import RECORDED
from kreisbund_platform.identity import standing
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.connections import Connections

OPENING = "MESSAGES"  # whoever sees a message has opened it, and that is written


class _Unconnected(Operation):
    """What resolvers are asked with: they say what is to be read. One that reads by itself goes the ordinary way."""

    @property
    def connection(self) -> Any:
        """None is lent."""
        raise NotCompiledError("ELSEWHERE")

    def workspace(self, name: str) -> Any:
        """Nor here."""
        raise NotCompiledError("ELSEWHERE")


class _LeftError(Exception):
    """The ordinary way is to answer."""


class QuickReads:
    """The quick way of one process; belongs to its event loop."""

    def __init__(self, executor: Executor, connections: Connections, clock: Clock) -> None:
        self._executor = executor
        self._connections = connections
        self._clock = clock
        self._records = Gathering()

    async def answer(self, principal: Principal, request: Request, known: Known) -> Answer | None:
        """The answer; None where the ordinary way has to give it."""
        if known.query is None or principal.tenant is None or principal.is_guest:
            return None
        with self._connections.at_hand(principal.tenant) as connection:
            if connection is None:
                return None
            with telemetry.span("graphql", operation="query"):
                try:
                    return await self._read(connection, principal, known, known.query, request)
                except (_LeftError, NotCompiledError):
                    return None

    async def _read(
        self, connection: PooledConnection, principal: Principal, known: Known, query: Compiled, request: Request
    ) -> Answer:
        where = _at_hand(standing.QUESTION, connection, standing.asked(principal, self._clock.now()))
        people = self._executor.people
        stood = people.recall(principal) or await self._met(connection, principal, where)
        operation = self._executor.operation(stood.principal, _Unconnected)
        bound = query.bound(operation, known.asked, request.variables, known=True)
        call = _at_hand(bound.plan.statement, connection, bound.values)
        now_standing, found = await _results(connection, where, call)
        if standing.answered(now_standing) != stood.row:
            people.forget(principal)
            raise _LeftError
        shown = bound.plan.shown(found)
        if shown is None:
            raise _LeftError
        operation.show_all(shown.reads)
        await self._record(connection, operation, known.purpose(request))
        telemetry.operations.add(1, {"result": "ok"})
        return Answer(None, written=shown.body)

    async def _met(self, connection: PooledConnection, principal: Principal, where: Call) -> standing.Stood:
        [found] = await _results(connection, where)
        stood = standing.stood(principal, standing.answered(found))
        if stood is None:
            raise _LeftError
        self._executor.people.remember(principal, stood)
        return stood

    async def _record(self, connection: PooledConnection, operation: Operation, purpose: str) -> None:
        """As `Operation` does on leaving, before anything is answered; one commit for all who look just now."""
        shown = operation.shown
        if any(OPENING in kinds for kinds in shown.values()):
            raise _LeftError
        if shown and operation.catalogue.viewpoint in RECORDED:
            values = reads.recorded(operation.principal, self._clock.now(), purpose, shown, listed=len(shown) > 1)
            tenant = operation.tenant
            if not await self._records.run(tenant.login_role, connection, _at_hand(reads.RECORD, connection, values)):
                raise _LeftError


def _at_hand(statement: Statement, connection: PooledConnection, values: tuple[object, ...]) -> Call:
    if not statement.is_prepared(connection):
        raise _LeftError
    return statement.call(connection, *values)


async def _results(connection: PooledConnection, *calls: Call) -> list[Result]:
    found = await exchange(connection, calls)
    if found is None:
        raise _LeftError
    return found
