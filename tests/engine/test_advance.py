from datetime import datetime, timedelta

import pytest

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import compile_plan
from tests.engine.models import NOW, definitions, flows, message, node, straight, timer

ERROR = '<bpmn:error id="E" errorCode="E1"/>'


def started(xml, variables=None, decisions=None):
    plan = compile_plan(xml, decisions or {})
    return plan, engine.advance(plan, None, {}, engine.Start(variables or {}), NOW)


def of(step, kind):
    return [effect for effect in step.effects if isinstance(effect, kind)]


def token_at(step, element_id):
    return next(token for token, at in engine.waiting(step.state) if at == element_id)


def hosted(event, inner="", before="", host="userTask", **attributes):
    """start → work → end, an event at its border → late → end2."""
    return definitions(
        node("startEvent", "start")
        + node(host, "work", inner)
        + node("boundaryEvent", "border", event, attachedToRef="work", **attributes)
        + node("userTask", "late")
        + node("endEvent", "end")
        + node("endEvent", "end2")
        + flows("start>work", "work>end", "border>late", "late>end2"),
        before,
    )


def test_a_task_opens_closes_and_the_case_ends():
    plan, step = started(straight(node("userTask", "review", kb_role="CASE_WORKER")), {"a": 1})
    assert of(step, engine.TaskOpened) == [engine.TaskOpened(1 + 1, "review")]
    assert plan.elements["review"].attributes == {"role": "CASE_WORKER"}
    done = engine.advance(plan, step.state, step.variables, engine.TaskCompleted(2, {"b": 2}), NOW)
    assert of(done, engine.TaskClosed) == [engine.TaskClosed(2, "review", "completed")]
    assert of(done, engine.Ended)
    assert done.variables == {"a": 1, "b": 2}
    assert done.state["ended"]
    assert not done.state["tokens"]


def test_arguments_stay_untouched_and_unchanged_variables_are_none():
    plan, step = started(straight(node("userTask", "one"), node("userTask", "two")), {"a": 1})
    before = repr(step.state)
    variables = {"a": 1}
    after = engine.advance(plan, step.state, variables, engine.TaskCompleted(token_at(step, "one")), NOW)
    assert repr(step.state) == before
    assert variables == {"a": 1}
    assert after.variables is None


def test_stale_tokens_are_refused():
    plan, step = started(straight(node("userTask", "one"), node("serviceTask", "two", kb_operation="notice")))
    token = token_at(step, "one")
    for event in (
        engine.TaskCompleted(99),
        engine.JobCompleted(token),
        engine.TimerFired(token, "one"),
        engine.Start(),
    ):
        with pytest.raises(engine.StaleToken):
            engine.advance(plan, step.state, {}, event, NOW)
    after = engine.advance(plan, step.state, {}, engine.TaskCompleted(token), NOW)
    with pytest.raises(engine.StaleToken):
        engine.advance(plan, after.state, {}, engine.TaskCompleted(token), NOW)
    job = of(after, engine.JobRequested)[0]
    ended = engine.advance(plan, after.state, {}, engine.JobCompleted(job.token), NOW)
    with pytest.raises(engine.StaleToken):
        engine.advance(plan, ended.state, {}, engine.Cancel(), NOW)


def test_an_interrupting_timer_cancels_its_task():
    plan, step = started(hosted(timer("P14D")))
    assert of(step, engine.TimerSet) == [engine.TimerSet(2, "border", NOW + timedelta(days=14))]
    late = engine.advance(plan, step.state, {}, engine.TimerFired(2, "border"), NOW)
    assert engine.TaskClosed(2, "work", "cancelled") in late.effects
    assert engine.TimerCleared(2, None) in late.effects
    assert [at for _, at in engine.waiting(late.state)] == ["late"]


def test_a_reminder_fires_once_and_leaves_the_task():
    plan, step = started(hosted(timer("P1D"), cancelActivity="false"))
    after = engine.advance(plan, step.state, {}, engine.TimerFired(2, "border"), NOW)
    assert sorted(at for _, at in engine.waiting(after.state)) == ["late", "work"]
    assert engine.TimerCleared(2, "border") in after.effects
    with pytest.raises(engine.StaleToken):
        engine.advance(plan, after.state, {}, engine.TimerFired(2, "border"), NOW)
    half = engine.advance(plan, after.state, {}, engine.TaskCompleted(2), NOW)
    assert not half.state["ended"]


