"""POST /graphql: JSON in, JSON or server-sent events out. Every refusal carries a code."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kreisbund_api.graphql import events
from kreisbund_api.graphql.execution import Executor, Request, shown
from kreisbund_api.graphql.quick import QuickReads
from kreisbund_api.graphql.refusals import Code, bad_input
from kreisbund_api.graphql.trusted import TrustedDocuments, trusted_documents
from kreisbund_api.services import Answer, Services
from kreisbund_api.transport import RefusedError, WrittenJson, bearer, body_of
from kreisbund_api.turns import lane_of
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.texts import _

LARGEST_BODY = 6 * 1024 * 1024
SHORT_BODY = 20_000  # what is longer is not worked on in the event loop
DEEPEST_INPUT = 100
KEYS = {"query", "variables", "operationName", "extensions"}
EVENT_STREAM = "text/event-stream"


class GraphQLEndpoint:
    """The endpoint of one process."""

    def __init__(self, services: Services, executor: Executor) -> None:
        self._services = services
        self._executor = executor
        self._quick = QuickReads(executor, services.connections, services.clock)
        self._turns = services.turns
        self._trusted = trusted_documents(services.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, straight from the server."""
        answer = await self.answer(HttpRequest(scope, receive))
        await answer(scope, receive, send)

    async def answer(self, request: HttpRequest) -> Response:
        """Answers one request; raises RefusedError."""
        if request.method != "POST":
            raise RefusedError(Code.BAD_USER_INPUT, _("Bitte mit POST fragen."), 405, {"Allow": "POST"})
        _require_json(request)
        principal = await bearer(request, self._services.tokens, self._turns.threads)
        await self._turns.admit(lane_of(principal), partial(self._services.quotas.count, principal))
        body = await body_of(request, LARGEST_BODY)
        asked = read_request(body, self._trusted)
        if EVENT_STREAM in request.headers.get("accept", ""):
            return await self._stream(request, principal, asked)
        known = self._executor.known(asked)
        async with self._turns.turn(lane_of(principal), changes=known is not None and known.changes):
            short = known if len(body) <= SHORT_BODY else None
            answer = await self._quick.answer(principal, asked, short) if short else None
            if answer is None:
                answer = await self._turns.threads.run(self._executor.run, principal, asked)
        return _response(answer)

    async def _stream(self, request: HttpRequest, principal: Principal, asked: Request) -> Response:
        prepared, operation = await self._turns.run(lane_of(principal), self._executor.prepare, asked)
        if prepared.document is None or prepared.errors:
            return _response(Answer(None, tuple(shown(each) for each in prepared.errors)))
        if operation is None:
            return _response(Answer(None, (shown(bad_input()),)))
        if operation.operation is OperationType.SUBSCRIPTION:
            source = events.EventSource(self._executor, self._turns, principal, asked)
            return await source.response(request)
        answer = await self._turns.run(lane_of(principal), self._executor.run, principal, asked)
        return events.single(answer)


def _require_json(request: HttpRequest) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusedError(Code.BAD_USER_INPUT, _("Erwartet wird application/json."), 415)


def read_request(body: bytes, trusted: TrustedDocuments) -> Request:
    """What the body asks. Raises RefusedError 400: not UTF-8, not JSON, a batch, wrong types, NUL, not trusted."""
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _wrong() from None
    if not isinstance(sent, dict):
        raise _wrong()
    document, sha256 = sent.get("query"), _registered_hash(sent.get("extensions"))
    if not (isinstance(document, str) and document.strip()) and not (document is None and sha256):
        raise _wrong()
    variables, name = sent.get("variables") or {}, sent.get("operationName")
    if not isinstance(variables, dict) or not (name is None or isinstance(name, str)):
        raise _wrong()
    if not is_storable(variables) or "\x00" in (document or ""):
        raise _wrong()
    text = trusted.text_of(document, sha256)
    if text is None:
        told = _("Dieses Dokument ist hier nicht registriert.")
        raise RefusedError(Code.BAD_USER_INPUT, told, 400, reason="UNTRUSTED_DOCUMENT")
    return Request(text, variables, name)


def _wrong() -> RefusedError:
    return RefusedError(Code.BAD_USER_INPUT, _("Die Anfrage ist kein gültiges GraphQL über JSON."), 400)


def _registered_hash(extensions: Any) -> str | None:
    """What clients send in the place of a document: `{"persistedQuery": {"sha256Hash": "…"}}`."""
    named = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    sha256 = named.get("sha256Hash") if isinstance(named, dict) else None
    return sha256 if isinstance(sha256, str) else None


def is_storable(value: Any) -> bool:
    """Whether no text holds NUL or a lone surrogate and nothing is nested deeper than any form; no recursion."""
    level: list[Any] = [value]
    for _depth in range(DEEPEST_INPUT):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if not _is_text(item):
                    return False
            elif isinstance(item, Mapping):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return True
        level = below
    return False


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\x00" not in text
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _response(answer: Answer) -> Response:
    """200 once something ran; 401 for a blocked account, 503 where nothing could be read; 400 where the document itself
    was refused.
    """
    status = 200
    if answer.errors:
        codes = {error["extensions"].get("code") for error in answer.errors}
        if codes == {str(Code.UNAVAILABLE)}:
            status = 503
        elif not answer.ran and codes == {str(Code.UNAUTHENTICATED)}:
            status = 401
        elif not answer.ran and codes <= {str(Code.BAD_USER_INPUT), str(Code.QUERY_TOO_COMPLEX)}:
            status = 400
    return WrittenJson(answer.body, status)
