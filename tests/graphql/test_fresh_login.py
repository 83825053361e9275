"""Some changes need a login of the last minutes, and a second factor where the realm asks for one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_platform.errors import FreshLogin
from kreisbund_platform.identity.freshness import FRESH_MUTATIONS, fresh_login_problem
from kreisbund_platform.identity.principals import Principal, RealmKind
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, People
from tests.support.fixtures import START, principal_of

DELEGATE = """mutation ($input: DelegateRoleInput!) { delegateRole(input: $input) { __typename
  ... on Problem { code } ... on Forbidden { freshLogin { seconds: maxAgeSeconds secondFactor } }
  ... on Invalid { fieldErrors { path } } } }"""


@pytest.fixture
def lead(people: People, county: TenantContext) -> Iterator[Principal]:
    people.known["lead"] = principal_of(county, "team_lead", subject=f"lead-{uuid4()}")
    yield people.known["lead"]
    del people.known["lead"]


def delegate(api: Api, key: str) -> Any:
    given = {"role": "team_lead", "delegate": "never-was", "firstDay": "2026-03-02", "lastDay": "2026-03-03"}
    return api.ask("lead", DELEGATE, input={**given, "idempotencyKey": key})["data"]["delegateRole"]


def test_an_old_login_is_asked_to_prove_itself_and_the_same_key_serves_after(
    api: Api, people: People, lead: Principal, key: str
) -> None:
    for moment in (START - timedelta(hours=1), START + timedelta(hours=1), None):
        people.known["lead"] = replace(lead, authenticated_at=moment)
        refused = delegate(api, key)
        assert (refused["__typename"], refused["code"]) == ("Forbidden", "FRESH_LOGIN_REQUIRED")
        assert refused["freshLogin"] == {"seconds": 900, "secondFactor": False}
    people.known["lead"] = lead
    assert delegate(api, key) == {
        "__typename": "Invalid",
        "code": "INVALID_INPUT",
        "fieldErrors": [{"path": "delegate"}],
    }


def test_who_may_not_is_told_that_and_no_login_helps(api: Api, people: People, county: TenantContext) -> None:
    people.known["old"] = replace(principal_of(county, "citizen"), authenticated_at=None)
    answer = api.ask("old", DELEGATE, input={
        "role": "team_lead", "delegate": "x", "firstDay": "2026-03-02", "lastDay": "2026-03-03", "idempotencyKey": "k",
    })  # fmt: skip
    assert answer["data"]["delegateRole"] == {"__typename": "Forbidden", "code": "FORBIDDEN", "freshLogin": None}


def test_every_named_mutation_is_one_of_the_schema() -> None:
    mutations = SCHEMA._schema.mutation_type
    assert mutations is not None
    assert set(mutations.fields) >= FRESH_MUTATIONS
    assert {"createTenant", "signPublication", "releaseVersion"} <= FRESH_MUTATIONS


def test_production_asks_for_five_minutes_and_the_second_factor(settings: Settings, county: TenantContext) -> None:
    strict = replace(settings, environment="production")
    admin = replace(principal_of(county, "county_admin"), authentication_methods=frozenset({"pwd", "hwk"}))
    held = START + timedelta(minutes=5)
    assert fresh_login_problem(admin, "releaseVersion", strict, held) is None
    late = fresh_login_problem(admin, "releaseVersion", strict, held + timedelta(seconds=1))
    assert late is not None
    assert late.fresh_login == FreshLogin(300, second_factor=True)
    one_factor = replace(admin, authentication_methods=frozenset({"pwd"}))
    assert fresh_login_problem(one_factor, "releaseVersion", strict, START) is not None
    assert fresh_login_problem(one_factor, "addNote", strict, START) is None
    operator = principal_of(None, "operator", realm_kind=RealmKind.OPERATIONS)
    assert fresh_login_problem(operator, "createTenant", strict, START) is not None


def test_the_manifest_brings_the_second_factor_into_a_demonstration(settings: Settings, county: TenantContext) -> None:
    asked = replace(county, identity={"staff_second_factor": True})
    admin = replace(principal_of(asked, "county_admin"), authentication_methods=frozenset({"pwd"}))
    assert fresh_login_problem(admin, "releaseVersion", settings, START) is not None
    assert (
        fresh_login_problem(
            replace(admin, authentication_methods=frozenset({"pwd", "hwk"})), "releaseVersion", settings, START
        )
        is None
    )
    assert fresh_login_problem(principal_of(county, "county_admin"), "releaseVersion", settings, START) is None
