"""What outside clients rely on: the examples of schuelerbefoerderung lead to a notice as they stand."""

from datetime import UTC, datetime
from pathlib import Path

import kreisbund_tenants
from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import compile_plan
from kreisbund_platform.templates.source import load_folder

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_examples_lead_to_a_notice() -> None:
    source = load_folder(SCHOOL)
    plan = compile_plan(source.bpmn_xml, source.decisions)
    step = engine.advance(plan, None, {}, engine.Start(source.forms["application"]["example"]), NOW)
    variables, roles = step.variables or {}, []
    while not (jobs := [effect for effect in step.effects if isinstance(effect, engine.JobRequested)]):
        assert not any(isinstance(effect, engine.TimerSet) for effect in step.effects)
        ((token, element_id),) = engine.waiting(step.state)
        attributes = plan.elements[element_id].attributes
        roles.append(attributes["role"])
        example = source.forms[attributes["form"]]["example"]
        step = engine.advance(plan, step.state, variables, engine.TaskCompleted(token, example), NOW)
        variables = step.variables or variables
        assert len(roles) <= 12
    assert [job.element_id for job in jobs] == ["issue_grant"]
    assert roles.count("caseworker") >= 2


def test_the_example_holds_a_name_with_other_letters() -> None:
    example = load_folder(SCHOOL).forms["application"]["example"]
    assert not example["applicant_family_name"].isascii()
