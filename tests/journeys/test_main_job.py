"""The main job by HTTP alone: apply in one county, work the case, read the notice, see the state count it."""

import time

import httpx
import pytest

COUNTIES = ("kyffhaeuserkreis", "unstrut-hainich-kreis", "wartburgkreis", "nordhausen")
TEMPLATE = 'query { processTemplate(slug: "schuelerbefoerderung") { id startForm { schema example } adoptedHere } }'
APPLICATION = """query($id: ID!) { application(id: $id) { id caseNumber status version nextStep nextStepBy
  decision { outcome decidedAt document { title mediaType sizeBytes downloadUrl }
             deliveries { channel retrievedAt deemedOn } remedy { kind addressee until } } } }"""
TASKS = """query($case: ID!) { tasks(filter: {case: $case, status: [OPEN, CLAIMED]}, first: 20) { edges { node {
  id name version role status form { example } } } } }"""
DASHBOARD = "query { stateDashboard { rows { county { slug } month applications decisions } } }"


def find_case(up, token, number):
    found = up.ask(
        token, "query($t: String) { cases(filter: {text: $t}) { edges { node { id } } totalCount } }", t=number
    )
    assert found["cases"]["totalCount"] == 1
    return found["cases"]["edges"][0]["node"]["id"]


def open_tasks(up, token, case):
    return [edge["node"] for edge in up.ask(token, TASKS, case=case)["tasks"]["edges"]]


def submit(up, token):
    form = up.ask(token, TEMPLATE)["processTemplate"]["startForm"]
    done = up.change(
        token, "submitApplication", "... on SubmitApplicationSuccess { application { id caseNumber status } }",
        template="schuelerbefoerderung", data=form["example"],
    )  # fmt: skip
    assert done["__typename"] == "SubmitApplicationSuccess", done
    return done["application"]


def work_to_decision(up, case, county):
    tokens = {role: up.token(role, county) for role in ("caseworker", "citizen")}
    for completed in range(12):
        status = up.ask(tokens["caseworker"], "query($c: ID!) { caseRecord(id: $c) { status } }", c=case)
        if status["caseRecord"]["status"] == "DECIDED":
            return completed
        task = open_tasks(up, tokens["caseworker"], case)[0]
        token = tokens.get(task["role"]) or up.token(task["role"], county)
        claimed = up.change(
            token, "claimTask", "... on TaskSuccess { task { version } }", task=task["id"],
            expectedVersion=task["version"],
        )  # fmt: skip
        done = up.change(
            token, "completeTask", "... on CompleteTaskSuccess { case { status } }", task=task["id"],
            expectedVersion=claimed["task"]["version"], data=task["form"]["example"] if task["form"] else {},
        )  # fmt: skip
        assert done["__typename"] == "CompleteTaskSuccess", done
    raise AssertionError("no decision after twelve tasks")


def figures(up, county):
    rows = up.ask(up.token("granting_authority", None), DASHBOARD)["stateDashboard"]["rows"]
    mine = [row for row in rows if row["county"]["slug"] == county]
    return sum(row["applications"] for row in mine), sum(row["decisions"] for row in mine)


def eventually(check, seconds=5.0):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.2)
    assert check()


def test_from_application_to_notice_and_dashboard(deployment_up):
    up, county = deployment_up, "nordhausen"
    before = figures(up, county)
    citizen = up.token("citizen", county)
    application = submit(up, citizen)
    seen = up.ask(citizen, APPLICATION, id=application["id"])["application"]
    assert seen["nextStep"]
    assert seen["nextStepBy"]
    eventually(lambda: figures(up, county) == (before[0] + 1, before[1]))
    case = find_case(up, up.token("caseworker", county), application["caseNumber"])
    assert work_to_decision(up, case, county) >= 2
    decided = up.ask(citizen, APPLICATION, id=application["id"])["application"]
    assert decided["status"] == "DECIDED"
    document = decided["decision"]["document"]
    assert document["mediaType"] == "application/pdf"
    pdf = httpx.get(document["downloadUrl"], headers={"Authorization": f"Bearer {citizen}"}, timeout=30)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-disposition"].startswith("attachment")
    again = up.ask(citizen, APPLICATION, id=application["id"])["application"]["decision"]
    assert again["deliveries"][0]["retrievedAt"]
    assert again["remedy"]["until"]
    eventually(lambda: figures(up, county) == (before[0] + 1, before[1] + 1))


