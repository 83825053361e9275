"""An upload over HTTP while the scanner is away, and what the API shows of it before and after the scan."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import anyio
import httpx
import pytest

from kreisbund_api.main import create_api
from kreisbund_api.scanning import Scanning
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.documents import uploads
from kreisbund_platform.documents.scanning.quarantine import TAKEN_FOR
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.tenancy.context import TenantContext
from tests.graphql.conftest import Api, Case, CaseWriter, People
from tests.scanning.offices import picture
from tests.support.clamd import MARK, RunningClamd
from tests.support.fixtures import START, Deployment, WorkFor

STATES = "query ($id: ID!) { case: %s(id: $id) { documents { edges { node { id scanState downloadUrl } } } } }"


@pytest.fixture
def scanned(deployment: Deployment, people: People, clamd: RunningClamd) -> Iterator[Api]:
    settings = replace(deployment.settings, clamd=clamd.address)
    app = create_api(settings, clock=ManualClock(START), tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()


def http(api: Api, method: str, path: str, token: str, **more: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        async with api.client() as client:
            return await client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)

    return anyio.run(run)


def upload(api: Api, content: bytes) -> httpx.Response:
    return http(api, "POST", "/uploads", "citizen", files={"file": ("Plan.png", content)})


def claimed(case: Case, work_for: WorkFor, county: TenantContext, sent: httpx.Response) -> str:
    """The case's document made of it."""
    identifier = parse_id(sent.json()["id"], Kind.UPLOAD)
    assert identifier is not None
    with work_for(county, "citizen", keep=True) as work:
        documents = uploads.claim(work, [identifier], case.id)
    assert isinstance(documents, tuple)
    return str(documents[0])


def shown(api: Api, token: str, case: Case, document: str) -> tuple[str, bool]:
    way, identifier = ("application", case.application) if token == "citizen" else ("caseRecord", case.id)
    edges = api.ask(token, STATES % way, id=str(identifier))["data"]["case"]["documents"]["edges"]
    node = next(edge["node"] for edge in edges if edge["node"]["id"] == document)
    return node["scanState"], node["downloadUrl"] is not None


def opened(api: Api, token: str, document: str) -> tuple[int, str | None]:
    answer = http(api, "GET", f"/documents/{document}", token)
    problem = answer.json()["errors"][0]["extensions"] if answer.status_code != 200 else {}
    return answer.status_code, problem.get("reason")


@pytest.fixture
def case(cases: CaseWriter, county: TenantContext, deployment: Deployment) -> Iterator[Case]:
    made = cases.write(county, "NDH-2026-000901", "nordhausen-citizen")
    yield made
    with deployment.connections.for_tenant(county) as connection:
        connection.execute("DELETE FROM case_record WHERE id = %s", (made.id,))
        connection.execute("UPDATE upload SET scan_due_at = NULL")


def test_from_quarantine_to_clean_or_gone(
    scanned: Api,
    clamd: RunningClamd,
    case: Case,
    county: TenantContext,
    work_for: WorkFor,
    deployment: Deployment,
) -> None:
    at_once = upload(scanned, picture())
    assert (at_once.status_code, at_once.json()["scanState"]) == (201, "CLEAN")
    refused = upload(scanned, picture(MARK))
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["reason"]) == (422, "INFECTED")
    clamd.kill()
    waiting = [upload(scanned, content) for content in (picture(), picture(MARK))]
    assert [answer.json()["scanState"] for answer in waiting] == ["PENDING", "PENDING"]
    clean, harmful = (claimed(case, work_for, county, answer) for answer in waiting)
    for person in ("caseworker", "citizen"):
        for document in (clean, harmful):
            assert shown(scanned, person, case, document) == ("PENDING", False)
            assert opened(scanned, person, document) == (409, "PENDING")
    assert opened(scanned, "neighbour", clean) == (404, "NOT_FOUND")
    assert opened(scanned, "other_caseworker", clean) == (404, "NOT_FOUND")
    clamd.start()
    clock = ManualClock(START + TAKEN_FOR)
    settings = scanned.app.state.services.settings
    Scanning(settings, deployment.connections, deployment.registry, clock, threading.Event()).serve_all()
    for person in ("caseworker", "citizen"):
        assert shown(scanned, person, case, clean) == ("CLEAN", True)
        assert opened(scanned, person, clean) == (200, None)
        assert shown(scanned, person, case, harmful) == ("INFECTED", False)
        assert opened(scanned, person, harmful) == (409, "INFECTED")


def test_without_a_scanner_the_api_says_that_nobody_looked(api: Api, own_case: Case) -> None:
    assert shown(api, "caseworker", own_case, str(own_case.document)) == ("NOT_SCANNED", True)
    assert upload(api, picture()).json()["scanState"] == "NOT_SCANNED"
