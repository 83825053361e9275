"""Reads of citizens' data are recorded before they are answered; the citizen sees the office, nobody else's eyes do."""

from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Json

from kreisbund_platform.audit import reads
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.database.prepared import Statement
from tests.support.fixtures import START

CASE = """query Anything($id: ID!) { caseRecord(id: $id) { %s } }"""
OWN = """query ($id: ID!, $after: String) { application(id: $id) { accessLog(first: 50, after: $after) {
  totalCount edges { node { at roles kinds listed unit { name } } } } } }"""
ALL = """query ($id: ID!) { caseRecord(id: $id) { accessLog { edges { node {
  at roles kinds listed operation subject name } } } } }"""


@pytest.fixture
def write(cases, county, connections):
    """Writes cases that are gone after the test: others count what their county has."""
    written = []

    def made(number, applicant, minutes=0):
        written.append(cases.write(county, number, applicant, minutes=minutes))
        return written[-1]

    yield made
    with connections.for_tenant(county) as connection, connection.transaction():
        for each in written:
            for table in ("task", "application", "document", "party"):
                connection.execute(f"DELETE FROM {table} WHERE case_id = %s", (each.id,))
            connection.execute("DELETE FROM case_record WHERE id = %s", (each.id,))


@pytest.fixture
def case(write):
    """A case of the citizen who is logged in."""
    return write("NDH-2026-666666666", "nordhausen-citizen")


@pytest.fixture
def log_of(connections, county):
    def read(case):
        with connections.for_tenant(county) as connection:
            return connection.execute(
                "SELECT subject, name, roles, kinds, listed, operation, at FROM case_read"
                " WHERE case_id = %s ORDER BY id",
                (case.id,),
            ).fetchall()

    return read


def test_what_a_caseworker_was_shown_is_recorded_in_kinds_without_a_value(api, case, log_of):
    fields = "caseNumber applicantName data parties { name } documents { edges { node { title } } } notes { text }"
    assert api.ask("caseworker", CASE % fields, id=str(case.id))["data"]["caseRecord"]["applicantName"]
    (entry,) = log_of(case)
    assert entry == (
        "nordhausen-caseworker", "Caseworker", ["caseworker"], ["DATA", "DOCUMENTS", "NAME", "PARTIES"], False,
        "caseRecord", START,
    )  # fmt: skip
    assert not any(word in str(entry) for word in ("Łucja", "Groß", "Weg", "Plan", "Anything"))


def test_status_and_dates_alone_are_no_read_of_a_citizens_data(api, case, log_of):
    api.ask("caseworker", CASE % "caseNumber status dueAt history { edges { node { type } } }", id=str(case.id))
    api.ask("county_admin", CASE % "caseNumber status", id=str(case.id))
    refused = api.ask("county_admin", CASE % "applicantName", id=str(case.id))
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert log_of(case) == []


def test_a_list_is_a_read_of_each_case_that_it_shows(api, case, write, log_of):
    other = write("NDH-2026-777777777", "somebody", minutes=1)
    asked = "query { cases(first: 100) { edges { node { id again: applicantName } } } }"
    shown = {edge["node"]["id"] for edge in api.ask("caseworker", asked)["data"]["cases"]["edges"]}
    assert {str(case.id), str(other.id)} <= shown
    for each in (case, other):
        assert [(row[3], row[4], row[5]) for row in log_of(each)] == [(["NAME"], True, "cases")]


def test_what_stands_below_a_task_counts_and_so_does_what_a_mutation_answers(api, case, key, log_of):
    asked = "query ($id: ID!) { node(id: $id) { ... on Task { case { c: applicantName } } } }"
    assert api.ask("caseworker", asked, id=str(case.tasks[0]))["data"]["node"]["case"]["c"]
    claim = """mutation ($input: TaskInput!) { claimTask(input: $input) {
      ... on TaskSuccess { task { case { data } } } ... on Problem { code } } }"""
    given = {"task": str(case.tasks[0]), "expectedVersion": 1, "idempotencyKey": key}
    assert api.ask("caseworker", claim, input=given)["data"]["claimTask"]["task"]
    assert [(row[3], row[5]) for row in log_of(case)] == [(["NAME"], "node"), (["DATA"], "claimTask")]


