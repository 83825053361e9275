"""Differences of two versions: each change of content is told, in the process's order, and of the right class."""

import copy
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kreisbund_tenants
from kreisbund_platform.templates.differences import Difference, differences, marks
from kreisbund_platform.templates.differences.terms import duration_words, is_longer, is_shorter
from kreisbund_platform.templates.source import TemplateSource, load_folder

CATALOGUE = Path(kreisbund_tenants.__file__).parent / "catalogue"
FOLDERS = sorted(file.parent for file in CATALOGUE.glob("*/*/template.toml"))
INSERTED = (
    '<bpmn:userTask id="visit" name="Ortstermin" kb:role="caseworker" kb:form="approve" kb:due="P7D">'
    "<bpmn:incoming>flow_x</bpmn:incoming><bpmn:outgoing>flow_y</bpmn:outgoing></bpmn:userTask>"
    '<bpmn:sequenceFlow id="flow_y" sourceRef="visit" targetRef="issue_grant" />'
)


@pytest.fixture(scope="module")
def school() -> TemplateSource:
    return load_folder(CATALOGUE / "schule" / "schuelerbefoerderung")


def edited(source: TemplateSource, *pairs: tuple[str, str]) -> TemplateSource:
    text = source.bpmn_xml.decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return replace(source, bpmn_xml=text.encode())


def told(old: TemplateSource, new: TemplateSource) -> list[tuple[str, str, str, str]]:
    return [(str(d.kind), str(d.part), d.place, str(d.change_class)) for d in differences(old, new)]


def only(old: TemplateSource, new: TemplateSource) -> Difference:
    found = differences(old, new)
    assert len(found) == 1, found
    return found[0]


def test_the_same_version_has_no_differences(school: TemplateSource) -> None:
    assert differences(school, copy.deepcopy(school)) == ()
    assert marks(school, school) == ({}, {})


def test_a_shorter_hearing(school: TemplateSource) -> None:
    changed = only(school, edited(school, (">P14D</bpmn:timeDuration>", ">P7D</bpmn:timeDuration>")))
    assert (changed.part, changed.place, changed.change_class) == ("deadline", "hearing_expired", "DEADLINE_SHORTER")
    assert changed.sentence == "Frist „Keine Äußerung“: 7 Tage statt bisher 14 Tage."


def test_role_name_and_due_of_one_task(school: TemplateSource) -> None:
    new = edited(
        school,
        (
            'name="Bewilligung freigeben" kb:role="caseworker" kb:form="approve" kb:due="P7D"',
            'name="Bewilligung zeichnen" kb:role="team_lead" kb:form="approve" kb:due="P10D"',
        ),
    )
    assert [(part, place, class_) for _kind, part, place, class_ in told(school, new)] == [
        ("element", "approve", "TEXT"),
        ("role", "approve", "ROLE"),
        ("deadline", "approve", "DEADLINE_LONGER"),
    ]
    assert "Teamleitung statt bisher Sachbearbeitung" in differences(school, new)[1].sentence


def test_an_inserted_step_is_one_difference(school: TemplateSource) -> None:
    flow = 'name="ja" sourceRef="gateway_approved" targetRef='
    new = edited(school, (f'{flow}"issue_grant" />', f'{flow}"visit" />{INSERTED}'))
    added = only(school, new)
    assert (added.kind, added.place, added.change_class) == ("ADDED", "visit", "STRUCTURE")
    where = "zwischen „Freigegeben?“ und „Bewilligung bekannt geben“"
    assert added.sentence == f"Aufgabe „Ortstermin“ kommt hinzu {where}; zuständig: Sachbearbeitung."
    assert only(new, school).kind == "REMOVED"
    in_old, in_new = marks(school, new)
    assert in_new == {"visit": "added", "flow_y": "added", "flow_gateway_approved_to_issue_grant": "changed"}
    assert in_old == {"flow_gateway_approved_to_issue_grant": "changed"}


def test_a_way_that_leads_elsewhere_and_its_condition(school: TemplateSource) -> None:
    moved = edited(
        school,
        (
            'sourceRef="supply_information" targetRef="formal_check"',
            'sourceRef="supply_information" targetRef="substantive_check"',
        ),
    )
    assert told(school, moved) == [("MOVED", "flow", "flow_supply_information_to_formal_check", "STRUCTURE")]
    stricter = edited(school, ('entitled = "yes"', 'entitled = "maybe"'))
    assert only(school, stricter).sentence.startswith("Bedingung des Weges „ja“ von „Anspruch?“ nach")


