"""Given cases: what a process does alone, with its own messages, signals and timers."""

import itertools
import json

import pytest

from kreisbund_tenants.conformance.bpmn_file import judge
from tests.engine.models import HEAD, definitions, flows, message, node, timer

M1, M2 = '<bpmn:message id="m1" name="ask"/>', '<bpmn:message id="m2" name="answer"/>'
SIGNAL = '<bpmn:signal id="sig" name="ring"/>'
RING = '<bpmn:signalEventDefinition signalRef="sig"/>'


@pytest.fixture
def run(tmp_path):
    def run(xml: bytes, *cases):
        (tmp_path / "model.bpmn").write_bytes(xml)
        (tmp_path / "model.cases.json").write_text(json.dumps(cases or [{"process": "process", "variables": {}}]))
        found = judge(tmp_path / "model.bpmn", "model.bpmn", None)
        assert not found.failed, found.line()
        return [(case["completed"], " ".join(case["trace"])) for case in found.cases]

    return run


def two(first: str, second: str, beside: str = "") -> bytes:
    process = '<bpmn:process id="{name}">{body}</bpmn:process>'
    bodies = process.format(name="process", body=first) + process.format(name="other", body=second)
    return f"{HEAD}{M1}{M2}{SIGNAL}{beside}{bodies}</bpmn:definitions>".encode()


def line(*names: str) -> str:
    return flows(*(f"{a}>{b}" for a, b in itertools.pairwise(names)))


def test_numbers_and_texts_decide(run):
    xml = definitions(
        node("startEvent", "s")
        + node("exclusiveGateway", "g", default="g_c")
        + "".join(node("task", name) for name in "abc")
        + node("endEvent", "e")
        + flows("s>g", "g>a: x >= 0.5", 'g>b: ${kind == "b"}', "g>c", "a>e", "b>e", "c>e")
    )
    cases = [{"process": "process", "variables": v} for v in ({"x": 0.5}, {"x": 0.4, "kind": "b"}, {"x": 0})]
    assert [trace for _, trace in run(xml, *cases)] == ["a", "b", "c"]


def test_the_plain_start_is_taken_and_not_heard_again(run):
    xml = definitions(
        node("startEvent", "heard", RING)
        + node("startEvent", "plain")
        + node("task", "a")
        + node("intermediateThrowEvent", "ring", RING)
        + node("task", "b")
        + node("endEvent", "e")
        + line("plain", "a", "ring", "b", "e")
        + line("heard", "b"),
        SIGNAL,
    )
    assert run(xml) == [("completed", "a b")]


def test_a_loop_without_a_wait_state_is_an_incident(run):
    body = node("startEvent", "s") + node("exclusiveGateway", "g") + node("exclusiveGateway", "h")
    xml = definitions(body + node("endEvent", "e") + flows("s>g", "g>h", "h>g: x = 1", "h>e: x = 2"))
    assert run(xml, {"process": "process", "variables": {"x": 1}}) == [("incident", "")]


def test_a_message_waits_for_who_comes_later(run):
    xml = definitions(
        node("startEvent", "s")
        + node("parallelGateway", "g")
        + node("intermediateThrowEvent", "throw", message("m1"))
        + node("task", "a")
        + node("task", "b")
        + node("intermediateCatchEvent", "catch", message("m1"))
        + node("task", "c")
        + node("parallelGateway", "j")
        + node("endEvent", "e")
        + line("s", "g", "throw", "j", "e")
        + line("g", "a", "b", "catch", "c", "j"),
        M1,
    )
    assert run(xml) == [("completed", "a b c")]


def test_message_flows_lead_where_no_names_do(run):
    pools = (
        '<bpmn:collaboration id="c"><bpmn:participant id="P" processRef="process"/>'
        '<bpmn:participant id="Q" processRef="other"/>'
        '<bpmn:messageFlow id="f1" sourceRef="send" targetRef="Q"/>'
        '<bpmn:messageFlow id="f2" sourceRef="back" targetRef="hear"/></bpmn:collaboration>'
    )
    plain = "<bpmn:messageEventDefinition/>"
    first = (
        node("startEvent", "s")
        + node("sendTask", "send")
        + node("intermediateCatchEvent", "hear", plain)
        + node("task", "last")
        + node("endEvent", "e")
        + line("s", "send", "hear", "last", "e")
    )
    second = node("startEvent", "qs", plain) + node("task", "work") + node("endEvent", "back", plain)
    assert run(two(first, second + line("qs", "work", "back"), pools)) == [("completed", "send work last")]


def test_nobody_sends_so_a_catch_event_waits_and_a_receive_task_does_not(run):
    for kind, inner, expected in (
        ("intermediateCatchEvent", message("m1"), ("stuck", "a")),
        ("receiveTask", "", ("completed", "a wait")),
    ):
        body = node("startEvent", "s") + node("task", "a") + node(kind, "wait", inner) + node("endEvent", "e")
        assert run(definitions(body + line("s", "a", "wait", "e"), M1)) == [expected]


def test_the_earliest_timer_wins_at_an_event_gateway(run):
    xml = definitions(
        node("startEvent", "s")
        + node("eventBasedGateway", "g")
        + node("intermediateCatchEvent", "slow", timer("P3D"))
        + node("intermediateCatchEvent", "fast", timer("PT5M"))
        + node("task", "a")
        + node("task", "b")
        + node("endEvent", "e")
        + flows("s>g", "g>slow", "g>fast", "slow>a", "fast>b", "a>e", "b>e")
    )
    assert run(xml) == [("completed", "b")]


def test_a_repeating_timer_beside_a_wait_fires_as_often_as_it_says(run):
    cycle = timer("R2/PT1H", "timeCycle")
    inner = (
        node("startEvent", "is")
        + node("intermediateCatchEvent", "long", timer("P1D"))
        + node("endEvent", "ie")
        + line("is", "long", "ie")
    )
    xml = definitions(
        node("startEvent", "s")
        + node("subProcess", "sub", inner)
        + node("boundaryEvent", "remind", cycle, attachedToRef="sub", cancelActivity="false")
        + node("task", "reminded")
        + node("endEvent", "e")
        + node("endEvent", "e2")
        + flows("s>sub", "sub>e", "remind>reminded", "reminded>e2")
    )
    assert run(xml) == [("completed", "reminded reminded sub")]


def test_a_called_process_keeps_its_own_ids_whatever_they_look_like(run):
    first = node("startEvent", "s.1") + node("callActivity", "call.me", calledElement="other") + node("endEvent", "e.1")
    second = (
        node("startEvent", "qs")
        + node("subProcess", "q.sub", node("task", "call.me.a"))
        + node("endEvent", "qe")
        + line("qs", "q.sub", "qe")
    )
    assert run(two(first + line("s.1", "call.me", "e.1"), second)) == [("completed", "call.me.a q.sub call.me")]


def test_a_process_that_calls_itself_ends(run):
    body = node("startEvent", "s") + node("callActivity", "again", calledElement="process") + node("endEvent", "e")
    assert run(definitions(body + line("s", "again", "e"))) == [("completed", "again")]


def test_a_process_that_is_not_there_is_stuck(run):
    assert run(definitions(node("startEvent", "s")), {"process": "gone"}) == [("stuck", "")]
