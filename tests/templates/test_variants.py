"""A county's operations: each kind applied, each refusal with its reason, nothing of the base touched."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import kreisbund_tenants
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.plan import compile_plan
from kreisbund_platform.engine.soundness import check
from kreisbund_platform.templates.differences import differences
from kreisbund_platform.templates.manifest import read_manifest
from kreisbund_platform.templates.source import TemplateSource, load_folder
from kreisbund_platform.templates.variants.apply import apply
from kreisbund_platform.templates.variants.points import points
from kreisbund_platform.templates.variants.terms import Operation, operation_of

CATALOGUE = Path(kreisbund_tenants.__file__).parent / "catalogue"
SATZUNG = {"citation": "§ 4 der Satzung über die Schülerbeförderung", "citation_date": date(2023, 8, 1)}
FRAGMENT = {"fragment": "file_note", "name": "Haushaltsvermerk"}
VALUES: dict[str, Any] = {
    "own_share": 2800,
    "own_share_from_grade": 10,
    "supply_period": "P6W",
    "hearing_period": "P4W",
    "checking_period": "P7D",
    "approval_role": "team_lead",
    "before_notice": FRAGMENT,
    "distance_help": "Gemessen wird mit dem Geoportal des Landkreises.",
    "hearing_text": "Bitte äußern Sie sich binnen vier Wochen.",
}


@pytest.fixture(scope="module")
def school() -> TemplateSource:
    return load_folder(CATALOGUE / "schule" / "schuelerbefoerderung")


@pytest.fixture(scope="module")
def hunting() -> TemplateSource:
    return load_folder(CATALOGUE / "ordnung" / "jagdschein")


def operation(point: str, source: TemplateSource, value: Any = None) -> Operation:
    found = next(each for each in points(source) if each.id == point)
    law = SATZUNG if found.norm == "satzung" else {}
    value = VALUES[point] if value is None else value
    return Operation(point, found.kind, value, fingerprint=found.fingerprint, **law)


def refused(source: TemplateSource, *operations: Operation) -> set[tuple[str, str]]:
    applied = apply(source, operations)
    assert not applied.problems or applied.source is source
    return {(problem.path, problem.code) for problem in applied.problems}


def applied(source: TemplateSource, *operations: Operation) -> TemplateSource:
    result = apply(source, operations)
    assert result.problems == ()
    return result.source


def test_nothing_gives_the_base_itself(school: TemplateSource) -> None:
    assert apply(school, ()).source is school


def test_the_points_of_the_base(school: TemplateSource) -> None:
    found = {point.id: point for point in points(school)}
    assert found["own_share"].base_value == "25,00 €"
    assert found["hearing_period"].base_value == "14 Tage"
    assert found["before_notice"].element_name == "zwischen „Freigegeben?“ und „Bewilligung bekannt geben“"
    assert {name for name, point in found.items() if point.locked} == {"minimum_distance", "objection_period"}
    assert found["objection_period"].locked == "Bundesrecht bestimmt diese Frist der Bürgerinnen und Bürger."


@pytest.mark.parametrize("point", VALUES)
def test_each_operation_changes_its_place_and_stays_sound(school: TemplateSource, point: str) -> None:
    before = school.content_hash
    new = applied(school, operation(point, school))
    assert school.content_hash == before
    found = differences(school, new)
    assert found
    assert {str(each.change_class) for each in found if each.place == "diagram"} <= {"LAYOUT"}
    assert check(compile_plan(new.bpmn_xml, new.decisions)).result == "sound"


def test_a_deadline_changes_with_what_the_citizen_is_told(school: TemplateSource) -> None:
    found = differences(school, applied(school, operation("hearing_period", school)))
    assert {(each.place, each.after) for each in found} == {("hearing", "4 Wochen"), ("hearing_expired", "4 Wochen")}
    assert len(found) == 3


def test_an_inserted_step_is_drawn_and_has_its_form(school: TemplateSource) -> None:
    new = applied(school, operation("before_notice", school))
    assert new.forms["local_before_notice"]["id"] == "local_before_notice"
    plan = compile_plan(new.bpmn_xml, new.decisions)
    (flow,) = plan.elements["issue_grant"].incoming
    assert flow.source == "local_before_notice"
    svg = render_svg(new.bpmn_xml, marks={"local_before_notice": "added"})
    assert "Haushaltsvermerk" in svg
    assert 'class="userTask added"' in svg


def test_an_optional_step_is_skipped(hunting: TemplateSource) -> None:
    new = applied(hunting, Operation("personal_collection", "optional_step", True))
    plan = compile_plan(new.bpmn_xml, new.decisions)
    assert "hand_over" not in plan.elements
    assert plan.elements["invite_collection"].outgoing[0].target == "objection_period"
    assert check(plan).result == "sound"
    assert "Jagdschein aushändigen" not in render_svg(new.bpmn_xml)
    assert "personal_collection" not in {point.id for point in read_manifest(new.manifest).variable_points}


def test_what_is_no_variable_point_does_not_vary(school: TemplateSource) -> None:
    assert refused(school, Operation("grant_text", "text", "x")) == {("grant_text", "NOT_A_VARIABLE_POINT")}


@pytest.mark.parametrize(
    ("point", "kind", "value", "code"),
    [
        ("minimum_distance", "value", 1500, "NOT_VARIABLE"),
        ("objection_period", "deadline", "P2M", "NOT_VARIABLE"),
        ("hearing_period", "deadline", "P7D", "SHORTER_FOR_CITIZEN"),
        ("hearing_period", "deadline", "P0D", "SHORTER_FOR_CITIZEN"),
        ("supply_period", "deadline", "P30D", "SHORTER_FOR_CITIZEN"),
        ("hearing_period", "deadline", "bald", "DURATION"),
        ("hearing_period", "deadline", 14, "DURATION"),
        ("hearing_period", "text", "P4W", "KIND"),
        ("own_share", "value", 2800, "CITATION_MISSING"),
        ("approval_role", "role", "citizen", "ROLE_UNKNOWN"),
        ("approval_role", "role", "king", "ROLE_UNKNOWN"),
        ("approval_role", "role", "operator", "ROLE_UNKNOWN"),
        ("distance_help", "text", "  ", "TEXT"),
        ("distance_help", "text", "a\x07b", "TEXT"),
        ("distance_help", "text", "x" * 4001, "TEXT"),
        ("before_notice", "insertion", {"fragment": "bomb", "name": "X"}, "FRAGMENT"),
        ("before_notice", "insertion", {"fragment": "file_note"}, "NAME"),
        ("before_notice", "insertion", {"fragment": "task", "name": "X", "form": "nowhere"}, "FORM_MISSING"),
        ("before_notice", "insertion", {**FRAGMENT, "script": "x"}, "FRAGMENT"),
        ("before_notice", "insertion", {**FRAGMENT, "role": "citizen"}, "ROLE_UNKNOWN"),
    ],
)
def test_refusals(school: TemplateSource, point: str, kind: str, value: Any, code: str) -> None:
    assert (point, code) in refused(school, Operation(point, kind, value))


@pytest.mark.parametrize("value", [-1, True, "2800", 10_000_001, 28.5])
def test_money_is_whole_cents(school: TemplateSource, value: Any) -> None:
    assert refused(school, Operation("own_share", "value", value, **SATZUNG)) == {("own_share", "AMOUNT")}


def test_one_point_once(school: TemplateSource) -> None:
    twice = operation("hearing_period", school)
    assert refused(school, twice, replace(twice, value="P5W")) == {("hearing_period", "TWICE")}


def with_point(source: TemplateSource, point: str, **changes: Any) -> TemplateSource:
    rows = [{**row, **changes} if row["id"] == point else row for row in source.manifest["variable_points"]]
    return replace(source, manifest={**source.manifest, "variable_points": rows})


def test_a_statutory_deadline_only_against_the_authority(school: TemplateSource) -> None:
    law = with_point(school, "checking_period", norm="federal")
    assert applied(law, operation("checking_period", law, "P7D"))
    assert refused(law, operation("checking_period", law, "P21D")) == {("checking_period", "LONGER_THAN_LAW")}
    assert applied(school, operation("checking_period", school, "P21D"))


@pytest.mark.parametrize("norm", ["federal", "land"])
@pytest.mark.parametrize("point", [name for name in VALUES if name not in ("checking_period",)])
def test_federal_and_land_law_vary_nowhere(school: TemplateSource, point: str, norm: str) -> None:
    law = with_point(school, point, norm=norm)
    assert refused(law, replace(operation(point, law), **SATZUNG)) == {(point, "NOT_VARIABLE")}


def test_a_fee_of_the_satzung(school: TemplateSource) -> None:
    fee = {"id": "card", "amount_cents": 500, "norm": "satzung", "citation": "§ 7 der Satzung"}
    row = {"id": "card_fee", "element": "card", "norm": "satzung", "citation": "§ 7", "default": "5", "kind": "fee"}
    rows = [*school.manifest["variable_points"], row]
    with_fee = replace(school, manifest={**school.manifest, "fees": [fee], "variable_points": rows})
    new = applied(with_fee, Operation("card_fee", "fee", 700, **SATZUNG))
    assert [fee.amount_cents for fee in read_manifest(new.manifest).fees] == [700]


def test_markup_stays_text(school: TemplateSource) -> None:
    hostile = '"/><script>&x;</script>'
    name = {**FRAGMENT, "name": hostile}
    new = applied(school, operation("before_notice", school, name), operation("distance_help", school, hostile))
    assert compile_plan(new.bpmn_xml, new.decisions).elements["local_before_notice"].name == hostile
    assert "<script" not in render_svg(new.bpmn_xml)


@pytest.mark.parametrize("seed", range(6))
def test_applying_and_taking_back_gives_the_base(school: TemplateSource, seed: int) -> None:
    """Any subset, in any order: the same result; without it the base; with the base's values no difference in law."""
    chance = random.Random(seed)
    chosen = [operation(name, school) for name in chance.sample(sorted(VALUES), chance.randint(1, len(VALUES)))]
    new = applied(school, *chosen)
    assert applied(school, *chance.sample(chosen, len(chosen))).content_hash == new.content_hash
    assert apply(school, []).source.content_hash == school.content_hash
    values = {point.id: point.raw_value for point in points(school)}
    back = [replace(each, value=values[each.point]) for each in chosen if each.kind != "insertion"]
    assert differences(school, applied(school, *back)) == ()


def test_operations_survive_storage(school: TemplateSource) -> None:
    for name in VALUES:
        given = operation(name, school)
        assert operation_of(given.to_json()) == given


def moved(source: TemplateSource) -> TemplateSource:
    text = source.bpmn_xml.decode()
    return replace(source, bpmn_xml=text.replace('x="142"', 'x="150"').replace("\n      <", "\n\n    <").encode())


def renamed(source: TemplateSource) -> TemplateSource:
    text = source.bpmn_xml.decode()
    return replace(source, bpmn_xml=text.replace('name="Stellung nehmen"', 'name="Sich äußern"').encode())


@pytest.mark.parametrize("change", [moved, renamed])
def test_fingerprints_hold_under_layout_and_names_of_others(
    school: TemplateSource, change: Callable[[TemplateSource], TemplateSource]
) -> None:
    before = {point.id: point.fingerprint for point in points(school)}
    changed = change(school)
    assert changed.bpmn_xml != school.bpmn_xml
    assert {point.id: point.fingerprint for point in points(changed)} == before
