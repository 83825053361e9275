"""Changing: once for ever under a key, refusals as union members, nothing half done."""

import threading
from dataclasses import replace
from typing import Any, cast

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kreisbund_api.main import create_api
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.principals import guest_of
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter, People, Template
from tests.support.fixtures import START, Deployment

CLAIM = """mutation ($input: TaskInput!) { claimTask(input: $input) {
  __typename ... on TaskSuccess { task { id version status assignee } }
  ... on Problem { code message } ... on Conflict { currentVersion } } }"""
NOTE = """mutation ($input: AddNoteInput!) { addNote(input: $input) {
  __typename ... on AddNoteSuccess { event { id type } } ... on Invalid { fieldErrors { at: path code } }
  ... on Problem { code } } }"""


def note(api: Api, token: str, key: str, case: object, text: str = "Rückruf", document: str = NOTE) -> Any:
    given = {"case": str(case), "text": text, "idempotencyKey": key}
    return api.ask(token, document, input=given)["data"]["addNote"]


def notes_of(connections: Connections, county: TenantContext, case: Case) -> int:
    with connections.for_tenant(county) as connection:
        row = connection.execute("SELECT count(*) FROM note WHERE case_id = %s", (case.id,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def case(cases: CaseWriter, county: TenantContext) -> Case:
    return cases.write(county, "NDH-2026-000100", "applicant-100", "Ömer Şahin")


def test_a_second_try_has_the_stored_answer_and_does_nothing(
    api: Api, case: Case, key: str, connections: Connections, county: TenantContext
) -> None:
    before = notes_of(connections, county, case)
    first = note(api, "caseworker", key, case.id)
    assert first["__typename"] == "AddNoteSuccess"
    assert note(api, "caseworker", key, case.id) == first
    assert notes_of(connections, county, case) == before + 1


def test_another_selection_renders_the_same_result_now(api: Api, case: Case, key: str) -> None:
    first = note(api, "caseworker", key, case.id)
    other = note(api, "caseworker", key, case.id, document=NOTE.replace("event { id type }", "event { mark: id at }"))
    assert other["event"]["mark"] == first["event"]["id"]
    assert "type" not in other["event"]


def test_another_input_under_the_key_is_a_conflict(api: Api, case: Case, key: str) -> None:
    note(api, "caseworker", key, case.id)
    assert note(api, "caseworker", key, case.id, "anders") == {"__typename": "Conflict", "code": "KEY_REUSED"}


def test_a_key_belongs_to_one_person(api: Api, case: Case, own_case: Case, key: str) -> None:
    assert note(api, "caseworker", key, case.id)["__typename"] == "AddNoteSuccess"
    assert note(api, "other_caseworker", key, case.id)["__typename"] == "NotFound"


def test_a_refusal_is_kept_like_an_answer(
    api: Api, case: Case, key: str, connections: Connections, county: TenantContext
) -> None:
    before = notes_of(connections, county, case)
    first = note(api, "caseworker", key, case.id, "   ")
    assert first["__typename"] == "Invalid"
    assert first["fieldErrors"] == [{"at": "text", "code": "REQUIRED"}]
    assert note(api, "caseworker", key, case.id, "   ") == first
    again = note(api, "caseworker", key, case.id, "   ", NOTE.replace("at: path code", "code"))
    assert again["fieldErrors"] == [{"code": "REQUIRED"}]
    assert notes_of(connections, county, case) == before


@pytest.mark.parametrize("bad_key", ["", "x" * 201])
def test_a_key_has_a_length(api: Api, case: Case, bad_key: str) -> None:
    assert note(api, "caseworker", bad_key, case.id)["code"] == "IDEMPOTENCY_KEY"


def test_who_may_not_is_told_so_before_anything_else(api: Api, case: Case, key: str) -> None:
    for token in ("citizen", "granting_authority", "operator", "treasurer"):
        assert note(api, token, key, case.id) == {"__typename": "Forbidden", "code": "FORBIDDEN"}


def test_foreign_and_unreadable_ids_are_alike(api: Api, foreign_case: Case, key: str) -> None:
    answers = [note(api, "caseworker", f"{key}{n}", id) for n, id in enumerate((foreign_case.id, "nonsense", ""))]
    assert answers == [{"__typename": "NotFound", "code": "NOT_FOUND"}] * 3


def test_claiming_raises_the_version_and_the_second_comes_late(api: Api, case: Case, key: str) -> None:
    given = {"task": str(case.tasks[0]), "expectedVersion": 1, "idempotencyKey": key}
    claimed = api.ask("caseworker", CLAIM, input=given)["data"]["claimTask"]
    assert claimed["task"]["status"] == "CLAIMED"
    assert claimed["task"]["version"] == 2
    late = api.ask("caseworker", CLAIM, input={**given, "idempotencyKey": f"{key}-2"})["data"]["claimTask"]
    assert (late["__typename"], late["code"], late["currentVersion"]) == ("Conflict", "STALE_VERSION", 2)


def test_many_at_once_with_one_key_do_it_once(
    api: Api, case: Case, key: str, connections: Connections, county: TenantContext
) -> None:
    before, answers = notes_of(connections, county, case), []
    threads = [threading.Thread(target=lambda: answers.append(note(api, "caseworker", key, case.id))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert notes_of(connections, county, case) == before + 1


def test_a_bad_page_inside_an_answer_undoes_the_change(
    api: Api, case: Case, key: str, cases: CaseWriter, county: TenantContext
) -> None:
    fresh = cases.write(county, f"NDH-2026-{int(key[:6], 16):09}", "x", "Jürgen Zeh")
    document = CLAIM.replace("assignee }", "assignee case { tasks(first: 500) { totalCount } } }")
    given = {"task": str(fresh.tasks[0]), "expectedVersion": 1, "idempotencyKey": key}
    answer = api.ask("caseworker", document, input=given)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert api.ask("caseworker", CLAIM, input=given)["data"]["claimTask"]["task"]["version"] == 2


def test_an_operator_makes_a_county_once(api: Api, key: str) -> None:
    document = """mutation ($input: CreateTenantInput!) { createTenant(input: $input) { __typename
      ... on CreateTenantSuccess { tenant { slug status regionalKey } }
      ... on Invalid { fieldErrors { path } } ... on Problem { code } } }"""
    given = {"slug": "probekreis", "name": "Probekreis", "regionalKey": "160990000000", "idempotencyKey": key}
    made = api.ask("operator", document, input=given)["data"]["createTenant"]
    assert made["tenant"] == {"slug": "probekreis", "status": "ACTIVE", "regionalKey": "160990000000"}
    assert api.ask("operator", document, input=given)["data"]["createTenant"] == made
    again = api.ask("operator", document, input={**given, "idempotencyKey": f"{key}2"})["data"]["createTenant"]
    assert again["__typename"] == "Conflict"
    bad = {**given, "slug": "x; drop", "regionalKey": "1", "idempotencyKey": f"{key}3"}
    refused = api.ask("operator", document, input=bad)["data"]["createTenant"]
    assert [error["path"] for error in refused["fieldErrors"]] == ["slug", "regionalKey"]
    assert api.ask("county_admin", document, input=given)["data"]["createTenant"]["__typename"] == "Forbidden"


def test_a_template_that_nobody_adopted_is_not_found_to_citizens_and_guests(
    api: Api, template: Template, other_county: TenantContext, key: str
) -> None:
    document = """mutation ($input: SubmitApplicationInput!) { submitApplication(input: $input) { __typename } }"""
    given = {"template": "testantrag", "data": "not even an object", "idempotencyKey": key}
    found = api.ask("other_citizen", document, input=given)["data"]["submitApplication"]
    assert found == {"__typename": "NotFound"}
    execute = api.app.state.services.execute
    guest = execute(None, other_county, document, {"input": {**given, "idempotencyKey": f"{key}g"}})
    assert guest.data["submitApplication"]["__typename"] == "NotFound"
    assert execute(guest_of(other_county), other_county, "{ cases { totalCount } }", {}).errors[0]["extensions"] == {
        "code": "FORBIDDEN"
    }


def test_a_page_of_one_county_never_asks_as_a_person_of_another(
    api: Api, county: TenantContext, other_county: TenantContext
) -> None:
    person = api.people.known["caseworker"]
    answer = api.app.state.services.execute(person, other_county, "{ viewer { subject } }", {})
    assert answer.data is None
    assert answer.errors[0]["extensions"]["code"] == "FORBIDDEN"


def test_without_the_owners_login_no_county_is_made_and_all_else_works(
    deployment: Deployment, people: People, case: Case, key: str
) -> None:
    parts = conninfo_to_dict(deployment.settings.database_url)
    address = make_conninfo("", **{name: value for name, value in parts.items() if name not in ("user", "password")})
    app = create_api(
        replace(deployment.settings, database_url=address),
        clock=ManualClock(START),
        tokens=cast(TokenChecker, people),
    )
    api = Api(app, people)
    document = "mutation ($input: CreateTenantInput!) { createTenant(input: $input) { ... on Problem { code } } }"
    given = {"slug": "ohnekreis", "name": "Ohnekreis", "regionalKey": "160980000000", "idempotencyKey": key}
    assert api.ask("operator", document, input=given)["data"]["createTenant"] == {"code": "OWNER_ABSENT"}
    seen = api.ask("caseworker", "query { cases(first: 1) { totalCount } }")
    assert seen["data"]["cases"]["totalCount"] >= 1
    app.state.services.connections._database.close()
