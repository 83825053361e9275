"""Splits and joins without gateways, inclusive gateways, event gateways, terminate, and what old states look like."""

import pytest

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import build_plan
from tests.engine.driver import Case
from tests.engine.models import NOW, definitions, flows, message, node, timer

START, END = node("startEvent", "start"), node("endEvent", "end")


def tasks(*names):
    return "".join(node("userTask", name) for name in names)


def test_several_flows_leave_a_task_together_and_merge_one_by_one():
    xml = definitions(
        START + END + tasks("work", "a", "b", "after")
        + flows("start>work", "work>a", "work>b", "a>after", "b>after", "after>end")
    )  # fmt: skip
    case = Case(xml).complete("work")
    assert case.waiting == ["a", "b"]
    assert case.complete("a").complete("b").waiting == ["after", "after"]


@pytest.mark.parametrize(
    ("variables", "waiting"),
    [({"x": 1}, ["a", "c"]), ({"x": 2}, ["b", "c"]), ({"x": 3}, ["a", "b", "c"]), ({}, ["c"])],
)
def test_conditions_at_a_task(variables, waiting):
    xml = definitions(
        START + END + tasks("work", "a", "b", "c")
        + flows("start>work", "work>a: x = 1 or x = 3", "work>b: x >= 2", "work>c", "a>end", "b>end", "c>end")
    )  # fmt: skip
    assert Case(xml).complete("work", **variables).waiting == waiting


def test_the_default_flow_of_a_task():
    xml = definitions(
        START + END + node("userTask", "work", default="work_b") + tasks("a", "b")
        + flows("start>work", "work>a: x", "work>b", "a>end", "b>end")
    )  # fmt: skip
    assert Case(xml).complete("work", x=True).waiting == ["a"]
    assert Case(xml).complete("work").waiting == ["b"]


def inclusive():
    return definitions(
        START + END + node("inclusiveGateway", "split", default="split_c") + node("inclusiveGateway", "join")
        + tasks("a", "b", "c", "after")
        + flows("start>split", "split>a: a", "split>b: b", "split>c", "a>join", "b>join", "c>join", "join>after")
        + flows("after>end")
    )  # fmt: skip


@pytest.mark.parametrize("chosen", [["a"], ["b"], ["a", "b"], ["c"]])
def test_an_inclusive_join_waits_for_what_was_split(chosen):
    case = Case(inclusive(), dict.fromkeys(chosen, True))
    assert case.waiting == chosen
    for name in chosen:
        assert "after" not in case.waiting
        case.complete(name)
    assert case.waiting == ["after"]


def test_an_incident_holds_an_inclusive_join_back():
    xml = (
        inclusive()
        .replace(b'<bpmn:userTask id="b">', b'<bpmn:exclusiveGateway id="b">')
        .replace(b'id="b"></bpmn:userTask>', b'id="b"></bpmn:exclusiveGateway>')
    )
    xml = xml.replace(
        b'sourceRef="b" targetRef="join">',
        b'sourceRef="b" targetRef="join"><bpmn:conditionExpression>go</bpmn:conditionExpression>',
    )
    case = Case(xml, {"a": True, "b": True})
    assert case.stopped == [("b", "NO_OPEN_FLOW")]
    assert case.complete("a").waiting == []
    assert case.retry("b", go=True).waiting == ["after"]


def test_an_event_gateway_takes_what_comes_first():
    xml = definitions(
        START + END + node("eventBasedGateway", "gate") + node("intermediateCatchEvent", "answer", message("M"))
        + node("intermediateCatchEvent", "late", timer("P14D")) + node("receiveTask", "letter", messageRef="L")
        + tasks("after") + flows("start>gate", "gate>answer", "gate>late", "gate>letter", "answer>after")
        + flows("late>end", "letter>end", "after>end"),
        '<bpmn:message id="M" name="Antwort"/><bpmn:message id="L" name="Brief"/>',
    )  # fmt: skip
    case = Case(xml)
    gate = case.token("gate")
    assert {effect.name for effect in case.of(engine.SubscriptionOpened)} == {"Antwort", "Brief"}
    case.message("answer")
    assert case.waiting == ["after"]
    for event in (engine.TimerFired(gate, "late"), engine.MessageReceived(gate, "letter")):
        with pytest.raises(engine.StaleToken):
            case.take(event)
    assert Case(xml).timer("late").ended


