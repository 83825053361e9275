"""A template that calls another published one, in the version that it pins."""

from dataclasses import replace
from pathlib import Path

import kreisbund_tenants
from kreisbund_platform.engine import advance as engine
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.plans import plan_of
from kreisbund_platform.templates.source import TemplateSource, load_folder
from tests.engine.models import NOW, node, straight

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
TOPIC = {"slug": "schule", "title": "Schule", "lead_county": "nordhausen"}


def caller(school: TemplateSource, number: int) -> TemplateSource:
    """A template of its own that does nothing but call the school's."""
    call = node("callActivity", "inner", calledElement="schuelerbefoerderung", kb_version=str(number))
    manifest = {**school.manifest, "slug": "ruft-auf", "title": "Ruft auf", "topic": TOPIC}
    manifest = {key: value for key, value in manifest.items() if key != "variable_points"}
    form = school.forms[school.manifest["start_form"]]
    case = {"name": "ruft auf", "expect": {"waiting": ["inner.formal_check"]}}
    xml = straight(call)
    return replace(
        school, manifest=manifest, bpmn_xml=xml, decisions={}, forms={form["id"]: form}, letters={}, cases=[case]
    )


def test_a_called_template_runs_in_its_pinned_version(deployment, clock) -> None:
    school = load_folder(SCHOOL)
    school = replace(school, manifest={**school.manifest, "topic": TOPIC})
    with deployment.connections.for_workspace("catalogue") as connection:
        inner = publishing.publish(connection, school, clock=clock)
        assert isinstance(inner, TemplateVersion)
        outer = publishing.publish(connection, caller(school, inner.number), clock=clock)
        assert isinstance(outer, TemplateVersion), outer
        loaded = plan_of(connection, outer.id)
    assert loaded.plan.elements["inner.formal_check"].attributes["form"] in loaded.forms
    assert "schuelerbefoerderung:grant" in loaded.letters
    step = engine.advance(loaded.plan, None, {}, engine.Start(dict(school.forms["application"]["example"])), NOW)
    assert [at for _, at in engine.waiting(step.state)] == ["inner.formal_check"]


def test_what_is_called_must_be_published(deployment, clock) -> None:
    school = load_folder(SCHOOL)
    with deployment.connections.for_workspace("catalogue") as connection:
        refused = publishing.publish(connection, caller(school, 9999), clock=clock)
    assert isinstance(refused, Invalid)
    assert [(error.path, error.code) for error in refused.field_errors] == [("inner", "MODEL")]
