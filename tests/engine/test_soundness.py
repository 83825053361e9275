import itertools
import time
from random import Random

import pytest

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import build_plan, compile_plan
from kreisbund_platform.engine.soundness import verdicts
from tests.engine.models import definitions, flows, message, node
from tests.engine.random_models import SOUND, Model

ALTERNATIVES = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")


def drawn(*arrows, before="", **kinds):
    """A plan from arrows; what is not named is a user task, `start…` and `end…` are events."""
    names = dict.fromkeys(name for arrow in arrows for name in arrow.partition(":")[0].split(">"))
    parts = [kinds.pop(name, "") or node(_kind(name), name) for name in names]
    parts = [part if part.startswith("<") else node(part, name) for part, name in zip(parts, names, strict=True)]
    return built("".join(parts) + "".join(kinds.values()) + flows(*arrows), before)


def _kind(name):
    return "startEvent" if name.startswith("start") else "endEvent" if name.startswith("end") else "userTask"


def built(body, before=""):
    return build_plan(read_process(definitions(body, before)))


def verdict(plan):
    found = soundness.check(plan)
    return found.kind, found.element_id


def two_branches(split, join, condition=""):
    return definitions(
        node("startEvent", "start") + node("endEvent", "end") + node(split, "split") + node(join, "join")
        + node("userTask", "a") + node("userTask", "b") + node("userTask", "after")
        + flows("start>split", f"split>a{condition}", f"split>b{condition}")
        + flows("a>join", "b>join", "join>after", "after>end")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("split", "join", "condition", "result", "kind"),
    [
        ("parallelGateway", "parallelGateway", "", "sound", None),
        ("inclusiveGateway", "inclusiveGateway", ": x", "sound", None),
        ("exclusiveGateway", "exclusiveGateway", ": x", "sound", None),
        ("exclusiveGateway", "inclusiveGateway", ": x", "sound", None),
        ("parallelGateway", "inclusiveGateway", "", "sound", None),
        ("exclusiveGateway", "parallelGateway", ": x", "unsound", "DEADLOCK"),
        ("inclusiveGateway", "parallelGateway", ": x", "unsound", "DEADLOCK"),
        ("parallelGateway", "exclusiveGateway", "", "unsound", "UNSAFE"),
        ("inclusiveGateway", "exclusiveGateway", ": x", "unsound", "UNSAFE"),
    ],
)
def test_pairs_of_gateways(split, join, condition, result, kind):
    found = soundness.check(compile_plan(two_branches(split, join, condition), {}))
    assert (found.result, found.kind) == (result, kind)
    assert found.element_id == (None if result == "sound" else "join")
    assert bool(found.reason) is (result != "sound")


def test_the_way_to_a_deadlock_can_be_followed():
    found = soundness.check(compile_plan(two_branches("exclusiveGateway", "parallelGateway", ": x"), {}))
    assert found.path == ("start", "start_split", "split", "split_a", "a", "a_join")
    assert found.waiting == ("a_join",)


def test_the_way_to_two_tokens_tells_both():
    found = soundness.check(compile_plan(two_branches("parallelGateway", "exclusiveGateway"), {}))
    assert found.path[:6] == ("start", "start_split", "split", "split_a", "a", "a_join")
    assert found.path[-4:] == ("split_b", "b", "b_join", "join")
    assert found.waiting == ("join_after",)


def test_the_way_into_a_sub_process_is_part_of_it():
    inner = (
        node("startEvent", "s") + node("exclusiveGateway", "x") + node("parallelGateway", "j") + node("endEvent", "e")
    ) + flows("s>x", "x>j", "j>e", "x>k", "k>j")
    plan = drawn("start>sub", "sub>end", sub=node("subProcess", "sub", inner + node("userTask", "k")))
    found = soundness.check(plan)
    assert (found.kind, found.element_id) == ("DEADLOCK", "j")
    assert found.path[:4] == ("start", "start_sub", "sub", "s")


# --- what tokens do


def test_a_loop_without_exit_never_ends():
    plan = drawn("start>x", "x>end", "x>a", "a>b", "b>a", x="exclusiveGateway")
    assert verdict(plan) == ("LIVELOCK", "a")


def test_branches_that_meet_in_a_task_or_an_end_are_not_matched():
    assert verdict(drawn("start>p", "p>a", "p>b", "a>c", "b>c", "c>end", p="parallelGateway")) == ("UNSAFE", "c")
    assert verdict(drawn("start>p", "p>a", "p>b", "a>end", "b>end", p="parallelGateway")) == ("UNSAFE", "end")


