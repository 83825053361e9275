"""What stops a token stops nothing else, is visible, and can be tried again or led past."""

import pytest

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import build_plan
from tests.engine.driver import Case
from tests.engine.models import definitions, flows, node, straight, timer

UNIQUE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d"><decision id="fee" name="fee">
<decisionTable hitPolicy="UNIQUE"><input><inputExpression><text>area</text></inputExpression></input>
<output name="fee_cents"/>
<rule id="r1"><inputEntry><text>&lt; 100</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>&gt; 50</text></inputEntry><outputEntry><text>2</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
HOSTILE = "count(for i in 1..1000000 return i) > 3"


def beside(kind, stuck="", **attributes):
    """A branch with one element, and a task in another."""
    return definitions(
        node("startEvent", "start")
        + node("parallelGateway", "split")
        + node(kind, "stuck", stuck, **attributes)
        + node("userTask", "other")
        + node("userTask", "next")
        + node("userTask", "past")
        + node("parallelGateway", "join")
        + node("endEvent", "end")
        + node("endEvent", "stop")
        + flows(
            "start>split",
            "split>stuck",
            "split>other",
            "stuck>next",
            "next>join",
            "other>join",
            "join>end",
            "past>stop",
        )
    )


def plan_of(xml, decisions=None):
    return build_plan(read_process(xml), decisions, lenient=False)


def test_a_failed_decision_stops_its_branch_only():
    case = Case(plan_of(beside("businessRuleTask", kb_decision="fee"), {"fee.dmn": UNIQUE}), {"area": 70})
    assert case.stopped == [("stuck", "DECISION")]
    assert case.waiting == ["other"]
    case.complete("other")
    assert not case.ended
    case.retry("stuck", area=20)
    assert case.of(engine.DecisionMade)
    assert case.complete("next").ended


def test_a_repair_leads_past_what_stopped():
    case = Case(plan_of(beside("businessRuleTask", kb_decision="fee"), {"fee.dmn": UNIQUE}), {"area": 70})
    case.retry("stuck", "stuck_next", fee_cents=3)
    assert case.waiting == ["next", "other"]
    assert case.variables["fee_cents"] == 3
    assert not case.of(engine.DecisionMade)
    assert engine.Passed("stuck") in case.effects


def test_a_retry_that_fails_again_is_a_new_incident():
    case = Case(plan_of(beside("businessRuleTask", kb_decision="fee"), {"fee.dmn": UNIQUE}), {"area": 70})
    first = engine.incidents(case.state)[0][0]
    case.retry("stuck")
    assert case.of(engine.IncidentClosed) == [engine.IncidentClosed(first)]
    assert [effect.reason for effect in case.of(engine.IncidentRaised)] == ["DECISION"]
    with pytest.raises(engine.StaleToken):
        case.take(engine.IncidentRetried(first))


@pytest.mark.parametrize("flow_id", ["start_split", "nowhere", ""])
def test_only_an_own_flow_leads_past(flow_id):
    case = Case(plan_of(beside("businessRuleTask", kb_decision="fee"), {"fee.dmn": UNIQUE}), {"area": 70})
    before = case.state
    with pytest.raises(engine.EngineFault):
        case.retry("stuck", flow_id)
    assert case.state is before


def test_a_condition_beyond_its_limits():
    xml = definitions(
        node("startEvent", "start")
        + node("exclusiveGateway", "split", default="split_b")
        + node("userTask", "a")
        + node("userTask", "b")
        + node("endEvent", "end")
        + flows("start>split", f"split>a: {HOSTILE}", "split>b", "a>end", "b>end")
    )
    case = Case(xml)
    assert case.stopped == [("split", "CONDITION")]
    (entry,) = case.state["incidents"].values()
    assert entry == ["split", 1, "split_a", "CONDITION"]
    assert case.retry("split", "split_b").waiting == ["b"]


def test_a_job_given_up():
    case = Case(plan_of(beside("serviceTask")))
    token = case.token("stuck")
    case.take(engine.JobFailed(token, "NO_ADDRESS"))
    assert case.stopped == [("stuck", "NO_ADDRESS")]
    assert engine.JobClosed(token, "stuck", "failed") in case.effects
    for event in (engine.JobFailed(token, "NO_ADDRESS"), engine.JobCompleted(token)):
        with pytest.raises(engine.StaleToken):
            case.take(event)
    case.retry("stuck")
    assert case.of(engine.JobRequested)
    assert case.job("stuck").waiting == ["next", "other"]


def test_a_reason_cannot_pretend_to_be_the_engines_own():
    case = Case(plan_of(beside("serviceTask")))
    case.take(engine.JobFailed(case.token("stuck"), "NO_OPEN_FLOW"))
    assert case.stopped == [("stuck", "JOB")]


def test_only_a_job_fails_and_only_work_raises_errors():
    case = Case(straight(node("userTask", "work"), node("intermediateCatchEvent", "wait", timer("P1D"))))
    with pytest.raises(engine.StaleToken):
        case.take(engine.JobFailed(case.token("work"), "X"))
    case.complete("work")
    with pytest.raises(engine.StaleToken):
        case.take(engine.ErrorRaised(case.token("wait"), "X"))


def test_an_incident_in_a_sub_process_goes_with_it():
    inner = (
        node("startEvent", "in") + node("exclusiveGateway", "how") + node("endEvent", "out") + node("endEvent", "out2")
    )
    inner += flows("in>how", "how>out: x", "how>out2: y")
    xml = definitions(
        node("startEvent", "start")
        + node("subProcess", "work", inner)
        + node("endEvent", "end")
        + node("userTask", "late")
        + node("boundaryEvent", "edge", timer("P1D"), attachedToRef="work")
        + node("endEvent", "stop")
        + flows("start>work", "work>end", "edge>late", "late>stop")
    )
    case = Case(xml)
    assert case.stopped == [("how", "NO_OPEN_FLOW")]
    case.timer("edge")
    assert case.of(engine.IncidentClosed)
    assert not case.stopped
    assert case.waiting == ["late"]


def test_cancel_closes_incidents_too():
    case = Case(plan_of(beside("serviceTask")))
    case.take(engine.JobFailed(case.token("stuck"), "X")).take(engine.Cancel())
    assert case.of(engine.IncidentClosed)
    assert case.ended


def test_a_repeating_timer_that_loses_its_date():
    border = node("boundaryEvent", "edge", timer("= period", "timeCycle"), attachedToRef="work", cancelActivity="false")
    xml = definitions(
        node("startEvent", "start")
        + node("userTask", "work")
        + border
        + node("userTask", "note")
        + node("endEvent", "end")
        + node("endEvent", "stop")
        + flows("start>work", "work>end", "edge>note", "note>stop")
    )
    case = Case(xml, {"period": "R/P1D"})
    case.variables = {"period": "soon"}
    case.timer("edge")
    assert case.stopped == [("edge", "TIMER")]
    assert case.waiting == ["work"]
    assert case.retry("edge").waiting == ["note", "work"]
