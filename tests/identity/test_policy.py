from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema

from kreisbund_platform.identity.policy import POLICY, may
from kreisbund_platform.identity.principals import Principal, RealmKind, Role, guest_of
from tests.support.fixtures import principal_of

from .conftest import tenant_named

COUNTY = tenant_named("nordhausen")
SCHEMA = Path(__file__).parents[2] / "api" / "schema.graphql"


def county(*roles: Role) -> Principal:
    return principal_of(COUNTY, *roles)


def shared(kind: RealmKind, *roles: Role) -> Principal:
    return principal_of(None, *roles, realm_kind=kind)


def test_a_field_without_a_line_is_refused_to_everyone():
    assert not may(county(*Role), "Query.everything")
    assert not may(county(*Role), "nonsense")


def test_every_field_of_the_published_schema_has_a_line():
    schema = build_schema(SCHEMA.read_text())
    types = [each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    fields = {f"{each.name}.{field}" for each in types if not each.name.startswith("__") for field in each.fields}
    assert fields - set(POLICY) == set()


@pytest.mark.parametrize(
    "person",
    [
        shared(RealmKind.STATE, Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR),
        shared(RealmKind.SERVICE_TEAM, Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD),
        shared(RealmKind.OPERATIONS, Role.OPERATOR),
    ],
)
def test_state_service_team_and_operators_see_no_case(person: Principal):
    cases = ("CaseRecord", "Task.", "Application", "Decision", "Document", "Party", "CaseEvent", "Delivery")
    assert [line for line in POLICY if line.startswith(cases) and may(person, line)] == []
    for root in ("cases", "caseRecord", "task", "tasks", "application", "applications"):
        assert not may(person, f"Query.{root}")


@pytest.mark.parametrize(
    ("coordinate", "roles"),
    [
        ("Mutation.createTenant", {Role.OPERATOR}),
        ("Query.tenants", {Role.OPERATOR}),
        ("Mutation.adoptTemplate", {Role.COUNTY_ADMIN}),
        ("Query.stateDashboard", {Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR, Role.SERVICE_TEAM_LEAD}),
        ("Query.applications", {Role.CITIZEN}),
        ("Mutation.withdrawApplication", {Role.CITIZEN}),
        ("Mutation.addNote", {Role.CASEWORKER, Role.TEAM_LEAD, Role.RECORDS_OFFICER}),
    ],
)
def test_who_the_contract_names_and_nobody_else(coordinate: str, roles: set[Role]):
    assert {role for role in Role if may(county(role), coordinate)} == roles
    assert not may(guest_of(COUNTY), coordinate)


def test_a_guest_reads_what_is_offered_and_applies():
    guest = guest_of(COUNTY)
    assert may(guest, "Query.publicServices")
    assert may(guest, "Mutation.submitApplication")
    assert may(guest, "SubmitApplicationSuccess.statusSecret")
    for closed in ("Query.viewer", "Query.applications", "Application.documents", "Mutation.completeTask"):
        assert not may(guest, closed)


def test_an_administrator_manages_without_reading_what_people_wrote():
    admin = county(Role.COUNTY_ADMIN)
    assert may(admin, "CaseRecord.status")
    assert not any(may(admin, f"CaseRecord.{field}") for field in ("data", "applicantName", "parties"))
    assert may(county(Role.CASEWORKER), "CaseRecord.data")
