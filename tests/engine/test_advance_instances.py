"""Activities that run several times, in parallel and one after the other."""

import pytest

from kreisbund_platform.engine import advance as engine
from tests.engine.driver import Case
from tests.engine.models import definitions, flows, message, node, timer

ERROR = '<bpmn:errorEventDefinition errorRef="E"/>'
NAMES = '<bpmn:error id="E" errorCode="E1"/><bpmn:message id="M" name="Stellungnahme"/>'


def marker(sequential=False, completion="", cardinality="", **attributes):
    written = "".join(f' kb:{name}="{value}"' for name, value in attributes.items())
    inner = f"<bpmn:loopCardinality>{cardinality}</bpmn:loopCardinality>" if cardinality else ""
    inner += f"<bpmn:completionCondition>{completion}</bpmn:completionCondition>" if completion else ""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"{written}>{inner}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def several(marked, kind="userTask", inner="", extra="", **attributes):
    return definitions(
        node("startEvent", "start") + node(kind, "ask", inner + marked, **attributes) + node("userTask", "after")
        + node("endEvent", "end") + flows("start>ask", "ask>after", "after>end") + extra,
        NAMES,
    )  # fmt: skip


OFFICES = {"offices": ["Bau", "Umwelt", "Brand"]}


def test_parallel_instances_have_their_items_and_numbers():
    case = Case(several(marker(collection="offices", elementVariable="office")), OFFICES)
    opened = case.of(engine.TaskOpened)
    assert [(effect.element_id, effect.instance) for effect in opened] == [("ask", 1), ("ask", 2), ("ask", 3)]
    known = engine.local_variables(case.plan, case.state, opened[1].token, case.variables)
    assert known == {**OFFICES, "office": "Umwelt", "loopCounter": 2}
    case.complete("ask", 2).complete("ask", 0)
    assert case.waiting == ["ask"]
    case.complete("ask")
    assert case.waiting == ["after"]
    assert case.passed == ["start", "ask", "ask", "ask", "ask"]
    assert [effect.instance for effect in case.of(engine.Passed)] == [2, None]


def test_sequential_instances_come_one_by_one():
    case = Case(several(marker(True, collection="offices", elementVariable="office")), OFFICES)
    for number in (1, 2, 3):
        assert case.waiting == ["ask"]
        assert [effect.instance for effect in case.of(engine.TaskOpened)] == [number]
        case.complete("ask")
    assert case.waiting == ["after"]


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("written", [{"cardinality": "= count"}, {"collection": "items"}])
def test_no_instance_at_all_passes_at_once(sequential, written):
    case = Case(several(marker(sequential, **written)), {"count": 0, "items": []})
    assert case.waiting == ["after"]


@pytest.mark.parametrize(
    "variables",
    [{}, {"count": -1}, {"count": 1.5}, {"count": "3"}, {"count": 1001}, {"count": [1] * 1001}, {"count": {"a": 1}}],
)
def test_a_number_that_is_none_stops_the_token(variables):
    case = Case(several(marker(cardinality="count")), variables)
    assert case.stopped == [("ask", "COLLECTION")]
    assert case.retry("ask", count=2).waiting == ["ask", "ask"]


def test_results_are_collected_in_the_order_of_the_instances():
    marked = marker(
        collection="offices", elementVariable="office", outputCollection="answers",
        outputElement="{office: office, agrees: agrees}",
    )  # fmt: skip
    case = Case(several(marked), OFFICES)
    assert case.variables["answers"] == [None, None, None]
    case.complete("ask", 2, agrees=True).complete("ask", 0, agrees=False)
    assert case.variables["answers"][1] is None
    case.complete("ask", agrees=True)
    assert case.variables["answers"] == [
        {"office": "Bau", "agrees": False},
        {"office": "Umwelt", "agrees": True},
        {"office": "Brand", "agrees": True},
    ]
    assert set(case.variables) == {"offices", "answers"}


def test_results_without_a_collection_are_merged():
    case = Case(several(marker(cardinality="2")))
    assert case.complete("ask", 1, a=1).complete("ask", b=2).variables == {"a": 1, "b": 2}


def test_the_completion_condition_ends_the_rest():
    marked = marker(completion="numberOfCompletedInstances / numberOfInstances >= 0.5 or veto = true", cardinality="4")
    case = Case(several(marked))
    case.complete("ask")
    assert case.waiting == ["ask"] * 3
    case.complete("ask")
    assert case.waiting == ["after"]
    assert [effect.reason for effect in case.of(engine.TaskClosed)] == ["completed", "cancelled", "cancelled"]
    assert Case(several(marked)).complete("ask", veto=True).waiting == ["after"]


def test_a_sequential_one_stops_early():
    marked = marker(True, "result = &quot;found&quot;", cardinality="9")
    case = Case(several(marked)).complete("ask", result="no").complete("ask", result="found")
    assert case.waiting == ["after"]
    assert case.variables == {"result": "found"}


def edge(trigger, interrupting=True):
    border = node("boundaryEvent", "edge", trigger, attachedToRef="ask", cancelActivity=str(interrupting).lower())
    return border + node("userTask", "late") + node("endEvent", "stop") + flows("edge>late", "late>stop")


def test_a_boundary_event_belongs_to_the_whole():
    case = Case(several(marker(cardinality="3"), extra=edge(timer("P3D"))))
    assert len(case.of(engine.TimerSet)) == 1
    case.complete("ask").timer("edge")
    assert case.waiting == ["late"]
    assert [effect.reason for effect in case.of(engine.TaskClosed)] == ["cancelled", "cancelled"]
    beside = Case(several(marker(cardinality="2"), extra=edge(timer("P3D"), False))).timer("edge")
    assert beside.waiting == ["ask", "ask", "late"]
    assert beside.complete("ask").complete("ask").waiting == ["after", "late"]


