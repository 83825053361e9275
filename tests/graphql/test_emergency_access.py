"""Two operators look at one case for an hour, in an emergency; one alone never, and nothing of it can be stretched."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.rights import queries
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter, People
from tests.support.fixtures import START, principal_of

RESULT = """{ __typename ... on EmergencyAccessSuccess { access { id version status caseNumber until confirmUntil } }
  ... on Problem { code } ... on Invalid { fieldErrors { path code } } } }"""
REQUEST = "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) " + RESULT
CONFIRM = "mutation ($input: ConfirmEmergencyAccessInput!) { confirmEmergencyAccess(input: $input) " + RESULT
END = "mutation ($input: EndEmergencyAccessInput!) { endEmergencyAccess(input: $input) " + RESULT
LOOK = """query ($county: ID!, $access: ID!) { emergencyCase(county: $county, access: $access) { id caseNumber
  applicantName data tasks { totalCount } } }"""
COUNTY_SEES = """{ emergencyAccesses { id status reason requestedBy requestedByName confirmedBy confirmedByName
  endedBy { name } case { caseNumber } } }"""
OPERATORS_SEE = "query ($county: ID!) { emergencyRequests(county: $county) { id status reason caseNumber version } }"
CITIZEN_SEES = """query ($id: ID!) { application(id: $id) { accessLog { edges { node { basis roles kinds } } }
  history { edges { node { type } } } } }"""
REASON = "Der Bescheid lässt sich nicht erzeugen, alle Fristen laufen."
NOTHING = {"data": {"emergencyCase": None}}


@pytest.fixture(autouse=True)
def operators(people: People, county: TenantContext) -> None:
    for name in ("otto", "olga", "oskar"):
        person = principal_of(None, "operator", realm_kind=RealmKind.OPERATIONS, subject=f"operations-{name}")
        people.known[name] = replace(person, name=name.title(), username=name)
    people.known["team_lead"] = principal_of(county, "team_lead")


@pytest.fixture
def case(cases: CaseWriter, county: TenantContext, connections: Connections) -> Iterator[Case]:
    """A case of the citizen who is logged in."""
    written = cases.write(county, f"NDH-2026-{uuid4().int % 10**6:06}", "nordhausen-citizen")
    yield written
    with connections.for_tenant(county) as connection, connection.transaction():
        for table in ("task", "application", "document", "party"):
            connection.execute(f"DELETE FROM {table} WHERE case_id = %s", (written.id,))
        connection.execute("DELETE FROM case_record WHERE id = %s", (written.id,))


@pytest.fixture
def later(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Lets time pass; everybody logs in again meanwhile."""

    def pass_(time: timedelta) -> None:
        monkeypatch.setattr(api.app.state.services.execute, "_clock", ManualClock(START + time))
        for name, person in list(api.people.known.items()):
            monkeypatch.setitem(api.people.known, name, replace(person, authenticated_at=START + time))

    return pass_


def change(api: Api, token: str, document: str, **given: Any) -> Any:
    answer = api.ask(token, document, input={"idempotencyKey": str(uuid4()), **given})
    return next(iter(answer["data"].values()))


def request(api: Api, county: TenantContext, case: str | UUID, token: str = "otto", **given: Any) -> Any:
    return change(api, token, REQUEST, county=str(county.id), case=str(case), **{"reason": REASON, **given})


def confirm(api: Api, county: TenantContext, access: Any, token: str = "olga") -> Any:
    seen = {"access": access["id"], "expectedVersion": access["version"]}
    return change(api, token, CONFIRM, county=str(county.id), **seen)


def look(api: Api, county: TenantContext, access: Any, token: str = "otto") -> Any:
    return api.ask(token, LOOK, county=str(county.id), access=access["id"])


@pytest.fixture
def asked(api: Api, county: TenantContext, case: Case) -> Any:
    return request(api, county, case.number)["access"]


@pytest.fixture
def opened(api: Api, county: TenantContext, asked: Any) -> Any:
    return confirm(api, county, asked)["access"]


