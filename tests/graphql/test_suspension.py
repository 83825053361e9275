"""A suspended county: its staff change nothing but who looks on, citizens read and answer."""

import secrets
from dataclasses import replace

import pytest

from kreisbund_platform.identity.policy import may
from kreisbund_platform.identity.principals import COUNTY_STAFF
from kreisbund_platform.identity.suspension import PROTECTING
from tests.isolation.changes import _change, document
from tests.isolation.generator import MUTATION
from tests.support.fixtures import principal_of

STAFF_MUTATIONS = sorted(
    field for field in MUTATION.fields
    if field not in PROTECTING and any(may(principal_of(None, role), f"Mutation.{field}") for role in COUNTY_STAFF)
)  # fmt: skip


@pytest.fixture(scope="module")
def suspended(people, county):
    """Tokens of the same people as they are while the county is suspended."""
    closed = replace(county, status="SUSPENDED")
    for role in [*map(str, COUNTY_STAFF), "citizen"]:
        people.known[f"suspended_{role}"] = principal_of(closed, role)
    return closed


def test_no_mutation_is_open_to_staff(api, suspended, deployment, county):
    assert len(STAFF_MUTATIONS) > 25
    with deployment.connections.for_tenant(county) as connection:
        before = connection.execute("SELECT seq FROM chain_head").fetchone()
    closed = 0
    for field in STAFF_MUTATIONS:
        for role in COUNTY_STAFF:
            if not may(principal_of(county, role), f"Mutation.{field}"):
                continue
            asked = document([_change(field, "", secrets.token_hex(16))])
            answer = api.ask(f"suspended_{role}", asked["query"], **asked["variables"])["data"]["a0"]
            assert (answer["__typename"], answer["code"]) == ("Forbidden", "TENANT_SUSPENDED"), (field, role)
            closed += 1
    assert closed > 50
    with deployment.connections.for_tenant(county) as connection:
        assert connection.execute("SELECT seq FROM chain_head").fetchone() == before


def test_staff_read_and_citizens_read_and_write_back(api, suspended, own_case):
    read = api.ask("suspended_caseworker", "query($c: ID!) { caseRecord(id: $c) { caseNumber } }", c=str(own_case.id))
    assert "data" in read, read
    assert read["data"]["caseRecord"]["caseNumber"] == own_case.number
    document = "query($a: ID!) { application(id: $a) { documents { edges { node { title } } } } }"
    own = api.ask("suspended_citizen", document, a=str(own_case.application))
    assert own["data"]["application"]["documents"]["edges"] == [{"node": {"title": "Plan"}}]
    message = """mutation($input: SendMessageInput!) { sendMessage(input: $input) { __typename
        ... on Problem { code } } }"""
    given = {"case": str(own_case.id), "subject": "Frage", "text": "Wann?", "idempotencyKey": secrets.token_hex(8)}
    assert api.ask("suspended_citizen", message, input=given)["data"]["sendMessage"]["__typename"] == (
        "SendMessageSuccess"
    )
