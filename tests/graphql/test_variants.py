"""County variants by the API: who edits, who reads, what applicants see, and that another county sees nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kreisbund_tenants
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import load_folder
from tests.support.api import Api
from tests.support.fixtures import START, Deployment

SLUG = "schulweg"  # a template of this test's own
SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
HELP = {"point": "distance_help", "kind": "text", "value": "Mit dem Geoportal messen.", "reason": "Nachfragen"}
INSERTED = {"point": "before_notice", "kind": "insertion", "value": {"fragment": "file_note", "name": "Vermerk"}}
PROBLEM = "... on Problem { code message } ... on Invalid { fieldErrors { path code } }"
VARIANT = "__typename ... on VariantSuccess { variant { id number version status operations { point value } } }"
SAVE = f"mutation ($input: SaveVariantDraftInput!) {{ saveVariantDraft(input: $input) {{ {VARIANT} {PROBLEM} }} }}"
FORCE = f"mutation ($input: VariantInput!) {{ putVariantInForce(input: $input) {{ {VARIANT} {PROBLEM} }} }}"
BEGIN = f"""mutation ($input: BeginRebaseInput!) {{ beginRebase(input: $input) {{
  __typename ... on RebaseSuccess {{ rebase {{ id version steps {{ position outcome }} }} }} {PROBLEM} }} }}"""
FINISH = f"""mutation ($input: RebaseInput!) {{ finishRebase(input: $input) {{
  __typename ... on RebaseSuccess {{ rebase {{ status toVariant {{ number }} }} }} {PROBLEM} }} }}"""
READ = """query ($slug: String!) {
  variablePoints(template: $slug) { id kind title norm baseValue rawValue locked }
  templateVariants(template: $slug) { id status base { number } operations { point reason } } }"""


@pytest.fixture(scope="module")
def adopted(deployment: Deployment, api: Api) -> None:
    publish(deployment)
    document = "mutation ($i: AdoptTemplateInput!) { adoptTemplate(input: $i) { __typename } }"
    for who in ("county_admin", "other_county_admin"):
        given = {"template": SLUG, "idempotencyKey": "adopt for variants"}
        assert api.ask(who, document, i=given)["data"]["adoptTemplate"]["__typename"] == "AdoptTemplateSuccess"


def publish(deployment: Deployment, **manifest: Any) -> TemplateVersion:
    source = load_folder(SCHOOL)
    topic = {**source.manifest["topic"], "lead_county": "nordhausen"}
    source = replace(source, manifest={**source.manifest, "slug": SLUG, "topic": topic, **manifest})
    with deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        version = publishing.publish(connection, source, clock=ManualClock(START))
    assert isinstance(version, TemplateVersion)
    return version


def change(api: Api, who: str, document: str, key: str, **given: Any) -> Any:
    answer = api.ask(who, document, input={**given, "idempotencyKey": key})
    assert "errors" not in answer, answer
    return next(iter(answer["data"].values()))


def save(api: Api, who: str, key: str, *operations: dict[str, Any], version: int = 0) -> Any:
    return change(api, who, SAVE, key, template=SLUG, operations=list(operations), expectedVersion=version)


@pytest.mark.usefixtures("adopted")
def test_who_may_what(api: Api, key: str) -> None:
    for who in ("caseworker", "citizen", "data_protection_officer"):
        assert save(api, who, key, HELP)["code"] == "FORBIDDEN"
    assert save(api, "county_admin", key, {**HELP, "point": "objection_period"})["fieldErrors"][0]["code"] == (
        "NOT_VARIABLE"
    )
    assert "errors" in api.ask("citizen", READ, slug=SLUG)
    read = api.ask("caseworker", READ, slug=SLUG)["data"]
    assert {point["id"]: point["rawValue"] for point in read["variablePoints"]}["own_share"] == 2500


@pytest.mark.usefixtures("adopted")
def test_from_draft_to_the_applicants_form_and_on_to_the_next_version(
    api: Api, key: str, deployment: Deployment
) -> None:
    draft = save(api, "county_admin", key, HELP, INSERTED)["variant"]
    assert (draft["status"], draft["version"]) == ("DRAFT", 1)
    assert "Geoportal" not in _form(api, "citizen")
    put = change(api, "county_admin", FORCE, f"{key} 2", variant=draft["id"], expectedVersion=1)
    assert put["variant"]["status"] == "IN_FORCE"
    assert "Geoportal" in _form(api, "citizen")
    assert "Geoportal" not in _form(api, "other_citizen")
    comparison = (
        """query ($id: ID!) { variantComparison(id: $id) { newDrawing differences { sentence changeClass } } }"""
    )
    found = api.ask("caseworker", comparison, id=draft["id"])["data"]["variantComparison"]
    assert "Vermerk" in found["newDrawing"]
    assert any("„Vermerk“ kommt hinzu" in each["sentence"] for each in found["differences"])

    # another county sees nothing of it
    assert api.ask("other_caseworker", comparison, id=draft["id"])["data"]["variantComparison"] is None
    assert api.ask("other_caseworker", READ, slug=SLUG)["data"]["templateVariants"] == []
    node = "query ($id: ID!) { node(id: $id) { id } templateVariant(id: $id) { id } }"
    assert api.ask("other_county_admin", node, id=draft["id"])["data"] == {"node": None, "templateVariant": None}
    assert api.ask("caseworker", node, id=draft["id"])["data"]["node"]["id"] == draft["id"]
    refused = change(api, "other_county_admin", FORCE, key, variant=draft["id"], expectedVersion=2)
    assert refused["code"] == "NOT_FOUND"

    publish(deployment, summary="Neue Fassung.")
    begun = change(api, "county_admin", BEGIN, key, template=SLUG)["rebase"]
    assert [step["outcome"] for step in begun["steps"]] == ["AUTOMATIC", "AUTOMATIC"]
    preview = "query ($id: ID!) { rebasePreview(id: $id) { sound problems { path } targets { id } } }"
    assert api.ask("caseworker", preview, id=begun["id"])["data"]["rebasePreview"]["sound"] is True
    assert api.ask("other_caseworker", preview, id=begun["id"])["data"]["rebasePreview"] is None
    refused = change(api, "other_county_admin", FINISH, key, rebase=begun["id"], expectedVersion=1)
    assert refused["code"] == "NOT_FOUND"
    done = change(api, "county_admin", FINISH, key, rebase=begun["id"], expectedVersion=1)
    assert done["rebase"] == {"status": "FINISHED", "toVariant": {"number": 2}}
    assert "Geoportal" in _form(api, "citizen")
    numbers = "query ($slug: String!) { processTemplate(slug: $slug) { versions { number } } }"
    newest = api.ask("service_team_lead", numbers, slug=SLUG)["data"]["processTemplate"]["versions"][0]["number"]
    versions = """query ($slug: String!, $old: Int!, $new: Int!) {
      versionComparison(template: $slug, old: $old, new: $new) { differences { sentence } newDrawing } }"""
    asked = {"slug": SLUG, "old": newest - 1, "new": newest}
    found = api.ask("service_team_lead", versions, **asked)["data"]["versionComparison"]
    assert found["differences"][0]["sentence"].startswith("Kurzbeschreibung: „Neue Fassung.“")
    assert api.ask("citizen", versions, **asked).get("errors")


def _form(api: Api, who: str) -> str:
    document = "query ($slug: String!) { processTemplate(slug: $slug) { startForm { schema example } } }"
    return str(api.ask(who, document, slug=SLUG)["data"]["processTemplate"]["startForm"]["schema"])
