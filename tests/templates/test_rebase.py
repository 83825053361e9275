"""Three counties vary one template and it moves on: one comes along, one decides, one is in conflict; then undone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

import kreisbund_tenants
from kreisbund_platform.cases import intake
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.errors import Conflict, Invalid, NotFound
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.plans import plan_for_new, plan_of
from kreisbund_platform.templates.source import TemplateSource, load_folder
from kreisbund_platform.templates.variants import editing as variants
from kreisbund_platform.templates.variants import queries, rebase
from kreisbund_platform.templates.variants.apply import apply
from kreisbund_platform.templates.variants.rebase_outcomes import (
    AUTOMATIC,
    CONFLICT,
    DECIDE,
    outcomes,
    resolved,
    step_of,
)
from tests.support.database import fresh_database
from tests.support.fixtures import START, Deployment, deployed, principal_of, settings_for
from tests.templates.test_variants import VALUES, operation

SLUG = "schuelerbefoerderung"
SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / SLUG
OWN_SHARE = {
    "point": "own_share",
    "kind": "value",
    "value": 2800,
    "citation": "§ 4 der Satzung",
    "citation_date": "2023-08-01",
    "reason": "Beschluss des Kreistages",
}
HEARING = {"point": "hearing_period", "kind": "deadline", "value": "P4W", "reason": "Ferien"}
INSERTED = {"point": "before_notice", "kind": "insertion", "value": {"fragment": "file_note", "name": "Vermerk"}}
HELP = {"point": "distance_help", "kind": "text", "value": "Bitte mit dem Geoportal messen."}


@pytest.fixture(scope="module")
def school() -> TemplateSource:
    return load_folder(SCHOOL)


def moved_on(school: TemplateSource) -> TemplateSource:
    """The next version: a longer hearing, another help text in place of that for the distance."""
    xml = school.bpmn_xml.replace(b'"P14D" kb:nextStep="Sie k', b'"P21D" kb:nextStep="Sie k')
    xml = xml.replace(b'kb:nextStepBy="P14D"', b'kb:nextStepBy="P21D"').replace(b">P14D</bpmn:", b">P21D</bpmn:")
    rows = [
        {**row, "id": "transport_help", "element": "application.transport"} if row["id"] == "distance_help" else row
        for row in school.manifest["variable_points"]
    ]
    return replace(school, bpmn_xml=xml, manifest={**school.manifest, "variable_points": rows})


@dataclass
class County:
    """One county; every call is a transaction of its own, undone where it is refused."""

    deployment: Deployment
    slug: str

    def do(self, service: Any, *arguments: Any, role: str = "county_admin") -> Any:
        tenant = self.deployment.registry.by_slug(self.slug)
        assert tenant
        with self.deployment.connections.for_tenant(tenant) as connection, connection.transaction() as transaction:
            person = principal_of(tenant, role)
            work = WorkContext(connection, tenant, person, ManualClock(START), self.deployment.settings)
            result = service(work, *arguments)
            if isinstance(result, Conflict | Invalid | NotFound):
                raise psycopg.Rollback(transaction)
            return result

    def refused(self, service: Any, *arguments: Any) -> str:
        found: list[Any] = []
        self.do(lambda work, *given: found.append(service(work, *given)) or found[0], *arguments)
        return str(found[0].code)

    def vary(self, *operations: dict[str, Any]) -> UUID:
        made = self.do(variants.save_draft, SLUG, operations, 0)
        assert isinstance(made, UUID), made
        assert self.do(variants.put_in_force, made, 1) == made
        return made

    def loaded(self) -> Any:
        return self.do(lambda work: plan_for_new(work.connection, adoptions.version_in_force(work.connection, SLUG)))

    def submit(self) -> Any:
        def send(work: WorkContext) -> Any:
            return intake.submit(work, intake.SubmitApplication(SLUG, self.loaded().forms["application"]["example"]))

        return self.do(send, role="citizen")

    def rebase(self, identifier: UUID) -> Any:
        return self.do(lambda work: queries.lock_rebase(work.connection, identifier))

    def case(self, case_id: UUID) -> tuple[UUID, UUID | None]:
        sql = "SELECT template_version_id, variant_id FROM case_record WHERE id = %s"
        return self.do(lambda work: work.connection.execute(sql, (case_id,)).fetchone())


@pytest.fixture
def counties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, County]]:
    slugs = ("nordhausen", "wartburgkreis", "kyffhaeuserkreis")
    with fresh_database() as url:
        with deployed(settings_for(url, tmp_path_factory.mktemp("home")), *slugs) as deployment:
            made = {slug: County(deployment, slug) for slug in slugs}
            publish(made["nordhausen"], load_folder(SCHOOL))
            for county in made.values():
                county.do(adoptions.adopt, SLUG)
            yield made


def publish(county: County, source: TemplateSource) -> TemplateVersion:
    with county.deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        version = publishing.publish(connection, source, clock=ManualClock(START))
    assert isinstance(version, TemplateVersion), version
    return version


def test_three_counties_one_automatic_one_decides_one_in_conflict(
    counties: dict[str, County], school: TemplateSource
) -> None:
    north, west, south = counties["nordhausen"], counties["wartburgkreis"], counties["kyffhaeuserkreis"]
    north_variant = north.vary(OWN_SHARE, HEARING)
    west.vary(INSERTED)
    south.vary(HELP)
    old_case = north.submit()
    second = publish(north, moved_on(school))

    # comes along by itself
    assert isinstance(west.do(adoptions.adopt, SLUG), UUID)
    assert west.loaded().version_id == second.id
    assert "local_before_notice" in west.loaded().plan.elements

    # a person decides
    assert north.refused(adoptions.adopt, SLUG) == "REBASE_NEEDED"
    way = north.do(rebase.begin, SLUG)
    assert north.do(rebase.begin, SLUG) == way
    steps = [step_of(raw) for raw in north.rebase(way).steps]
    assert {step.operation.point: step.outcome for step in steps} == {"own_share": AUTOMATIC, "hearing_period": DECIDE}
    assert steps[1].reason == "Die Vorlage hatte hier „14 Tage“, jetzt „21 Tage“."
    assert north.refused(rebase.finish, way, 1) == "STEPS_OPEN"
    assert north.refused(rebase.decide, way, rebase.Choice(1, "EDIT", "P14D"), 1) == "VARIANT_INVALID"
    assert north.refused(rebase.decide, way, rebase.Choice(1, "DROP"), 1) == "VARIANT_INVALID"
    assert north.refused(rebase.decide, way, rebase.Choice(1, "KEEP"), 7) == "STALE_VERSION"
    assert north.do(rebase.decide, way, rebase.Choice(1, "EDIT", "P5W"), 1) == way
    assert north.do(rebase.finish, way, 2) == way
    loaded = north.loaded()
    assert (loaded.version_id, loaded.variant_id) == (second.id, north.rebase(way).to_variant_id)
    assert loaded.plan.elements["hearing"].attributes["due"] == "P5W"
    assert north.case(old_case.case_id) == (north.rebase(way).from_version_id, north_variant)
    new_case = north.submit()
    assert north.case(new_case.case_id) == (second.id, loaded.variant_id)

    # in conflict
    other = south.do(rebase.begin, SLUG)
    assert [step_of(raw).outcome for raw in south.rebase(other).steps] == [CONFLICT]
    assert south.refused(rebase.decide, other, rebase.Choice(0, "KEEP"), 1) == "VARIANT_INVALID"
    assert south.refused(rebase.decide, other, rebase.Choice(0, "REANCHOR", None, "hearing_period"), 1) == (
        "VARIANT_INVALID"
    )
    assert south.do(rebase.decide, other, rebase.Choice(0, "REANCHOR", "Bus?", "transport_help"), 1) == other
    assert south.do(rebase.finish, other, 2) == other
    assert _help(south.loaded().forms["application"], "transport") == "Bus?"

    # and back
    assert north.refused(rebase.undo, way, 3, " ") == "VARIANT_INVALID"
    assert north.do(rebase.undo, way, 3, "Die Frist war falsch.") == way
    assert (north.loaded().version_id, north.loaded().variant_id) == (
        north.rebase(way).from_version_id,
        north_variant,
    )
    assert north.case(new_case.case_id) == (second.id, loaded.variant_id)
    assert north.do(lambda work: plan_of(work.connection, second.id, loaded.variant_id)) is loaded
    types = north.do(lambda work: [row[0] for row in work.connection.execute("SELECT type FROM event ORDER BY seq")])
    assert [each for each in types if each.startswith("REBASE")] == [
        "REBASE_BEGUN",
        "REBASE_DECIDED",
        "REBASE_FINISHED",
        "REBASE_UNDONE",
    ]

    # another county sees none of it
    assert west.refused(rebase.undo, way, 4, "x") == "NOT_FOUND"
    assert west.refused(variants.end_variant, north_variant, 1) == "NOT_FOUND"
    with pytest.raises(LookupError):
        west.do(lambda work: plan_of(work.connection, north.rebase(way).from_version_id, UUID(int=1)))


def _help(form: Any, key: str) -> str:
    fields = [each for group in form["components"] for each in group["components"]]
    return str(next(each["description"] for each in fields if each.get("key") == key))


def test_a_draft_is_checked_kept_and_put_in_force(counties: dict[str, County]) -> None:
    north = counties["nordhausen"]
    base = north.loaded()
    assert base.variant_id is None
    assert north.refused(variants.save_draft, SLUG, [{**HEARING, "value": "P7D"}], 0) == "VARIANT_INVALID"
    assert north.refused(variants.save_draft, SLUG, [{"point": "x", "kind": "text", "value": []}], 0) == (
        "VARIANT_INVALID"
    )
    assert north.refused(variants.save_draft, SLUG, [{**OWN_SHARE, "citation_date": "bald"}], 0) == "VARIANT_INVALID"
    assert north.refused(variants.save_draft, "nowhere", [], 0) == "NOT_FOUND"
    draft = north.do(variants.save_draft, SLUG, [HEARING], 0)
    assert north.refused(variants.save_draft, SLUG, [HEARING], 0) == "STALE_VERSION"
    assert north.do(variants.save_draft, SLUG, [OWN_SHARE], 1) == draft
    assert north.loaded() is base
    assert north.refused(variants.put_in_force, draft, 1) == "STALE_VERSION"
    assert north.do(variants.put_in_force, draft, 2) == draft
    assert north.loaded().variant_id == draft
    case = north.submit()
    assert north.do(variants.end_variant, draft, 3) == base.template_id
    assert north.loaded() is base
    assert north.case(case.case_id) == (base.version_id, draft)


def test_what_was_in_force_never_changes(counties: dict[str, County]) -> None:
    north = counties["nordhausen"]
    variant = north.vary(HEARING)
    for statement in ("UPDATE template_variant SET operations = '[]'", "DELETE FROM template_variant"):
        with pytest.raises(psycopg.errors.IntegrityError):
            north.do(lambda work, text=statement: work.connection.execute(text))
    other = north.do(variants.save_draft, SLUG, [OWN_SHARE], 0)
    assert north.do(variants.discard_draft, other, 1)
    assert north.loaded().variant_id == variant


@pytest.mark.parametrize("name", VALUES)
def test_onto_the_same_base_all_is_automatic(school: TemplateSource, name: str) -> None:
    given = [operation(name, school)]
    steps = outcomes(school, school, given)
    assert [step.outcome for step in steps] == [AUTOMATIC]
    again = apply(school, resolved(school, steps)).source
    assert again.content_hash == apply(school, given).source.content_hash


def test_a_norm_that_takes_the_right_away_is_a_conflict(school: TemplateSource) -> None:
    rows = [{**row, "norm": "land"} if row["id"] == "own_share" else row for row in school.manifest["variable_points"]]
    law = replace(school, manifest={**school.manifest, "variable_points": rows})
    (step,) = outcomes(school, law, [operation("own_share", school)])
    assert step.outcome == CONFLICT
    assert "Landesrecht" in step.reason