def test_a_cycle_fires_as_often_as_it_says():
    plan, step = started(hosted(timer("R2/P1D", "timeCycle"), cancelActivity="false"))
    again = engine.advance(plan, step.state, {}, engine.TimerFired(2, "border"), NOW + timedelta(days=1))
    assert of(again, engine.TimerSet) == [engine.TimerSet(2, "border", NOW + timedelta(days=2))]
    last = engine.advance(plan, again.state, {}, engine.TimerFired(2, "border"), NOW)
    assert not of(last, engine.TimerSet)
    with pytest.raises(engine.StaleToken):
        engine.advance(plan, last.state, {}, engine.TimerFired(2, "border"), NOW)


@pytest.mark.parametrize(
    ("value", "kind", "due"),
    [
        ("P1M", "timeDuration", "2026-02-28T09:00:00+01:00"),
        ("PT36H", "timeDuration", "2026-02-01T21:00:00+01:00"),
        ('= duration("P" + string(days) + "D")', "timeDuration", "2026-02-03T09:00:00+01:00"),
        ("= date(day)", "timeDate", "2026-05-01T00:00:00+02:00"),
        ("2026-06-01T12:00:00Z", "timeDate", "2026-06-01T12:00:00+00:00"),
    ],
)
def test_due_dates(value, kind, due):
    plan = compile_plan(straight(node("intermediateCatchEvent", "wait", timer(value.replace('"', "&quot;"), kind))), {})
    now = NOW.replace(month=1, day=31)
    step = engine.advance(plan, None, {}, engine.Start({"days": 3, "day": "2026-05-01"}), now)
    assert of(step, engine.TimerSet)[0].due_at == datetime.fromisoformat(due)


def test_a_timer_without_a_date_is_an_incident():
    plan = compile_plan(straight(node("intermediateCatchEvent", "wait", timer("= date(day)", "timeDate"))), {})
    step = engine.advance(plan, None, {}, engine.Start({"day": "soon"}), NOW)
    assert engine.incidents(step.state) == [(2, "wait", "TIMER")]
    assert of(step, engine.IncidentRaised) == [engine.IncidentRaised(2, "wait", "TIMER")]
    repaired = engine.advance(plan, step.state, step.variables, engine.IncidentRetried(2, {"day": "2026-05-01"}), NOW)
    assert of(repaired, engine.IncidentClosed) == [engine.IncidentClosed(2)]
    assert of(repaired, engine.TimerSet)
    assert "incidents" not in repaired.state


def test_elapsed_hours_count_across_the_change_of_the_clocks():
    plan = compile_plan(straight(node("intermediateCatchEvent", "wait", timer("PT24H"))), {})
    step = engine.advance(plan, None, {}, engine.Start({}), NOW.replace(day=28, hour=12))
    assert of(step, engine.TimerSet)[0].due_at.hour == 13


def test_messages_open_and_close_subscriptions():
    before = '<bpmn:message id="M" name="Unterlagen"/>'
    xml = straight(node("intermediateCatchEvent", "wait", message("M"))).replace(
        b"<bpmn:process", before.encode() + b"<bpmn:process"
    )
    plan, step = started(xml)
    assert of(step, engine.SubscriptionOpened) == [engine.SubscriptionOpened(2, "wait", "Unterlagen")]
    done = engine.advance(plan, step.state, {}, engine.MessageReceived(2, "wait", {"x": 1}), NOW)
    assert engine.SubscriptionClosed(2) in done.effects
    assert done.variables == {"x": 1}


def sub_process_with_error():
    inner = (
        node("startEvent", "in")
        + node("userTask", "check")
        + node("exclusiveGateway", "fine", default="fine_out")
        + node("endEvent", "out")
        + node("endEvent", "broken", '<bpmn:errorEventDefinition errorRef="E"/>')
        + flows("in>check", "check>fine", "fine>out", "fine>broken: wrong = true")
    )
    event = '<bpmn:errorEventDefinition errorRef="E"/>'
    return hosted(event, inner, ERROR, "subProcess")


def test_an_error_end_leaves_the_sub_process_by_its_border():
    plan, step = started(sub_process_with_error())
    token = token_at(step, "check")
    caught = engine.advance(plan, step.state, {}, engine.TaskCompleted(token, {"wrong": True}), NOW)
    assert [at for _, at in engine.waiting(caught.state)] == ["late"]
    assert len(caught.state["scopes"]) == 1
    fine = engine.advance(plan, step.state, {}, engine.TaskCompleted(token), NOW)
    assert fine.state["ended"]


