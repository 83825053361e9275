"""Signals, escalations, errors, messages with keys, link events, event sub-processes."""

import itertools

import pytest

from kreisbund_platform.engine import advance as engine
from tests.engine.driver import Case
from tests.engine.models import definitions, flows, message, node, straight, timer

NAMES = (
    '<bpmn:signal id="S" name="Sturm"/><bpmn:escalation id="X" escalationCode="X1"/>'
    '<bpmn:escalation id="Y" escalationCode="Y1"/><bpmn:error id="E" errorCode="E1"/>'
    '<bpmn:message id="M" name="Unterlagen"/>'
)
SIGNAL = '<bpmn:signalEventDefinition signalRef="S"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="X"/>'
ANY_ESCALATION = "<bpmn:escalationEventDefinition/>"
ERROR = '<bpmn:errorEventDefinition errorRef="E"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"


def sub(name, *nodes, arrows=None, extra=""):
    """A sub-process start → nodes → end; ids of its start and end carry its name."""
    names = [f"{name}_in", *(text.split('id="')[1].split('"')[0] for text in nodes), f"{name}_out"]
    arrows = arrows or [f"{a}>{b}" for a, b in itertools.pairwise(names)]
    body = node("startEvent", f"{name}_in") + "".join(nodes) + node("endEvent", f"{name}_out") + flows(*arrows)
    return node("subProcess", name, body + extra)


def handler(name, trigger, *nodes, interrupting=True, end=""):
    """An event sub-process with that trigger."""
    names = [f"{name}_on", *(text.split('id="')[1].split('"')[0] for text in nodes), f"{name}_end"]
    body = node("startEvent", f"{name}_on", trigger, isInterrupting=str(interrupting).lower())
    body += "".join(nodes) + node("endEvent", f"{name}_end", end)
    body += flows(*(f"{a}>{b}" for a, b in itertools.pairwise(names)))
    return node("subProcess", name, body, triggeredByEvent="true")


def process(*nodes, extra=""):
    names = ["start", *(text.split('id="')[1].split('"')[0] for text in nodes), "end"]
    body = node("startEvent", "start") + "".join(nodes) + node("endEvent", "end") + extra
    return definitions(body + flows(*(f"{a}>{b}" for a, b in itertools.pairwise(names))), NAMES)


# --- signals


def parallel(*branches, extra=""):
    """start → split → each branch (a node) → join → end."""
    names = [text.split('id="')[1].split('"')[0] for text in branches]
    arrows = ["start>split", "join>end", *(f"split>{name}" for name in names), *(f"{name}>join" for name in names)]
    body = node("startEvent", "start") + node("endEvent", "end") + "".join(branches) + extra
    body += node("parallelGateway", "split") + node("parallelGateway", "join")
    return definitions(body + flows(*arrows), NAMES)


@pytest.mark.parametrize("order", [1, -1])
def test_a_signal_reaches_a_branch_that_arrives_in_the_same_step(order):
    branches = [
        node("intermediateThrowEvent", "shout", SIGNAL),
        node("intermediateCatchEvent", "hear", SIGNAL),
    ]
    case = Case(parallel(*branches[::order]))
    assert case.of(engine.SignalThrown) == [engine.SignalThrown("shout", "Sturm")]
    assert case.ended


def test_a_thrower_does_not_hear_itself_and_another_case_may_be_heard():
    case = Case(
        process(node("intermediateThrowEvent", "shout", SIGNAL), node("intermediateCatchEvent", "hear", SIGNAL))
    )
    opened = case.of(engine.SubscriptionOpened)
    assert opened == [engine.SubscriptionOpened(case.token("hear"), "hear", "Sturm", "signal", None)]
    case.signal("hear", wind=12)
    assert case.ended
    assert case.variables == {"wind": 12}