QUERIES = {
    "caseRecord": "query($id: ID!) { caseRecord(id: $id) { id data caseNumber } }",
    "application": "query($id: ID!) { application(id: $id) { id caseNumber } }",
    "task": "query($id: ID!) { task(id: $id) { id name } }",
    "node": "query($id: ID!) { node(id: $id) { id __typename } }",
}


def test_another_county_sees_nothing(deployment_up):
    up = deployment_up
    application = submit(up, up.token("citizen", "wartburgkreis"))
    case = find_case(up, up.token("caseworker", "wartburgkreis"), application["caseNumber"])
    task = open_tasks(up, up.token("caseworker", "wartburgkreis"), case)[0]["id"]
    pairs = [(real, real[:-6] + "ffffff") for real in (case, application["id"], task)]
    for county in set(COUNTIES) - {"wartburgkreis"}:
        for role in ("caseworker", "citizen", "county_admin"):
            token = up.token(role, county)
            for real, fake in pairs:
                for document in QUERIES.values():
                    theirs, nobodys = up.post(token, document, id=real), up.post(token, document, id=fake)
                    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
            for name in ("claimTask", "releaseTask"):
                answers = [up.change(token, name, "", task=t, expectedVersion=1) for t in pairs[2]]
                assert answers[0] == answers[1]
                assert answers[0]["__typename"] == "NotFound"


@pytest.mark.parametrize(
    "role", ["granting_authority", "funding_auditor", "service_team_lead", "topic_lead", "operator"]
)
def test_state_and_service_team_get_no_case(deployment_up, role):
    up = deployment_up
    token = up.token(role, None)
    for document in (
        "{ cases { edges { node { id } } } }",
        "{ tasks { edges { node { id } } } }",
        "{ applications { edges { node { id } } } }",
    ):
        body = up.post(token, document).json()
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_fifth_county_while_the_server_runs(deployment_up):
    up = deployment_up
    operator = up.token("operator", None)
    made = up.change(
        operator, "createTenant", "... on CreateTenantSuccess { tenant { slug status } }",
        slug="eichsfeld", name="Landkreis Eichsfeld", regionalKey="160610000000",
    )  # fmt: skip
    assert made["__typename"] == "CreateTenantSuccess", made
    del up.__dict__["principals"]
    citizen, admin = up.token("citizen", "eichsfeld"), up.token("county_admin", "eichsfeld")
    data = {"template": "schuelerbefoerderung", "data": {}}
    assert up.change(citizen, "submitApplication", "", **data)["__typename"] == "NotFound"
    adopted = up.change(admin, "adoptTemplate", "", template="schuelerbefoerderung")
    assert adopted["__typename"] == "AdoptTemplateSuccess"
    application = submit(up, citizen)
    case = find_case(up, up.token("caseworker", "eichsfeld"), application["caseNumber"])
    work_to_decision(up, case, "eichsfeld")


@pytest.mark.parametrize("slug", ["shared", "pg_catalog", "x; drop schema shared", "x" * 300, "", "-a", "ÄÖ", "a\x00b"])
def test_names_that_are_refused(deployment_up, slug):
    up = deployment_up
    document = "mutation($i: CreateTenantInput!) { createTenant(input: $i) { __typename } }"
    values = {
        "slug": slug,
        "name": "X",
        "regionalKey": "160990000000",
        "idempotencyKey": "k" + str(len(slug)) + slug[:3],
    }
    body = up.post(up.token("operator", None), document, i=values).json()
    if "errors" in body:
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    else:
        assert body["data"]["createTenant"]["__typename"] in ("Invalid", "Conflict")


def test_a_key_used_again(deployment_up):
    up = deployment_up
    token = up.token("citizen", "kyffhaeuserkreis")
    form = up.ask(token, TEMPLATE)["processTemplate"]["startForm"]["example"]
    document = (
        "mutation($i: SubmitApplicationInput!) { submitApplication(input: $i) { __typename"
        " ... on SubmitApplicationSuccess { application { id caseNumber } } ... on Problem { code } } }"
    )
    order = {"template": "schuelerbefoerderung", "data": form, "idempotencyKey": "one-key"}
    first, second = up.post(token, document, i=order), up.post(token, document, i=order)
    assert first.json()["data"]["submitApplication"]["__typename"] == "SubmitApplicationSuccess"
    assert first.content == second.content
    other = up.post(token, document, i=order | {"data": {}}).json()["data"]["submitApplication"]
    assert other["__typename"] == "Conflict"