def test_layout_is_no_difference_for_the_law(school: TemplateSource) -> None:
    assert told(school, edited(school, ('x="142"', 'x="150"'))) == [("CHANGED", "manifest", "diagram", "LAYOUT")]
    assert marks(school, edited(school, ('x="142"', 'x="150"'))) == ({}, {})


def test_differences_stand_in_the_order_of_the_process(school: TemplateSource) -> None:
    new = edited(
        school,
        ('name="Widerspruchsfrist"', 'name="Rechtsbehelfsfrist"'),
        ('name="Anspruch vorprüfen"', 'name="Anspruch prüfen"'),
        ('name="Anhörung versenden"', 'name="Anhörung absenden"'),
    )
    assert [d.place for d in differences(school, new)] == ["assess_entitlement", "send_hearing", "objection_period"]


def field(source: TemplateSource, form_id: str, key: str, **changes: Any) -> TemplateSource:
    forms = copy.deepcopy(dict(source.forms))
    for group in forms[form_id]["components"]:
        group["components"] = [
            {**component, **changes} if component.get("key") == key else component
            for component in group["components"]
            if changes or component.get("key") != key
        ]
    return replace(source, forms=forms)


@pytest.mark.parametrize(
    ("changes", "class_"),
    [
        ({"label": "Name"}, "TEXT"),
        ({"description": "So wie am Schultor"}, "HELP"),
        ({"validate": {"maxLength": 200}}, "FORM_OPTIONAL_FIELD"),
        ({"validate": {"required": True, "maxLength": 20}}, "FORM_REQUIRED_FIELD"),
        ({"properties": {"retention": "ten_years"}}, "LEGAL_BASIS"),
        ({}, "FORM_REMOVED_FIELD"),
    ],
)
def test_fields(school: TemplateSource, changes: dict[str, Any], class_: str) -> None:
    found = only(school, field(school, "application", "school_name", **changes))
    assert (found.part, found.place, found.change_class) == ("form_field", "application.school_name", class_)


def test_an_added_field_counts_by_its_duty(school: TemplateSource) -> None:
    for key, class_ in (("school_name", "FORM_REQUIRED_FIELD"), ("school_confirmation", "FORM_OPTIONAL_FIELD")):
        without = field(school, "application", key)
        assert only(without, school).change_class == class_


def test_answers_that_come_go_and_are_called_otherwise(school: TemplateSource) -> None:
    values = [
        {"value": "bus", "label": "Bus"},
        {"value": "special", "label": "Schülerspezialverkehr"},
        {"value": "bike", "label": "Fahrrad"},
    ]
    new = field(school, "application", "transport", values=values)
    assert [class_ for _k, _p, _place, class_ in told(school, new)] == [
        "TEXT",
        "FORM_OPTIONAL_FIELD",
        "FORM_REMOVED_FIELD",
    ]


def test_a_constant_and_a_row_of_a_decision(school: TemplateSource) -> None:
    xml = school.decisions["entitlement.dmn"]
    new = replace(school, decisions={"entitlement.dmn": xml.replace(b"<text>2500</text>", b"<text>2800</text>")})
    found = only(school, new)
    assert (found.part, found.place, found.change_class) == ("fee", "own_share_amount_cents", "FEE")
    assert found.sentence == "„Eigenanteil je Monat“: „28,00 €“ statt bisher „25,00 €“."
    assert marks(school, new)[1] == {"determine_own_share": "changed"}
    row = replace(school, decisions={"entitlement.dmn": xml.replace(b"<text>0</text>", b"<text>100</text>")})
    assert only(school, row).sentence == (
        "Entscheidung „Eigenanteil je Monat“, Regel: „wenn Klassenstufe < own_share_from_grade: own_share_monthly_cents"
        " = 100“ statt bisher „wenn Klassenstufe < own_share_from_grade: own_share_monthly_cents = 0“."
    )
    assert marks(school, row)[1] == {"determine_own_share": "changed"}
    shorter = replace(school, decisions={"other.dmn": xml.replace(b"<text>2000</text>", b"<text>1500</text>")})
    assert only(school, shorter).change_class == "DECISION"


