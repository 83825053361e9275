"""A template's own test cases: signals, one of several instances, incidents."""

from dataclasses import replace
from pathlib import Path

import pytest

import kreisbund_tenants
from kreisbund_platform.templates.cases import run_cases
from kreisbund_platform.templates.source import TemplateSource, load_folder
from tests.engine.models import definitions, flows, node, straight

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
SEVERAL = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"  # noqa: E501
SIGNAL = '<bpmn:signalEventDefinition signalRef="S"/>'


@pytest.fixture
def school() -> TemplateSource:
    return load_folder(SCHOOL)


def problem(source: TemplateSource, xml: bytes, *steps: dict[str, object], **expect: object) -> str | None:
    case = {"name": "x", "steps": list(steps), "expect": expect}
    (result,) = run_cases(replace(source, bpmn_xml=xml, cases=[case]))
    return result.problem


def test_signals_and_instances(school: TemplateSource) -> None:
    xml = straight(node("userTask", "ask", SEVERAL), node("intermediateCatchEvent", "storm", SIGNAL))
    xml = xml.replace(b"<bpmn:process", b'<bpmn:signal id="S" name="Sturm"/><bpmn:process')
    second, first = {"complete": "ask", "instance": 2}, {"complete": "ask", "instance": 1}
    assert problem(school, xml, second, waiting=["ask"]) is None
    assert problem(school, xml, second, first, waiting=["storm"]) is None
    assert problem(school, xml, second, first, {"signal": "storm"}, path=["ask", "storm", "end"], waiting=[]) is None
    assert problem(school, xml, second, second) == "nothing waits at ask"
    assert problem(school, xml, {"signal": "storm"}) == "nothing waits at storm"


def test_incidents_are_expected_and_repaired(school: TemplateSource) -> None:
    xml = definitions(
        node("startEvent", "start")
        + node("exclusiveGateway", "split")
        + node("userTask", "a")
        + node("userTask", "b")
        + node("endEvent", "end")
        + flows("start>split", "split>a: choice = 1", "split>b: choice = 2", "a>end", "b>end")
    )
    assert problem(school, xml, incidents=["split"]) is None
    assert problem(school, xml, waiting=[]) == "stopped at split"
    assert problem(school, xml, {"retry": "split", "data": {"choice": 2}}, waiting=["b"]) is None
    assert problem(school, xml, {"retry": "split", "flow": "split_a"}, waiting=["a"]) is None
    assert problem(school, xml, {"retry": "a"}) == "no incident at a"
