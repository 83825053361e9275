import pytest

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.plan import compile_plan
from tests.engine.models import definitions, flows, node
from tests.engine.random_models import Model


def two_branches(split, join, condition=""):
    return definitions(
        node("startEvent", "start") + node("endEvent", "end") + node(split, "split") + node(join, "join")
        + node("userTask", "a") + node("userTask", "b") + node("userTask", "after")
        + flows("start>split", f"split>a{condition}", f"split>b{condition}")
        + flows("a>join", "b>join", "join>after", "after>end")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("split", "join", "condition", "result", "element_id"),
    [
        ("parallelGateway", "parallelGateway", "", "sound", None),
        ("inclusiveGateway", "inclusiveGateway", ": x", "sound", None),
        ("exclusiveGateway", "exclusiveGateway", ": x", "sound", None),
        ("exclusiveGateway", "inclusiveGateway", ": x", "sound", None),
        ("exclusiveGateway", "parallelGateway", ": x", "unsound", "join"),
        ("inclusiveGateway", "parallelGateway", ": x", "unsound", "join"),
        ("parallelGateway", "exclusiveGateway", "", "unsound", "join"),
        ("inclusiveGateway", "exclusiveGateway", ": x", "unsound", "join"),
    ],
)
def test_pairs_of_gateways(split, join, condition, result, element_id):
    verdict = soundness.check(compile_plan(two_branches(split, join, condition), {}))
    assert (verdict.result, verdict.element_id) == (result, element_id)
    assert bool(verdict.reason) is (result != "sound")


def test_a_loop_without_exit_never_ends():
    xml = definitions(
        node("startEvent", "start") + node("endEvent", "end") + node("exclusiveGateway", "split")
        + node("exclusiveGateway", "again") + node("userTask", "work") + node("userTask", "trap")
        + node("exclusiveGateway", "back")
        + flows("start>again", "again>work", "work>split", "split>end: a", "split>back: b", "back>trap", "trap>back")
    )  # fmt: skip
    verdict = soundness.check(compile_plan(xml, {}))
    assert verdict.result == "unsound"
    assert verdict.element_id in ("back", "trap")


def test_too_many_markings_are_undecided(monkeypatch):
    monkeypatch.setattr(soundness, "MOST_STATES", 2)
    verdict = soundness.check(compile_plan(two_branches("parallelGateway", "parallelGateway"), {}))
    assert (verdict.result, verdict.element_id) == ("undecided", "process")


@pytest.mark.parametrize("seed", range(60))
def test_block_structured_models_are_sound(seed):
    verdict = soundness.check(compile_plan(Model(seed, depth=3).xml, {}))
    assert verdict.result == "sound", verdict
