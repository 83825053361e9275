"""Publishing: what stands in the catalogue passes; each broken variation is refused at its element."""

from dataclasses import replace
from pathlib import Path

import pytest

import kreisbund_tenants
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.manifest import Manifest
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.plans import plan_of
from kreisbund_platform.templates.source import SourceError, TemplateSource, load_folder

CATALOGUE = Path(kreisbund_tenants.__file__).parent / "catalogue"
FOLDERS = sorted(file.parent for file in CATALOGUE.glob("*/*/template.toml"))
SCHOOL = CATALOGUE / "schule" / "schuelerbefoerderung"


@pytest.fixture
def school() -> TemplateSource:
    return load_folder(SCHOOL)


def problems(source: TemplateSource) -> set[tuple[str, str]]:
    result = publishing.check(source)
    return {(error.path, error.code) for error in result.field_errors} if isinstance(result, Invalid) else set()


def edited(source: TemplateSource, old: str, new: str) -> TemplateSource:
    text = source.bpmn_xml.decode()
    assert old in text
    return replace(source, bpmn_xml=text.replace(old, new).encode())


def test_there_are_six_templates() -> None:
    first, second = {"baugenehmigung", "jagdschein", "schuelerbefoerderung"}, {"blaue-karte-eu", "zaehlerstand"}
    assert {folder.name for folder in FOLDERS} == first | second | {"unterhaltsvorschuss"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_catalogue_may_be_published(folder: Path) -> None:
    assert isinstance(publishing.check(load_folder(folder)), Manifest)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('kb:form="approve"', 'kb:form="nowhere"', ("approve", "FORM_MISSING")),
        ('kb:letter="grant"', 'kb:letter="nowhere"', ("issue_grant", "LETTER_MISSING")),
        ('kb:letter="grant"', 'kb:letter="hearing"', ("issue_grant", "LETTER_KIND")),
        ('kb:operation="letter"', 'kb:operation="pay"', ("send_hearing", "OPERATION_UNKNOWN")),
        ('kb:decision="own_share"', 'kb:decision="nowhere"', ("determine_own_share", "MODEL")),
        ('kb:role="citizen"', 'kb:role="king"', ("hearing", "ROLE_UNKNOWN")),
        ('kb:due="P7D"', 'kb:due="soon"', ("approve", "DURATION")),
        ("userTask", "scriptTask", ("formal_check", "MODEL")),
    ],
)
def test_a_broken_model_is_refused_at_its_element(
    school: TemplateSource, old: str, new: str, expected: tuple[str, str]
) -> None:
    assert expected in problems(edited(school, old, new))


def test_a_notice_without_a_human_needs_a_norm(school: TemplateSource) -> None:
    shortcut = 'sourceRef="gateway_finding" targetRef="approve"'
    automatic = edited(school, shortcut, 'sourceRef="gateway_finding" targetRef="issue_grant"')
    assert ("issue_grant", "AUTOMATIC_DECISION") in problems(automatic)
    norm = {"automatic_decision_norm": "§ 35a ThürVwVfG i. V. m. § 4 ThürSchFG"}
    permitted = replace(automatic, manifest={**school.manifest, **norm, "automatic_decision_exit": "gateway_finding"})
    assert not [code for _, code in problems(permitted) if code.startswith("AUTOMATIC")]
    without_exit = replace(automatic, manifest={**school.manifest, **norm})
    assert ("automatic_decision_exit", "AUTOMATIC_EXIT") in problems(without_exit)


def test_an_act_is_issued_as_a_notice(school: TemplateSource) -> None:
    found = problems(
        edited(school, 'kb:operation="notice" kb:letter="grant"', 'kb:operation="letter" kb:letter="grant"')
    )
    assert ("issue_grant", "LETTER_KIND") in found


def test_an_example_must_be_valid(school: TemplateSource) -> None:
    form = school.forms["application"]
    broken = {**form, "example": {**form["example"], "grade": 14, "unknown": "x"}}
    found = problems(replace(school, forms={**school.forms, "application": broken}))
    assert {path for path, _ in found} == {"application.example.grade", "application.example.unknown"}


def test_a_letter_quotes_only_what_the_case_has(school: TemplateSource) -> None:
    letter = {**school.letters["grant"], "operative": ["Kennwort: {password}"]}
    found = problems(replace(school, letters={**school.letters, "grant": letter}))
    assert found == {("grant.operative.0", "PLACEHOLDER")}


def test_a_failing_case_stops_publishing(school: TemplateSource) -> None:
    wrong = {**school.cases[0], "expect": {"outcome": "REFUSED"}}
    assert problems(replace(school, cases=[wrong])) == {("cases", "CASE_FAILED")}
    assert problems(replace(school, cases=[{"name": "unlesbar"}])) == {("cases", "CASE_FAILED")}
    assert problems(replace(school, cases=[])) == {("cases", "CASES_MISSING")}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("regime", "BGB"),
        ("leika_key", "123"),
        ("legal_basis", []),
        ("guests", "ja"),
        ("surprise", 1),
        ("fees", [{"id": "a", "amount_cents": 1.5, "norm": "land", "citation": "x"}]),
    ],
)
def test_a_wrong_manifest_is_refused(school: TemplateSource, key: str, value: object) -> None:
    ((path, code),) = problems(replace(school, manifest={**school.manifest, key: value}))
    assert code == "MANIFEST"
    assert path.startswith(key)


def test_a_folder_that_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "template.toml").write_text("slug = ")
    with pytest.raises(SourceError, match=r"template\.toml"):
        load_folder(tmp_path)


def test_the_hash_ignores_the_order_of_keys_and_sees_content(school: TemplateSource) -> None:
    turned = replace(school, manifest=dict(reversed(school.manifest.items())))
    assert turned.content_hash == school.content_hash
    other = replace(school, manifest={**school.manifest, "title": "Schulweg"})
    assert other.content_hash != school.content_hash


def test_published_once_and_loaded(deployment, school: TemplateSource, clock) -> None:
    source = replace(
        school,
        manifest={**school.manifest, "topic": {"slug": "schule", "title": "Schule", "lead_county": "nordhausen"}},
    )
    with deployment.connections.for_workspace("catalogue") as connection:
        first = publishing.publish(connection, source, clock=clock)
        again = publishing.publish(connection, source, clock=clock)
        changed = replace(source, manifest={**source.manifest, "summary": "Neu gefasst"})
        second = publishing.publish(connection, changed, clock=clock)
        assert isinstance(first, TemplateVersion)
        assert isinstance(again, TemplateVersion)
        assert isinstance(second, TemplateVersion)
        assert (again.id, second.number, second.template_id) == (first.id, first.number + 1, first.template_id)
        loaded = plan_of(connection, second.id)
        assert (loaded.slug, loaded.manifest.summary) == ("schuelerbefoerderung", "Neu gefasst")
        assert loaded.plan.elements["approve"].attributes["role"] == "caseworker"
        assert plan_of(connection, second.id) is loaded
        with pytest.raises(LookupError):
            plan_of(connection, first.template_id)


def test_an_unknown_lead_county_is_refused(deployment, school: TemplateSource, clock) -> None:
    topic = {"slug": "schule", "title": "Schule", "lead_county": "atlantis"}
    with deployment.connections.for_workspace("catalogue") as connection:
        refused = publishing.publish(
            connection, replace(school, manifest={**school.manifest, "topic": topic}), clock=clock
        )
    assert isinstance(refused, Invalid)
    assert refused.field_errors[0].path == "topic.lead_county"
