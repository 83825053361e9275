"""Suspending for real: sessions end, timers run, upgrades rest, uploads of staff and guests are refused."""

from datetime import timedelta

import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.cases.upgrading import batches
from kreisbund_platform.documents import downloads, uploads
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.sessions import Tokens
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import provisioning
from kreisbund_tenants.demo.picture import portrait
from tests.support.fixtures import COUNTY, OTHER_COUNTY

from .conftest import Town


@pytest.fixture
def closed(town: Town):
    """The county, suspended while a test runs."""
    with town.deployment.database.owner() as owner:
        provisioning.suspend(owner, town.clock, COUNTY)
    yield town.county(COUNTY)
    with town.deployment.database.owner() as owner:
        provisioning.resume(owner, town.clock, COUNTY)


def sessions_of(town: Town, slug: str) -> int:
    issuer = town.deployment.settings.issuer_of(slug)
    return town.shared("SELECT count(*) FROM shared.web_session WHERE issuer = %s", issuer)[0][0]


def test_all_sessions_of_the_county_end_and_no_others(town):
    with town.deployment.connections.for_workspace("registry") as connection:
        for slug in (COUNTY, OTHER_COUNTY):
            issuer = town.deployment.settings.issuer_of(slug)
            tokens = Tokens("a", None, "i", 0)
            sessions.open_session(
                connection, town.deployment.settings, town.clock, issuer=issuer, subject="s", tokens=tokens
            )
    before = sessions_of(town, OTHER_COUNTY)
    with town.deployment.database.owner() as owner:
        provisioning.suspend(owner, town.clock, COUNTY)
        assert (sessions_of(town, COUNTY), sessions_of(town, OTHER_COUNTY)) == (0, before)
        provisioning.resume(owner, town.clock, COUNTY)


def test_deadlines_run_and_alarm_while_upgrades_rest(town, closed, monkeypatch):
    office = town.office(COUNTY)
    asked = []
    monkeypatch.setattr(batches, "next_batch", lambda work: asked.append(work.tenant.slug) and False)
    worker = Worker(
        town.deployment.settings, town.deployment.connections, Registry(town.deployment.connections), town.clock
    )
    ((case, document),) = office.rows("SELECT case_id, document_id FROM decision LIMIT 1")
    office.do(lambda w: downloads.open_document(w, str(document), counts_as_retrieval=True), role="citizen")
    now = town.clock.now()
    for days in (40, 80):  # the period begins with the retrieval, so the timer is set anew once
        town.clock.set(now + timedelta(days=days))
        worker.serve_all()
    town.clock.set(now)
    assert office.case(case).status == "CLOSED"
    assert office.rows("SELECT type FROM event WHERE case_id = %s ORDER BY seq DESC LIMIT 1", case) == [
        ("TIMER_FIRED",)
    ]
    assert asked
    assert COUNTY not in asked


def test_a_citizen_still_gets_the_notice_and_supplies_what_is_missing(town, closed):
    office = town.office(COUNTY)
    ((document,),) = office.rows("SELECT document_id FROM decision LIMIT 1")
    found = office.do(lambda w: downloads.open_document(w, str(document), counts_as_retrieval=True), role="citizen")
    assert found.content.startswith(b"%PDF-")
    sent = ("a.png", uploads.Examined(portrait("x"), "image/png", "CLEAN"))
    assert not hasattr(office.do(uploads.receive, *sent, role="citizen"), "code")
    assert office.do(uploads.receive, *sent, role="caseworker").code == "TENANT_SUSPENDED"
    assert office.do(uploads.receive, *sent, guest=True).code == "TENANT_SUSPENDED"
    assert office.submit().code == "TENANT_SUSPENDED"


def test_a_suspended_county_is_exported(town, closed, tmp_path):
    assert town.export(COUNTY, tmp_path / "closed.kbx").exists()
