"""Reading: one statement a root, aliases and fragments, pages, and who sees what."""

from typing import Any

import pytest

from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case, CaseWriter, Template


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def test_a_case_with_everything_below_it(api: Api, own_case: Case) -> None:
    answer = api.ask(
        "caseworker",
        """query ($id: ID!, $no: Boolean!) {
          first: caseRecord(id: $id) { ...facts hidden: version @include(if: $no) tasks(first: 1) {
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            edges { cursor node { name role form { schema example } case { number: caseNumber } } } } }
        }
        fragment facts on CaseRecord {
          __typename id caseNumber status channel data receivedAt openedAt applicantName dueAt
          template { slug topic { leadCounty { slug kind } } currentVersion { number } startForm { example } }
          templateVersion { number contentHash } parties { role name represents } decisions { id }
          documents { edges { node { title sizeBytes downloadUrl } } } history { edges { node { type at actor } } }
          application { id submittedAt }
        }""",
        id=str(own_case.id),
        no=False,
    )
    assert "errors" not in answer
    case = answer["data"]["first"]
    assert case["__typename"] == "CaseRecord"
    assert "hidden" not in case
    assert case["data"] == {"reason": "Weg"}
    assert case["receivedAt"] == "2026-03-02T09:00:00+00:00"
    assert case["dueAt"] is None
    assert case["template"]["topic"]["leadCounty"] == {"slug": "nordhausen", "kind": "COUNTY"}
    assert case["template"]["startForm"]["example"] == {"reason": "Łucja"}
    assert case["parties"] == [{"role": "applicant", "name": "Łucja Groß", "represents": []}]
    assert case["documents"]["edges"][0]["node"]["downloadUrl"].endswith(f"/documents/{own_case.document}")
    tasks = case["tasks"]
    assert tasks["totalCount"] == 2
    assert tasks["pageInfo"]["hasNextPage"] is True
    assert tasks["pageInfo"]["startCursor"] == tasks["pageInfo"]["endCursor"] == tasks["edges"][0]["cursor"]
    assert "example" not in tasks["edges"][0]["node"]["form"]["schema"]
    assert tasks["edges"][0]["node"]["case"] == {"number": own_case.number}


