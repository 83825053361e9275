"""What the manifest lists needs two natural persons, who mean the same content."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from kreisbund_platform.database.session import Database
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, People
from tests.support.fixtures import START, principal_of

BLOCK = """mutation ($input: BlockAccountInput!) { blockAccount(input: $input) { __typename
  ... on Problem { code } ... on AccountBlockSuccess { block { id } } } }"""
OPEN = """{ approvals { id operation content contentHash version proposedBy { name } confirmedAt } }"""
CONFIRM = """mutation ($input: ConfirmApprovalInput!) { confirmApproval(input: $input) { __typename
  ... on Problem { code } ... on ApprovalSuccess { approval { version confirmedBy { name } } } } }"""
WITHDRAW = """mutation ($input: WithdrawApprovalInput!) { withdrawApproval(input: $input) { __typename
  ... on Problem { code } } }"""
DELEGATE = """mutation ($input: DelegateRoleInput!) { delegateRole(input: $input) { __typename } }"""


def change(api: Api, token: str, document: str, **given: Any) -> Any:
    answer = api.ask(token, document, input={**given, "idempotencyKey": str(uuid4())})
    return next(iter(answer["data"].values()))


@pytest.fixture
def admins(api: Api, people: People, county: TenantContext) -> Iterator[dict[str, str]]:
    """Two admins, a caseworker and somebody to block, in a county that wants four eyes for blocking."""
    asking = replace(county, four_eyes={"mutations": ["blockAccount"]})
    made = {}
    roles = (("ada", "county_admin"), ("bea", "county_admin"), ("carl", "caseworker"), ("dora", "caseworker"))
    for name, role in roles:
        people.known[name] = replace(principal_of(asking, role, subject=f"{name}-{uuid4()}"), name=name.title())
        made[name] = people.known[name].subject
        api.ask(name, "{ viewer { name } }")
    yield made
    for name in made:
        del people.known[name]


def block(api: Api, token: str, subject: str, reason: str = "Verdacht") -> Any:
    return change(api, token, BLOCK, subject=subject, reason=reason)


def proposal(api: Api, token: str, subject: str) -> Any:
    found = api.ask(token, OPEN)["data"]["approvals"]
    return next((each for each in found if each["content"]["subject"] == subject), None)


def confirm(api: Api, token: str, seen: Any) -> Any:
    given = {"approval": seen["id"], "contentHash": seen["contentHash"], "expectedVersion": seen["version"]}
    return change(api, token, CONFIRM, **given)


def test_one_proposes_another_confirms_and_it_happens_once(api: Api, admins: dict[str, str]) -> None:
    assert block(api, "ada", admins["dora"]) == {"__typename": "Forbidden", "code": "SECOND_PERSON_NEEDED"}
    assert "errors" not in api.ask("dora", "{ viewer { name } }"), "nothing has happened yet"
    seen = proposal(api, "bea", admins["dora"])
    assert seen["content"] == {"subject": admins["dora"], "reason": "Verdacht"}
    assert seen["proposedBy"] == {"name": "Ada"}
    assert block(api, "ada", admins["dora"])["code"] == "SECOND_PERSON_NEEDED", "asking twice proposes once"
    assert proposal(api, "bea", admins["dora"])["id"] == seen["id"]
    assert confirm(api, "ada", seen)["code"] == "SAME_PERSON"
    assert confirm(api, "bea", seen)["approval"] == {"version": 2, "confirmedBy": {"name": "Bea"}}
    assert block(api, "ada", admins["dora"])["__typename"] == "AccountBlockSuccess"
    assert "errors" in api.ask("dora", "{ viewer { name } }")
    assert proposal(api, "ada", admins["dora"]) is None, "used up"


def test_other_content_and_another_asker_are_not_what_was_confirmed(api: Api, admins: dict[str, str]) -> None:
    block(api, "ada", admins["dora"])
    confirm(api, "bea", proposal(api, "bea", admins["dora"]))
    assert block(api, "ada", admins["dora"], "anderer Grund")["code"] == "SECOND_PERSON_NEEDED"
    assert block(api, "ada", admins["carl"])["code"] == "SECOND_PERSON_NEEDED"
    assert block(api, "bea", admins["dora"])["code"] == "SECOND_PERSON_NEEDED"


def test_what_is_refused_anyway_is_not_proposed(api: Api, admins: dict[str, str]) -> None:
    assert block(api, "ada", "never-was")["__typename"] == "Invalid"
    assert proposal(api, "bea", "never-was") is None


def test_a_refused_second_try_does_not_use_up_the_confirmation(
    api: Api, admins: dict[str, str], connections: Connections, county: TenantContext
) -> None:
    block(api, "ada", admins["dora"])
    confirm(api, "bea", proposal(api, "bea", admins["dora"]))
    with connections.for_tenant(county) as connection:
        connection.execute(
            "INSERT INTO account_block VALUES (%s, %s, 'x', %s, 'x', NULL, NULL, 1)", (uuid4(), admins["dora"], START)
        )
        assert block(api, "ada", admins["dora"])["code"] == "ALREADY_BLOCKED"
        connection.execute("DELETE FROM account_block WHERE subject = %s", (admins["dora"],))
    assert block(api, "ada", admins["dora"])["__typename"] == "AccountBlockSuccess"


def test_only_who_might_do_it_sees_and_confirms_it(api: Api, admins: dict[str, str]) -> None:
    block(api, "ada", admins["dora"])
    seen = proposal(api, "bea", admins["dora"])
    assert proposal(api, "carl", admins["dora"]) is None
    assert confirm(api, "carl", seen)["__typename"] == "NotFound"
    assert confirm(api, "other_county_admin", seen)["__typename"] == "NotFound"
    assert confirm(api, "bea", {**seen, "contentHash": "0" * 64})["code"] == "OTHER_CONTENT"
    withdrawn = change(api, "bea", WITHDRAW, approval=seen["id"], expectedVersion=1)
    assert withdrawn["__typename"] == "ApprovalSuccess"
    assert confirm(api, "bea", {**seen, "version": 2})["code"] == "APPROVAL_CLOSED"


def test_two_accounts_of_one_natural_person_are_one(
    api: Api, admins: dict[str, str], database: Database, county: TenantContext
) -> None:
    block(api, "ada", admins["dora"])
    person = uuid4()
    with database.owner() as owner:
        for name in ("ada", "bea"):
            owner.execute(
                "INSERT INTO shared.natural_person_account VALUES (%s, %s, %s, %s, 'operations:x')",
                (county.slug, admins[name], person, START),
            )
    assert confirm(api, "bea", proposal(api, "bea", admins["dora"]))["code"] == "SAME_PERSON"


def test_a_role_lent_by_the_proposer_confirms_nothing(api: Api, admins: dict[str, str]) -> None:
    days = {"firstDay": START.date().isoformat(), "lastDay": START.date().isoformat()}
    assert change(api, "ada", DELEGATE, role="county_admin", delegate=admins["carl"], **days)["__typename"] == (
        "DelegationSuccess"
    )
    block(api, "ada", admins["dora"])
    seen = proposal(api, "carl", admins["dora"])
    assert confirm(api, "carl", seen)["code"] == "SAME_PERSON"
    block(api, "carl", admins["dora"])
    own = next(each for each in api.ask("ada", OPEN)["data"]["approvals"] if each["proposedBy"]["name"] == "Carl")
    assert confirm(api, "ada", own)["code"] == "SAME_PERSON", "nor the lender what was proposed by their right"


def test_the_database_itself_refuses_one_person_and_a_changed_proposal(
    api: Api, admins: dict[str, str], connections: Connections, county: TenantContext
) -> None:
    block(api, "ada", admins["dora"])
    seen = proposal(api, "bea", admins["dora"])
    forging = (
        "UPDATE approval SET confirmed_at = now(), confirmed_by = 'x', confirming_persons = proposing_persons",
        "UPDATE approval SET used_at = now()",
        "UPDATE approval SET content_hash = 'other'",
        "UPDATE approval SET proposing_persons = '{x}'",
    )
    with connections.for_tenant(county) as connection:
        for statement in forging:
            with pytest.raises(psycopg.errors.IntegrityError):
                connection.execute(f"{statement} WHERE id = %s", (seen["id"],))
