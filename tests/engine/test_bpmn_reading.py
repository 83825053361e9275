"""What other tools draw is read broadly, and refused only by name."""

import os
import time
from pathlib import Path

import pytest

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.bpmn import Behaviour, read_definitions, read_process
from kreisbund_platform.engine.plan import ModelRefused, build_plan, compile_plan
from tests.engine.driver import Case
from tests.engine.models import definitions, flows, node, straight, timer

DATA = Path(os.environ.get("KREISBUND_DATA", Path(__file__).parents[3] / "shared" / "data")) / "bpmn-miwg"


def plan_of(xml: bytes, position=0):
    return build_plan(read_definitions(xml).processes[position])


@pytest.mark.outside_data
@pytest.mark.parametrize("name", ["A.1.0", "A.2.0", "A.2.1", "A.3.0", "A.4.0", "A.4.1"])
def test_reference_models_are_read_whole(name):
    if not DATA.is_dir():
        pytest.skip("../shared/data is not here")
    xml = (DATA / f"{name}.bpmn").read_bytes()
    found = read_definitions(xml)
    assert sum(len(model.flows) for model in found.processes) == xml.count(b"sequenceFlow ")
    for model in found.processes:
        plan = build_plan(model)
        assert len(plan.elements) == len(model.nodes)
        assert soundness.check(plan).result == "sound"
        assert Case(plan).waiting