def test_a_signal_end_interrupts_a_sub_process_beside_it():
    inside = sub("work", node("userTask", "check"))
    border = node("boundaryEvent", "alarm", SIGNAL, attachedToRef="work") + node("endEvent", "stop")
    xml = definitions(
        node("startEvent", "start") + node("parallelGateway", "split") + inside + border + node("endEvent", "end")
        + node("userTask", "watch") + node("endEvent", "shout", SIGNAL)
        + flows("start>split", "split>work", "split>watch", "watch>shout", "work>end", "alarm>stop"), NAMES
    )  # fmt: skip
    case = Case(xml)
    check = case.token("check")
    case.complete("watch")
    assert engine.TaskClosed(check, "check", "cancelled") in case.effects
    assert case.ended


def test_a_non_interrupting_signal_may_come_again_and_again():
    border = node("boundaryEvent", "alarm", SIGNAL, attachedToRef="check", cancelActivity="false")
    case = Case(process(node("userTask", "check"), extra=border + node("userTask", "note") + node("endEvent", "stop")
                        + flows("alarm>note", "note>stop")))  # fmt: skip
    case.signal("alarm").signal("alarm")
    assert case.waiting == ["check", "note", "note"]


# --- escalations


def escalating(trigger, interrupting, thrown=ESCALATION):
    work = sub("work", node("intermediateThrowEvent", "lift", thrown), node("userTask", "check"))
    border = node("boundaryEvent", "edge", trigger, attachedToRef="work", cancelActivity=str(interrupting).lower())
    return process(
        work, extra=border + node("userTask", "look") + node("endEvent", "stop") + flows("edge>look", "look>stop")
    )


@pytest.mark.parametrize(
    ("trigger", "interrupting", "waiting"),
    [
        (ESCALATION, True, ["look"]),
        (ESCALATION, False, ["check", "look"]),
        (ANY_ESCALATION, False, ["check", "look"]),
        ('<bpmn:escalationEventDefinition escalationRef="Y"/>', True, ["check"]),
    ],
)
def test_an_escalation_is_caught_at_the_border_by_its_code(trigger, interrupting, waiting):
    assert Case(escalating(trigger, interrupting)).waiting == waiting


def test_an_escalation_end_and_nobody_to_hear_it():
    xml = straight(node("userTask", "check")).replace(
        b'<bpmn:endEvent id="end"></bpmn:endEvent>',
        b'<bpmn:endEvent id="end">' + ANY_ESCALATION.encode() + b"</bpmn:endEvent>",
    )
    assert Case(xml).complete("check").ended


# --- event sub-processes


def test_a_message_interrupts_the_whole_case():
    case = Case(process(node("userTask", "check"), extra=handler("withdraw", message("M"), node("userTask", "file"))))
    assert case.waiting == ["check"]
    listener = case.host("withdraw_on")
    assert engine.SubscriptionOpened(listener, "withdraw_on", "Unterlagen", "message", None) in case.effects
    case.message("withdraw_on", why="moved")
    assert case.waiting == ["file"]
    assert engine.SubscriptionClosed(listener) in case.effects
    assert "listeners" not in case.state
    with pytest.raises(engine.StaleToken):
        case.take(engine.MessageReceived(listener, "withdraw_on"))
    assert case.complete("file").ended


def test_a_handler_beside_keeps_the_case_open_until_both_are_done():
    extra = handler("ask", message("M"), node("userTask", "answer"), interrupting=False)
    case = Case(process(node("userTask", "check"), extra=extra))
    case.message("ask_on").message("ask_on")
    assert case.waiting == ["answer", "answer", "check"]
    case.complete("check")
    assert not case.ended
    case.message("ask_on")
    for _time in range(3):
        listener = case.host("ask_on")
        case.complete("answer")
    assert case.ended
    assert engine.SubscriptionClosed(listener) in case.effects


def test_the_listener_goes_with_its_sub_process():
    case = Case(process(sub("work", node("userTask", "check"), extra=handler("late", timer("P3D")))))
    listener = case.host("late_on")
    assert [effect.element_id for effect in case.of(engine.TimerSet)] == ["late_on"]
    case.complete("check")
    assert engine.TimerCleared(listener, None) in case.effects
    assert case.ended


