"""An issuer without a network, and a whole deployment that answers on a port of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kreisbund_api import demo_issuer, session
from kreisbund_api.quota import demo_quotas
from kreisbund_api.services import Answer, Services
from kreisbund_api.transport import Threads
from kreisbund_api.turns import Turns
from kreisbund_platform.clock import ManualClock, SystemClock
from kreisbund_platform.documents.scanning.scanner import AtOnce, NoScanner
from kreisbund_platform.egress import EgressFailedError
from kreisbund_platform.identity.key_alarms import KeyAlarms
from kreisbund_platform.identity.outgoing import issuer_fetch
from kreisbund_platform.identity.tokens import DEMO_CLIENT, PAGES_CLIENT, TokenChecker
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import IssuerEntry
from tests.support.database import fresh_database
from tests.support.fixtures import Deployment, deployed, settings_for

UNIT = UUID("01890000-0000-8002-8000-000000000001")


def tenant_named(slug: str, status: str = "ACTIVE") -> TenantContext:
    return TenantContext(UUID(int=len(slug)), slug, slug, None, "COUNTY", status, f"county_{slug}", f"kb_{slug}", {})


class ListedIssuers:
    """Stands for the registry: three realms."""

    is_fresh = True

    def __init__(self) -> None:
        self.tenant = tenant_named("nordhausen")
        self.entries = {
            address: IssuerEntry(address, realm, kind, tenant)
            for address, realm, kind, tenant in (
                ("https://id.example/realms/nordhausen", "nordhausen", "COUNTY", self.tenant),
                ("https://id.example/realms/wartburgkreis", "wartburgkreis", "COUNTY", tenant_named("wartburgkreis")),
                ("https://id.example/realms/service-team", "service-team", "SERVICE_TEAM", None),
                ("https://id.example/realms/state", "state", "STATE", None),
            )
        }

    def by_issuer(self, issuer: str) -> IssuerEntry | None:
        return self.entries.get(issuer)

    def units_of(self, tenant: TenantContext) -> dict[str, UUID]:
        return {"schulverwaltung": UNIT} if tenant.slug == "nordhausen" else {}


@dataclass
class Issuer:
    """An issuer whose answers the test decides; counts what it is asked."""

    address: str
    keys: list[RSAKey] = field(default_factory=lambda: [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)])
    asked: list[str] = field(default_factory=list)
    down: bool = False
    claims_to_be: str | None = None
    keys_at: str | None = None

    def fetch(self, url: str) -> Any:
        self.asked.append(url)
        if self.down:
            raise EgressFailedError("UNREACHABLE")
        if url.endswith("/openid-configuration"):
            return {
                "issuer": self.claims_to_be or self.address,
                "jwks_uri": self.keys_at or f"{self.address}/certs",
                "authorization_endpoint": f"{self.address}/auth",
                "token_endpoint": f"{self.address}/token",
            }
        return KeySet(list(self.keys)).as_dict(private=False)

    def token(self, claims: dict[str, Any], *, header: dict[str, Any] | None = None, key: RSAKey | None = None) -> str:
        signing = key or self.keys[0]
        return jwt.encode({"alg": "RS256", "kid": signing.kid} | (header or {}), claims, signing)


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)


@pytest.fixture
def issuer(rsa_key: RSAKey) -> Issuer:
    return Issuer("https://id.example/realms/nordhausen", [rsa_key])


@pytest.fixture
def listed() -> ListedIssuers:
    return ListedIssuers()


@pytest.fixture
def checker(listed: ListedIssuers, issuer: Issuer, clock: ManualClock) -> TokenChecker:
    return TokenChecker(listed, "kreisbund-api", clock, fetch=issuer.fetch)  # type: ignore[arg-type]


@pytest.fixture
def claims(issuer: Issuer, clock: ManualClock) -> dict[str, Any]:
    """The claims of a good token of a caseworker."""
    now = int(clock.now().timestamp())
    return {
        "iss": issuer.address,
        "sub": "5b1b9b8e-0000-4000-8000-000000000001",
        "aud": ["kreisbund-api", "account"],
        "azp": PAGES_CLIENT,
        "typ": "Bearer",
        "iat": now,
        "exp": now + 300,
        "name": "Anna Berg",
        "preferred_username": "anna.berg",
        "realm_access": {"roles": ["caseworker", "offline_access"]},
        "assurance_level": "high",
    }


@dataclass(frozen=True)
class Running:
    """A deployment whose login and issuer answer at `base_url`."""

    base_url: str
    deployment: Deployment
    services: Services


def _refuse_to_execute(*_arguments: object) -> Answer:
    raise AssertionError("the login runs no document")


async def who_am_i(request: Request) -> Response:
    """A page of a county: shows who is logged in, and whether a POST would count."""
    realm = request.path_params["realm"]
    person = await session.current(request, realm)
    if request.method == "POST":
        form = await request.form()
        allowed = await session.check_post(request, realm, str(form.get(session.CSRF_FIELD, "")))
        return JSONResponse({"allowed": allowed}, 200 if allowed else 403)
    token = await session.csrf_token(request, realm)
    return JSONResponse({"name": person.name if person else None, "csrf_token": token})


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with socket.socket() as listening, fresh_database() as url:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = replace(settings_for(url, tmp_path_factory.mktemp("identity")), base_url=base_url)
        with deployed(settings, "nordhausen", "wartburgkreis") as deployment:
            services = _services(deployment)
            with _served(services, listening):
                yield Running(base_url, deployment, services)


def _services(deployment: Deployment) -> Services:
    clock = SystemClock()
    fetch = issuer_fetch(deployment.settings, deployment.registry)
    tokens = TokenChecker(
        deployment.registry,
        "kreisbund-api",
        clock,
        clients=(PAGES_CLIENT, DEMO_CLIENT),
        fetch=fetch,
        alarm=KeyAlarms(deployment.connections, clock),
    )
    return Services(
        deployment.settings,
        deployment.registry,
        deployment.connections,
        clock,
        tokens,
        _refuse_to_execute,
        AtOnce(NoScanner()),
        Turns(Threads()),
        demo_quotas(),
    )


class _served:  # noqa: N801
    def __init__(self, services: Services, listening: socket.socket) -> None:
        app = Starlette(routes=[Route("/who/{realm}", who_am_i, methods=["GET", "POST"])])
        session.install(app, services)
        demo_issuer.install(app, services)
        self._listening = listening
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})

    def __enter__(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def __exit__(self, *_problem: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
def browser(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, trust_env=False) as client:
        yield client
