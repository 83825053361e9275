"""The API process: GraphQL, files, health, the pages and, in the demo, the issuer. One port.

`python -m kreisbund_api` serves on 127.0.0.1:KREISBUND_PORT.
"""

import gc
import sys
import threading
import time
from collections.abc import Mapping

import uvicorn
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kreisbund_api import demo_issuer, files, health, hinting, session
from kreisbund_api.arrival import PatientProtocol
from kreisbund_api.graphql.endpoint import GraphQLEndpoint
from kreisbund_api.graphql.execution import Executor
from kreisbund_api.graphql.refusals import Code
from kreisbund_api.operations import RequestLine
from kreisbund_api.quota import Quotas, demo_quotas, production_quotas
from kreisbund_api.services import Services
from kreisbund_api.transport import RefusedError, Threads, refused_by
from kreisbund_api.turns import Turns
from kreisbund_api.web import routes as pages
from kreisbund_platform import telemetry
from kreisbund_platform.clock import Clock, SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.documents.scanning.clamd import scanner_of
from kreisbund_platform.documents.scanning.scanner import AtOnce
from kreisbund_platform.identity.key_alarms import KeyAlarms
from kreisbund_platform.identity.outgoing import issuer_fetch
from kreisbund_platform.identity.tokens import API_AUDIENCE, DEMO_CLIENT, PAGES_CLIENT, TokenChecker
from kreisbund_platform.settings import Settings, SettingsError
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_platform.texts import _

HOST = "127.0.0.1"
# FastAPI's own spans carry addresses with their query, in which people search for names; ours are in telemetry.py
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
# an address that nobody serves may hold anything
ROUTES = frozenset(
    ("", "graphql", "documents", "uploads", "portal", "desk", "studio", "state", "operations", "session", "realms")
)
UNRECORDED = ("/assets/", "/healthz", "/readyz")


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app of one process with its pages; opens nothing before the first request."""
    app = _routes(settings or Settings.from_environment(), SystemClock(), None, None)
    services: Services = app.state.services
    session.install(app, services)
    if services.settings.demo and services.settings.keycloak is None:
        demo_issuer.install(app, services, HOST)
    pages.install(app, services)
    app.add_middleware(Recorder, services=services)  # outermost: the last one added
    return app


def create_api(
    settings: Settings, *, clock: Clock | None = None, quotas: Quotas | None = None, tokens: TokenChecker | None = None
) -> FastAPI:
    """GraphQL, files and health alone. `tokens` stands for the issuers in tests."""
    app = _routes(settings, clock or SystemClock(), quotas, tokens)
    app.add_middleware(Recorder, services=app.state.services)
    return app


class App(FastAPI):
    """An app; `direct`: what is served by its path alone, before the framework's layers and routers."""

    direct: Mapping[str, ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything that comes."""
        straight = self.direct.get(scope["path"]) if scope["type"] == "http" else None
        await (straight or super().__call__)(scope, receive, send)


def _routes(settings: Settings, clock: Clock, quotas: Quotas | None, tokens: TokenChecker | None) -> App:
    database = Database(settings)
    services, executor = _services(settings, database, clock, tokens, quotas)
    app = App(title="Kreisbund", docs_url=None, redoc_url=None, openapi_url=None, telemetry=NO_TELEMETRY)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _http_refusal)
    app.direct = {"/graphql": Recorder(GraphQLEndpoint(services, executor), services)}
    files.install(app, services, executor)
    health.install(app, services, database)
    app.state.services, app.state.executor = services, executor
    return app


def _services(
    settings: Settings, database: Database, clock: Clock, tokens: TokenChecker | None, quotas: Quotas | None
) -> tuple[Services, Executor]:
    connections = Connections(database, settings)
    registry = Registry(connections)
    clients = (PAGES_CLIENT, DEMO_CLIENT) if settings.demo else (PAGES_CLIENT,)
    checker = tokens or TokenChecker(
        registry,
        API_AUDIENCE,
        clock,
        clients=clients,
        fetch=issuer_fetch(settings, registry),
        alarm=KeyAlarms(connections, clock),
    )
    executor = Executor(settings, connections, clock, database)
    limits = quotas or (demo_quotas() if settings.demo else production_quotas())
    scanner = AtOnce(scanner_of(settings))
    services = Services(settings, registry, connections, clock, checker, executor, scanner, Turns(Threads()), limits)
    return services, executor


async def _refused(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RefusedError)
    return problem.response()


async def _http_refusal(_request: Request, problem: Exception) -> Response:
    """404 and 405 of addresses that nobody serves."""
    assert isinstance(problem, HTTPException)
    headers = dict(problem.headers or {})
    return RefusedError(Code.BAD_USER_INPUT, _("Das gibt es nicht."), problem.status_code, headers).response()


class Recorder:
    """Spans each request, notes it for the operator's page, and turns surprises into JSON with a trace id."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with telemetry.span("request", method=scope["method"]):
            try:
                await self._app(scope, receive, note)
            except Exception as problem:
                answer = refused_by(problem).response()
                if status == 0:
                    await answer(scope, receive, note)
            self._remember(scope, status, begun)

    def _remember(self, scope: Scope, status: int, begun: float) -> None:
        path: str = scope["path"]
        if path.startswith(UNRECORDED):
            return
        first = path.split("/")[1]
        route = f"/{first}" if first in ROUTES else "/…"
        elapsed = (time.perf_counter() - begun) * 1000
        now, trace = self._services.clock.now(), telemetry.trace_id()
        self._services.recent.add(RequestLine(now, scope["method"], route, None, status, elapsed, trace))


def _settle() -> None:
    """What stays for the process's life is looked through for cycles no more: that took up to 300 ms at a time.

    A thread that waited for its database goes on after 1 ms of another's computing, not 5.
    """
    gc.freeze()
    gc.enable()
    sys.setswitchinterval(0.001)


def _tell_worker(services: Services, executor: Executor) -> None:
    told = (executor.changed, services.connections, services.clock)
    threading.Thread(target=hinting.run, args=told, name="hints", daemon=True).start()


def main() -> None:
    """Serves until it is stopped."""
    try:
        settings = Settings.from_environment()
        app = create_app(settings)
    except SettingsError as problem:
        sys.exit(str(problem))
    telemetry.setup("api", settings.otlp_endpoint)
    _tell_worker(app.state.services, app.state.executor)
    _settle()
    uvicorn.run(
        app,
        host=HOST,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_config=None,
        http=PatientProtocol,
        timeout_graceful_shutdown=5,
    )