def test_two_operators_look_and_applicant_and_county_see_it(
    api: Api, case: Case, county: TenantContext, opened: Any
) -> None:
    assert (opened["status"], opened["caseNumber"]) == ("OPEN", case.number)
    for token in ("otto", "olga"):
        seen = look(api, county, opened, token)["data"]["emergencyCase"]
        assert (seen["caseNumber"], seen["applicantName"], seen["tasks"]["totalCount"]) == (
            case.number, "Łucja Groß", 2,
        )  # fmt: skip
    told = api.ask("citizen", CITIZEN_SEES, id=str(case.application))["data"]["application"]
    looks = [edge["node"] for edge in told["accessLog"]["edges"]]
    assert looks == 2 * [{"basis": "EMERGENCY", "roles": ["operator"], "kinds": ["DATA", "NAME"]}]
    types = [edge["node"]["type"] for edge in told["history"]["edges"]]
    assert types.count("EMERGENCY_LOOKED") == 2
    assert {"EMERGENCY_REQUESTED", "EMERGENCY_CONFIRMED"} <= set(types)
    for token in ("county_admin", "team_lead", "data_protection_officer"):
        listed = api.ask(token, COUNTY_SEES)["data"]["emergencyAccesses"]
        mine = next(each for each in listed if each["id"] == opened["id"])
        assert (mine["reason"], mine["case"]) == (REASON, {"caseNumber": case.number})
        assert [mine["requestedBy"], mine["confirmedBy"]] == ["operations-otto", "operations-olga"]
        assert [mine["requestedByName"], mine["confirmedByName"]] == ["Otto", "Olga"]


def test_the_county_sees_a_request_before_anybody_has_looked(api: Api, asked: Any) -> None:
    listed = api.ask("county_admin", COUNTY_SEES)["data"]["emergencyAccesses"]
    assert next(each["status"] for each in listed if each["id"] == asked["id"]) == "WAITING"


def test_a_look_that_shows_no_persons_data_is_recorded_too(
    api: Api, case: Case, county: TenantContext, opened: Any
) -> None:
    bare = "query ($county: ID!, $access: ID!) { emergencyCase(county: $county, access: $access) { status } }"
    api.ask("olga", bare, county=str(county.id), access=opened["id"])
    told = api.ask("citizen", CITIZEN_SEES, id=str(case.application))["data"]["application"]
    assert told["accessLog"]["edges"][0]["node"] == {"basis": "EMERGENCY", "roles": ["operator"], "kinds": []}


def test_one_person_twice_opens_nothing(api: Api, county: TenantContext, asked: Any) -> None:
    assert confirm(api, county, asked, "otto")["code"] == "SAME_PERSON"
    assert look(api, county, asked) == NOTHING


def test_one_natural_person_with_accounts_in_two_realms_is_one(
    api: Api, county: TenantContext, asked: Any, database: Database
) -> None:
    """Linked after the request was made, by an account in the county's realm."""
    person = uuid4()
    accounts = (("operations", "operations-otto"), (county.slug, "otto-at-home"), ("operations", "operations-olga"))
    with database.owner() as owner:
        for realm, subject in accounts:
            owner.execute(
                "INSERT INTO shared.natural_person_account VALUES (%s, %s, %s, %s, 'operations:x')",
                (realm, subject, person, START),
            )
    try:
        assert confirm(api, county, asked, "olga")["code"] == "SAME_PERSON"
        assert confirm(api, county, asked, "oskar")["access"]["status"] == "OPEN"
    finally:
        with database.owner() as owner:
            owner.execute("DELETE FROM shared.natural_person_account WHERE person_id = %s", (person,))


def test_only_the_named_operator_confirms(api: Api, county: TenantContext, case: Case) -> None:
    own = request(api, county, case.number, confirmer="Otto")
    assert own["fieldErrors"] == [{"path": "confirmer", "code": "YOURSELF"}]
    asked = request(api, county, case.number, confirmer=" Oskar ")["access"]
    assert confirm(api, county, asked, "olga")["code"] == "OTHER_PERSON"
    assert confirm(api, county, asked, "oskar")["access"]["status"] == "OPEN"


def test_a_request_lapses_after_an_hour(
    api: Api, county: TenantContext, asked: Any, later: Callable[[timedelta], None]
) -> None:
    later(timedelta(minutes=60))
    assert confirm(api, county, asked)["code"] == "REQUEST_CLOSED"
    assert look(api, county, asked) == NOTHING


def test_it_is_over_after_an_hour_and_can_only_be_asked_anew(
    api: Api, county: TenantContext, case: Case, opened: Any, later: Callable[[timedelta], None]
) -> None:
    later(timedelta(minutes=59, seconds=59))
    assert look(api, county, opened) != NOTHING
    assert request(api, county, case.id)["code"] == "ALREADY_OPEN"
    assert confirm(api, county, opened, "oskar")["code"] == "REQUEST_CLOSED"
    later(timedelta(minutes=60))
    assert look(api, county, opened) == NOTHING
    assert request(api, county, case.id, "olga")["access"]["status"] == "WAITING"


