"""A message is read when the one it was sent to first opens it; a case has the Aktenzeichen that staff give it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter
from tests.support.fixtures import START

SEND = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }"
MESSAGES = "messages { direction subject readAt }"
CASE = f"query ($id: ID!) {{ caseRecord(id: $id) {{ {MESSAGES} }} }}"
APPLICATION = f"query ($id: ID!) {{ application(id: $id) {{ {MESSAGES} }} }}"
SUBJECTS = "query ($id: ID!) { application(id: $id) { messages { subject } } }"
GIVE = """mutation ($input: GiveFileReferenceInput!) { giveFileReference(input: $input) { __typename
  ... on GiveFileReferenceSuccess { case { fileReference version caseNumber } }
  ... on Problem { code } ... on Invalid { fieldErrors { path code } } } }"""
HISTORY = "query ($id: ID!) { caseRecord(id: $id) { history { edges { node { type caseVersion } } } } }"


@pytest.fixture
def case(cases: CaseWriter, county: TenantContext, connections: Connections) -> Iterator[Case]:
    made = cases.write(county, f"NDH-2026-{uuid4().int % 10**6:06}", "nordhausen-citizen")
    yield made
    with connections.for_tenant(county) as connection, connection.transaction():
        for table in ("message", "task", "application", "document", "party"):
            connection.execute(f"DELETE FROM {table} WHERE case_id = %s", (made.id,))
        connection.execute("DELETE FROM case_record WHERE id = %s", (made.id,))


def change(api: Api, token: str, document: str, **given: Any) -> Any:
    answer = api.ask(token, document, input={**given, "idempotencyKey": str(uuid4())})
    return next(iter(answer["data"].values()))


def read_at(api: Api, token: str, document: str, identifier: object) -> dict[str, str | None]:
    """Direction to when it was read, as this person is told."""
    (found,) = api.ask(token, document, id=str(identifier))["data"].values()
    return {each["direction"]: each["readAt"] for each in found["messages"]}


@pytest.fixture
def written(api: Api, case: Case) -> Case:
    """One message each way."""
    for token in ("caseworker", "citizen"):
        sent = change(api, token, SEND, case=str(case.id), subject="Rückfrage", text="Stimmt die Anschrift?")
        assert sent["__typename"] == "SendMessageSuccess"
    return case


def test_writing_reads_nothing_and_each_side_opens_what_the_other_sent(api: Api, written: Case) -> None:
    first = read_at(api, "caseworker", CASE, written.id)
    assert first == {"TO_APPLICANT": None, "FROM_APPLICANT": None}, "as it was until this look"
    second = read_at(api, "caseworker", CASE, written.id)
    assert second["TO_APPLICANT"] is None, "the sender's look opens nothing"
    assert second["FROM_APPLICANT"] is not None
    read_at(api, "citizen", APPLICATION, written.application)
    both = read_at(api, "citizen", APPLICATION, written.application)
    assert both["TO_APPLICANT"] == second["FROM_APPLICANT"] == START.isoformat()


def test_the_first_look_stays(api: Api, written: Case, connections: Connections, county: TenantContext) -> None:
    api.ask("citizen", SUBJECTS, id=str(written.application))
    earlier = START - timedelta(days=3)
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE message SET read_at = %s WHERE case_id = %s AND read_at = %s",
                           (earlier, written.id, START))  # fmt: skip
    api.ask("citizen", SUBJECTS, id=str(written.application))
    with connections.for_tenant(county) as connection:
        found = connection.execute(
            "SELECT direction, read_at FROM message WHERE case_id = %s ORDER BY direction", (written.id,)
        ).fetchall()
    assert found == [("FROM_APPLICANT", None), ("TO_APPLICANT", earlier)]


def test_other_people_and_those_who_supervise_open_nothing(api: Api, written: Case) -> None:
    for token in ("data_protection_officer", "county_admin", "other_caseworker", "neighbour"):
        api.ask(token, CASE, id=str(written.id))
    api.ask("neighbour", APPLICATION, id=str(written.application))
    assert read_at(api, "caseworker", CASE, written.id) == {"TO_APPLICANT": None, "FROM_APPLICANT": None}


def test_staff_give_the_file_reference_and_the_number_stays(api: Api, case: Case) -> None:
    given = {"case": str(case.id), "fileReference": " 40.31-17/26 ", "expectedVersion": 1}
    done = change(api, "caseworker", GIVE, **given)
    assert done["case"] == {"fileReference": "40.31-17/26", "version": 2, "caseNumber": case.number}
    assert change(api, "caseworker", GIVE, **given)["code"] == "STALE_VERSION"
    edges = api.ask("caseworker", HISTORY, id=str(case.id))["data"]["caseRecord"]["history"]["edges"]
    assert edges[0]["node"] == {"type": "FILE_REFERENCE_GIVEN", "caseVersion": 2}


@pytest.mark.parametrize(("text", "code"), [(" ", "REQUIRED"), ("x" * 81, "TOO_LONG"), ("a\x07", "BAD_CHARACTER")])
def test_what_is_no_file_reference(api: Api, case: Case, text: str, code: str) -> None:
    refused = change(api, "caseworker", GIVE, case=str(case.id), fileReference=text, expectedVersion=1)
    assert refused["fieldErrors"] == [{"path": "fileReference", "code": code}]


def test_who_may_not_give_one(api: Api, case: Case) -> None:
    given = {"case": str(case.id), "fileReference": "1", "expectedVersion": 1}
    for token in ("citizen", "treasurer", "county_admin"):
        assert change(api, token, GIVE, **given)["code"] == "FORBIDDEN"
    assert change(api, "other_caseworker", GIVE, **given)["__typename"] == "NotFound"
