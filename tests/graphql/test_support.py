"""The service team sees one case by a county's invitation, and nothing without; the applicant sees that it did."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kreisbund_platform import telemetry
from kreisbund_platform.audit import reads
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.dashboards import collector
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter, People
from tests.support.fixtures import START, principal_of

INVITE = """mutation ($input: InviteSupportInput!) { inviteSupport(input: $input) { __typename
  ... on SupportInvitationSuccess { invitation { id version until reason case { caseNumber } } }
  ... on Problem { code } ... on Invalid { fieldErrors { path code } } } }"""
REVOKE = """mutation ($input: RevokeSupportInput!) { revokeSupport(input: $input) { __typename
  ... on SupportInvitationSuccess { invitation { revokedAt version } } ... on Problem { code } } }"""
LOOK = """query ($id: ID!) { supportCase(invitation: $id) { id caseNumber applicantName data
  tasks { totalCount edges { node { name role } } } history { edges { node { type } } } documents { totalCount } } }"""
OWN_LOG = """query ($id: ID!) { application(id: $id) { accessLog { edges { node { basis roles kinds } } } } }"""


def change(api: Api, token: str, document: str, **given: Any) -> Any:
    answer = api.ask(token, document, input={**given, "idempotencyKey": str(uuid4())})
    return next(iter(answer["data"].values()))


def until(days: int) -> str:
    return (START + timedelta(days=days)).isoformat()


@pytest.fixture
def case(cases: CaseWriter, county: TenantContext, connections: Connections) -> Iterator[Case]:
    """A case of the citizen who is logged in, with one more in the county."""
    written = cases.write(county, f"NDH-2026-{uuid4().int % 10**6:06}", "nordhausen-citizen")
    yield written
    with connections.for_tenant(county) as connection, connection.transaction():
        for table in ("task", "application", "document", "party"):
            connection.execute(f"DELETE FROM {table} WHERE case_id = %s", (written.id,))
        connection.execute("DELETE FROM case_record WHERE id = %s", (written.id,))


@pytest.fixture(autouse=True)
def team(people: People) -> None:
    people.known["topic_lead"] = principal_of(
        None, "topic_lead", realm_kind=RealmKind.SERVICE_TEAM, home_tenant="wartburgkreis"
    )


def collect(connections: Connections, county: TenantContext) -> None:
    """What the worker does within a second."""
    with connections.for_tenant(county) as own, connections.for_workspace("collector") as shared:
        collector.collect(own, shared, county.id, START)


@pytest.fixture
def invitation(api: Api, case: Case, connections: Connections, county: TenantContext) -> str:
    made = change(api, "county_admin", INVITE, case=str(case.id), reason="Bescheid fehlt", until=until(3))
    collect(connections, county)
    return str(made["invitation"]["id"])


def look(api: Api, invitation: str, token: str = "topic_lead") -> Any:
    return api.ask(token, LOOK, id=invitation)


def test_an_invitation_opens_one_case_read_only_and_the_applicant_sees_it(
    api: Api, case: Case, invitation: str
) -> None:
    listed = api.ask("topic_lead", "{ supportInvitations { id until county { slug } } }")["data"]["supportInvitations"]
    assert [each["county"] for each in listed if each["id"] == invitation] == [{"slug": "nordhausen"}]
    seen = look(api, invitation)["data"]["supportCase"]
    assert (seen["caseNumber"], seen["applicantName"]) == (case.number, "Łucja Groß")
    assert seen["tasks"]["totalCount"] == 2
    assert seen["documents"] == {"totalCount": 1}
    edges = api.ask("citizen", OWN_LOG, id=str(case.application))["data"]["application"]["accessLog"]["edges"]
    assert edges[0]["node"] == {"basis": "INVITATION", "roles": ["topic_lead"], "kinds": ["DATA", "NAME"]}


def test_a_look_compiles_and_shows_what_the_interpreter_would(
    api: Api, case: Case, invitation: str, connections: Connections, county: TenantContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    reasons: list[str] = []
    monkeypatch.setattr(telemetry.interpreted, "add", lambda _number, why: reasons.append(why["reason"]))
    selected = (
        "(invitation: $id) { caseNumber applicantName data tasks { totalCount } history { edges { node { type } } } }"
    )
    one = api.ask("topic_lead", f"query ($id: ID!) {{ a: supportCase{selected} }}", id=invitation)
    assert reasons == []
    never = str(new_id(Kind.SUPPORT_INVITATION, START))
    assert api.ask("topic_lead", f"query ($id: ID!) {{ a: supportCase{selected} }}", id=never) == {"data": {"a": None}}
    assert reasons == []
    two = api.ask(
        "topic_lead", f"query ($id: ID!) {{ a: supportCase{selected} b: supportCase{selected} }}", id=invitation
    )
    assert reasons == ["ELSEWHERE"]
    assert one["data"]["a"]["applicantName"] == "Łucja Groß"
    assert two["data"] == {"a": one["data"]["a"], "b": one["data"]["a"]}
    with connections.for_tenant(county) as connection:
        query = "SELECT kinds, basis, roles FROM case_read WHERE case_id = %s"
        recorded = connection.execute(query, (case.id,)).fetchall()
    assert recorded == [(["DATA", "NAME"], "INVITATION", ["topic_lead"])] * 3


def test_a_look_that_shows_no_persons_data_is_recorded_too(api: Api, case: Case, invitation: str) -> None:
    api.ask("topic_lead", "query ($id: ID!) { supportCase(invitation: $id) { status } }", id=invitation)
    edges = api.ask("citizen", OWN_LOG, id=str(case.application))["data"]["application"]["accessLog"]["edges"]
    assert edges[0]["node"] == {"basis": "INVITATION", "roles": ["topic_lead"], "kinds": []}


@pytest.mark.parametrize(
    "field",
    ["notes { text }", "messages { text }", "documents { edges { node { downloadUrl } } }", "accessLog { totalCount }"],
)
def test_the_invited_see_no_notes_letters_files_or_log(api: Api, invitation: str, field: str) -> None:
    asked = f"query ($id: ID!) {{ supportCase(invitation: $id) {{ id {field} }} }}"
    answer = api.ask("topic_lead", asked, id=invitation)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_the_invited_change_nothing_and_see_no_other_case(api: Api, case: Case, invitation: str) -> None:
    note = "mutation ($input: AddNoteInput!) { addNote(input: $input) { ... on Problem { code } } }"
    assert change(api, "topic_lead", note, case=str(case.id), text="x")["code"] == "FORBIDDEN"
    for document in ("query ($id: ID!) { caseRecord(id: $id) { id } }", "query ($id: ID!) { node(id: $id) { id } }"):
        answer = api.ask("topic_lead", document, id=str(case.id))
        assert not (answer["data"] or {}).get("node")
        assert not (answer["data"] or {}).get("caseRecord")


def test_without_an_invitation_the_answer_is_that_for_what_never_was(
    api: Api, case: Case, connections: Connections, county: TenantContext
) -> None:
    never = look(api, str(new_id(Kind.SUPPORT_INVITATION, START)))
    made = change(api, "county_admin", INVITE, case=str(case.id), reason="x", until=until(1))["invitation"]
    assert never == {"data": {"supportCase": None}}
    assert look(api, "nonsense") == never
    assert look(api, str(case.id)) == never
    assert look(api, made["id"]) == never, "not told to the service team yet"
    collect(connections, county)
    assert look(api, made["id"]) != never
    refused = look(api, made["id"], "operator")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_it_is_revoked_at_once_even_before_the_service_team_is_told(
    api: Api, invitation: str, connections: Connections, county: TenantContext
) -> None:
    never = str(new_id(Kind.SUPPORT_INVITATION, START))
    assert change(api, "county_admin", REVOKE, invitation=never, expectedVersion=1)["__typename"] == "NotFound"
    revoked = change(api, "county_admin", REVOKE, invitation=invitation, expectedVersion=1)
    assert revoked["invitation"]["version"] == 2
    assert look(api, invitation) == {"data": {"supportCase": None}}
    assert change(api, "county_admin", REVOKE, invitation=invitation, expectedVersion=2)["code"] == "ALREADY_ENDED"
    collect(connections, county)
    listed = api.ask("topic_lead", "{ supportInvitations { id } }")["data"]["supportInvitations"]
    assert invitation not in [each["id"] for each in listed]


def test_it_ends_by_itself(api: Api, invitation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = ManualClock(START + timedelta(days=3))
    monkeypatch.setattr(api.app.state.services.execute, "_clock", later)
    assert look(api, invitation) == {"data": {"supportCase": None}}


def test_who_may_invite_and_how_long(api: Api, case: Case, people: People, county: TenantContext) -> None:
    given = {"case": str(case.id), "reason": "x"}
    assert change(api, "caseworker", INVITE, **given, until=until(1))["code"] == "ROLE_MISSING", "not their case"
    claim = "mutation ($input: TaskInput!) { claimTask(input: $input) { __typename } }"
    change(api, "caseworker", claim, task=str(case.tasks[0]), expectedVersion=1)
    assert change(api, "caseworker", INVITE, **given, until=until(1))["__typename"] == "SupportInvitationSuccess"
    for wrong in (until(15), until(0), until(-1)):
        assert change(api, "county_admin", INVITE, **given, until=wrong)["fieldErrors"][0]["path"] == "until"
    without = change(api, "county_admin", INVITE, **given | {"reason": " "}, until=until(1))
    assert without["fieldErrors"][0]["path"] == "reason"
    assert change(api, "treasurer", INVITE, **given, until=until(1))["code"] == "FORBIDDEN"
    assert change(api, "other_county_admin", INVITE, **given, until=until(1))["__typename"] == "NotFound"


def test_without_a_record_the_invited_see_nothing(api: Api, invitation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Statement("reads_nowhere", reads.RECORD.text.replace("case_read", "nowhere_at_all"))
    monkeypatch.setattr(reads, "RECORD", nowhere)
    answer = look(api, invitation)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "Łucja" not in str(answer)
