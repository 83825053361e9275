"""What `check` calls sound must finish: wild models, cases driven at random through the engine."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.advance import Start, TaskCompleted, advance, waiting
from kreisbund_platform.engine.plan import ModelRefused, compile_plan
from tests.engine.models import NOW, definitions, flows, node

GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")


def wild(random: Random) -> bytes:
    """A random acyclic net of tasks and gateways with one start and one or two ends."""
    size = random.randint(3, 8)
    kinds = {f"n{i}": random.choice((*GATEWAYS, "userTask")) for i in range(size)}
    kinds |= {"n0": random.choice(GATEWAYS), "end": "endEvent"}
    names = [*(f"n{i}" for i in range(size)), "end"]
    arrows = {("start", "n0")}
    for position, name in enumerate(names[1:], 1):
        arrows |= {(random.choice(names[:position]), name) for _ in range(random.randint(1, 2))}
    for position, name in enumerate(names[:-1]):
        if not any(source == name for source, _ in arrows):
            arrows.add((name, random.choice(names[position + 1 :])))
    return _written(kinds, sorted(arrows))


def _written(kinds: dict[str, str], arrows: list[tuple[str, str]]) -> bytes:
    parts, drawn = [node("startEvent", "start")], []
    for name, kind in kinds.items():
        out = [target for source, target in arrows if source == name]
        choosing = kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1
        parts.append(node(kind, name, **({"default": f"{name}_{out[0]}"} if choosing else {})))
        conditions = ["", *(f": v{name}{target} < 5" for target in out[1:])] if choosing else [""] * len(out)
        drawn += [f"{name}>{target}{text}" for target, text in zip(out, conditions, strict=True)]
    return definitions("".join(parts) + flows("start>n0", *drawn))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_sound_models_finish(seed):
    random = Random(seed)
    try:
        plan = compile_plan(wild(random), {})
    except ModelRefused:
        return
    if soundness.check(plan).result != "sound":
        return
    for _case in range(10):
        names = [name for flow in _conditions(plan) for name in flow.names]
        step = advance(plan, None, {}, Start({name: random.randint(0, 9) for name in names}), NOW)
        variables = step.variables or {}
        while tokens := waiting(step.state):
            step = advance(plan, step.state, variables, TaskCompleted(random.choice(tokens)[0]), NOW)
        assert step.state["ended"]
        assert not step.state["joins"]


def _conditions(plan):
    return [flow.condition for element in plan.elements.values() for flow in element.outgoing if flow.condition]


def test_the_wild_models_are_of_both_kinds():
    verdicts = set()
    for seed in range(60):
        try:
            verdicts.add(soundness.check(compile_plan(wild(Random(seed)), {})).result)
        except ModelRefused:
            verdicts.add("refused")
    assert {"sound", "unsound"} <= verdicts