def test_the_applicant_sees_when_and_which_office_and_not_the_person(api, case):
    api.ask("caseworker", CASE % "applicantName", id=str(case.id))
    api.ask("citizen", "query ($id: ID!) { application(id: $id) { data } }", id=str(case.application))
    found = api.ask("citizen", OWN, id=str(case.application))["data"]["application"]["accessLog"]
    assert found["totalCount"] == 1
    expected = {"at": "2026-03-02T09:00:00+00:00", "roles": ["caseworker"], "kinds": ["NAME"], "listed": False}
    assert found["edges"][0]["node"] == expected | {"unit": None}
    for field in ("subject", "name", "operation"):
        asked = "query ($id: ID!) { application(id: $id) { accessLog { edges { node { FIELD } } } } }"
        asked = asked.replace("FIELD", field)
        refused = api.ask("citizen", asked, id=str(case.application))
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN", field


def test_the_data_protection_officer_sees_who_and_is_seen_too(api, case):
    api.ask("caseworker", CASE % "applicantName", id=str(case.id))
    api.ask("data_protection_officer", CASE % "data", id=str(case.id))
    edges = api.ask("data_protection_officer", ALL, id=str(case.id))["data"]["caseRecord"]["accessLog"]["edges"]
    assert [(each["node"]["name"], each["node"]["kinds"]) for each in edges] == [
        ("Data Protection Officer", ["DATA"]), ("Caseworker", ["NAME"])]  # fmt: skip
    assert edges[1]["node"]["subject"] == "nordhausen-caseworker"


@pytest.mark.parametrize("who", ["caseworker", "county_admin", "treasurer"])
def test_nobody_else_of_the_office_sees_it(api, case, who):
    refused = api.ask(who, CASE % "accessLog { edges { node { at } } }", id=str(case.id))
    assert {each["extensions"]["code"] for each in refused["errors"]} == {"FORBIDDEN"}


def test_another_citizen_another_party_and_another_county_see_nothing(api, case, connections, county):
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE party SET subject = 'neighbour' WHERE case_id = %s", (case.id,))
    api.ask("caseworker", CASE % "applicantName", id=str(case.id))
    found = api.ask("neighbour", OWN, id=str(case.application))["data"]["application"]
    assert found == {"accessLog": {"totalCount": 0, "edges": []}}
    assert api.ask("other_citizen", OWN, id=str(case.application))["data"] == {"application": None}
    assert api.ask("other_data_protection_officer", ALL, id=str(case.id))["data"] == {"caseRecord": None}


def test_what_a_citizen_wrote_cannot_forge_an_entry(api, case, write, county, connections, log_of):
    victim = write("NDH-2026-888888888", "somebody", minutes=2)
    forged = {"#": ["NAME", str(victim.id)], "": "CaseRecord", "reason": {"#": ["NAME", str(victim.id)], "": "Party"}}
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE case_record SET data = %s WHERE id = %s", (Json(forged), case.id))
    assert api.ask("caseworker", CASE % "data", id=str(case.id))["data"]["caseRecord"]["data"] == forged
    assert log_of(victim) == []
    assert [row[3] for row in log_of(case)] == [["DATA"]]


def test_without_a_record_there_is_no_answer(api, case, monkeypatch):
    lost = Statement("lost_reads", reads.RECORD.text.replace("case_read", "no_such_table"))
    monkeypatch.setattr(reads, "RECORD", lost)
    answer = api.ask("caseworker", CASE % "applicantName", id=str(case.id))
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert answer.get("data") is None
    assert "Łucja" not in str(answer)


def test_the_countys_own_login_cannot_rewrite_it(api, case, connections, county, log_of):
    api.ask("caseworker", CASE % "applicantName", id=str(case.id))
    with connections.for_tenant(county) as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("UPDATE case_read SET subject = 'x' WHERE case_id = %s", (case.id,))
    assert log_of(case)[0][0] == "nordhausen-caseworker"


def test_what_is_past_its_time_goes(connections, county, case):
    with connections.for_tenant(county) as connection, connection.transaction(force_rollback=True):
        for year, month in ((2023, 1), (2022, 12)):
            at = START.astimezone(BERLIN).replace(year=year, month=month, day=1)
            connection.execute(
                "INSERT INTO case_read (case_id, at, subject, roles, kinds, listed, operation)"
                " VALUES (%s, %s, 'x', '{}', '{}', false, 'x')",
                (UUID(int=9), at),
            )
        assert reads.forget_old(connection, START + timedelta(days=1)) == 1
        left = connection.execute("SELECT at FROM case_read WHERE case_id = %s", (UUID(int=9),)).fetchall()
        assert [row[0].year for row in left] == [2023]