def test_a_paragraph_and_the_remedy_of_a_letter(school: TemplateSource) -> None:
    grant = {**school.letters["grant"], "conditions": ["Neu.", *school.letters["grant"]["conditions"]]}
    found = only(school, replace(school, letters={**school.letters, "grant": grant}))
    assert (found.kind, found.place, found.change_class) == ("ADDED", "grant.conditions.0", "LETTER")
    without = {**school.letters["grant"], "remedy": False}
    assert only(school, replace(school, letters={**school.letters, "grant": without})).change_class == "LEGAL_BASIS"


def test_the_manifest(school: TemplateSource) -> None:
    manifest = copy.deepcopy(dict(school.manifest))
    manifest["legal_basis"] = [*manifest["legal_basis"], "§ 60 SGB I"]
    manifest["fees"] = [{"id": "card", "amount_cents": 500, "norm": "satzung", "citation": "§ 7"}]
    manifest["summary"] = "Kurz."
    manifest["made_up"] = 1
    found = differences(school, replace(school, manifest=manifest))
    assert [(d.part, d.change_class) for d in found] == [
        ("legal_basis", "LEGAL_BASIS"),
        ("fee", "FEE"),
        ("manifest", "TEXT"),
        ("manifest", "LEGAL_BASIS"),
    ]
    assert found[1].sentence == "Gebühr „card“: neu 5,00 € (§ 7, satzung)."


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_change_of_content_goes_untold(folder: Path) -> None:
    source = load_folder(folder)
    chance = random.Random(folder.name)
    for _round in range(60):
        changed = _somewhere(source, chance)
        if changed.content_hash != source.content_hash:
            found = differences(source, changed)
            assert found, changed.content_hash
            assert all(d.sentence and "None" not in d.sentence for d in found)


def _somewhere(source: TemplateSource, chance: random.Random) -> TemplateSource:
    """One value somewhere in the template becomes another."""
    part = chance.choice(["manifest", "forms", "letters", "bpmn_xml", "decisions"])
    if part == "bpmn_xml":
        return replace(source, bpmn_xml=_xml(source.bpmn_xml, chance))
    if part == "decisions":
        return replace(source, decisions={name: _xml(xml, chance) for name, xml in source.decisions.items()})
    text = json.dumps(getattr(source, part), default=str)
    values = [match.span() for match in re.finditer(r'(?<=: )("(?:[^"\\]|\\.)*"|\d+)', text)]
    start, end = chance.choice(values)
    return replace(source, **{part: json.loads(f'{text[:start]}"x{chance.random()}"{text[end:]}')})


def _xml(xml: bytes, chance: random.Random) -> bytes:
    text = xml.decode()
    body = text.index(">", text.index("efinitions "))
    values = [
        match.span(1)
        for match in re.finditer(r' (?:name|kb:\w+|default|cancelActivity|x|hitPolicy)="([^"]+)"', text[body:])
    ]
    values += [match.span(1) for match in re.finditer(r"<(?:text|bpmn:conditionExpression[^>]*)>([^<]+)<", text[body:])]
    start, end = chance.choice(values)
    # kb:version is free text of the author
    if "kb:version" in text[body + start - 14 : body + start]:
        return xml
    return f"{text[: body + start]}7{text[body + end :]}".encode()


def test_durations_as_people_say_them() -> None:
    assert duration_words("P14D") == "14 Tage"
    assert duration_words("P4W") == "4 Wochen"
    assert duration_words("P1Y1M") == "1 Jahr 1 Monat"
    assert duration_words("PT0S") == "sofort"
    assert duration_words("= received_on") == "= received_on"


def test_longer_only_where_it_is_so_in_every_month() -> None:
    longer = [("P14D", "P1M"), ("P30D", "P2M"), ("P27D", "P1M"), ("P1Y", "P13M"), ("PT1H", "P1D")]
    assert all(is_longer(less, more) and is_shorter(more, less) for less, more in longer)
    unclear = [("P30D", "P1M"), ("P1M", "P30D"), ("P1M", "P1M"), ("P1M", "= x")]
    assert not any(is_longer(*pair) or is_shorter(*pair) for pair in unclear)
