"""Random models of everything, driven at random: counts stay true, arguments untouched, and every case can be ended."""

from random import Random

import pytest

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import ModelRefused, build_plan
from kreisbund_platform.engine.plan.loops import refuse_loops
from tests.engine.driver import Case
from tests.engine.random_full_models import FullModel

SEEDS = 200


def _choices(case):
    """Every event that the case can take."""
    found = [engine.IncidentRetried(token, {"wait": "P1D"}) for token, _, _ in engine.incidents(case.state)]
    hosts = {entry[2] for entry in case.state["scopes"].values()}
    for kind in ("tokens", "listeners"):
        for text, entry in case.state.get(kind, {}).items():
            token, element, more = int(text), case.plan.elements[entry[0]], [*entry, None][3]
            names = () if isinstance(more, int) else element.boundaries
            if kind == "listeners" or (not isinstance(more, list) and element.kind != "subProcess"):
                names += element.awaits
            found += [_event(case.plan.elements[name], token, entry[2]) for name in names]
            if token not in hosts:
                done = {"task": engine.TaskCompleted, "job": engine.JobCompleted}.get(element.behaviour)
                found += [done(token)] if done else []
                if element.behaviour == "job":
                    found += [engine.ErrorRaised(token, "E"), engine.JobFailed(token, "DOWN")]
    return [event for event in found if event is not None]


def _event(event, token, fired):
    kind = event.event.type
    if kind == "timer":
        return None if fired.get(event.element_id) else engine.TimerFired(token, event.element_id)
    received = {"message": engine.MessageReceived, "signal": engine.SignalReceived}.get(kind)
    return received(token, event.element_id) if received else None


@pytest.mark.parametrize("seed", range(SEEDS))
def test_counts_stay_true(seed):
    model, random = FullModel(seed), Random(seed)
    plan = build_plan(read_process(model.xml))
    try:
        refuse_loops(plan)
    except ModelRefused:
        return  # a handler that calls itself: such a model is never published
    case = Case(plan, {name: random.randint(0, 9) for name in model.variables})
    for _move in range(60):
        if case.ended:
            break
        events = _choices(case)
        if case.state["joins"] and not events:
            break  # tokens of several firings met in one join: such a model is not sound
        assert events, f"stuck: {case.state}"
        event = random.choice(events)
        if isinstance(event, engine.TaskCompleted) and random.random() < 0.3:
            event = engine.TaskCompleted(event.token, {name: random.randint(0, 9) for name in model.variables})
        case.take(event)
    if not case.ended:
        case.take(engine.Cancel())
    assert case.ended
    assert "#instances" not in case.variables
