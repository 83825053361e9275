import pytest

from kreisbund_platform.engine.plan import ModelRefused, compile_plan
from tests.engine.models import definitions, flows, node, straight, timer

START, END = node("startEvent", "start"), node("endEvent", "end")
TASK = node("userTask", "work")
SPLIT = node("exclusiveGateway", "split") + node("userTask", "other")


def split(kind="exclusiveGateway", conditions=("", ""), **attributes):
    return definitions(
        START + END + node(kind, "split", **attributes) + TASK + node("userTask", "other")
        + flows("start>split", f"split>work{conditions[0]}", f"split>other{conditions[1]}", "work>end", "other>end")
    )  # fmt: skip


def looped(kind, **attributes):
    return definitions(
        START + END + node("exclusiveGateway", "again") + node(kind, "body", **attributes)
        + node("exclusiveGateway", "split", default="split_end")
        + flows("start>again", "again>body", "body>split", "split>again: x", "split>end")
    )  # fmt: skip


REFUSED = {
    "complex gateway": (split("complexGateway"), "split"),
    "script": (straight(node("scriptTask", "work")), "work"),
    "ad hoc": (straight(node("adHocSubProcess", "work")), "work"),
    "transaction": (straight(node("transaction", "work")), "work"),
    "call activity": (straight(node("callActivity", "work", calledElement="x")), "work"),
    "invented": (straight(node("magicTask", "work")), "work"),
    "multi-instance": (straight(node("userTask", "work", "<bpmn:multiInstanceLoopCharacteristics/>")), "work"),
    "compensation": (
        straight(node("intermediateThrowEvent", "work", "<bpmn:compensateEventDefinition/>")),
        "work",
    ),
    "signal": (straight(node("intermediateCatchEvent", "work", "<bpmn:signalEventDefinition/>")), "work"),
    "no trigger": (straight(node("intermediateCatchEvent", "work")), "work"),
    "no condition": (split(), "split_work"),
    "no condition, inclusive": (split("inclusiveGateway", (": a", "")), "split_other"),
    "condition at parallel": (split("parallelGateway", (": a", "")), "split_work"),
    "bad feel": (split(conditions=(": a >", ": b")), "split_work"),
    "unknown function": (split(conditions=(": __import__(a)", ": b")), "split_work"),
    "foreign default": (split(conditions=(": a", ": b"), default="start_split"), "split"),
    "duplicate id": (straight(TASK, TASK), "work"),
    "dangling flow": (definitions(START + END + flows("start>nowhere")), "start_nowhere"),
    "no start": (definitions(TASK + END + flows("work>end")), "process"),
    "two starts": (definitions(START + node("startEvent", "s2") + END + flows("start>end", "s2>end")), "s2"),
    "no end": (definitions(START + node("exclusiveGateway", "g") + flows("start>g", "g>g")), "process"),
    "dead end": (
        definitions(
            START + END + TASK + node("parallelGateway", "split") + flows("start>split", "split>work", "split>end")
        ),
        "work",
    ),
    "nothing leads here": (definitions(START + END + TASK + flows("start>end", "work>end")), "work"),
    "bad duration": (straight(node("intermediateCatchEvent", "work", timer("P1X"))), "work"),
    "empty duration": (straight(node("intermediateCatchEvent", "work", timer("P"))), "work"),
    "cycle in the flow": (straight(node("intermediateCatchEvent", "work", timer("R/P1D", "timeCycle"))), "work"),
    "missing decision": (straight(node("businessRuleTask", "work", kb_decision="fee")), "work"),
    "no decision": (straight(node("businessRuleTask", "work")), "work"),
    "unknown message": (
        straight(node("intermediateCatchEvent", "work", '<bpmn:messageEventDefinition messageRef="M"/>')),
        "work",
    ),
    "error nobody catches": (
        definitions(START + node("endEvent", "end", "<bpmn:errorEventDefinition/>") + flows("start>end")),
        "end",
    ),
    "boundary on nothing": (
        definitions(
            START
            + END
            + node("boundaryEvent", "edge", timer("P1D"), attachedToRef="x")
            + flows("start>end", "edge>end")
        ),
        "edge",
    ),
    "loop of service tasks": (looped("serviceTask"), "again"),
    "not bpmn": (b"<a id='x'/>", "x"),
    "broken xml": (b"<a>\n<b></a>", "line 2"),
    "dtd": (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "line 1"),
    "too large": (b"<a>" + b" " * 1_000_001 + b"</a>", "line 1"),
    "too deep": (b"<a>" * 200 + b"</a>" * 200, "line 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name):
    xml, element_id = REFUSED[name]
    with pytest.raises(ModelRefused) as refused:
        compile_plan(xml, {})
    assert refused.value.element_id == element_id
    assert refused.value.reason


def test_an_entity_never_reaches_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("geheim")
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>'.encode()
    with pytest.raises(ModelRefused) as refused:
        compile_plan(xml, {})
    assert "geheim" not in str(refused.value)


def test_loop_with_a_person_in_it_is_fine():
    compile_plan(looped("userTask"), {})


def test_content_hash_depends_on_every_file():
    table = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    one = compile_plan(straight(TASK), {"a.dmn": table})
    assert one.content_hash == compile_plan(straight(TASK), {"a.dmn": table}).content_hash
    assert one.content_hash != compile_plan(straight(TASK), {"b.dmn": table}).content_hash
    assert one.content_hash != compile_plan(straight(node("userTask", "w2")), {"a.dmn": table}).content_hash


def test_roles_come_from_lanes_unless_the_task_says_so():
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="CASE_WORKER"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>b</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    body = START + node("userTask", "a") + node("userTask", "b", kb_role="APPROVER") + END
    plan = compile_plan(definitions(lanes + body + flows("start>a", "a>b", "b>end")), {})
    assert plan.elements["a"].attributes["role"] == "CASE_WORKER"
    assert plan.elements["b"].attributes["role"] == "APPROVER"