def test_a_raised_error_is_caught_from_inside_or_is_an_incident():
    plan, step = started(sub_process_with_error())
    token = token_at(step, "check")
    caught = engine.advance(plan, step.state, {}, engine.ErrorRaised(token, "E1"), NOW)
    assert engine.TaskClosed(token, "check", "cancelled") in caught.effects
    missed = engine.advance(plan, step.state, {}, engine.ErrorRaised(token, "OTHER"), NOW)
    assert [entry[1:] for entry in engine.incidents(missed.state)] == [("check", "ERROR")]
    assert engine.TaskClosed(token, "check", "failed") in missed.effects


def test_no_open_flow_is_an_incident_and_conditions_choose():
    xml = definitions(
        node("startEvent", "start")
        + node("exclusiveGateway", "split")
        + node("userTask", "small")
        + node("userTask", "large")
        + node("endEvent", "end")
        + flows("start>split", "split>small: area < 10", "split>large: area >= 10", "small>end", "large>end")
    )
    _plan, step = started(xml, {"area": 12.5})
    assert [at for _, at in engine.waiting(step.state)] == ["large"]
    plan, step = started(xml, {"area": "viel"})
    assert [entry[1:] for entry in engine.incidents(step.state)] == [("split", "NO_OPEN_FLOW")]
    assert not engine.waiting(step.state)
    assert not step.state["ended"]
    token = engine.incidents(step.state)[0][0]
    by_data = engine.advance(plan, step.state, step.variables, engine.IncidentRetried(token, {"area": 3}), NOW)
    assert [at for _, at in engine.waiting(by_data.state)] == ["small"]
    by_hand = engine.advance(plan, step.state, {}, engine.IncidentRetried(token, {}, "split_large"), NOW)
    assert [at for _, at in engine.waiting(by_hand.state)] == ["large"]


def test_terminate_cancels_the_other_branch():
    xml = definitions(
        node("startEvent", "start")
        + node("parallelGateway", "split")
        + node("userTask", "a")
        + node("userTask", "b")
        + node("endEvent", "stop", "<bpmn:terminateEventDefinition/>")
        + node("endEvent", "end")
        + flows("start>split", "split>a", "split>b", "a>stop", "b>end")
    )
    plan, step = started(xml)
    token, other = token_at(step, "a"), token_at(step, "b")
    done = engine.advance(plan, step.state, {}, engine.TaskCompleted(token), NOW)
    assert engine.TaskClosed(other, "b", "cancelled") in done.effects
    assert done.state["ended"]


def test_cancel_closes_everything_once():
    plan, step = started(sub_process_with_error())
    done = engine.advance(plan, step.state, {}, engine.Cancel(), NOW)
    assert [effect.element_id for effect in of(done, engine.TaskClosed)] == ["check"]
    assert len(of(done, engine.Ended)) == 1
    assert not done.state["tokens"]
    assert not done.state["scopes"]


def test_the_state_does_not_grow_with_age():
    xml = definitions(
        node("startEvent", "start")
        + node("exclusiveGateway", "again")
        + node("userTask", "work")
        + node("exclusiveGateway", "split", default="split_again")
        + node("endEvent", "end")
        + flows("start>again", "again>work", "work>split", "split>again", "split>end: done = true")
    )
    plan, step = started(xml)
    size = len(repr(step.state))
    for _round in range(300):
        step = engine.advance(plan, step.state, {}, engine.TaskCompleted(token_at(step, "work")), NOW)
    assert len(repr(step.state)) <= size + 8


TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d"><decision id="fee" name="fee">
<decisionTable hitPolicy="FIRST"><input><inputExpression><text>area</text></inputExpression></input>
<output name="fee_cents"/>
<rule id="r1"><inputEntry><text>&lt; 100</text></inputEntry><outputEntry><text>5000 * 1.5</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_a_rule_task_adds_its_outputs_and_names_its_rules():
    xml = straight(node("businessRuleTask", "calculate", kb_decision="fee"), node("userTask", "review"))
    _plan, step = started(xml, {"area": 20}, {"fee.dmn": TABLE})
    assert of(step, engine.DecisionMade) == [engine.DecisionMade("calculate", "fee", ("r1",))]
    assert step.variables == {"area": 20, "fee_cents": 7500}
    _plan, missed = started(xml, {"area": 200, "fee_cents": 1}, {"fee.dmn": TABLE})
    assert missed.variables["fee_cents"] is None
