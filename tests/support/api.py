"""The API over real PostgreSQL: people by invented tokens, cases written as the services write them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import anyio
import httpx
import pytest
from fastapi import FastAPI
from psycopg.types.json import Json

from kreisbund_api.main import create_api
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.principals import Principal, RealmKind
from kreisbund_platform.identity.tokens import TokenChecker, TokenRefused
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import START, Deployment, principal_of

FORMS = {
    "start": {"id": "start", "type": "default", "components": [{"key": "reason"}], "example": {"reason": "Łucja"}},
    "check": {"id": "check", "type": "default", "components": [], "example": {}},
}


class People:
    """Stands for the issuers: each token is a principal's name."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}

    def remembered(self, token: str) -> None:
        return None

    def check(self, token: str) -> Principal:
        if token not in self.known:
            raise TokenRefused("UNKNOWN")
        return self.known[token]

    def keys_state(self) -> Any:
        return SimpleNamespace(ready=True)


@dataclass
class Api:
    """The app, spoken to as a client speaks to it."""

    app: FastAPI
    people: People

    async def send(self, token: str | None, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.client() as client:
            return await client.post("/graphql", json=body, headers=headers)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420")

    def ask(self, token: str | None, document: str, **variables: Any) -> Any:
        async def run() -> httpx.Response:
            return await self.send(token, query=document, variables=variables)

        return anyio.run(run).json()


@pytest.fixture(scope="session")
def people(county: TenantContext, other_county: TenantContext) -> People:
    found = People()
    for role in ("caseworker", "citizen", "county_admin", "treasurer", "data_protection_officer"):
        found.known[role] = principal_of(county, role)
        found.known[f"other_{role}"] = principal_of(other_county, role)
    found.known["neighbour"] = principal_of(county, "citizen", subject="neighbour")
    for role, kind in (
        ("operator", RealmKind.OPERATIONS),
        ("granting_authority", RealmKind.STATE),
        ("service_team_lead", RealmKind.SERVICE_TEAM),
    ):
        found.known[role] = principal_of(None, role, realm_kind=kind, home_tenant="nordhausen")
    return found


@pytest.fixture(scope="session")
def api(deployment: Deployment, people: People, settings: Settings) -> Iterator[Api]:
    app = create_api(settings, clock=ManualClock(START), tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()


@dataclass(frozen=True)
class Template:
    id: UUID
    version_id: UUID


@pytest.fixture(scope="session")
def template(deployment: Deployment, county: TenantContext, other_county: TenantContext) -> Template:
    """A published template that the county has adopted and the other has not."""
    made = Template(new_id(Kind.PROCESS_TEMPLATE, START), new_id(Kind.TEMPLATE_VERSION, START))
    with deployment.database.owner() as owner:
        topic = new_id(Kind.TOPIC, START)
        owner.execute("INSERT INTO shared.topic VALUES (%s, 'test', 'Prüfthema', %s)", (topic, county.id))
        owner.execute(
            "INSERT INTO shared.process_template VALUES (%s, 'testantrag', 'Testantrag', %s, '99088011039001', '', %s)",
            (made.id, topic, START),
        )
        owner.execute(
            "INSERT INTO shared.template_version (id, template_id, number, content_hash, manifest, bpmn_xml, decisions,"
            " forms, letters, cases, start_form, published_at, published_by)"
            " VALUES (%s, %s, 1, 'hash', '{}', '<xml/>', '{}', %s, '{}', '[]', 'start', %s, 'x')",
            (made.version_id, made.id, Json(FORMS), START),
        )
    with deployment.connections.for_tenant(county) as connection:
        adoption = (made.id, made.version_id, START, "x")
        connection.execute("INSERT INTO template_adoption VALUES (%s, %s, %s, %s, NULL)", adoption)
    return made


@dataclass(frozen=True)
class Case:
    id: UUID
    application: UUID
    number: str
    tasks: tuple[UUID, ...]
    event: UUID
    document: UUID


@dataclass(frozen=True)
class CaseWriter:
    """Writes a case row by row, as the services do."""

    connections: Connections
    template: Template

    def write(
        self, tenant: TenantContext, number: str, applicant: str, name: str = "Łucja Groß", minutes: int = 0
    ) -> Case:
        at = START + timedelta(minutes=minutes)
        made = Case(
            *(new_id(kind, at) for kind in (Kind.CASE_RECORD, Kind.APPLICATION)),
            number,
            (new_id(Kind.TASK, at), new_id(Kind.TASK, at)),
            new_id(Kind.EVENT, at),
            new_id(Kind.DOCUMENT, at),
        )
        with self.connections.for_tenant(tenant) as connection, connection.transaction():
            self._case(connection, made, name, at)
            connection.execute(
                "INSERT INTO application (id, case_id, version, submitted_at, applicant_subject)"
                " VALUES (%s, %s, 1, %s, %s)",
                (made.application, made.id, at, applicant),
            )
            for task, role in zip(made.tasks, ("caseworker", "citizen"), strict=True):
                connection.execute(
                    "INSERT INTO task (id, case_id, token, element_id, name, status, version, role, form_id,"
                    " created_at)"
                    " VALUES (%s, %s, %s, 'check', 'Prüfen', 'OPEN', 1, %s, 'check', %s)",
                    (task, made.id, 1 if role == "caseworker" else 2, role, at),
                )
            connection.execute(
                "SELECT code.chain_event(%s, %s, 1, %s, 'SUBMITTED', %s, NULL, '{}')",
                (made.event, made.id, at, applicant),
            )
            connection.execute(
                "INSERT INTO document (id, case_id, kind, title, media_type, size_bytes, sha256, storage_key,"
                " visible_to_applicant, created_by, created_at)"
                " VALUES (%s, %s, 'upload', 'Plan', 'application/pdf', 7, '', '', true, 'x', %s)",
                (made.document, made.id, at),
            )
        return made

    def _case(self, connection: Any, made: Case, name: str, at: datetime) -> None:
        connection.execute(
            "INSERT INTO case_record (id, case_number, status, version, channel, template_id, template_version_id,"
            " applicant_name, data, state, received_at, received_on, opened_at)"
            " VALUES (%s, %s, 'SUBMITTED', 1, 'PORTAL', %s, %s, %s, %s, '{}', %s, %s, %s)",
            (made.id, made.number, self.template.id, self.template.version_id, name, Json({"reason": "Weg"}),
             at, at.date(), at),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO party (id, case_id, role, kind, name, position) VALUES (%s, %s, 'applicant', 'person', %s, 1)",
            (new_id(Kind.PARTY, at), made.id, name),
        )


@pytest.fixture(scope="session")
def cases(deployment: Deployment, template: Template) -> CaseWriter:
    return CaseWriter(deployment.connections, template)


@pytest.fixture(scope="session")
def own_case(cases: CaseWriter, county: TenantContext) -> Case:
    return cases.write(county, "NDH-2026-000001", "nordhausen-citizen")


@pytest.fixture(scope="session")
def foreign_case(cases: CaseWriter, other_county: TenantContext) -> Case:
    return cases.write(other_county, "WAK-2026-000001", "wartburgkreis-citizen", "Anna Fremd")


@pytest.fixture
def key() -> str:
    return str(uuid4())
