"""Engine and token game walk the same random models; after each step the same must wait (`nightly.py` goes further)."""

import json

import pytest

from kreisbund_platform.engine import advance as engine
from tests.engine.models import NOW
from tests.engine.random_models import BLOCKS, Model
from tests.engine.walk import Walk

SEEDS = range(300)
PORTION = 50


@pytest.mark.parametrize("first", SEEDS[::PORTION])
def test_same_tokens_wait(first):
    for seed in range(first, first + PORTION):
        try:
            Walk(seed).cases(2, 40)
        except Exception as error:
            raise AssertionError(f"seed {seed}: python -m tests.engine.nightly --once {seed}") from error


def test_the_models_hold_every_construct():
    text = b"".join(Model(seed, 5).xml for seed in range(200)).decode()
    for construct in (
        *("errorEventDefinition", "escalationEventDefinition", "signalEventDefinition", "linkEventDefinition"),
        *("timerEventDefinition", "terminateEventDefinition", "multiInstanceLoopCharacteristics", "callActivity"),
        *('triggeredByEvent="true"', 'isSequential="true"', "completionCondition", 'cancelActivity="false"'),
    ):
        assert construct in text, construct


@pytest.mark.parametrize("seed", range(40))
def test_a_recorded_list_of_events_leads_to_the_stored_state(seed):
    walk = Walk(seed)
    walk.go(40)
    state, variables = json.loads(json.dumps(engine.initial_state())), {}
    for event in walk.side.events:
        step = engine.advance(walk.side.plan, state, variables, event, NOW)
        state = json.loads(json.dumps(step.state))
        variables = variables if step.variables is None else step.variables
    assert state == json.loads(json.dumps(walk.side.state))
    assert variables == walk.side.variables


@pytest.mark.parametrize("seed", range(40))
def test_what_comes_twice_late_or_in_another_order_is_stale_and_changes_nothing(seed):
    walk = Walk(seed, tuple(block for block in BLOCKS if block != "side"))
    walk.go(40)
    state, before = walk.side.state, json.dumps(walk.side.state)
    for event in walk.side.events:
        if _may_happen_again(walk, event):
            continue
        with pytest.raises(engine.StaleToken):
            engine.advance(walk.side.plan, state, dict(walk.side.variables), event, NOW)
        assert json.dumps(state) == before


def _may_happen_again(walk, event) -> bool:
    """A token that is still there may get another message, be given up again or retried."""
    token = str(getattr(event, "token", None))
    return any(token in walk.side.state.get(part, {}) for part in ("tokens", "listeners", "incidents"))


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_too_early_is_stale(seed):
    walk = Walk(seed)
    walk.go(40)
    state, variables = engine.initial_state(), {}
    for number, event in enumerate(walk.side.events):
        early = [later for later in walk.side.events[number + 1 :] if later.token >= state["next"]]
        for later in early:
            with pytest.raises(engine.StaleToken):
                engine.advance(walk.side.plan, state, variables, later, NOW)
        step = engine.advance(walk.side.plan, state, variables, event, NOW)
        state, variables = step.state, variables if step.variables is None else step.variables
    assert state == walk.side.state
