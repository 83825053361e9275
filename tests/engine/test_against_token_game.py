"""Engine and naive token game walk the same random models; after each step the same must wait."""

import json
from random import Random

import pytest

from kreisbund_platform.engine.advance import MessageReceived, Start, TaskCompleted, advance, initial_state, waiting
from kreisbund_platform.engine.plan import compile_plan
from tests.engine.models import NOW
from tests.engine.random_models import Model
from tests.engine.token_game import Game


def _expected(plan, state):
    found = []
    for at, _scope, _fired in state["tokens"].values():
        element = plan.elements[at]
        found += element.boundaries
        if element.kind == "eventBasedGateway":
            found += [flow.target for flow in element.outgoing]
    return sorted(found)


def _token_of(plan, state, event):
    element = plan.elements[event]
    place = element.host or element.incoming[0].source
    return min(int(token) for token, at in state["tokens"].items() if at[0] == place)


@pytest.mark.parametrize("seed", range(250))
def test_same_tokens_wait(seed):
    model = Model(seed)
    plan, random = compile_plan(model.xml, {}), Random(seed)
    values = {name: random.randint(0, 9) for name in model.variables}
    game = Game(model.xml, values, Random(seed + 1))
    step = advance(plan, initial_state(), {}, Start(values), NOW)
    state, variables = step.state, step.variables or {}
    for _move in range(40):
        assert sorted(at for _, at in waiting(state)) == game.waiting()
        assert _expected(plan, state) == game.expected()
        assert state["ended"] == game.ended
        if game.ended:
            return
        assert json.loads(json.dumps(state)) == state
        choices = [("task", name) for name in game.tasks()] + [("event", name) for name in game.expected()]
        kind, name = random.choice(choices)
        change = {key: random.randint(0, 9) for key in model.variables if random.random() < 0.3}
        if kind == "task":
            token = min(t for t, at in waiting(state) if at == name)
            event = TaskCompleted(token, change)
            game.complete(name, change)
        else:
            event = MessageReceived(_token_of(plan, state, name), name)
            game.receive(name)
        step = advance(plan, state, variables, event, NOW)
        state = step.state
        variables = variables if step.variables is None else step.variables