def test_pages_follow_each_other_without_gap_or_repeat(
    api: Api, cases: CaseWriter, other_county: TenantContext, foreign_case: Case
) -> None:
    wanted = {foreign_case.number}
    for number in range(2, 9):
        # two share a moment: the id decides
        wanted.add(cases.write(other_county, f"WAK-2026-{number:06}", "x", minutes=number // 2).number)
    seen, after = [], None
    for _page in range(10):
        page = api.ask(
            "other_caseworker",
            "query ($after: String) { cases(first: 3, after: $after) {"
            " edges { node { caseNumber openedAt } } pageInfo { hasNextPage hasPreviousPage endCursor } } }",
            after=after,
        )["data"]["cases"]
        seen += [edge["node"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(wanted)
    assert {node["caseNumber"] for node in seen} == wanted
    assert [node["openedAt"] for node in seen] == sorted((node["openedAt"] for node in seen), reverse=True)


@pytest.mark.parametrize(
    "arguments",
    [
        "first: -1",
        "first: 101",
        'after: "x"',
        'after: "bm9wZQ=="',
        'after: "WzEsMl0="',
        'after: "WyIyMDI2LTAxLTAxIiwgIngiXQ=="',
        'after: "W10="',
        'after: "é"',
    ],
)
def test_a_page_that_cannot_be_is_bad_input(api: Api, arguments: str) -> None:
    answer = api.ask("caseworker", f"{{ cases({arguments}) {{ edges {{ cursor }} }} }}")
    assert codes(answer) == ["BAD_USER_INPUT"]


def test_no_page_at_all(api: Api, own_case: Case) -> None:
    asked = "{ cases(first: 0) { edges { cursor } pageInfo { hasNextPage startCursor endCursor } } }"
    page = api.ask("caseworker", asked)["data"]["cases"]
    assert page == {"edges": [], "pageInfo": {"hasNextPage": True, "startCursor": None, "endCursor": None}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("NDH-2026-000001", True),
        ("gro", True),
        ("łuc", True),
        ("roß", False),
        ("%", False),
        ("_ucja", False),
        ("NDH-2026-00000", False),
        ("\\", False),
    ],
)
def test_search_by_whole_number_or_start_of_a_name(api: Api, own_case: Case, text: str, found: bool) -> None:
    document = "query ($text: String) { cases(filter: {text: $text}) { edges { node { id } } } }"
    hits = api.ask("caseworker", document, text=text)["data"]["cases"]["edges"]
    assert [hit["node"]["id"] for hit in hits] == ([str(own_case.id)] if found else [])


def test_filters(api: Api, own_case: Case) -> None:
    document = """query ($case: ID) {
      none: cases(filter: {status: [CLOSED]}) { totalCount }
      some: cases(filter: {status: [SUBMITTED, CLOSED], template: "testantrag"}) { totalCount }
      late: cases(filter: {dueBefore: "2030-01-01"}) { totalCount }
      mine: cases(filter: {assignee: "nobody"}) { totalCount }
      tasks(filter: {case: $case, role: "citizen", status: [OPEN]}) { totalCount }
    }"""
    answer = api.ask("caseworker", document, case=str(own_case.id))["data"]
    counts = {name: part["totalCount"] for name, part in answer.items()}
    assert counts == {"none": 0, "some": 1, "late": 0, "mine": 0, "tasks": 1}
    assert api.ask("caseworker", document, case="nonsense")["data"]["tasks"]["totalCount"] == 0


def test_what_is_not_there_foreign_or_unreadable_is_null(api: Api, own_case: Case, foreign_case: Case) -> None:
    document = """query ($id: ID!) { node(id: $id) { id } caseRecord(id: $id) { id } task(id: $id) { id } }"""
    nothing = {"node": None, "caseRecord": None, "task": None}
    swapped = str(own_case.id)[:-1] + ("0" if str(own_case.id)[-1] != "0" else "1")
    for id in (foreign_case.id, foreign_case.tasks[0], swapped, "x" * 5000, "", "' OR 1=1 --"):
        assert api.ask("caseworker", document, id=str(id)) == {"data": nothing}
    answer = api.ask("caseworker", document, id=str(own_case.id))["data"]
    assert answer == {"node": {"id": str(own_case.id)}, "caseRecord": {"id": str(own_case.id)}, "task": None}


def test_a_citizen_sees_their_own_alone(api: Api, own_case: Case) -> None:
    document = """query ($app: ID!, $case: ID!) {
      application(id: $app) { caseNumber status tasks { role } history { edges { node { type } } }
        template { slug } documents { edges { node { id } } } }
      applications { edges { node { id } } totalCount }
      tasks { edges { node { id role case { caseNumber } } } }
      node(id: $case) { id }
    }"""
    values = {"app": str(own_case.application), "case": str(own_case.id)}
    mine = api.ask("citizen", document, **values)["data"]
    assert mine["application"]["caseNumber"] == own_case.number
    assert mine["applications"]["totalCount"] == 1
    assert [edge["node"]["id"] for edge in mine["tasks"]["edges"]] == [str(own_case.tasks[1])]
    assert mine["node"] == {"id": str(own_case.id)}
    theirs = api.ask("neighbour", document, **values)["data"]
    assert theirs["application"] is None
    assert theirs["applications"] == {"edges": [], "totalCount": 0}
    assert theirs["tasks"] == {"edges": []}
    assert theirs["node"] is None


def test_fields_and_roots_are_refused_by_policy(api: Api, own_case: Case) -> None:
    assert codes(api.ask("citizen", "{ cases { totalCount } }")) == ["FORBIDDEN"]
    assert codes(api.ask("granting_authority", "{ cases { totalCount } }")) == ["FORBIDDEN"]
    assert codes(api.ask("caseworker", "{ tenants { totalCount } }")) == ["FORBIDDEN"]
    assert codes(api.ask("caseworker", "{ stateDashboard { generatedAt } }")) == ["FORBIDDEN"]
    document = "query ($id: ID!) { caseRecord(id: $id) { caseNumber data applicantName } }"
    answer = api.ask("county_admin", document, id=str(own_case.id))
    assert answer["data"]["caseRecord"] == {"caseNumber": own_case.number, "data": None, "applicantName": None}
    assert codes(answer) == ["FORBIDDEN"] * 2
    assert answer["errors"][0]["path"] == ["caseRecord", "data"]


@pytest.mark.parametrize("token", ["granting_authority", "operator", "service_team_lead"])
def test_nobody_outside_reaches_a_case_through_its_id(api: Api, own_case: Case, token: str) -> None:
    for id in (own_case.id, own_case.application, own_case.tasks[0], own_case.event, own_case.document):
        assert api.ask(token, "query ($id: ID!) { node(id: $id) { id } }", id=str(id)) == {"data": {"node": None}}


def test_the_catalogue_here_and_elsewhere(api: Api, template: Template) -> None:
    document = """{ processTemplate(slug: "testantrag") { adoptedHere currentVersion { number } startForm { example } }
      processTemplates(search: "TESTAN") { edges { node { slug } } } }"""
    for token, adopted in (("caseworker", True), ("other_citizen", False), ("service_team_lead", False)):
        answer = api.ask(token, document)["data"]
        assert answer["processTemplate"]["adoptedHere"] is adopted
        assert answer["processTemplate"]["currentVersion"] == {"number": 1}
        assert answer["processTemplates"]["edges"] == [{"node": {"slug": "testantrag"}}]


def test_who_is_asking(api: Api) -> None:
    document = "{ viewer { subject roles tenant { slug } homeTenant { slug } units { slug } assuranceLevel } }"
    assert api.ask("caseworker", document)["data"]["viewer"]["tenant"] == {"slug": "nordhausen"}
    lead = api.ask("service_team_lead", document)["data"]["viewer"]
    assert lead["tenant"] is None
    assert lead["homeTenant"] == {"slug": "nordhausen"}
    assert lead["roles"] == ["service_team_lead"]


@pytest.mark.parametrize("token", ["granting_authority", "service_team_lead"])
def test_the_state_sees_every_county_and_month(api: Api, token: str) -> None:
    document = """query ($from: Date, $to: Date) { stateDashboard(from: $from, to: $to) {
      generatedAt rows { county { slug } month applications decisions medianDays onlineShare } } }"""
    rows = api.ask(token, document)["data"]["stateDashboard"]["rows"]
    rows = [row for row in rows if row["county"]["slug"] in ("nordhausen", "wartburgkreis")]
    assert len(rows) == 24
    assert {row["month"] for row in rows if row["county"]["slug"] == "nordhausen"} >= {"2025-04-01", "2026-03-01"}
    assert rows[0]["applications"] == 0
    assert rows[0]["medianDays"] is None
    few = api.ask(token, document, **{"from": "2026-01-15", "to": "2026-02-01"})["data"]["stateDashboard"]["rows"]
    assert {row["month"] for row in few} == {"2026-01-01", "2026-02-01"}
    assert codes(api.ask(token, document, **{"from": "2026-02-01", "to": "2026-01-01"})) == ["BAD_USER_INPUT"]