def test_a_file_as_a_modeller_with_pools_writes_it():
    xml = b"""<?xml version="1.0" encoding="UTF-8"?>
    <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:x="urn:some-tool" id="d"
      targetNamespace="urn:t" xmlns:t="urn:t">
      <extension mustUnderstand="false"/>
      <import importType="a" location="b" namespace="c"/>
      <category id="cat"><categoryValue id="cv" value="v"/></category>
      <dataStore id="ds" name="Akten"/><itemDefinition id="i"/><resource id="r1" name="Bauaufsicht"/>
      <message id="m1" name="Antrag"/><correlationProperty id="cp"><correlationPropertyRetrievalExpression
        messageRef="m1"><messagePath>x</messagePath></correlationPropertyRetrievalExpression></correlationProperty>
      <interface id="if"><operation id="op"><inMessageRef>m1</inMessageRef></operation></interface>
      <collaboration id="c"><participant id="p1" processRef="t:one"/><participant id="p2" name="Amt"/>
        <participant id="p3" processRef="two"><participantMultiplicity minimum="1"/></participant>
        <messageFlow id="mf" sourceRef="send" targetRef="p2"/><textAnnotation id="ta"><text>Hinweis</text>
          </textAnnotation>
        <association id="as" sourceRef="ta" targetRef="p2"/><conversation id="co"/></collaboration>
      <process id="one" isClosed="false" processType="None">
        <extensionElements><x:magicTask id="nothing"><x:flow/></x:magicTask><magicTask/></extensionElements>
        <ioSpecification><inputSet/><outputSet/></ioSpecification><property id="pr"/>
        <laneSet id="ls"><lane id="l1" name="Bau"><flowNodeRef>t:work</flowNodeRef><flowNodeRef>own</flowNodeRef>
          <childLaneSet id="cl"><lane id="l2" name="Pr&#252;fung"><flowNodeRef>own</flowNodeRef></lane></childLaneSet>
        </lane></laneSet>
        <startEvent id="s"><outgoing>f1</outgoing><messageEventDefinition/></startEvent>
        <task id="work" x:color="red"><multiInstanceLoopCharacteristics/></task>
        <userTask id="own"><potentialOwner id="po"><resourceRef>t:r1</resourceRef></potentialOwner></userTask>
        <sendTask id="send" messageRef="t:m1" operationRef="op"/>
        <scriptTask id="script" scriptFormat="js"><script>while(true){}</script></scriptTask>
        <businessRuleTask id="rule"/>
        <intermediateThrowEvent id="note"/>
        <dataObject id="do"/><dataObjectReference id="dor" dataObjectRef="do"><dataState name="neu"/>
          </dataObjectReference>
        <dataStoreReference id="dsr" dataStoreRef="ds"/>
        <group id="g" categoryValueRef="cv"/>
        <sequenceFlow id="f1" sourceRef="t:s" targetRef="t:work"/>
          <sequenceFlow id="f2" sourceRef="work" targetRef="own"/>
        <sequenceFlow id="f3" sourceRef="own" targetRef="send"/>
          <sequenceFlow id="f4" sourceRef="send" targetRef="script"/>
        <sequenceFlow id="f5" sourceRef="script" targetRef="rule"/>
          <sequenceFlow id="f6" sourceRef="rule" targetRef="note"/>
      </process>
      <process id="two"/>
      <choreography id="ch"><choreographyTask id="ct"/></choreography>
      <globalUserTask id="gut"/>
      <x:diagram><x:definitions/></x:diagram>
    </definitions>"""
    found = read_definitions(xml)
    assert [model.process_id for model in found.processes] == ["one", "two"]
    plan = build_plan(found.processes[0])
    assert plan.elements["work"].attributes == {"role": "Bau"}
    assert plan.elements["own"].attributes == {"role": "Bauaufsicht"}
    case = Case(plan).complete("work").complete("own").job("send")
    assert case.ended
    assert case.passed[-3:] == ["script", "rule", "note"]
    assert Case(build_plan(found.processes[1])).ended


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("${approved}", {"approved": True}),
        ("${approved == true}", {"approved": True}),
        ("#{amount &gt; 10 &amp;&amp; kind == 'a'}", {"amount": 11, "kind": "a"}),
        ("${kind != 'b' || false}", {"kind": "a"}),
        ("${!rejected}", {"rejected": False}),
        ("${!(a || b)}", {"a": False, "b": False}),
        ("not rejected", {"rejected": False}),
        ("return amount gt 10;", {"amount": 11}),
        ("kind == 'a' and flag is none", None),
        ("Antrag vollständig?", None),
        ("${bean.check(execution)}", None),
        ("var x = 3; x &gt; 2", None),
    ],
)
def test_conditions_in_other_languages(text, variables):
    body = (
        node("startEvent", "s") + node("exclusiveGateway", "g") + node("task", "a") + node("task", "b")
        + flows("s>g", "g>b").replace("</bpmn:sequenceFlow>", "</bpmn:sequenceFlow>", 1)
        + f'<bpmn:sequenceFlow id="g_a" sourceRef="g" targetRef="a"><bpmn:conditionExpression>{text}'
        "</bpmn:conditionExpression></bpmn:sequenceFlow>"
    )  # fmt: skip
    body = body.replace('id="g" ', 'id="g" default="g_b" ').replace('id="g"></', 'id="g" default="g_b"></')
    plan = plan_of(definitions(body))
    assert next(flow for flow in plan.elements["g"].outgoing if flow.flow_id == "g_a").condition is not None
    case = Case(plan, variables or {})
    if variables:
        assert case.waiting == ["a"]
    else:
        assert case.waiting == ["b"] or case.stopped == [("g", "CONDITION")]


def test_an_exclusive_gateway_without_conditions_takes_one_way():
    body = node("startEvent", "s") + node("exclusiveGateway", "g") + node("task", "a") + node("task", "b")
    assert Case(plan_of(definitions(body + flows("s>g", "g>a", "g>b")))).waiting == ["a"]


@pytest.mark.parametrize(
    "inner",
    [
        "<bpmn:timerEventDefinition/>",
        "<bpmn:timerEventDefinition><bpmn:timeCycle>0 0/5 * * * ?</bpmn:timeCycle></bpmn:timerEventDefinition>",
        timer("${dauer}"),
        '<bpmn:messageEventDefinition messageRef="nowhere"/>',
        "<bpmn:signalEventDefinition/>",
        "<bpmn:linkEventDefinition/>",
        "",
    ],
)
def test_events_that_say_little(inner):
    plan = plan_of(straight(node("intermediateCatchEvent", "wait", inner)))
    assert plan.elements["wait"].behaviour in (Behaviour.CATCH, Behaviour.THROW)
    case = Case(plan)
    if "timer" in inner:
        case.timer("wait")
    assert case.ended or case.waiting == ["wait"]
    with pytest.raises(ModelRefused) as refused:
        compile_plan(straight(node("intermediateCatchEvent", "wait", inner)), {})
    assert refused.value.element_id == "wait"


