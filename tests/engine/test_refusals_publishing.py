"""What a broad reading lets pass and publishing refuses, by element id."""

import pytest

from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import ModelRefused, build_plan, compile_plan
from tests.engine.models import definitions, flows, node, straight, timer

NAMES = '<bpmn:signal id="S" name="Sturm"/><bpmn:escalation id="X" escalationCode="X1"/><bpmn:message id="M" name="m"/>'
START, END, WORK = node("startEvent", "start"), node("endEvent", "end"), node("userTask", "work")
PLAIN = START + END + WORK + flows("start>work", "work>end")
SIGNAL = '<bpmn:signalEventDefinition signalRef="S"/>'
ERROR = "<bpmn:errorEventDefinition/>"
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="X"/>'


def handler(starts, inner=""):
    arrows = inner if inner else flows(*(f"{name}>h_end" for name, *_ in starts))
    body = "".join(node("startEvent", name, trigger, **more) for name, trigger, more in starts)
    return node("subProcess", "h", body + node("endEvent", "h_end") + arrows, triggeredByEvent="true")


def several(**attributes):
    written = "".join(f' kb:{name}="{value}"' for name, value in attributes.items() if name != "count")
    count = f"<bpmn:loopCardinality>{attributes['count']}</bpmn:loopCardinality>" if "count" in attributes else ""
    marker = f"<bpmn:multiInstanceLoopCharacteristics{written}>{count}</bpmn:multiInstanceLoopCharacteristics>"
    return straight(node("userTask", "x", marker))


def link(kind, name):
    return node(kind, name, '<bpmn:linkEventDefinition name="go"/>')


def with_handler(*starts, inner=""):
    return definitions(PLAIN + handler(starts, inner), NAMES)


SHOUT = node("intermediateThrowEvent", "shout", SIGNAL)
CASES = {
    "two plain starts": (definitions(PLAIN + node("startEvent", "x") + flows("x>work")), "x"),
    "timer start": (definitions(node("startEvent", "x", timer("P1D")) + END + flows("x>end")), "x"),
    "sub-process by message": (
        definitions(
            START + END + node("subProcess", "sub", node("startEvent", "x", "<bpmn:messageEventDefinition/>")
            + node("endEvent", "out") + flows("x>out")) + flows("start>sub", "sub>end")
        ),
        "x",
    ),
    "handler without trigger": (with_handler(("x", "", {})), "x"),
    "handler with two starts": (with_handler(("y", SIGNAL, {}), ("x", ESCALATION, {})), "x"),
    "handler of an error beside": (with_handler(("x", ERROR, {"isInterrupting": "false"})), "x"),
    "handler in the flow": (definitions(PLAIN + handler([("y", SIGNAL, {})]) + flows("work>h"), NAMES), "h"),
    "handler that interrupts again and again": (with_handler(("x", timer("R/P1D", "timeCycle"), {})), "x"),
    "signal without a name": (straight(node("intermediateCatchEvent", "x", "<bpmn:signalEventDefinition/>")), "x"),
    "instances of nothing": (several(elementVariable="a"), "x"),
    "instances twice counted": (several(collection="a", count="3"), "x"),
    "instances of no FEEL": (several(collection="a +"), "x"),
    "result without a place": (several(collection="a", outputElement="b"), "x"),
    "standard loop": (straight(node("userTask", "x", "<bpmn:standardLoopCharacteristics/>")), "x"),
    "script": (straight(node("scriptTask", "x")), "x"),
    "begun by a task": (straight(node("receiveTask", "x", instantiate="true")), "x"),
    "key of no FEEL": (straight(node("receiveTask", "x", kb_correlation="a +")), "x"),
    "two targets of a link": (
        definitions(
            START + END + link("intermediateThrowEvent", "t") + link("intermediateCatchEvent", "a")
            + link("intermediateCatchEvent", "x") + flows("start>t", "a>end", "x>end")
        ),
        "a",
    ),
    "link to nowhere": (definitions(START + link("intermediateThrowEvent", "x") + END + flows("start>x")), "x"),
    "link and flow": (
        definitions(
            START + END + link("intermediateThrowEvent", "t") + link("intermediateCatchEvent", "x") + WORK
            + flows("start>t", "t>work", "work>end", "x>end")
        ),
        "t",
    ),
    "implicit end": (definitions(START + END + WORK + node("userTask", "x")
                                 + flows("start>work", "work>end", "work>x")), "x"),
    "a signal that starts itself": (
        with_handler(
            ("on", SIGNAL, {"isInterrupting": "false"}), inner=SHOUT + flows("on>shout", "shout>h_end")
        ),
        "shout",
    ),
    "an echo": (
        definitions(
            START + END + WORK + node("subProcess", "sub", node("startEvent", "in") + SHOUT + node("userTask", "t")
            + node("endEvent", "out") + flows("in>shout", "shout>t", "t>out"))
            + node("boundaryEvent", "edge", SIGNAL, attachedToRef="work", cancelActivity="false")
            + node("endEvent", "e2") + flows("start>work", "work>end", "edge>sub", "sub>e2"), NAMES
        ),
        "in",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refused_when_published_only(name):
    xml, element_id = CASES[name]
    with pytest.raises(ModelRefused) as refused:
        compile_plan(xml, {})
    assert refused.value.element_id == element_id
    assert refused.value.reason
    build_plan(read_process(xml))


@pytest.mark.parametrize(
    "xml",
    [
        with_handler(("on", SIGNAL, {}), inner=SHOUT + flows("on>shout", "shout>h_end")),
        with_handler(
            ("on", ESCALATION, {"isInterrupting": "false"}),
            inner=node("intermediateThrowEvent", "again", ESCALATION) + flows("on>again", "again>h_end"),
        ),
        with_handler(("on", timer("R/P1D", "timeCycle"), {"isInterrupting": "false"})),
        several(collection="a", outputCollection="b", outputElement="c"),
        definitions(PLAIN + node("startEvent", "post", '<bpmn:messageEventDefinition messageRef="M"/>')
                    + flows("post>work"), NAMES),
    ],
)  # fmt: skip
def test_published(xml):
    compile_plan(xml, {})