@pytest.mark.parametrize(("interrupting", "waiting"), [(True, ["remind"]), (False, ["check", "remind"])])
def test_a_timer_starts_a_handler(interrupting, waiting):
    extra = handler("late", timer("P3D"), node("userTask", "remind"), interrupting=interrupting)
    case = Case(process(sub("work", node("userTask", "check"), extra=extra)))
    listener = case.host("late_on")
    case.timer("late_on")
    assert case.waiting == waiting
    with pytest.raises(engine.StaleToken):
        case.take(engine.TimerFired(listener, "late_on"))
    for name in waiting:
        case.complete(name)
    assert case.ended


def test_a_cycle_starts_a_handler_as_often_as_it_says():
    extra = handler("late", timer("R2/P1D", "timeCycle"), node("userTask", "remind"), interrupting=False)
    case = Case(process(node("userTask", "check"), extra=extra))
    listener = case.host("late_on")
    case.timer("late_on")
    assert case.of(engine.TimerSet)
    case.timer("late_on")
    assert engine.TimerCleared(listener, "late_on") in case.effects
    assert case.waiting == ["check", "remind", "remind"]
    with pytest.raises(LookupError):
        case.timer("late_on")


def test_an_error_is_handled_inside_and_does_not_reach_the_border():
    fail = node("userTask", "check") + node("endEvent", "broken", ERROR)
    body = (
        node("startEvent", "in") + fail + flows("in>check", "check>broken")
        + handler("mend", ERROR, node("userTask", "repair"))
    )  # fmt: skip
    work = node("subProcess", "work", body)
    border = node("boundaryEvent", "edge", ERROR, attachedToRef="work") + node("endEvent", "stop") + flows("edge>stop")
    case = Case(process(work, extra=border)).complete("check")
    assert case.waiting == ["repair"]
    assert case.complete("repair").ended
    assert "end" in case.passed


def test_an_error_thrown_by_the_handler_goes_outward():
    body = (
        node("startEvent", "in") + node("endEvent", "broken", ERROR) + flows("in>broken")
        + handler("mend", ERROR, node("userTask", "repair"), end=ERROR)
    )  # fmt: skip
    border = node("boundaryEvent", "edge", ERROR, attachedToRef="work") + node("endEvent", "stop") + flows("edge>stop")
    case = Case(process(node("subProcess", "work", body), extra=border)).complete("repair")
    assert case.ended
    assert case.passed[-2:] == ["edge", "stop"]


def test_a_signal_thrown_inside_starts_the_handler_that_interrupts_the_thrower():
    work = sub(
        "work",
        node("intermediateThrowEvent", "shout", SIGNAL),
        node("userTask", "check"),
        extra=handler("alarm", SIGNAL, node("userTask", "flee")),
    )
    case = Case(process(work))
    assert case.waiting == ["flee"]
    assert case.complete("flee").ended


@pytest.mark.parametrize(("interrupting", "waiting"), [(True, ["see"]), (False, ["check", "see"])])
def test_an_escalation_starts_a_handler_of_the_process(interrupting, waiting):
    work = sub("work", node("intermediateThrowEvent", "lift", ESCALATION), node("userTask", "check"))
    case = Case(process(work, extra=handler("boss", ESCALATION, node("userTask", "see"), interrupting=interrupting)))
    assert case.waiting == waiting


def test_a_handler_that_escalates_does_not_start_itself():
    again = node("intermediateThrowEvent", "again", ESCALATION)
    extra = handler("boss", ESCALATION, again, node("userTask", "see"), interrupting=False)
    case = Case(process(node("intermediateThrowEvent", "lift", ESCALATION), node("userTask", "check"), extra=extra))
    assert case.waiting == ["check", "see"]


def test_a_job_error_is_caught_by_the_process():
    case = Case(
        process(
            node("serviceTask", "send"), node("userTask", "next"), extra=handler("mend", ERROR, node("userTask", "fix"))
        )
    )
    case.error("send", "E1")
    assert case.waiting == ["fix"]