def test_each_branch_may_have_its_own_end():
    assert verdict(drawn("start>p", "p>a", "p>b", "a>end1", "b>end2", p="parallelGateway")) == (None, None)


def test_the_first_at_a_terminate_end_takes_all():
    stop = node("endEvent", "end", "<bpmn:terminateEventDefinition/>")
    assert verdict(drawn("start>p", "p>a", "p>b", "a>end", "b>end", p="parallelGateway", end=stop)) == (None, None)


def test_flows_of_a_task_split():
    assert verdict(drawn("start>a", "a>b", "a>c", "b>end1", "c>end2")) == (None, None)
    assert verdict(drawn("start>a", "a>b", "a>c", "b>j", "c>j", "j>end", j="parallelGateway")) == (None, None)
    assert verdict(drawn("start>a", "a>b", "a>c", "b>j", "c>j", "j>end", j="exclusiveGateway")) == ("UNSAFE", "j")
    conditional = drawn("start>a", "a>b: x", "a>c: y", "b>j", "c>j", "j>end", j="inclusiveGateway")
    assert verdict(conditional) == (None, None)
    waiting = drawn("start>a", "a>b: x", "a>c", "b>j", "c>j", "j>end", j="parallelGateway")
    assert verdict(waiting) == ("DEADLOCK", "j")


def test_an_inclusive_split_with_one_condition_and_a_default_is_a_choice():
    split = node("inclusiveGateway", "x", default="x_b")
    assert verdict(drawn("start>x", "x>a: v", "x>b", "a>j", "b>j", "j>end", x=split, j="exclusiveGateway")) == (
        None,
        None,
    )


def test_inclusive_joins_that_wait_for_each_other():
    plan = drawn(
        "start>p", "p>i", "p>k", "i>x", "x>k", "x>end1", "k>y", "y>i", "y>end2",
        p="parallelGateway", i="inclusiveGateway", k="inclusiveGateway", x="exclusiveGateway", y="exclusiveGateway",
    )  # fmt: skip
    assert verdict(plan)[0] == "DEADLOCK"


# --- starts and ends


def test_start_events_are_alternatives():
    assert verdict(drawn("start1>m", "start2>m", "m>end", m="exclusiveGateway")) == (None, None)
    assert verdict(drawn("start1>m", "start2>m", "m>end", m="parallelGateway")) == ("DEADLOCK", "m")


def test_without_start_event_all_begin_together():
    assert verdict(drawn("a>m", "b>m", "m>end", m="parallelGateway")) == (None, None)
    assert verdict(drawn("a>m", "b>m", "m>end", m="exclusiveGateway")) == ("UNSAFE", "m")


def test_without_end_event_the_last_element_ends():
    assert verdict(drawn("start>a", "a>b")) == (None, None)


def test_beside_end_events_nothing_just_stops():
    assert verdict(drawn("start>x", "x>a", "x>end", x="exclusiveGateway")) == ("DEAD_END", "a")


def test_what_nothing_leads_to_is_never_reached():
    assert verdict(drawn("start>a", "a>end", "b>c", "c>m", m="endEvent")) == ("UNREACHABLE", "b")
    assert verdict(drawn("start>a", "a>end", "end>b", "b>a")) == ("UNREACHABLE", "b")
    assert verdict(drawn("a>b", "b>a")) == ("UNREACHABLE", "a")


def test_empty_containers_are_sound():
    assert verdict(drawn("start>sub", "sub>end", sub="subProcess")) == (None, None)
    assert verdict(built("")) == (None, None)


# --- events


def boundary(host, *arrows, stops="true", **kinds):
    event = node("boundaryEvent", "late", message("note"), attachedToRef=host, cancelActivity=stops)
    return drawn(*arrows, before='<bpmn:message id="note" name="note"/>', late=event, **kinds)


def test_an_interrupting_event_is_another_way_out():
    ways = ("start>a", "a>m", "late>b", "b>m", "m>end")
    assert verdict(boundary("a", *ways, m="exclusiveGateway")) == (None, None)
    assert verdict(boundary("a", *ways, m="parallelGateway")) == ("DEADLOCK", "m")


def test_a_side_thread_does_no_harm():
    assert verdict(boundary("a", "start>a", "a>end", "late>b", "b>end2", stops="false")) == (None, None)
    assert verdict(boundary("a", "start>a", "a>end", "late>b", "b>end", stops="false")) == (None, None)
    ways = ("start>a", "a>end", "late>p", "p>b", "p>c", "b>j", "c>j", "j>end2")
    both = {"p": "parallelGateway", "j": "parallelGateway"}
    assert verdict(boundary("a", *ways, stops="false", **both)) == (None, None)
    assert verdict(boundary("a", *ways, stops="false", **{**both, "p": "exclusiveGateway"})) == ("DEADLOCK", "j")


