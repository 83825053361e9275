"""Data protection through GraphQL: who may, whose data, once for ever, and seen in the read log."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.graphql.conftest import api, cases, key, own_case, people, template
from tests.support.fixtures import START, principal_of

__all__ = ["api", "cases", "key", "own_case", "people", "template"]

MINE = "query { myData }"
THEIRS = "query ($account: String, $party: ID) { personalData(account: $account, party: $party) }"
PREVIEW = "query ($account: String) { erasurePreview(account: $account) }"
ERASE = """mutation ($input: EraseCaseInput!) { eraseCase(input: $input) { __typename
  ... on EraseSuccess { erasure { id kind target ground at } } ... on Problem { code message } } }"""
ERASE_ACCOUNT = ERASE.replace("eraseCase", "eraseAccount").replace("EraseCaseInput", "EraseAccountInput")
HOLD = """mutation ($input: SetLegalHoldInput!) { setLegalHold(input: $input) { __typename
  ... on LegalHoldSuccess { hold { id version reason liftedAt case { caseNumber } } } ... on Problem { code } } }"""
LIFT = """mutation ($input: LiftLegalHoldInput!) { liftLegalHold(input: $input) { __typename
  ... on LegalHoldSuccess { hold { version liftedReason } } ... on Problem { code } } }"""
OVERVIEW = """query { legalHolds { id reason case { caseNumber } } erasures { kind target ground }
  erasureRuns { due erased held } }"""
OFFICER = "data_protection_officer"


@pytest.fixture
def person(people, county):
    token = f"person-{uuid4()}"
    people.known[token] = principal_of(county, "citizen", subject=token)
    return token


@pytest.fixture
def write(cases, county, connections):
    def written(token, closed=datetime(2010, 5, 4, tzinfo=UTC), tenant=None, name="Łucja Groß"):
        case = cases.write(tenant or county, f"NDH-2026-{uuid4().int % 10**9:09d}", token, name)
        with connections.for_tenant(tenant or county) as connection:
            connection.execute(
                "UPDATE case_record SET status = 'CLOSED', closed_at = %s WHERE id = %s", (closed, case.id)
            )
            connection.execute("UPDATE party SET subject = %s WHERE case_id = %s", (token, case.id))
        return case

    return written


def rows(connections, county, statement, *values):
    with connections.for_tenant(county) as connection:
        return connection.execute(statement, values).fetchall()


def test_a_person_sees_their_own_and_nobody_elses(api, person, write, people, county):
    case = write(person)
    write("somebody", name="Anna Fremd")
    found = api.ask(person, MINE)["data"]["myData"]
    tables = {section["table"] for section in found["sections"]}
    assert {"case_record", "application", "party", "document", "event"} <= tables
    assert case.number in str(found)
    assert "Łucja Groß" in str(found)
    assert "Anna Fremd" not in str(found)
    assert found["county"] == county.name


def test_who_looked_stands_in_it_without_their_names(api, person, write):
    case = write(person)
    api.ask("caseworker", "query ($id: ID!) { caseRecord(id: $id) { applicantName } }", id=str(case.id))
    (section,) = [each for each in api.ask(person, MINE)["data"]["myData"]["sections"] if each["table"] == "case_read"]
    assert {"column": "roles", "label": "Stelle", "value": ["caseworker"]} in section["rows"][0]
    assert "nordhausen-caseworker" not in str(section)
    assert "Caseworker" not in str(section)


@pytest.mark.parametrize("who", ["caseworker", "county_admin", "treasurer", "citizen", "other_citizen", "operator"])
def test_nobody_but_the_officer_asks_for_others(api, who, own_case):
    for document in (THEIRS, PREVIEW, "query { legalHolds { id } }", "query { erasures { id } }"):
        found = api.ask(who, document, account="x")
        assert found["errors"][0]["extensions"]["code"] == "FORBIDDEN", document
    given = {"case": str(own_case.id), "expectedVersion": 1, "idempotencyKey": "k"}
    assert api.ask(who, ERASE, input=given)["data"]["eraseCase"]["code"] == "FORBIDDEN"
    assert api.ask("caseworker", MINE)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_the_officers_look_is_recorded_and_another_countys_officer_finds_nothing(
    api, person, write, connections, county
):
    case = write(person)
    ((party,),) = rows(connections, county, "SELECT id FROM party WHERE case_id = %s", case.id)
    by_account = api.ask(OFFICER, THEIRS, account=person)["data"]["personalData"]
    by_party = api.ask(OFFICER, THEIRS, party=str(party))["data"]["personalData"]
    assert case.number in str(by_account)
    tables = lambda found: [each["table"] for each in found["sections"]]  # noqa: E731
    assert set(tables(by_account)) <= set(tables(by_party)), "the second one shows the first look, too"
    seen = rows(connections, county, "SELECT subject, kinds, operation FROM case_read WHERE case_id = %s", case.id)
    assert [row[0] for row in seen] == ["nordhausen-data_protection_officer"] * 2
    assert {"NAME", "DATA", "PARTIES", "DOCUMENTS"} <= set(seen[0][1])
    foreign = api.ask("other_data_protection_officer", THEIRS, party=str(party))["data"]
    assert foreign == {"personalData": None}
    nothing = api.ask("other_data_protection_officer", THEIRS, account=person)["data"]["personalData"]
    assert nothing["sections"] == []


def test_erasing_is_done_once_and_tells_the_ledgers_entry(api, person, write, key, connections, county):
    case = write(person)
    given = {"case": str(case.id), "expectedVersion": 1, "idempotencyKey": key}
    first = api.ask(OFFICER, ERASE, input=given)["data"]["eraseCase"]
    assert first["erasure"]["target"] == str(case.id)
    assert (first["erasure"]["kind"], first["erasure"]["ground"]) == ("CASE", "REQUEST")
    assert api.ask(OFFICER, ERASE, input=given)["data"]["eraseCase"] == first
    again = api.ask(OFFICER, ERASE, input=given | {"idempotencyKey": f"{key}2"})["data"]["eraseCase"]
    assert again["code"] == "NOT_FOUND"
    assert rows(connections, county, "SELECT FROM case_record WHERE id = %s", case.id) == []
    assert rows(
        connections, county, "SELECT type FROM event WHERE case_id = %s ORDER BY seq DESC LIMIT 1", case.id
    ) == [("CASE_ERASED",)]


def test_an_account_goes_as_a_whole_or_not_at_all(api, person, write, key):
    old = write(person)
    young = write(person, closed=START)
    preview = api.ask(OFFICER, PREVIEW, account=person)["data"]["erasurePreview"]
    kept = {case["caseNumber"]: (case["obstacle"], case["keptUntil"]) for case in preview["cases"]}
    assert kept == {old.number: (None, None), young.number: ("RETENTION", "2036-12-31")}
    given = {"account": person, "expectedVersion": preview["version"], "idempotencyKey": key}
    refused = api.ask(OFFICER, ERASE_ACCOUNT, input=given)["data"]["eraseAccount"]
    assert refused["code"] == "RETENTION"
    assert young.number in refused["message"]
    assert "31.12.2036" in refused["message"]
    assert len(api.ask(OFFICER, PREVIEW, account=person)["data"]["erasurePreview"]["cases"]) == 2
    unknown = given | {"account": "never-was", "expectedVersion": 0, "idempotencyKey": f"{key}2"}
    assert api.ask(OFFICER, ERASE_ACCOUNT, input=unknown)["data"]["eraseAccount"]["code"] == "NOT_FOUND"


def test_a_hold_is_set_seen_and_lifted(api, person, write, key):
    case = write(person)
    given = {"case": str(case.id), "reason": "Klage", "expectedVersion": 1, "idempotencyKey": key}
    hold = api.ask(OFFICER, HOLD, input=given)["data"]["setLegalHold"]["hold"]
    assert (hold["version"], hold["reason"], hold["case"]["caseNumber"]) == (1, "Klage", case.number)
    erase = {"case": str(case.id), "expectedVersion": 1, "idempotencyKey": key}
    assert api.ask(OFFICER, ERASE, input=erase)["data"]["eraseCase"]["code"] == "LEGAL_HOLD"
    overview = api.ask(OFFICER, OVERVIEW)["data"]
    assert hold["id"] in {each["id"] for each in overview["legalHolds"]}
    lift = {"hold": hold["id"], "reason": "Urteil", "expectedVersion": 1, "idempotencyKey": key}
    assert api.ask("other_data_protection_officer", LIFT, input=lift)["data"]["liftLegalHold"]["code"] == "NOT_FOUND"
    assert api.ask(OFFICER, LIFT, input=lift)["data"]["liftLegalHold"]["hold"] == {
        "version": 2,
        "liftedReason": "Urteil",
    }


def test_what_an_official_was_answered_about_a_citizen_is_gone_with_the_case(
    api, person, write, key, connections, county
):
    case = write(person)
    claim = """mutation ($input: TaskInput!) { claimTask(input: $input) { ... on TaskSuccess {
      task { case { applicantName data } } } ... on Problem { code } } }"""
    given = {"task": str(case.tasks[0]), "expectedVersion": 1, "idempotencyKey": key}
    first = api.ask("caseworker", claim, input=given)["data"]["claimTask"]
    assert first["task"]["case"]["applicantName"] == "Łucja Groß"
    assert api.ask("caseworker", claim, input=given)["data"]["claimTask"] == first
    ((stored, holders),) = rows(connections, county, "SELECT i::text, holders FROM idempotency i WHERE key = %s", key)
    assert "Groß" not in stored
    assert holders == ["account/nordhausen-caseworker", f"case/{case.id}"]
    rows(connections, county, "DELETE FROM subject_key WHERE holder = %s RETURNING 1", f"case/{case.id}")
    assert api.ask("caseworker", claim, input=given)["data"]["claimTask"] == {"code": "ANSWER_GONE"}