def test_an_error_of_one_instance_ends_all():
    case = Case(several(marker(cardinality="3"), "serviceTask", extra=edge(ERROR)))
    case.error("ask", "E1")
    assert case.waiting == ["late"]


def test_one_failed_job_stops_one_instance():
    case = Case(several(marker(cardinality="2"), "serviceTask"))
    first, second = (effect.token for effect in case.of(engine.JobRequested))
    case.take(engine.JobFailed(first, "SMTP_DOWN")).take(engine.JobCompleted(second))
    assert case.stopped == [("ask", "SMTP_DOWN")]
    case.retry("ask")
    assert [effect.instance for effect in case.of(engine.JobRequested)] == [1]
    assert case.job("ask").waiting == ["after"]


INNER = (
    node("startEvent", "in") + node("userTask", "read") + node("exclusiveGateway", "good", default="good_out")
    + node("userTask", "more") + node("endEvent", "out")
    + flows("in>read", "read>good", "good>more: fine = false", "good>out", "more>out")
)  # fmt: skip


def test_instances_of_a_sub_process_keep_their_data_apart():
    marked = marker(collection="offices", elementVariable="office", outputCollection="answers", outputElement="fine")
    case = Case(several(marked, "subProcess", INNER), OFFICES)
    case.complete("read", 0, fine=False)
    assert case.waiting == ["more", "read", "read"]
    case.complete("read", 1, fine=True)
    assert case.waiting == ["more", "read"]
    known = engine.local_variables(case.plan, case.state, case.token("more"), case.variables)
    assert known["fine"] is False
    assert known["office"] == "Bau"
    case.complete("read", fine=True).complete("more", note="late")
    assert case.waiting == ["after"]
    assert case.variables == {**OFFICES, "answers": [False, True, True]}


def test_own_data_is_forgotten_with_its_instances():
    case = Case(several(marker(cardinality="2"), "subProcess", INNER, edge(timer("P1D"))))
    case.complete("read", 0, fine=False)
    case.timer("edge")
    assert case.waiting == ["late"]
    assert case.variables == {}


def test_instances_within_instances():
    inner = node("startEvent", "in") + node("userTask", "name", marker(
        collection="office.people", elementVariable="person", outputCollection="names", outputElement="person"
    )) + node("endEvent", "out") + flows("in>name", "name>out")  # fmt: skip
    marked = marker(True, collection="offices", elementVariable="office", outputCollection="all", outputElement="names")
    offices = [{"people": ["A", "B"]}, {"people": ["C"]}, {"people": []}]
    case = Case(several(marked, "subProcess", inner), {"offices": offices})
    token = case.token("name", 1)
    known = engine.local_variables(case.plan, case.state, token, case.variables)
    assert (known["person"], known["office"], known["loopCounter"]) == ("B", offices[0], 2)
    case.complete("name").complete("name").complete("name")
    assert case.waiting == ["after"]
    assert case.variables["all"] == [["A", "B"], ["C"], []]
    assert set(case.variables) == {"offices", "all"}


def test_terminate_and_errors_inside_one_instance():
    inner = (
        node("startEvent", "in") + node("userTask", "read") + node("exclusiveGateway", "how", default="how_stop")
        + node("endEvent", "stop_one", "<bpmn:terminateEventDefinition/>") + node("endEvent", "broken", ERROR)
        + flows("in>read", "read>how", "how>broken: bad", "how>stop_one").replace("how_stop_one", "how_stop")
    )  # fmt: skip
    case = Case(several(marker(cardinality="2"), "subProcess", inner, edge(ERROR)))
    case.complete("read", 0, bad=False)
    assert case.waiting == ["read"]
    assert case.complete("read", bad=True).waiting == ["late"]


def test_receive_tasks_wait_with_their_own_keys():
    marked = marker(collection="offices", elementVariable="office", outputCollection="answers", outputElement="text")
    xml = several(marked, "receiveTask", messageRef="M", kb_correlation="office")
    case = Case(xml, OFFICES)
    opened = case.of(engine.SubscriptionOpened)
    assert [effect.key for effect in opened] == ["Bau", "Umwelt", "Brand"]
    for effect in reversed(opened):
        case.take(engine.MessageReceived(effect.token, "ask", {"text": effect.key.lower()}))
    assert case.variables["answers"] == ["bau", "umwelt", "brand"]


def test_a_completion_condition_at_its_limit_is_an_incident():
    hostile = "count(for i in 1..100000 return i) = 1 or numberOfCompletedInstances = 2"
    case = Case(several(marker(completion=hostile, cardinality="3", outputCollection="all"))).complete("ask", x=1)
    assert case.stopped == [("ask", "COMPLETION")]
    assert case.waiting == ["ask", "ask"]


def test_the_last_firing_and_stale_tokens():
    case = Case(several(marker(cardinality="2"), extra=edge(message("M"), False)))
    host = case.host("edge")
    for event in (engine.TaskCompleted(host), engine.ErrorRaised(host, "E1"), engine.TimerFired(host, "edge")):
        with pytest.raises(engine.StaleToken):
            case.take(event)
    first = case.token("ask")
    case.complete("ask")
    with pytest.raises(engine.StaleToken):
        case.take(engine.TaskCompleted(first))
    with pytest.raises(engine.StaleToken):
        case.take(engine.MessageReceived(case.token("ask"), "edge"))


def test_a_thousand_instances_in_time():
    case = Case(several(marker(collection="items", elementVariable="item")), {"items": list(range(1000))})
    assert len(case.waiting) == 1000
    assert case.complete("ask", 999, x=True).variables["x"]
