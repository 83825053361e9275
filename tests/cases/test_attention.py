"""The worker comes when something is due in a county, and what changes a county says so."""

import secrets
from datetime import timedelta
from typing import cast
from uuid import uuid4

import pytest

from kreisbund_api.main import create_api
from kreisbund_api.worker import Worker
from kreisbund_platform.cases.transfers import mailbox
from kreisbund_platform.cases.waits.upcoming import upcoming
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.tenancy.attention import Turns
from tests.support.api import Api, People
from tests.support.fixtures import START, principal_of

SOON = timedelta(minutes=5)
# a thing that waits for the worker, and whether it waits at once or in five minutes
WAITING = {
    "a line for the dashboard": ("INSERT INTO outbox (topic, payload, created_at) VALUES ('x', '{}', now())", True),
    "a timer": ("INSERT INTO timer (case_id, token, element_id, due_at) VALUES (%(case)s, 99, 'x', %(soon)s)", False),
    "a job": (
        "INSERT INTO job (case_id, token, element_id, attempts, due_at) VALUES (%(case)s, 99, 'x', 1, %(soon)s)",
        False,
    ),
    "a signal": (
        "INSERT INTO outbound_event (kind, name, expires_at, created_at) VALUES ('signal', 'x', %(soon)s, now())",
        True,
    ),
    "a message nobody waits for": (
        "INSERT INTO outbound_event (kind, name, correlation_key, expires_at, created_at)"
        " VALUES ('message', 'x', '1', %(soon)s, now())",
        False,
    ),
}
COMPLETE = """mutation($input: CompleteTaskInput!) { completeTask(input: $input) { __typename } }"""
NOTE = "mutation($input: AddNoteInput!) { addNote(input: $input) { __typename } }"


@pytest.fixture
def quiet(office):
    """Nothing waits but what a test makes wait; all of it is undone."""
    case_id = office.submit().case_id
    here = office.deployment
    with here.connections.for_tenant(office.tenant) as connection, connection.transaction(force_rollback=True):
        for table in ("outbox", "timer", "job", "outbound_event", "case_transfer", "case_upgrade"):
            connection.execute(f"DELETE FROM {table}")
        yield connection, case_id


def test_nothing_waits(quiet):
    connection, _case_id = quiet
    assert upcoming(connection, START) is None


@pytest.mark.parametrize("what", WAITING)
def test_what_waits_is_upcoming(quiet, what):
    connection, case_id = quiet
    statement, at_once = WAITING[what]
    connection.execute(statement, {"case": case_id, "soon": START + SOON})
    assert upcoming(connection, START) == (START if at_once else START + SOON)


def watched_worker(office, monkeypatch):
    """One that goes by hints alone and has done what there was, and the counties that it looks at from now on."""
    here = office.deployment
    worker = Worker(here.settings, here.connections, here.registry, office.clock)
    worker._turns = Turns(in_turn=0)
    while worker.serve_all():
        pass
    looked_at = []
    serve = worker.serve
    monkeypatch.setattr(worker, "serve", lambda tenant: looked_at.append(tenant.slug) or serve(tenant))
    return worker, looked_at


def test_the_worker_comes_to_a_timer_at_its_moment_without_a_hint(office, monkeypatch):
    """What is due later is known from the last look, also where counties have no turns of their own."""
    case_id = office.submit().case_id
    worker, looked_at = watched_worker(office, monkeypatch)
    worker.serve_all()
    assert looked_at == []
    office.rows(
        "INSERT INTO timer (case_id, token, element_id, due_at) VALUES (%s, 99, %s, %s) RETURNING 1",
        case_id,
        office.open_tasks(case_id)[0].element_id,
        START + SOON,
    )
    worker._turns.hint({office.tenant.id: START})  # somebody changed the county: the worker looks what is due when
    worker.serve_all()
    assert looked_at == [office.tenant.slug]
    worker.serve_all()
    assert looked_at == [office.tenant.slug]
    office.clock.set(START + SOON)
    worker.serve_all()
    assert looked_at == [office.tenant.slug] * 2
    assert office.rows("SELECT FROM timer WHERE token = 99") == [], "its token was gone"


def test_a_letter_brings_the_worker_to_its_county_past_all_turns(office, monkeypatch):
    worker, looked_at = watched_worker(office, monkeypatch)
    settings = office.deployment.settings
    mailbox.put(settings, office.tenant.id, uuid4(), mailbox.PACKAGE, b"garbage")
    mailbox.put(settings, f"{office.tenant.id}.bak", uuid4(), mailbox.PACKAGE, b"an operator's copy")
    (settings.home / "files" / "_transfers" / "notes.txt").touch()
    worker.serve_all()
    assert looked_at[0] == office.tenant.slug
    while worker.serve_all():
        pass
    looked_at.clear()
    worker.serve_all()
    assert looked_at == [], "what was put aside is no letter any more"


@pytest.fixture
def api(office):
    people = People()
    for role in ("caseworker", "citizen"):
        people.known[role] = principal_of(office.tenant, role)
    app = create_api(office.deployment.settings, clock=office.clock, tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()


def test_a_step_tells_of_what_it_leaves_and_other_changes_are_always_told(api, office):
    changed = api.app.state.executor.changed
    case_id = office.submit().case_id
    task = office.open_tasks(case_id)[0]
    given = {
        "task": str(task.id),
        "data": office.example(task.form_id),
        "expectedVersion": task.version,
        "idempotencyKey": secrets.token_hex(8),
    }
    assert api.ask("caseworker", COMPLETE, input=given)["data"]["completeTask"]["__typename"] == "CompleteTaskSuccess"
    due = office.rows("SELECT min(due_at) FROM timer WHERE case_id = %s", case_id)[0][0]
    expected = {} if due is None else {office.tenant.id: due}
    assert changed._due == expected
    note = {"case": str(case_id), "text": "Rückruf", "idempotencyKey": secrets.token_hex(8)}
    assert api.ask("caseworker", NOTE, input=note)["data"]["addNote"]["__typename"] == "AddNoteSuccess"
    assert changed._due == {office.tenant.id: START}
    api.ask("caseworker", "{ cases(first: 1) { totalCount } }")
    assert changed.gathered() == {office.tenant.id: START}
    assert changed._due == {}