def test_terminate_ends_only_its_own_sub_process():
    inner = node("startEvent", "in") + tasks("a", "b") + node("endEvent", "out") + node("parallelGateway", "both")
    inner += node("endEvent", "stop", "<bpmn:terminateEventDefinition/>")
    inner += flows("in>both", "both>a", "both>b", "a>stop", "b>out")
    xml = definitions(
        START
        + END
        + node("subProcess", "work", inner)
        + tasks("after")
        + flows("start>work", "work>after", "after>end")
    )
    case = Case(xml).complete("a")
    assert case.waiting == ["after"]


def test_processes_without_start_and_end_events():
    xml = definitions(
        node("task", "a") + node("manualTask", "b") + node("parallelGateway", "join") + node("task", "c")
        + flows("a>join", "b>join", "join>c")
    )  # fmt: skip
    plan = build_plan(read_process(xml))
    assert plan.containers["process"].implicit
    assert plan.containers["process"].starts == ("a", "b")
    case = Case(plan)
    assert case.waiting == ["a", "b"]
    assert case.complete("a").complete("b").complete("c").ended


def test_an_empty_process_and_an_empty_sub_process_end_at_once():
    assert Case(build_plan(read_process(definitions("")))).ended
    assert Case(build_plan(read_process(definitions(node("subProcess", "s"))))).ended


def test_a_process_nothing_begins_is_a_fault():
    with pytest.raises(engine.EngineFault):
        Case(build_plan(read_process(definitions(node("task", "a") + node("task", "b") + flows("a>b", "b>a")))))


def test_a_message_may_begin_at_a_receive_task_or_an_event_gateway():
    gate = (
        node("eventBasedGateway", "gate", instantiate="true") + node("intermediateCatchEvent", "one", message("M"))
        + node("receiveTask", "two") + node("task", "after") + flows("gate>one", "gate>two", "one>after", "two>after")
    )  # fmt: skip
    plan = build_plan(read_process(definitions(gate)))
    assert Case(plan, start_event="two").waiting == ["after"]
    assert Case(plan).waiting == ["gate"]
    receive = node("receiveTask", "wait", instantiate="true") + node("task", "after") + flows("wait>after")
    assert Case(build_plan(read_process(definitions(receive)))).waiting == ["after"]


def test_a_loop_without_a_wait_is_stopped():
    xml = definitions(START + node("exclusiveGateway", "a") + node("scriptTask", "b") + flows("start>a", "a>b", "b>a"))
    with pytest.raises(engine.EngineFault) as fault:
        Case(build_plan(read_process(xml)))
    assert fault.value.element_id in ("a", "b")


def test_states_from_before_incidents_are_readable():
    xml = definitions(
        START
        + END
        + tasks("review")
        + node("boundaryEvent", "remind", timer("R5/P1D", "timeCycle"), attachedToRef="review", cancelActivity="false")
        + tasks("call")
        + node("endEvent", "stop")
        + flows("start>review", "review>end", "remind>call", "call>stop")
    )
    state = {
        "next": 7,
        "ended": False,
        "tokens": {"6": ["review", 1, {"remind": 4}]},
        "joins": {},
        "scopes": {"1": ["process", None, None, 1]},
    }
    plan = Case(xml).plan
    last = engine.advance(plan, state, {}, engine.TimerFired(6, "remind"), NOW)
    assert engine.TimerCleared(6, "remind") in last.effects
    assert engine.waiting(last.state) == [(6, "review"), (7, "call")]
    assert state["tokens"] == {"6": ["review", 1, {"remind": 4}]}
