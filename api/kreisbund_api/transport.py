"""HTTP as every JSON route has it: who asks, bodies with a cap, refusals with a code."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

import orjson
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kreisbund_api.graphql.refusals import Code
from kreisbund_platform import telemetry
from kreisbund_platform.database.failures import Failure, classify
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.identity.standing import AccountBlockedError
from kreisbund_platform.identity.tokens import IssuerUnavailable, TokenChecker, TokenRefused
from kreisbund_platform.texts import _

T = TypeVar("T")
THREADS = 64
ARRIVAL_SECONDS = 30
ARRIVED = "kreisbund.arrived"  # in a request's scope: nothing of its body has to be waited for
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
RAW_HEADERS = [
    (b"content-type", b"application/json"),
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
]
STATUS = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
    Code.INTERNAL: 500,
}


class RefusedError(Exception):
    """A request that goes no further; becomes a JSON answer with a code."""

    def __init__(
        self, code: Code, message: str, status: int | None = None, headers: Mapping[str, str] | None = None, **more: str
    ) -> None:
        super().__init__(str(code))
        self.status = status or STATUS.get(code, 400)
        self.headers = dict(headers or {})
        self.body = {"errors": [{"message": message, "extensions": {"code": str(code), **more}}]}

    def response(self) -> Response:
        """The answer."""
        return json_response(self.body, self.status, self.headers)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody stores."""
    return Response(orjson.dumps(body), status, {**HEADERS, **(headers or {})}, "application/json")


class WrittenJson(Response):
    """JSON that is written already. What its head always says is not put together anew for each answer."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*RAW_HEADERS, (b"content-length", b"%d" % len(body))]


def unauthenticated() -> RefusedError:
    """No token, or one that proves nothing."""
    headers = {"WWW-Authenticate": 'Bearer realm="kreisbund"'}
    return RefusedError(Code.UNAUTHENTICATED, _("Bitte melden Sie sich an."), headers=headers)


def too_many(seconds: int) -> RefusedError:
    """More than the person's or the county's share; welcome again after so many seconds."""
    text = _("Zu viele Anfragen. Bitte warten Sie einen Augenblick.")
    return RefusedError(Code.RATE_LIMITED, text, headers={"Retry-After": str(seconds)})


def unavailable() -> RefusedError:
    """Something this depends on is away."""
    text = _("Der Dienst ist gerade nicht erreichbar. Bitte versuchen Sie es erneut.")
    return RefusedError(Code.UNAVAILABLE, text, headers={"Retry-After": "5"})


class Threads:
    """Runs blocking work beside the event loop, never more than the limit at once; `turns` says whose goes first."""

    def __init__(self) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar("limiter")

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """The work's result; a limiter belongs to the running event loop."""
        limiter = self._limiter.get(None)
        if limiter is None:
            limiter = CapacityLimiter(THREADS)
            self._limiter.set(limiter)
        return await to_thread.run_sync(work, *arguments, limiter=limiter)


async def bearer(request: Request, tokens: TokenChecker, threads: Threads) -> Principal:
    """Who the bearer token speaks for. Raises RefusedError 401 or 503."""
    scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated()
    token = token.strip()
    try:
        known = tokens.remembered(token)
        return known if known is not None else await threads.run(tokens.check, token)
    except TokenRefused as problem:
        telemetry.log("token_refused", reason=problem.code)
        raise unauthenticated() from None
    except IssuerUnavailable:
        raise unavailable() from None


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body. Raises RefusedError 413 beyond the limit, 408 where it dawdles."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large()
    try:
        async with nullcontext() if ARRIVED in request.scope else asyncio.timeout(ARRIVAL_SECONDS):
            return await _whole(request, limit)
    except TimeoutError:
        raise RefusedError(Code.BAD_USER_INPUT, _("Die Anfrage kam nicht vollständig an."), 408) from None
    except ClientDisconnect:
        raise RefusedError(Code.BAD_USER_INPUT, _("Die Anfrage kam nicht vollständig an."), 400) from None


async def _whole(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise _too_large()
    return bytes(body)


def _too_large() -> RefusedError:
    return RefusedError(
        Code.BAD_USER_INPUT, _("Die Anfrage ist zu groß."), 413, {"Connection": "close"}, reason="TOO_LARGE"
    )


def refused_by(problem: Exception) -> RefusedError:
    """What may be said about an exception that nobody expected."""
    if isinstance(problem, RefusedError):
        return problem
    if isinstance(problem, AccountBlockedError):
        return unauthenticated()
    if classify(problem) is Failure.UNAVAILABLE:
        telemetry.log("request_unavailable", level=logging.WARNING, problem=problem)
        return unavailable()
    trace = telemetry.trace_id()
    telemetry.log("request_surprise", level=logging.ERROR, problem=problem)
    return RefusedError(Code.INTERNAL, _("Es ist ein unerwarteter Fehler aufgetreten."), traceId=trace)
