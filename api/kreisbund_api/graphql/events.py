"""Subscriptions as server-sent events: the event log is polled by its number, each event rendered like a read.

Ends when the client leaves, the token expires, the account is blocked or the county is gone; comments keep the line
alive.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import anyio
import orjson
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    execute,
)
from graphql.execution.values import get_argument_values, get_variable_values
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from kreisbund_api.graphql.execution import Executor, Request, masked, shown
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import UnseenEventError
from kreisbund_api.graphql.refusals import bad_input, forbidden
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_api.services import Answer
from kreisbund_api.turns import Turns, lane_of
from kreisbund_platform.database import event_stream
from kreisbund_platform.identity.policy import may
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.ids import Kind, parse_id

POLL_SECONDS = 0.5
HEARTBEAT_ROUNDS = 20
MOST_A_ROUND = 100
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


def frame(body: Any) -> bytes:
    """One `next` event."""
    return framed(orjson.dumps(body))


def framed(body: bytes) -> bytes:
    """The same of a body that is written already; JSON of one line."""
    return b"event: next\ndata: " + body + b"\n\n"


COMPLETE = b"event: complete\ndata:\n\n"


def single(answer: Answer) -> Response:
    """A query's or mutation's answer as a stream of one."""

    async def stream() -> AsyncIterator[bytes]:
        yield framed(answer.body)
        yield COMPLETE

    return StreamingResponse(stream(), headers=HEADERS, media_type="text/event-stream")


class EventSource:
    """One subscription of one person."""

    def __init__(self, executor: Executor, turns: Turns, principal: Principal, asked: Request) -> None:
        self._executor = executor
        self._turns, self._lane = turns, lane_of(principal)
        self._principal = principal
        self._asked = asked
        self._case: UUID | None = None
        self._position = 0

    async def response(self, request: HttpRequest) -> Response:
        """The stream, or one error and its end."""
        try:
            await self._turns.run(self._lane, self._begin)
        except Exception as problem:
            error = problem if isinstance(problem, GraphQLError) else masked(problem)
            return single(Answer(None, (shown(error),)))
        return StreamingResponse(self._stream(request), headers=HEADERS, media_type="text/event-stream")

    def _begin(self) -> None:
        """Reads the argument, checks the permission and stands at the log's end."""
        prepared, operation = self._executor.prepare(self._asked)
        assert prepared.document is not None, "judged before"
        assert operation is not None, "judged before"
        given = _case_asked(operation, self._asked)
        if given is not None:
            self._case = parse_id(given, Kind.CASE_RECORD) or UUID(int=0)
        with self._executor.operation(self._principal) as context:
            if not may(context.principal, "Subscription.caseEvents") or context.principal.tenant is None:
                raise forbidden()
            self._position = event_stream.last_number(context.connection)

    async def _stream(self, request: HttpRequest) -> AsyncIterator[bytes]:
        rounds = 0
        yield b":\n\n"
        while not await request.is_disconnected() and not self._is_over():
            try:
                found = await self._turns.run(self._lane, self._next)
            except Exception as problem:
                error = problem if isinstance(problem, GraphQLError) else masked(problem)
                yield frame({"errors": [shown(error)]})
                break
            for body in found:
                yield frame(body)
            rounds += 1
            if rounds % HEARTBEAT_ROUNDS == 0:
                yield b":\n\n"
            if len(found) < MOST_A_ROUND:
                await anyio.sleep(POLL_SECONDS)
        yield COMPLETE

    def _is_over(self) -> bool:
        return self._principal.token_expires_at <= self._executor.now()

    def _next(self) -> list[dict[str, Any]]:
        with self._executor.operation(self._principal) as context:
            if not may(context.principal, "Subscription.caseEvents"):
                raise forbidden()  # a lent role has gone home
            context.purpose = "caseEvents"
            found = event_stream.after(context.connection, self._position, self._case, MOST_A_ROUND)
            answers = []
            for number, event_id in found:
                self._position = number
                body = self._render(context, event_id)
                if body is not None:
                    answers.append(body)
            return answers

    def _render(self, context: Operation, event_id: UUID) -> dict[str, Any] | None:
        """The event as this person may see it; None where they may not."""
        prepared, _operation = self._executor.prepare(self._asked)
        assert prepared.document is not None, "judged before"
        result = execute(
            SCHEMA._schema,
            prepared.document,
            root_value=event_id,
            context_value=context,
            variable_values=dict(self._asked.variables),
            operation_name=self._asked.operation_name,
        )
        assert isinstance(result, ExecutionResult), "no resolver awaits"
        errors = result.errors or []
        if any(isinstance(error.original_error, UnseenEventError) for error in errors):
            return None
        body: dict[str, Any] = {"data": result.data}
        return {**body, "errors": [shown(error) for error in errors]} if errors else body


def _case_asked(operation: OperationDefinitionNode, asked: Request) -> str | None:
    """The subscribed case. Raises GraphQLError for variables that do not fit."""
    declared = SCHEMA._schema.subscription_type
    node = operation.selection_set.selections[0]
    assert declared is not None
    coerced = get_variable_values(SCHEMA._schema, operation.variable_definitions or (), dict(asked.variables))
    if isinstance(coerced, list):
        raise bad_input(coerced[0].message)
    if not isinstance(node, FieldNode) or node.name.value not in declared.fields:
        raise bad_input()
    case: str | None = get_argument_values(declared.fields[node.name.value], node, coerced).get("case")
    return case
