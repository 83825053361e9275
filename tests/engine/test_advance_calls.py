"""Call activities: a published template inside another, compiled into one plan."""

import itertools

import pytest

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.bpmn import read_definitions
from kreisbund_platform.engine.plan import CalledModel, ModelRefused, build_plan, compile_plan
from tests.engine.driver import Case
from tests.engine.models import definitions, flows, node, straight
from tests.engine.test_advance import TABLE

ESCALATION = '<bpmn:escalationEventDefinition escalationRef="X"/>'
BEFORE = '<bpmn:escalation id="X" escalationCode="X1"/>'
TASK = node("userTask", "t")
CALL = node("callActivity", "hear", calledElement="hearing", kb_version="2")


def called(*nodes, before="", decisions=None, inner=None):
    names = ["start", *(text.split('id="')[1].split('"')[0] for text in nodes), "end"]
    body = node("startEvent", "start") + "".join(nodes) + node("endEvent", "end")
    xml = definitions(body + flows(*map(">".join, itertools.pairwise(names))), before, "hearing_process")
    return CalledModel(xml, decisions or {}, inner or {})


def test_a_called_process_runs_in_the_same_case():
    model = called(node("userTask", "write", kb_form="letter", kb_role="caseworker"), node("userTask", "wait"))
    case = Case(straight(CALL, node("userTask", "decide")), called={"hearing": model})
    assert case.waiting == ["hear.write"]
    assert case.plan.elements["hear"].called == "hearing"
    assert case.plan.containers["hear"].starts == ("hear.start",)
    assert case.plan.elements["hear.write"].attributes == {"form": "hearing:letter", "role": "caseworker"}
    case.complete("hear.write", a=1)
    assert case.waiting == ["hear.wait"]
    case.complete("hear.wait")
    assert case.waiting == ["decide"]
    assert case.variables == {"a": 1}
    assert case.passed[-2:] == ["hear.end", "hear"]


def test_decisions_of_the_called_template_are_its_own():
    rule = node("businessRuleTask", "calculate", kb_decision="fee")
    model = called(rule, node("userTask", "check"), decisions={"fee.dmn": TABLE})
    outer = called(node("callActivity", "deep", calledElement="fees", kb_version="1"), inner={"fees": model})
    other = TABLE.replace(b"1.5", b"3")
    xml = straight(CALL, node("businessRuleTask", "own", kb_decision="fee"))
    case = Case(xml, {"area": 20}, called={"hearing": outer}, decisions={"fee.dmn": other})
    assert case.waiting == ["hear.deep.check"]
    assert case.variables["fee_cents"] == 7500
    assert case.of(engine.DecisionMade)[0].decision_id == "hearing:fees:fee"
    case.complete("hear.deep.check")
    assert case.variables["fee_cents"] == 15000


def test_an_escalation_leaves_the_called_process():
    model = called(node("intermediateThrowEvent", "lift", ESCALATION), node("userTask", "check"), before=BEFORE)
    border = node("boundaryEvent", "edge", ESCALATION, attachedToRef="hear", cancelActivity="false")
    xml = definitions(
        node("startEvent", "start") + CALL + border + node("userTask", "look") + node("endEvent", "end")
        + node("endEvent", "stop") + flows("start>hear", "hear>end", "edge>look", "look>stop"), BEFORE
    )  # fmt: skip
    assert Case(xml, called={"hearing": model}).waiting == ["hear.check", "look"]


def test_a_call_for_each_item():
    marker = '<bpmn:multiInstanceLoopCharacteristics kb:collection="items" kb:elementVariable="item"/>'
    xml = straight(node("callActivity", "hear", marker, calledElement="hearing", kb_version="2"))
    case = Case(xml, {"items": ["a", "b"]}, called={"hearing": called(node("userTask", "check"))})
    assert case.waiting == ["hear.check", "hear.check"]
    known = engine.local_variables(case.plan, case.state, case.token("hear.check", 1), case.variables)
    assert known["item"] == "b"
    assert case.complete("hear.check").complete("hear.check").ended


@pytest.mark.parametrize(
    ("xml", "models", "element_id"),
    [
        (straight(CALL), {}, "hear"),
        (straight(node("callActivity", "hear", kb_version="1")), {}, "hear"),
        (straight(node("callActivity", "hear", calledElement="hearing")), {"hearing": called(TASK)}, "hear"),
        (
            straight(node("callActivity", "hear", calledElement="hearing", kb_version="latest")),
            {"hearing": called(node("userTask", "t"))},
            "hear",
        ),
        (straight(CALL), {"hearing": called(node("magicTask", "t"))}, "t"),
        (straight(CALL), {"hearing": called(node("businessRuleTask", "t", kb_decision="fee"))}, "hear.t"),
    ],
)  # fmt: skip
def test_refused(xml, models, element_id):
    with pytest.raises(ModelRefused) as refused:
        compile_plan(xml, {}, models)
    assert refused.value.element_id == element_id


def test_the_hash_covers_what_is_called():
    hashes = {
        compile_plan(straight(CALL), {}, {"hearing": called(node("userTask", name))}).content_hash
        for name in ("a", "b")
    }
    assert len(hashes) == 2


def test_calls_without_end_are_refused():
    model = called(node("userTask", "t"))
    for _level in range(30):
        model = called(CALL, inner={"hearing": model})
    with pytest.raises(ModelRefused):
        compile_plan(straight(CALL), {}, {"hearing": model})


def test_calls_that_multiply_are_refused():
    model = called(*(node("userTask", f"t{i}") for i in range(20)))
    for _level in range(10):
        calls = [node("callActivity", f"c{i}", calledElement="hearing", kb_version="1") for i in range(10)]
        model = called(*calls, inner={"hearing": model})
    with pytest.raises(ModelRefused):
        compile_plan(straight(CALL), {}, {"hearing": model})


def test_other_tools_call_processes_of_the_same_file_or_nothing():
    inner = node("startEvent", "s") + TASK + node("callActivity", "again", calledElement="outer")
    inner = '<bpmn:process id="inner">' + inner + flows("s>t", "t>again") + "</bpmn:process>"
    xml = definitions(
        node("startEvent", "start") + node("callActivity", "call", calledElement="tns:inner")
        + node("callActivity", "lost", calledElement="nowhere") + flows("start>call", "call>lost"), inner, "outer"
    )  # fmt: skip
    found = {model.process_id: model for model in read_definitions(xml).processes}
    case = Case(build_plan(found["outer"], beside=found))
    assert case.waiting == ["call.t"]
    case.complete("call.t")
    assert case.waiting == ["call.again.call"]
