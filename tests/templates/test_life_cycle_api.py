"""The whole way of a version through GraphQL: draft, review, publish, release, roll out, retire."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

from kreisbund_api.main import create_api
from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.identity.tokens import TokenRefused
from kreisbund_platform.templates import adoptions
from tests.support.fixtures import principal_of
from tests.templates.conftest import FOUR, LEAD, SLUG


class People:
    """Stands for the issuers: a token is `role@home` for the service team, `role@county` for a county."""

    def __init__(self, registry, clock):
        self._registry = registry
        self._clock = clock

    def remembered(self, token):
        return None

    def check(self, token):
        return replace(self._found(token), authenticated_at=self._clock.now())

    def _found(self, token):
        role, _, place = token.partition("@")
        if role in ("topic_lead", "service_team_lead"):
            return principal_of(None, role, subject=token, realm_kind=RealmKind.SERVICE_TEAM, home_tenant=place)
        if role == "operator":
            return principal_of(None, role, realm_kind=RealmKind.OPERATIONS)
        tenant = self._registry.by_slug(place)
        if tenant is None:
            raise TokenRefused("UNKNOWN")
        return principal_of(tenant, role)


class Client:
    def __init__(self, app):
        self._app = app

    def ask(self, token, document, **variables) -> dict[str, Any]:
        async def run():
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
                headers = {"Authorization": f"Bearer {token}"}
                return await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)

        return anyio.run(run).json()

    def data(self, token, document, **variables):
        answer = self.ask(token, document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def change(self, token, field, selection, kind=None, **values):
        kind = kind or f"{field[0].upper()}{field[1:]}Input"
        document = (
            f"mutation($input: {kind}!) {{ {field}(input: $input) {{ __typename {selection}"
            " ... on Invalid { fieldErrors { path code } } ... on Problem { code message } } }"
        )
        return self.data(token, document, input={"idempotencyKey": str(uuid4()), **values})[field]


@pytest.fixture(scope="module")
def api(team):
    app = create_api(team.deployment.settings, clock=team.clock, tokens=People(team.deployment.registry, team.clock))
    yield Client(app)
    app.state.services.connections._database.close()


DRAFT = (
    "... on DraftSuccess { draft { id version status revision { number problems { path } } proposal { id status } } }"
)
ROUND = "... on ReviewSuccess { round { id version status openUntil votes { choice county { slug } } } }"
AUTHOR, OTHER = f"topic_lead@{LEAD}", "topic_lead@nordhausen"


def test_the_whole_way(api, team):
    base = str(team.newest().id)
    made = api.change(AUTHOR, "createDraft", DRAFT, baseVersion=base)
    draft = made["draft"]
    read = "query($id: ID!) { draft(id: $id) { version revision { files } topic { leadCounty { slug } } } }"
    files = api.data(AUTHOR, read, id=draft["id"])["draft"]["revision"]["files"]
    longer = files["process.bpmn"].replace('kb:due="P7D"', 'kb:due="P10D"')
    saved = api.change(
        AUTHOR, "saveDraft", DRAFT, draft=draft["id"], expectedVersion=draft["version"],
        files={"process.bpmn": longer},
    )  # fmt: skip
    assert saved["draft"]["revision"] == {"number": 2, "problems": []}
    stale = api.change(OTHER, "saveDraft", DRAFT, draft=draft["id"], expectedVersion=1, files={})
    assert stale["__typename"] == "Forbidden"
    stale = api.change(AUTHOR, "saveDraft", DRAFT, draft=draft["id"], expectedVersion=1, files={"cases.json": "[]"})
    assert (stale["__typename"], stale["code"]) == ("Conflict", "STALE_VERSION")
    changes = api.data(AUTHOR, "query($d: ID!) { draftChanges(draft: $d) { sentence changeClass } }", d=draft["id"])
    assert [each["changeClass"] for each in changes["draftChanges"]] == ["DEADLINE_LONGER"]

    version = saved["draft"]["version"]
    opened = api.change(AUTHOR, "openReview", ROUND, "DraftInput", draft=draft["id"], expectedVersion=version)["round"]
    comment = "... on CommentSuccess { comment { id file elementId county { slug } } }"
    said = api.change(
        OTHER, "addComment", comment, round=opened["id"], file="process.bpmn", elementId="approve", text="Gut so."
    )
    assert said["comment"]["county"] == {"slug": "nordhausen"}
    for county in FOUR:
        voted = api.change(f"topic_lead@{county}", "castVote", ROUND, round=opened["id"], choice="APPROVE")
    close = {"round": opened["id"], "expectedVersion": voted["round"]["version"]}
    assert api.change(AUTHOR, "closeReview", ROUND, **close)["code"] == "MINIMUM_PERIOD"
    team.later(days=15)
    assert api.change(AUTHOR, "closeReview", ROUND, **close)["round"]["status"] == "ACCEPTED"

    version = api.data(AUTHOR, read, id=draft["id"])["draft"]["version"]
    rule = {"transition": "DECISIONS_FROM", "transitionOn": "2030-01-01"}
    proposed = api.change(
        AUTHOR, "proposePublication", DRAFT, draft=draft["id"], expectedVersion=version, **rule
    )["draft"]  # fmt: skip
    proposal = proposed["proposal"]["id"]
    same = api.change(AUTHOR, "signPublication", DRAFT, "ProposalInput", proposal=proposal)
    assert same["code"] == "SAME_PERSON"
    signed = api.change("service_team_lead@nordhausen", "signPublication", DRAFT, "ProposalInput", proposal=proposal)
    assert signed["draft"]["status"] == "PUBLISHED"

    published = team.newest()
    look = (
        "query($id: ID!) { versionCheck(version: $id) { problems { code } rootPublicKey changes { changeClass } }"
        " node(id: $id) { ... on TemplateVersion { number status transition transitionOn"
        " signatures { name statement signature } } } }"
    )
    seen = api.data("county_admin@nordhausen", look, id=str(published.id))
    assert seen["versionCheck"]["problems"] == []
    assert seen["node"]["transitionOn"] == "2030-01-01"
    assert len(seen["node"]["signatures"]) == 2

    admin = "county_admin@wartburgkreis"
    template = "... on TemplateChangeSuccess { template { adoptedHere adoptedVersion { number status } } }"
    released = api.change(admin, "releaseVersion", template, template=SLUG, number=published.number)
    assert released["template"]["adoptedVersion"] == {"number": published.number, "status": "PUBLISHED"}
    refused = api.change(
        admin, "setAutomaticRelease", template, template=SLUG, classes=["TEXT", "FEE"], expectedVersion=0
    )
    assert refused["code"] == "NEVER_AUTOMATIC"

    rollout = (
        "... on VersionSuccess { version { rollout { version status rings { counties { county { slug } cases } } } } }"
    )
    rings = [{"counties": ["nordhausen"], "waitingHours": 24}]
    started = api.change(AUTHOR, "startRollout", rollout, version=str(published.id), rings=rings)
    assert started["version"]["rollout"]["status"] == "RUNNING"
    turn = {"version": str(published.id), "reason": "Wir sehen nach", "expectedVersion": 1}
    halted = api.change(AUTHOR, "haltRollout", rollout, "TurnRolloutInput", **turn)
    assert halted["version"]["rollout"]["status"] == "HALTED"

    retired = "... on TemplateChangeSuccess { template { history { type actor } } }"
    gone = api.change(AUTHOR, "retireTemplate", retired, template=SLUG, number=published.number, reason="Neues Recht")
    assert [each["type"] for each in gone["template"]["history"][:3]] == [
        "VERSION_RETIRED", "ROLLOUT_HALTED", "ROLLOUT_STARTED",
    ]  # fmt: skip
    ending = 'query { processTemplate(slug: "schuelerbefoerderung") { adoptedHere adoptedVersion { status } } }'
    assert api.data(admin, ending)["processTemplate"] == {"adoptedHere": False, "adoptedVersion": {"status": "RETIRED"}}


DRAFTS = "{ drafts { id title } }"


@pytest.mark.parametrize(
    "token",
    [f"{role}@nordhausen" for role in ("caseworker", "county_admin", "template_author", "citizen")] + ["operator@"],
)
def test_drafts_and_reviews_are_the_service_teams(api, team, token):
    draft_id = team.begin()
    round_id = team.open(draft_id)
    for document in (
        DRAFTS,
        f'{{ draft(id: "{draft_id}") {{ id }} }}',
        f'{{ reviewRound(id: "{round_id}") {{ id }} }}',
        f'{{ processTemplate(slug: "{SLUG}") {{ drafts {{ id }} history {{ type }} }} }}',
    ):
        answer = api.ask(token, document)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
        assert "schuelerbefoerderung" not in str(answer)
    assert api.data(token, f'{{ node(id: "{draft_id}") {{ id }} }}') == {"node": None}
    refused = api.change(token, "saveDraft", DRAFT, draft=str(draft_id), expectedVersion=1, files={})
    assert refused["__typename"] == "Forbidden"


def test_release_settings_are_the_countys_own(api, team):
    team.county("nordhausen", adoptions.adopt, SLUG)
    template = "... on TemplateChangeSuccess { template { releaseSettings { version automaticClasses } } }"
    read = (
        '{ processTemplate(slug: "schuelerbefoerderung")'
        " { releaseSettings { version automaticClasses } releases { automatic } } }"
    )
    before = api.data("county_admin@nordhausen", read)["processTemplate"]["releaseSettings"]
    made = api.change(
        "county_admin@nordhausen", "setAutomaticRelease", template, template=SLUG, classes=["HELP"],
        expectedVersion=before["version"] if before else 0,
    )  # fmt: skip
    assert made["template"]["releaseSettings"]["automaticClasses"] == ["HELP"]
    other = api.data("county_admin@unstrut-hainich-kreis", read)["processTemplate"]
    assert other["releaseSettings"] is None or other["releaseSettings"]["automaticClasses"] != ["HELP"]
    answer = api.ask("caseworker@nordhausen", read)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert api.change(AUTHOR, "releaseVersion", template, template=SLUG, number=1)["__typename"] == "Forbidden"


def test_operators_link_accounts_and_nobody_else(api):
    accounts = {"first": {"realm": "nordhausen", "subject": "a"}, "second": {"realm": "service-team", "subject": "b"}}
    linked = api.change("operator@", "linkAccounts", "... on LinkAccountsSuccess { person }", **accounts)
    assert linked["person"]
    again = api.change("operator@", "linkAccounts", "... on LinkAccountsSuccess { person }", **accounts)
    assert again["person"] == linked["person"]
    twice = {"first": {"realm": "nordhausen", "subject": "c"}, "second": {"realm": "nordhausen", "subject": "c"}}
    assert api.change("operator@", "linkAccounts", "__typename", **twice)["__typename"] == "Conflict"
    refused = api.change(AUTHOR, "linkAccounts", "... on LinkAccountsSuccess { person }", **accounts)
    assert refused["__typename"] == "Forbidden"


def test_rules_of_the_agreement(api):
    read = "{ cooperationAgreement { id rule minimumReviewDays version members { slug } } }"
    agreement = api.data("caseworker@nordhausen", read)["cooperationAgreement"]
    assert len(agreement["members"]) == 4
    rules = {"agreement": agreement["id"], "rule": agreement["rule"], "minimumReviewDays": 14}
    success = "... on AgreementSuccess { agreement { version } }"
    refused = api.change(AUTHOR, "setReviewRules", success, expectedVersion=agreement["version"], **rules)
    assert refused["__typename"] == "Forbidden"
    lead = "service_team_lead@nordhausen"
    changed = api.change(lead, "setReviewRules", success, expectedVersion=agreement["version"], **rules)
    assert changed["agreement"]["version"] == agreement["version"] + 1
