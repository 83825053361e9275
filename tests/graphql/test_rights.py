"""Blocking, standing in, lending roles: each counts from the next request on and ends with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest

from kreisbund_api.graphql.events import EventSource
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.rights import retention
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter, People
from tests.support.fixtures import START, WorkFor, principal_of

TODAY = START.date()
PROBLEM = "... on Problem { code } ... on Invalid { fieldErrors { path code } }"
BLOCK = f"""mutation ($input: BlockAccountInput!) {{ blockAccount(input: $input) {{ __typename
  ... on AccountBlockSuccess {{ block {{ id version subject reason blockedBy {{ name }} }} }} {PROBLEM} }} }}"""
UNBLOCK = f"""mutation ($input: UnblockAccountInput!) {{ unblockAccount(input: $input) {{ __typename
  ... on AccountBlockSuccess {{ block {{ version endedAt }} }} {PROBLEM} }} }}"""
SUBSTITUTE = f"""mutation ($input: NameSubstituteInput!) {{ nameSubstitute(input: $input) {{ __typename
  ... on SubstitutionSuccess {{ substitution {{ id version absent {{ subject }} }} }} {PROBLEM} }} }}"""
END_SUBSTITUTION = f"""mutation ($input: EndSubstitutionInput!) {{ endSubstitution(input: $input) {{ __typename
  ... on SubstitutionSuccess {{ substitution {{ endedAt }} }} {PROBLEM} }} }}"""
DELEGATE = f"""mutation ($input: DelegateRoleInput!) {{ delegateRole(input: $input) {{ __typename
  ... on DelegationSuccess {{ delegation {{ id version role }} }} {PROBLEM} }} }}"""
END_DELEGATION = f"""mutation ($input: EndDelegationInput!) {{ endDelegation(input: $input) {{ __typename
  ... on DelegationSuccess {{ delegation {{ endedAt }} }} {PROBLEM} }} }}"""
CLAIM = f"""mutation ($input: TaskInput!) {{ claimTask(input: $input) {{ __typename
  ... on TaskSuccess {{ task {{ version assignee }} }} {PROBLEM} }} }}"""
RELEASE = CLAIM.replace("claimTask", "releaseTask")
REASSIGN = f"""mutation ($input: ReassignTaskInput!) {{ reassignTask(input: $input) {{ __typename
  ... on TaskSuccess {{ task {{ version status assignee }} }} {PROBLEM} }} }}"""
TO_REASSIGN = "{ tasksToReassign { id assignee } }"
HISTORY = """query ($id: ID!) { caseRecord(id: $id) { history(first: 50) { edges { node {
  type actor onBehalfOf { subject name } } } } } }"""


def change(api: Api, token: str, document: str, **given: Any) -> Any:
    answer = api.ask(token, document, input={**given, "idempotencyKey": str(uuid4())})
    return next(iter(answer["data"].values()))


def days(first: int, last: int) -> dict[str, str]:
    return {name: (TODAY + timedelta(days=n)).isoformat() for name, n in (("firstDay", first), ("lastDay", last))}


@pytest.fixture
def staff(api: Api, people: People, county: TenantContext) -> Iterator[dict[str, str]]:
    """Three caseworkers, a team lead and a treasurer, all of whom have been here once; token to subject."""
    with present(api, people, county, anna="caseworker", bert="caseworker", cleo="caseworker", lena="team_lead",
                 till="treasurer", vera="county_admin") as made:  # fmt: skip
        yield made


@contextmanager
def present(api: Api, people: People, county: TenantContext, **roles: str) -> Iterator[dict[str, str]]:
    """People by token and role who have been here once; token to subject."""
    made = {}
    for name, role in roles.items():
        person = principal_of(county, role, subject=f"{name}-{uuid4()}")
        people.known[name] = replace(person, name=name.title())
        made[name] = person.subject
        assert api.ask(name, "{ viewer { name } }")["data"]
    yield made
    for name in made:
        del people.known[name]


@pytest.fixture
def case(cases: CaseWriter, county: TenantContext, connections: Connections) -> Iterator[Case]:
    written = cases.write(county, f"NDH-2026-{uuid4().int % 10**6:06}", f"applicant-{uuid4()}")
    yield written
    with connections.for_tenant(county) as connection, connection.transaction():
        for table in ("task", "application", "document", "party"):
            connection.execute(f"DELETE FROM {table} WHERE case_id = %s", (written.id,))
        connection.execute("DELETE FROM case_record WHERE id = %s", (written.id,))


def claimed(api: Api, token: str, task: UUID, version: int = 1) -> int:
    result = change(api, token, CLAIM, task=str(task), expectedVersion=version)
    assert result["__typename"] == "TaskSuccess", result
    return int(result["task"]["version"])


def status_of(api: Api, token: str) -> int:
    return anyio.run(lambda: api.send(token, query="{ viewer { name } }")).status_code


def test_a_blocked_account_is_out_with_the_next_request_and_in_again_after(api: Api, staff: dict[str, str]) -> None:
    assert status_of(api, "anna") == 200
    blocked = change(api, "vera", BLOCK, subject=staff["anna"], reason="Dienstausweis verloren")
    assert blocked["block"]["subject"] == staff["anna"]
    assert blocked["block"]["blockedBy"] == {"name": "Vera"}
    assert status_of(api, "anna") == 401
    refused = api.ask("anna", "{ __typename }")
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    listed = api.ask("vera", "{ accountBlocks { subject endedAt person { name blocked } } }")["data"]["accountBlocks"]
    assert {"subject": staff["anna"], "endedAt": None, "person": {"name": "Anna", "blocked": True}} in listed
    stale = change(api, "vera", UNBLOCK, block=blocked["block"]["id"], expectedVersion=7)
    assert stale["code"] == "STALE_VERSION"
    ended = change(api, "vera", UNBLOCK, block=blocked["block"]["id"], expectedVersion=1)
    assert ended["block"]["endedAt"] is not None
    assert status_of(api, "anna") == 200


def test_an_open_stream_ends_with_the_block(api: Api, staff: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kreisbund_api.graphql.events.POLL_SECONDS", 0.01)
    looks = iter(range(1_000))
    look = EventSource._next

    def next_of(source: EventSource) -> Any:
        if next(looks) == 3:
            change(api, "vera", BLOCK, subject=staff["anna"], reason="x")
        return look(source)

    monkeypatch.setattr(EventSource, "_next", next_of)

    async def listen() -> str:
        headers = {"Authorization": "Bearer anna", "Accept": "text/event-stream"}
        async with api.client() as client:
            answer = await client.post(
                "/graphql", json={"query": "subscription { caseEvents { id } }"}, headers=headers
            )
        return answer.text

    text = anyio.run(listen)
    assert "UNAUTHENTICATED" in text
    assert text.rstrip().endswith("event: complete\ndata:")


def test_who_may_block_and_whom(api: Api, staff: dict[str, str], case: Case) -> None:
    for token in ("lena", "anna", "citizen", "operator"):
        assert change(api, token, BLOCK, subject=staff["bert"], reason="x")["code"] == "FORBIDDEN"
    own = change(api, "vera", BLOCK, subject=staff["vera"], reason="x")
    assert own["fieldErrors"] == [{"path": "subject", "code": "YOURSELF"}]
    unknown = change(api, "vera", BLOCK, subject="never-was", reason="x")
    assert unknown["fieldErrors"] == [{"path": "subject", "code": "UNKNOWN_PERSON"}]
    assert change(api, "vera", BLOCK, subject=staff["bert"], reason=" ")["fieldErrors"][0]["code"] == "REQUIRED"
    assert change(api, "other_county_admin", BLOCK, subject=staff["bert"], reason="x")["__typename"] == "Invalid"
    assert change(api, "vera", BLOCK, subject=staff["bert"], reason="x")["__typename"] == "AccountBlockSuccess"
    assert change(api, "vera", BLOCK, subject=staff["bert"], reason="x")["code"] == "ALREADY_BLOCKED"
    assert status_of(api, "bert") == 401


def test_a_blocked_persons_tasks_go_to_somebody_who_may(api: Api, staff: dict[str, str], case: Case) -> None:
    task = case.tasks[0]
    version = claimed(api, "anna", task)
    early = api.ask("lena", TO_REASSIGN)["data"]["tasksToReassign"]
    assert str(task) not in [each["id"] for each in early]
    change(api, "vera", BLOCK, subject=staff["anna"], reason="x")
    found = api.ask("lena", TO_REASSIGN)["data"]["tasksToReassign"]
    assert {"id": str(task), "assignee": staff["anna"]} in found
    given = {"task": str(task), "expectedVersion": version}
    assert change(api, "bert", REASSIGN, **given, assignee=staff["bert"])["code"] == "FORBIDDEN"
    unfit = change(api, "lena", REASSIGN, **given, assignee=staff["till"])
    assert unfit["fieldErrors"] == [{"path": "assignee", "code": "ROLE_MISSING"}]
    moved = change(api, "lena", REASSIGN, **given, assignee=staff["bert"])
    assert moved["task"] == {"version": version + 1, "status": "CLAIMED", "assignee": staff["bert"]}
    assert str(task) not in [each["id"] for each in api.ask("lena", TO_REASSIGN)["data"]["tasksToReassign"]]
    laid_back = change(api, "lena", REASSIGN, task=str(task), expectedVersion=version + 1)
    assert (laid_back["task"]["status"], laid_back["task"]["assignee"]) == ("OPEN", None)


def test_a_substitute_does_the_absent_ones_tasks_in_their_days(api: Api, staff: dict[str, str], case: Case) -> None:
    task = case.tasks[0]
    version = claimed(api, "anna", task)
    given = {"task": str(task), "expectedVersion": version}
    assert change(api, "bert", RELEASE, **given)["code"] == "ALREADY_CLAIMED"
    tomorrow = change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(1, 5))
    assert tomorrow["__typename"] == "SubstitutionSuccess"
    assert change(api, "bert", RELEASE, **given)["code"] == "ALREADY_CLAIMED", "not before its first day"
    named = change(api, "lena", SUBSTITUTE, absent=staff["anna"], substitute=staff["bert"], **days(0, 0))
    assert named["substitution"]["absent"] == {"subject": staff["anna"]}
    assert change(api, "cleo", RELEASE, **given)["code"] == "ALREADY_CLAIMED", "the substitute alone"
    assert change(api, "bert", RELEASE, **given)["__typename"] == "TaskSuccess"
    edges = api.ask("anna", HISTORY, id=str(case.id))["data"]["caseRecord"]["history"]["edges"]
    assert edges[0]["node"] == {
        "type": "TASK_RELEASED", "actor": staff["bert"], "onBehalfOf": {"subject": staff["anna"], "name": "Anna"}
    }  # fmt: skip
    assert edges[1]["node"]["onBehalfOf"] is None


def test_a_substitution_ends_at_once_and_makes_no_chain(api: Api, staff: dict[str, str], case: Case) -> None:
    version = claimed(api, "anna", case.tasks[0])
    given = {"task": str(case.tasks[0]), "expectedVersion": version}
    named = change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(0, 3))["substitution"]
    change(api, "bert", SUBSTITUTE, substitute=staff["cleo"], **days(0, 3))
    assert change(api, "cleo", RELEASE, **given)["code"] == "ALREADY_CLAIMED"
    other = {"substitution": named["id"], "expectedVersion": named["version"]}
    assert change(api, "cleo", END_SUBSTITUTION, **other)["code"] == "ROLE_MISSING"
    assert change(api, "anna", END_SUBSTITUTION, **other)["substitution"]["endedAt"]
    assert change(api, "bert", RELEASE, **given)["code"] == "ALREADY_CLAIMED"
    foreign = change(api, "other_caseworker", END_SUBSTITUTION, **other)
    assert foreign["__typename"] == "NotFound"


def test_what_cannot_be_named(api: Api, staff: dict[str, str]) -> None:
    assert change(api, "vera", BLOCK, subject=staff["cleo"], reason="Verdacht")["__typename"] == "AccountBlockSuccess"
    refused = [
        (change(api, "anna", SUBSTITUTE, substitute=staff["cleo"], **days(0, 1)), "BLOCKED"),
        (change(api, "anna", SUBSTITUTE, substitute=staff["anna"], **days(0, 1)), "SAME_PERSON"),
        (change(api, "anna", SUBSTITUTE, substitute="never-was", **days(0, 1)), "UNKNOWN_PERSON"),
        (change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(2, 1)), "BEFORE_FIRST"),
        (change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(-3, -1)), "OVER"),
        (change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(0, 400)), "TOO_LONG"),
        (change(api, "anna", DELEGATE, role="team_lead", delegate=staff["bert"], **days(0, 1)), "NOT_YOURS"),
        (change(api, "anna", DELEGATE, role="operator", delegate=staff["bert"], **days(0, 1)), "NOT_LENDABLE"),
    ]
    for result, code in refused:
        assert result["fieldErrors"][0]["code"] == code
    for_another = change(api, "bert", SUBSTITUTE, absent=staff["anna"], substitute=staff["lena"], **days(0, 1))
    assert for_another["code"] == "ROLE_MISSING"


def test_a_lent_role_counts_at_once_is_named_and_goes_home_at_once(api: Api, staff: dict[str, str], case: Case) -> None:
    incidents = "{ tasksToReassign { id } }"
    assert api.ask("bert", incidents)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    lent = change(api, "lena", DELEGATE, role="team_lead", delegate=staff["bert"], **days(0, 2))["delegation"]
    assert api.ask("bert", incidents)["data"] is not None
    assert "team_lead" in api.ask("bert", "{ viewer { roles } }")["data"]["viewer"]["roles"]
    further = change(api, "bert", DELEGATE, role="team_lead", delegate=staff["cleo"], **days(0, 1))
    assert further["fieldErrors"][0]["code"] == "NOT_YOURS", "what is lent is not lent on"
    never = change(api, "lena", END_DELEGATION, delegation=str(new_id(Kind.DELEGATION, START)), expectedVersion=1)
    assert never["__typename"] == "NotFound"
    ended = change(api, "lena", END_DELEGATION, delegation=lent["id"], expectedVersion=lent["version"])
    assert ended["delegation"]["endedAt"]
    assert api.ask("bert", incidents)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    known = {
        each["subject"]: each["roles"]
        for each in api.ask("bert", "{ staffMembers { subject roles } }")["data"]["staffMembers"]
    }
    assert known[staff["bert"]] == ["caseworker"], "what was lent is not taken for the person's own"


def test_a_task_done_by_a_lent_role_says_so(
    api: Api, staff: dict[str, str], case: Case, connections: Connections, county: TenantContext
) -> None:
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE task SET role = 'treasurer' WHERE id = %s", (case.tasks[0],))
    given = {"task": str(case.tasks[0]), "expectedVersion": 1}
    assert change(api, "bert", CLAIM, **given)["code"] == "ROLE_MISSING"
    change(api, "till", DELEGATE, role="treasurer", delegate=staff["bert"], **days(0, 0))
    assert change(api, "bert", CLAIM, **given)["task"]["assignee"] == staff["bert"]
    edges = api.ask("anna", HISTORY, id=str(case.id))["data"]["caseRecord"]["history"]["edges"]
    assert edges[0]["node"]["onBehalfOf"] == {"subject": staff["till"], "name": "Till"}


def test_a_lent_role_reaches_no_further_than_its_lender(
    api: Api, people: People, staff: dict[str, str], case: Case, connections: Connections, county: TenantContext
) -> None:
    here, there = UUID(int=7), UUID(int=8)
    people.known["till"] = replace(people.known["till"], units=(here,))
    people.known["bert"] = replace(people.known["bert"], units=(there,))
    for token in ("till", "bert"):
        api.ask(token, "{ viewer { name } }")
    change(api, "till", DELEGATE, role="treasurer", delegate=staff["bert"], **days(0, 0))
    given = {"task": str(case.tasks[0]), "expectedVersion": 1}
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE task SET role = 'treasurer', unit_id = %s WHERE id = %s", (there, case.tasks[0]))
    assert change(api, "bert", CLAIM, **given)["code"] == "OTHER_UNIT", "not the lent role in the borrower's own unit"
    with connections.for_tenant(county) as connection:
        connection.execute("UPDATE task SET unit_id = %s WHERE id = %s", (here, case.tasks[0]))
    assert change(api, "bert", CLAIM, **given)["__typename"] == "TaskSuccess"


def test_a_lender_who_lost_the_role_or_is_blocked_lends_nothing(
    api: Api, people: People, staff: dict[str, str]
) -> None:
    change(api, "lena", DELEGATE, role="team_lead", delegate=staff["bert"], **days(0, 2))
    blocked = change(api, "vera", BLOCK, subject=staff["lena"], reason="x")["block"]
    assert api.ask("bert", TO_REASSIGN)["errors"]
    change(api, "vera", UNBLOCK, block=blocked["id"], expectedVersion=1)
    assert "errors" not in api.ask("bert", TO_REASSIGN)
    people.known["lena"] = replace(people.known["lena"], roles=frozenset({Role.CASEWORKER}))
    api.ask("lena", "{ viewer { name } }")
    assert api.ask("bert", TO_REASSIGN)["errors"]


def test_another_county_sees_none_of_it(api: Api, staff: dict[str, str]) -> None:
    change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(0, 3))
    asked = "{ staffMembers { subject } substitutions { absent { subject } } delegations { role } }"
    found = api.ask("other_caseworker", asked)["data"]
    assert staff["anna"] not in str(found)
    assert found["substitutions"] == []
    assert staff["anna"] in str(api.ask("bert", asked)["data"]["substitutions"])


def test_what_is_past_its_time_goes_and_what_still_counts_stays(
    api: Api, staff: dict[str, str], county: TenantContext, work_for: WorkFor, clock: ManualClock
) -> None:
    change(api, "anna", SUBSTITUTE, substitute=staff["bert"], **days(0, 3))
    ended = change(api, "vera", BLOCK, subject=staff["cleo"], reason="x")["block"]
    change(api, "vera", UNBLOCK, block=ended["id"], expectedVersion=1)
    change(api, "vera", BLOCK, subject=staff["till"], reason="x")

    def left(work: WorkContext) -> tuple[set[str], set[str]]:
        people = work.connection.execute("SELECT subject FROM staff_account").fetchall()
        blocks = work.connection.execute("SELECT subject FROM account_block").fetchall()
        return {row[0] for row in people} & set(staff.values()), {row[0] for row in blocks} & set(staff.values())

    with work_for(county, "caseworker") as work:
        clock.set(START + timedelta(days=500))
        retention.forget_old(work)
        assert left(work) == ({staff["anna"], staff["bert"]}, {staff["cleo"], staff["till"]})
        clock.set(START + timedelta(days=1200))
        retention.forget_old(work)
        assert left(work) == (set(), {staff["till"]})


def test_a_county_that_a_migration_left_behind_goes_on(api: Api, database: Database, county: TenantContext) -> None:
    table = f"{county.schema_name}.account_block"
    with database.owner() as owner:
        owner.execute(f"ALTER TABLE {table} RENAME TO account_block_not_yet")
        try:
            assert status_of(api, "caseworker") == 200
        finally:
            owner.execute(f"ALTER TABLE {table}_not_yet RENAME TO account_block")
    assert status_of(api, "caseworker") == 200