def test_a_listener_without_a_date_is_an_incident_of_its_own():
    extra = handler("late", timer("= due", "timeDate"), node("userTask", "remind"))
    case = Case(process(node("userTask", "check"), extra=extra))
    assert case.stopped == [("late", "TIMER")]
    assert case.waiting == ["check"]
    case.retry("late", due="2026-05-01")
    assert not case.stopped
    assert case.timer("late_on").waiting == ["remind"]


def test_a_handler_inside_a_handler_and_terminate_in_it():
    inner = handler("inner", message("M"), node("userTask", "deep"), interrupting=False)
    body = node("startEvent", "outer_on", timer("P1D"), isInterrupting="false") + node("userTask", "shallow")
    body += node("endEvent", "outer_end", TERMINATE) + flows("outer_on>shallow", "shallow>outer_end") + inner
    outer = node("subProcess", "outer", body, triggeredByEvent="true")
    case = Case(process(node("userTask", "check"), extra=outer)).timer("outer_on").message("inner_on")
    assert case.waiting == ["check", "deep", "shallow"]
    case.complete("shallow")
    assert case.waiting == ["check"]
    assert case.complete("check").ended


# --- messages


@pytest.mark.parametrize(("value", "key"), [("A-17", "A-17"), (17, "17"), (1.50, "1.5"), (1000, "1000")])
def test_a_message_is_correlated_by_its_key(value, key):
    case = Case(
        process(node("receiveTask", "wait", messageRef="M", kb_correlation="= reference")), {"reference": value}
    )
    assert case.of(engine.SubscriptionOpened)[0].key == key
    assert case.message("wait", answer=True).ended


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, "", "x" * 201])
def test_a_key_that_is_none_stops_the_token(value):
    case = Case(process(node("receiveTask", "wait", messageRef="M", kb_correlation="reference")), {"reference": value})
    assert case.stopped == [("wait", "CORRELATION")]
    assert case.retry("wait", reference="A").waiting == ["wait"]


def test_several_start_events():
    xml = definitions(
        node("startEvent", "post", message("M")) + node("startEvent", "start") + node("exclusiveGateway", "merge")
        + node("userTask", "scan") + node("userTask", "check") + node("endEvent", "end")
        + flows("start>merge", "post>scan", "scan>merge", "merge>check", "check>end"), NAMES
    )  # fmt: skip
    assert Case(xml).waiting == ["check"]
    assert Case(xml, start_event="post").waiting == ["scan"]
    with pytest.raises(engine.EngineFault):
        Case(xml, start_event="scan")


def test_a_send_task_is_a_job_and_a_receive_task_has_a_border():
    border = node("boundaryEvent", "late", timer("P1D"), attachedToRef="wait") + node("endEvent", "stop")
    case = Case(
        process(
            node("sendTask", "send"), node("receiveTask", "wait", messageRef="M"), extra=border + flows("late>stop")
        )
    )
    case.job("send")
    wait = case.token("wait")
    case.timer("late")
    assert case.ended
    assert {engine.TimerCleared(wait, None), engine.SubscriptionClosed(wait)} <= set(case.effects)


# --- links


def test_links_lead_on_from_several_places():
    def link(name):
        return f'<bpmn:linkEventDefinition name="{name}"/>'

    xml = definitions(
        node("startEvent", "start") + node("exclusiveGateway", "split", default="split_a") + node("userTask", "a")
        + node("userTask", "b") + node("intermediateThrowEvent", "from_a", link("go"))
        + node("intermediateThrowEvent", "from_b", link("go")) + node("intermediateCatchEvent", "here", link("go"))
        + node("userTask", "after") + node("endEvent", "end")
        + flows("start>split", "split>a", "split>b: x = true", "a>from_a", "b>from_b", "here>after", "after>end")
    )  # fmt: skip
    for branch, value in (("a", False), ("b", True)):
        case = Case(xml, {"x": value}).complete(branch)
        assert case.waiting == ["after"]
        assert case.passed[-2:] == [f"from_{branch}", "here"]
    assert "from_a~here" in [flow.flow_id for flow in case.plan.elements["here"].incoming]