@pytest.mark.parametrize(
    ("marker", "variables", "count"),
    [
        ('<bpmn:multiInstanceLoopCharacteristics xmlns:c="urn:c" c:collection="items"/>', [1, 2], 2),
        ('<bpmn:multiInstanceLoopCharacteristics xmlns:c="urn:c" c:collection="${items}"/>', [1, 2, 3], 3),
        (
            '<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><z:loop xmlns:z="urn:z" '
            'inputCollection="= items" inputElement="i"/></bpmn:extensionElements>'
            "</bpmn:multiInstanceLoopCharacteristics>",
            [1, 2],
            2,
        ),
        (
            "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>"
            '<bpmn:inputDataItem id="i"/></bpmn:multiInstanceLoopCharacteristics>',
            [1, 2],
            2,
        ),
        ("<bpmn:multiInstanceLoopCharacteristics/>", [1, 2], 1),
        ('<bpmn:multiInstanceLoopCharacteristics xmlns:c="urn:c" c:collection="elsewhere"/>', [1, 2], 1),
        ("<bpmn:standardLoopCharacteristics/>", [1], 1),
    ],
)  # fmt: skip
def test_other_tools_instances(marker, variables, count):
    case = Case(plan_of(straight(node("userTask", "work", marker))), {"items": variables})
    assert case.waiting == ["work"] * count
    with pytest.raises(ModelRefused):
        compile_plan(straight(node("userTask", "work", marker)), {})


def test_candidate_groups_become_roles():
    xml = straight(
        '<bpmn:userTask xmlns:c="http://camunda.org" id="a" c:candidateGroups="caseworker, team_lead"/>',
        '<bpmn:userTask xmlns:f="http://flowable.org/bpmn" id="b" f:candidateGroups="${group}"/>',
        '<bpmn:userTask xmlns:c="http://activiti.org/bpmn" id="c" c:candidateGroups="x" kb:role="citizen"/>',
        node("userTask", "d", "<bpmn:potentialOwner><bpmn:resourceAssignmentExpression><bpmn:formalExpression>"
             "user(kermit), group(treasurer)</bpmn:formalExpression></bpmn:resourceAssignmentExpression>"
             "</bpmn:potentialOwner>"),
    )  # fmt: skip
    plan = compile_plan(xml, {})
    roles = {name: plan.elements[name].attributes.get("role") for name in "abcd"}
    assert roles == {"a": "caseworker", "b": None, "c": "citizen", "d": "treasurer"}


