"""Case upgrade and process mining through the API: who may, what is answered, what another county sees."""

import pytest

from kreisbund_platform.cases import intake
from kreisbund_platform.cases.upgrading import batches
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from kreisbund_platform.templates import adoptions
from tests.cases import versions
from tests.support.fixtures import principal_of

PREVIEW = """mutation P($input: PreviewCaseUpgradeInput!) { previewCaseUpgrade(input: $input) { __typename
  ... on CaseUpgradeSuccess { upgrade { id version status cases planned legalBasis toVersion { number }
    groups { number cases possible reason path waiting changes fromVersion { number } } } }
  ... on Problem { code message } ... on Invalid { fieldErrors { path code } } } }"""
START = """mutation S($input: StartCaseUpgradeInput!) { startCaseUpgrade(input: $input) { __typename
  ... on CaseUpgradeSuccess { upgrade { id version status } } ... on Problem { code } } }"""
UNDO = """mutation U($input: CaseUpgradeInput!) { undoCaseUpgrade(input: $input) { __typename
  ... on CaseUpgradeSuccess { upgrade { id version status } } ... on Problem { code } } }"""
READ = """query R($id: ID!) { caseUpgrade(id: $id) { status version upgraded refused undone
  outcomes(first: 5) { totalCount edges { node { reason case { caseNumber } } } } } }"""


@pytest.fixture
def running(deployment, county, clock, people, settings):
    """Two running cases on the first version; the second one is in force."""
    people.known["team_lead"] = principal_of(county, "team_lead")

    def do(service, *arguments, role="citizen", system=False):
        person = system_of(county) if system else principal_of(county, role)
        with deployment.connections.for_tenant(county) as connection, connection.transaction():
            return service(WorkContext(connection, county, person, clock, settings), *arguments)

    def adopt(bpmn_xml):
        version_id = versions.store(deployment, versions.source(bpmn_xml, lead="nordhausen"))
        do(adoptions.adopt, versions.SLUG, role="county_admin")
        with deployment.connections.for_tenant(county) as connection:
            sql = "UPDATE template_adoption SET version_id = %s WHERE template_id = (SELECT id FROM"
            connection.execute(sql + " shared.process_template WHERE slug = 'gutachten')", (version_id,))

    with deployment.connections.for_tenant(county) as connection:  # other tests write cases without the counter
        connection.execute("INSERT INTO case_number_counter VALUES (2026, 5000) ON CONFLICT (year) DO NOTHING")
    adopt(versions.FIRST)
    made = [do(intake.submit, intake.SubmitApplication(versions.SLUG, {"wish": "x"})).case_id for _n in range(2)]
    adopt(versions.SECOND)
    yield do, made
    with deployment.connections.for_tenant(county) as connection:
        connection.execute("DELETE FROM case_record WHERE id = ANY(%s)", (made,))


def order(key, **more):
    return {
        "template": versions.SLUG,
        "effectiveOn": "2026-03-02",
        "legalBasis": "§ 4 ThürSchFG",
        "idempotencyKey": key,
        **more,
    }


def test_previewed_started_and_undone(api, running):
    do, made = running
    ask = lambda document, **values: api.ask("team_lead", document, **values)["data"]  # noqa: E731
    upgrade = ask(PREVIEW, input=order("one"))["previewCaseUpgrade"]["upgrade"]
    assert (upgrade["status"], upgrade["cases"], upgrade["planned"]) == ("PREVIEWED", 2, 2)
    (group,) = upgrade["groups"]
    assert group["possible"]
    assert [each["element"] for each in group["changes"]["opens"]] == ["slow"]
    assert ask(PREVIEW, input=order("one"))["previewCaseUpgrade"]["upgrade"]["id"] == upgrade["id"], "the same answer"
    started = {"upgrade": upgrade["id"], "expectedVersion": 1, "idempotencyKey": "two", "groups": [group["number"]]}
    assert ask(START, input=started)["startCaseUpgrade"]["upgrade"]["status"] == "RUNNING"
    while do(batches.next_batch, system=True):
        pass
    found = ask(READ, id=upgrade["id"])["caseUpgrade"]
    assert (found["status"], found["upgraded"], found["refused"]) == ("DONE", 2, 0)
    history = "query H($id: ID!) { caseRecord(id: $id) { history { edges { node { type upgrade { toNumber } } } } } }"
    events = ask(history, id=str(made[0]))["caseRecord"]["history"]["edges"]
    assert events[0]["node"]["upgrade"]["toNumber"] == upgrade["toVersion"]["number"]
    mine = api.ask(
        "citizen",
        "{ applications { edges { node { history { edges { node { type upgrade { legalBasis } }"
        " } } messages { subject } } } } }",
    )["data"]
    told = [edge["node"] for edge in mine["applications"]["edges"] if edge["node"]["messages"]]
    upgrades = [edge["node"]["upgrade"] for each in told for edge in each["history"]["edges"]]
    assert {"legalBasis": "§ 4 ThürSchFG"} in upgrades
    back = {"upgrade": upgrade["id"], "expectedVersion": found["version"], "idempotencyKey": "three"}
    assert ask(UNDO, input=back)["undoCaseUpgrade"]["upgrade"]["status"] == "UNDOING"
    while do(batches.next_batch, system=True):
        pass
    assert ask(READ, id=upgrade["id"])["caseUpgrade"]["undone"] == 2


def test_what_is_refused(api, running):
    refused = api.ask("team_lead", PREVIEW, input=order("four", legalBasis=" "))["data"]["previewCaseUpgrade"]
    assert refused["__typename"] == "Invalid"
    assert refused["fieldErrors"][0]["path"] == "legalBasis"
    wrong = order("five", mapping=[{"old": "report", "new": "nowhere"}])
    assert api.ask("team_lead", PREVIEW, input=wrong)["data"]["previewCaseUpgrade"]["code"] == "INVALID_UPGRADE"
    assert api.ask("caseworker", PREVIEW, input=order("six"))["data"]["previewCaseUpgrade"]["code"] == "FORBIDDEN"
    assert api.ask("caseworker", "{ caseUpgradeSuggestions { cases } }")["errors"]
    assert api.ask("citizen", "{ caseUpgrades { edges { node { id } } } }")["errors"]


def test_another_county_sees_none_of_it(api, running):
    upgrade = api.ask("team_lead", PREVIEW, input=order("seven"))["data"]["previewCaseUpgrade"]["upgrade"]
    assert api.ask("other_county_admin", READ, id=upgrade["id"])["data"]["caseUpgrade"] is None
    start = {"upgrade": upgrade["id"], "expectedVersion": 1, "idempotencyKey": "x"}
    assert api.ask("other_county_admin", START, input=start)["data"]["startCaseUpgrade"]["code"] == "NOT_FOUND"
    assert not api.ask("other_county_admin", "{ caseUpgradeSuggestions { cases } }")["data"]["caseUpgradeSuggestions"]


FIGURES = """query F($template: String!) { processFigures(template: $template, from: "2026-01-01", to: "2026-12-31") {
  cases ended medianDays variants { elements cases share medianDays }
  waits { elementId role tasks medianHoursToEnd } } }"""


def test_figures_hide_small_groups(api, running):
    found = api.ask("team_lead", FIGURES, template=versions.SLUG)["data"]["processFigures"]
    assert (found["ended"], found["variants"], found["waits"]) == (None, [], [])
    assert api.ask("caseworker", FIGURES, template=versions.SLUG)["errors"]
