"""Moving a case through the API: who may, once for ever, and another county's transfers are nobody's business."""

import secrets
from typing import cast

import pytest

from kreisbund_api.main import create_api
from kreisbund_api.worker import Worker
from kreisbund_platform.identity.tokens import TokenChecker
from tests.support.api import Api, People
from tests.support.fixtures import OTHER_COUNTY, principal_of

TRANSFER = """mutation($input: TransferCaseInput!) { transferCase(input: $input) { __typename
  ... on CaseTransferSuccess { transfer { id direction status packageHash county { slug } case { status } } }
  ... on Problem { code } } }"""
ACCEPT = """mutation($input: AcceptTransferInput!) { acceptTransfer(input: $input) { __typename
  ... on CaseTransferSuccess { transfer { status receiptNumber history case { caseNumber status } } }
  ... on Problem { code } } }"""
LIST = """{ caseTransfers(first: 100) { edges { node { id version direction status reason otherCaseNumber
  county { slug } case { id } } } } }"""
ONE = "query($id: ID!) { caseTransfer(id: $id) { id } node(id: $id) { id } }"


@pytest.fixture
def api(office, other_office):
    people = People()
    for role in ("caseworker", "team_lead", "records_officer", "citizen", "county_admin"):
        people.known[role] = principal_of(office.tenant, role)
        people.known[f"other_{role}"] = principal_of(other_office.tenant, role)
    app = create_api(office.deployment.settings, clock=office.clock, tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()


def test_from_county_to_county(api, office, other_office):
    case_id = office.submit().case_id
    given = {"case": str(case_id), "county": OTHER_COUNTY, "reason": "Umzug", "expectedVersion": 1}
    given["idempotencyKey"] = secrets.token_hex(8)
    for role in ("caseworker", "county_admin", "citizen"):
        refused = api.ask(role, TRANSFER, input=given)["data"]["transferCase"]
        assert (refused["__typename"], refused["code"]) == ("Forbidden", "FORBIDDEN")
    assert api.ask("other_team_lead", TRANSFER, input=given)["data"]["transferCase"]["__typename"] == "NotFound"
    first = api.ask("team_lead", TRANSFER, input=given)["data"]["transferCase"]
    sent = first["transfer"]
    assert (sent["direction"], sent["status"], sent["county"], sent["case"]) == (
        "OUT", "PACKED", {"slug": OTHER_COUNTY}, {"status": "TRANSFERRED"})  # fmt: skip
    assert api.app.state.executor.changed._due[office.tenant.id] == office.clock.now(), "the worker is to send it"
    assert api.ask("team_lead", TRANSFER, input=given)["data"]["transferCase"] == first
    here = office.deployment
    worker = Worker(here.settings, here.connections, here.registry, office.clock)
    for slug in (office.tenant.slug, OTHER_COUNTY):
        worker.serve(here.registry.by_slug(slug))
    edges = api.ask("other_records_officer", LIST)["data"]["caseTransfers"]["edges"]
    (arrived,) = [edge["node"] for edge in edges if edge["node"]["id"] == sent["id"]]
    assert (arrived["direction"], arrived["status"], arrived["case"], arrived["reason"]) == (
        "IN", "ARRIVED", None, "Umzug")  # fmt: skip
    assert arrived["otherCaseNumber"] == office.case(case_id).case_number
    answer = {"transfer": sent["id"], "expectedVersion": arrived["version"], "idempotencyKey": secrets.token_hex(8)}
    assert api.ask("other_caseworker", ACCEPT, input=answer)["data"]["acceptTransfer"]["code"] == "FORBIDDEN"
    assert api.ask("records_officer", ACCEPT, input=answer)["data"]["acceptTransfer"]["__typename"] == "NotFound"
    accepted = api.ask("other_records_officer", ACCEPT, input=answer)["data"]["acceptTransfer"]["transfer"]
    assert accepted["receiptNumber"] == accepted["case"]["caseNumber"]
    assert (accepted["status"], accepted["case"]["status"]) == ("ACCEPTED", "SUBMITTED")
    assert accepted["history"]
    assert api.ask("other_records_officer", ACCEPT, input=answer)["data"]["acceptTransfer"]["transfer"] == accepted


def test_a_foreign_transfer_and_one_that_never_was_are_alike(api, office, other_office):
    case_id = office.submit().case_id
    given = {"case": str(case_id), "county": "kyffhaeuserkreis", "reason": "Umzug", "expectedVersion": 1}
    sent = api.ask("team_lead", TRANSFER, input={**given, "idempotencyKey": secrets.token_hex(8)})
    transfer = sent["data"]["transferCase"]["transfer"]["id"]
    new = transfer[:-4] + ("0000" if transfer[-4:] != "0000" else "1111")
    assert api.ask("team_lead", ONE, id=transfer)["data"]["caseTransfer"] == {"id": transfer}
    assert api.ask("other_team_lead", ONE, id=transfer) == api.ask("other_team_lead", ONE, id=new)
    assert api.ask("other_team_lead", ONE, id=transfer)["data"] == {"caseTransfer": None, "node": None}