def test_a_side_thread_that_comes_back_must_be_matched():
    ways = ("start>a", "a>m", "late>b", "b>m", "m>end")
    assert verdict(boundary("a", *ways, stops="false", m="exclusiveGateway")) == ("UNSAFE", "m")
    assert verdict(boundary("a", *ways, stops="false", m="parallelGateway")) == ("DEADLOCK", "m")
    assert verdict(boundary("a", *ways, stops="false", m="inclusiveGateway")) == (None, None)


def test_event_gateways_choose():
    catch = node("intermediateCatchEvent", "c", message("note")) + node("intermediateCatchEvent", "d", message("note"))
    ways = ("start>g", "g>c", "g>d", "c>m", "d>m", "m>end")
    kinds = {"g": "eventBasedGateway", "c": catch, "d": "<!---->"}
    note = '<bpmn:message id="note" name="note"/>'
    assert verdict(drawn(*ways, before=note, m="exclusiveGateway", **kinds)) == (None, None)
    assert verdict(drawn(*ways, before=note, m="parallelGateway", **kinds)) == ("DEADLOCK", "m")


def test_links_lead_on():
    link = '<bpmn:linkEventDefinition name="on"/>'
    throw, catch = node("intermediateThrowEvent", "t", link), node("intermediateCatchEvent", "c", link)
    assert verdict(drawn("start>t", "c>a", "a>end", t=throw, c=catch)) == (None, None)


def test_event_sub_processes_are_judged_by_themselves():
    def with_handler(*arrows):
        inner = node("startEvent", "s", message("note")) + node("endEvent", "e") + node("parallelGateway", "j")
        inner += node("exclusiveGateway", "x") + node("userTask", "u") + flows(*arrows)
        handler = node("subProcess", "handler", inner, triggeredByEvent="true")
        return drawn("start>a", "a>end", before='<bpmn:message id="note" name="note"/>', handler=handler)

    assert verdict(with_handler("s>j", "j>x", "x>u", "x>e", "u>e")) == (None, None)
    assert verdict(with_handler("s>x", "x>u", "x>j", "u>j", "j>e")) == ("DEADLOCK", "j")


# --- size


def branches(count, length, split, join):
    arrows = ["start>split", "join>end"]
    for i in range(count):
        names = ["split", *(f"t{i}x{k}" for k in range(length)), "join"]
        arrows += [f"{a}>{b}" for a, b in itertools.pairwise(names)]
    return drawn(*arrows, split=split, join=join)


@pytest.mark.parametrize("kind", ALTERNATIVES)
def test_twenty_branches_are_folded(kind, monkeypatch):
    monkeypatch.setattr(verdicts, "MOST_STATES", 10)
    began = time.process_time()
    assert verdict(branches(20, 5, kind, kind)) == (None, None)
    assert time.process_time() - began < 2


def test_a_fault_in_a_big_model_is_told_in_the_model_s_own_ids():
    found = soundness.check(branches(20, 5, "parallelGateway", "exclusiveGateway"))
    assert (found.kind, found.element_id) == ("UNSAFE", "join")
    assert {"start", "split", "t0x0", "t0x4", "join"} <= set(found.path)
    found = soundness.check(branches(20, 5, "inclusiveGateway", "parallelGateway"))
    assert (found.kind, found.element_id) == ("DEADLOCK", "join")


def test_too_many_markings_are_undecided(monkeypatch):
    monkeypatch.setattr(verdicts, "MOST_STATES", 3)
    plan = drawn(
        "start>p", "p>x", "p>b", "x>j", "x>k", "b>y", "y>j", "y>k", "j>m", "k>m", "m>end",
        p="parallelGateway", x="exclusiveGateway", y="parallelGateway", j="inclusiveGateway", k="inclusiveGateway",
        m="inclusiveGateway",
    )  # fmt: skip
    found = soundness.check(plan)
    assert (found.result, found.kind, found.element_id) == ("undecided", "UNDECIDED", "process")


@pytest.mark.parametrize("seed", range(60))
def test_block_structured_models_are_sound(seed):
    found = soundness.check(compile_plan(Model(seed, 3 + Random(seed).randint(0, 2), SOUND).xml, {}))
    assert found.result == "sound", found