DANGLING = flows("start>work", "work>end")
START, END, WORK = node("startEvent", "start"), node("endEvent", "end"), node("task", "work")
INNER = node("subProcess", "sub", node("task", "deep") + node("task", "deeper"))
REFUSED = {
    "complex gateway": (straight(node("complexGateway", "x")), "x"),
    "ad hoc": (straight(node("adHocSubProcess", "x")), "x"),
    "transaction": (straight(node("transaction", "x")), "x"),
    "compensation thrown": (straight(node("intermediateThrowEvent", "x", "<bpmn:compensateEventDefinition/>")), "x"),
    "compensation caught": (
        definitions(WORK + node("boundaryEvent", "x", "<bpmn:compensateEventDefinition/>", attachedToRef="work")),
        "x",
    ),
    "compensation activity": (definitions(WORK + node("task", "x", isForCompensation="true")), "x"),
    "cancel": (straight(node("endEvent", "x", "<bpmn:cancelEventDefinition/>")), "x"),
    "condition event": (straight(node("intermediateCatchEvent", "x", "<bpmn:conditionalEventDefinition/>")), "x"),
    "two triggers": (
        straight(node("intermediateCatchEvent", "x", "<bpmn:signalEventDefinition/>" + timer("P1D"))),
        "x",
    ),
    "unknown": (straight(node("magicTask", "x")), "x"),
    "unknown, nested": (straight(node("task", "x", "<bpmn:magicMarker/>")), "magicMarker"),
    "unknown, beside": (definitions(START, '<bpmn:magicThing id="x"/>'), "x"),
    "choreography inside": (definitions(node("choreographyTask", "x")), "x"),
    "choreography alone": (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><choreography id="x"><startEvent id="s"/>'
        b"</choreography></definitions>",
        "x",
    ),
    "flow to nowhere": (definitions(START + flows("start>x")), "start_x"),
    "flow from nowhere": (definitions(START + flows("x>start")), "x_start"),
    "flow without target": (definitions(START + '<bpmn:sequenceFlow id="x" sourceRef="start"/>'), "x"),
    "flow into a sub-process": (definitions(START + INNER + flows("start>deep")), "start_deep"),
    "flow out of a sub-process": (definitions(END + INNER + flows("deep>end")), "deep_end"),
    "border of nothing": (definitions(WORK + node("boundaryEvent", "x", timer("P1D"), attachedToRef="y")), "x"),
    "border of a guest": (
        definitions(INNER + node("boundaryEvent", "x", timer("P1D"), attachedToRef="deep")),
        "x",
    ),
    "border without host": (definitions(WORK + node("boundaryEvent", "x", timer("P1D"))), "x"),
    "twice": (definitions(WORK + WORK), "work"),
    "no bpmn": (b"<a id='x'/>", "x"),
    "broken": (b"<a>\n\n<b></a>", "line 3"),
    "nothing": (b"", "line 1"),
    "not xml": (b"\x00\x01PK", "line 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_even_when_read_broadly(name):
    xml, element_id = REFUSED[name]
    with pytest.raises(ModelRefused) as refused:
        [build_plan(model) for model in read_definitions(xml).processes]
    assert refused.value.element_id == element_id
    assert refused.value.reason


def test_a_flow_may_be_written_anywhere():
    xml = definitions(node("subProcess", "sub", node("task", "a") + node("task", "b")) + flows("a>b"))
    assert Case(plan_of(xml)).complete("a").waiting == ["b"]


def test_an_id_may_be_missing():
    xml = definitions(START + WORK + '<bpmn:sequenceFlow sourceRef="start" targetRef="work"/><bpmn:task/>')
    assert Case(plan_of(xml)).waiting == ["work"]
    with pytest.raises(ModelRefused) as refused:
        compile_plan(xml, {})
    assert refused.value.element_id == "sequenceFlow"


def test_an_event_sub_process_without_a_trigger_never_starts():
    inner = node("subProcess", "handler", node("startEvent", "in") + node("task", "t"), triggeredByEvent="true")
    assert Case(plan_of(definitions(START + WORK + flows("start>work") + inner))).complete("work").ended


# --- hostile


def test_entities_are_never_expanded():
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
    with pytest.raises(ModelRefused) as refused:
        read_definitions(bomb.encode())
    assert refused.value.element_id == "line 1"


def test_depth_is_bounded():
    xml = definitions("".join(node("subProcess", f"s{i}").removesuffix("</bpmn:subProcess>") for i in range(100))
                      + "</bpmn:subProcess>" * 100)  # fmt: skip
    with pytest.raises(ModelRefused):
        read_definitions(xml)


def large(count: int, kind: str) -> bytes:
    names = [f"n{i}" for i in range(count)]
    body = START + END + "".join(node(kind, name) for name in names)
    return definitions(body + flows(*map(">".join, zip(["start", *names], [*names, "end"], strict=True))))


@pytest.mark.parametrize("kind", ["userTask", "exclusiveGateway", "inclusiveGateway", "parallelGateway"])
def test_ten_thousand_nodes_in_time(kind):
    began = time.process_time()
    plan = plan_of(large(10_000, kind))
    assert len(plan.elements) == 10_002
    assert time.process_time() - began < 5


def test_many_inclusive_joins_are_refused_in_time():
    names = [f"n{i}" for i in range(3_000)]
    arrows = [f"{a}>{b}" for a, b in zip(["start", *names], [*names, "end"], strict=True)]
    arrows += [f"{a}>{b}" for a, b in zip(["start", "start", *names], names, strict=False)]
    began = time.process_time()
    with pytest.raises(ModelRefused):
        plan_of(definitions(START + END + "".join(node("inclusiveGateway", name) for name in names) + flows(*arrows)))
    assert time.process_time() - began < 10


def test_publishing_reads_less():
    with pytest.raises(ModelRefused):
        read_process(large(10_000, "userTask"))