def test_of_two_requests_for_a_case_one_can_be_open(api: Api, county: TenantContext, case: Case, asked: Any) -> None:
    second = request(api, county, case.id, "oskar")["access"]
    confirm(api, county, asked)
    assert confirm(api, county, second)["code"] == "ALREADY_OPEN"


def test_the_county_ends_it_at_once(api: Api, county: TenantContext, opened: Any) -> None:
    ended = change(api, "team_lead", END, access=opened["id"], expectedVersion=2)
    assert ended["access"]["status"] == "ENDED"
    assert look(api, county, opened) == NOTHING
    assert change(api, "county_admin", END, access=opened["id"], expectedVersion=3)["code"] == "ALREADY_ENDED"


def test_an_ended_request_is_confirmed_by_nobody(api: Api, county: TenantContext, asked: Any) -> None:
    assert change(api, "county_admin", END, access=asked["id"], expectedVersion=9)["code"] == "STALE_VERSION"
    ended = change(api, "county_admin", END, access=asked["id"], expectedVersion=1)["access"]
    assert confirm(api, county, ended)["code"] == "REQUEST_CLOSED"


def test_a_suspended_county_still_ends_it(
    api: Api, county: TenantContext, opened: Any, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(people.known, "team_lead", principal_of(replace(county, status="SUSPENDED"), "team_lead"))
    assert change(api, "team_lead", END, access=opened["id"], expectedVersion=2)["access"]["status"] == "ENDED"


def test_nobody_else_looks_and_no_other_case_is_seen(
    api: Api, county: TenantContext, other_county: TenantContext, opened: Any, foreign_case: Case, own_case: Case
) -> None:
    assert look(api, county, opened, "oskar") == NOTHING
    assert look(api, other_county, opened) == NOTHING
    for token in ("topic_lead", "county_admin", "granting_authority"):
        if token in api.people.known:
            assert look(api, county, opened, token)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for document in ("query ($id: ID!) { caseRecord(id: $id) { id } }", "query ($id: ID!) { node(id: $id) { id } }"):
        for other in (own_case, foreign_case):
            assert not any((api.ask("otto", document, id=str(other.id))["data"] or {}).values())


@pytest.mark.parametrize(
    "field",
    ["notes { text }", "messages { text }", "documents { edges { node { downloadUrl } } }", "accessLog { totalCount }",
     "emergencyAccesses { id }", "supportInvitations { id }"],
)  # fmt: skip
def test_they_see_what_the_invited_see_and_no_more(api: Api, county: TenantContext, opened: Any, field: str) -> None:
    asked = f"query ($county: ID!, $access: ID!) {{ emergencyCase(county: $county, access: $access) {{ id {field} }} }}"
    answer = api.ask("otto", asked, county=str(county.id), access=opened["id"])
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_nothing_can_be_changed(api: Api, case: Case, opened: Any) -> None:
    for document, given in (
        ("mutation ($input: AddNoteInput!) { addNote(input: $input) { ... on Problem { code } } }",
         {"case": str(case.id), "text": "x"}),
        ("mutation ($input: TaskInput!) { claimTask(input: $input) { ... on Problem { code } } }",
         {"task": str(case.tasks[0]), "expectedVersion": 1}),
        (END, {"access": opened["id"], "expectedVersion": 2}),
    ):  # fmt: skip
        assert change(api, "otto", document, **given)["code"] == "FORBIDDEN"


def test_requests_lead_operators_to_no_case(api: Api, county: TenantContext, asked: Any) -> None:
    listed = api.ask("olga", OPERATORS_SEE, county=str(county.id))["data"]["emergencyRequests"]
    assert next(each["reason"] for each in listed if each["id"] == asked["id"]) == REASON
    deeper = "query ($county: ID!) { emergencyRequests(county: $county) { case { id } } }"
    assert api.ask("olga", deeper, county=str(county.id))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for token in ("county_admin", "citizen", "granting_authority"):
        answer = api.ask(token, OPERATORS_SEE, county=str(county.id))
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_foreign_and_unknown_are_refused_alike(
    api: Api, county: TenantContext, other_county: TenantContext, case: Case, asked: Any
) -> None:
    never = str(new_id(Kind.TENANT, START))
    nowhere = replace(county, id=UUID(never))
    refused = request(api, county, new_id(Kind.CASE_RECORD, START))
    assert refused["__typename"] == "NotFound"
    for where, what in ((other_county, case.id), (other_county, case.number), (nowhere, case.id), (county, "\x07"),
                        (county, ""), (county, "NDH-2026-999999999"), (county, case.document)):  # fmt: skip
        assert request(api, where, what) == refused
    unknown = {"id": str(new_id(Kind.EMERGENCY_ACCESS, START)), "version": 1}
    for where, what in ((county, unknown), (other_county, asked), (nowhere, asked), (county, {**asked, "id": "x"})):
        assert confirm(api, where, what) == refused
        assert look(api, where, what) == NOTHING
    for token, what in (("other_county_admin", asked), ("county_admin", unknown)):
        assert change(api, token, END, access=what["id"], expectedVersion=1) == refused
    assert api.ask("otto", OPERATORS_SEE, county=never) == {"data": {"emergencyRequests": []}}


def test_the_reason_is_a_sentence(api: Api, county: TenantContext, case: Case) -> None:
    for reason, code in (("", "REQUIRED"), ("   kurz gesagt      ", "TOO_SHORT"), ("x" * 2_001, "TOO_LONG")):
        refused = request(api, county, case.number, reason=reason)
        assert refused["fieldErrors"] == [{"path": "reason", "code": code}]


def test_both_need_a_fresh_login(
    api: Api, county: TenantContext, case: Case, asked: Any, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("otto", "olga"):
        stale = replace(people.known[name], authenticated_at=START - timedelta(hours=1))
        monkeypatch.setitem(people.known, name, stale)
    assert request(api, county, case.number)["code"] == "FRESH_LOGIN_REQUIRED"
    assert confirm(api, county, asked)["code"] == "FRESH_LOGIN_REQUIRED"


def test_only_operators_ask_and_only_the_county_ends(api: Api, county: TenantContext, case: Case, asked: Any) -> None:
    for token in ("county_admin", "caseworker", "citizen", "granting_authority", "service_team_lead"):
        assert request(api, county, case.number, token)["code"] == "FORBIDDEN"
        assert confirm(api, county, asked, token)["code"] == "FORBIDDEN"
    for token in ("caseworker", "citizen", "operator"):
        assert change(api, token, END, access=asked["id"], expectedVersion=1)["code"] == "FORBIDDEN"


def test_asking_twice_under_one_key_is_asking_once(api: Api, county: TenantContext, case: Case) -> None:
    first = request(api, county, case.number, idempotencyKey="once")
    assert request(api, county, case.number, idempotencyKey="once") == first


def test_without_a_record_nobody_sees_anything(
    api: Api, county: TenantContext, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kreisbund_platform.audit.log._text", lambda body: "no json")
    answer = look(api, county, opened)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "Łucja" not in str(answer)


@pytest.mark.parametrize(
    "forged",
    ["requested_at = requested_at + interval '1 minute', confirm_until = confirm_until + interval '1 minute'",
     "until = until + interval '1 minute'",
     "confirmed_at = confirmed_at + interval '1 minute', until = until + interval '1 minute'",
     "confirmed_by = requested_by",
     "confirming_person = requesting_person",
     "reason = 'etwas ganz anderes, auch lang genug'",
     "case_id = (SELECT id FROM case_record WHERE id <> emergency_access.case_id LIMIT 1)"],
)  # fmt: skip
def test_the_database_itself_prolongs_and_changes_nothing(
    connections: Connections, county: TenantContext, opened: Any, own_case: Case, forged: str
) -> None:
    with (
        connections.for_tenant(county) as connection,
        pytest.raises(psycopg.errors.IntegrityError),
        connection.transaction(),
    ):
        connection.execute(f"UPDATE emergency_access SET {forged} WHERE id = %s", (opened["id"],))


def test_it_goes_after_its_time_and_with_all_others_where_a_county_is_restored(
    api: Api, connections: Connections, county: TenantContext, opened: Any
) -> None:
    with connections.for_tenant(county) as connection, connection.transaction():
        queries.end_all_emergencies(connection, START + timedelta(minutes=1), "system")
    assert look(api, county, opened) == NOTHING
    with connections.for_tenant(county) as connection, connection.transaction(force_rollback=True):
        queries.delete_old_decisions(connection, START + timedelta(hours=2))
        assert connection.execute("SELECT count(*) FROM emergency_access").fetchone() == (0,)
