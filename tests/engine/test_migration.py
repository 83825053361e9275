import itertools
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kreisbund_platform.engine import migration, soundness
from kreisbund_platform.engine.advance import (
    EngineFault,
    MessageReceived,
    Start,
    TaskCompleted,
    TimerFired,
    advance,
    incidents,
    waiting,
)
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.migration import Wait
from kreisbund_platform.engine.plan import build_plan
from tests.engine.models import NOW, definitions, flows, message, node, timer
from tests.engine.mutations import Version
from tests.engine.random_full_models import FullModel
from tests.engine.random_models import SOUND, Model
from tests.engine.random_runs import Case, ends
from tests.engine.wild_models import wild

NOTE = '<bpmn:message id="note" name="note"/><bpmn:message id="other" name="other"/>'


def built(body, *arrows):
    return build_plan(read_process(definitions(body + flows(*arrows), NOTE)))


def parallel(*branches, join="parallelGateway"):
    tasks = "".join(node("userTask", name) for name in (*branches, "last"))
    gateways = node("parallelGateway", "split") + node(join, "join")
    ways = [f"split>{name}" for name in branches] + [f"{name}>join" for name in branches]
    ends_ = node("startEvent", "start") + node("endEvent", "end")
    return built(ends_ + gateways + tasks, "start>split", *ways, "join>last", "last>end")


def line(*tasks, inner=""):
    names = ["start", *(text.split('id="')[1].split('"')[0] for text in tasks), "end"]
    ways = [f"{a}>{b}" for a, b in itertools.pairwise(names)]
    return built(node("startEvent", "start") + node("endEvent", "end") + "".join(tasks) + inner, *ways)


def started(plan, *done, variables=None):
    state = advance(plan, None, variables or {}, Start({}), NOW).state
    for name in done:
        token = next(token for token, at in waiting(state) if at == name)
        state = advance(plan, state, variables or {}, TaskCompleted(token), NOW).state
    return state


def judged(old, new, state, mapping=None):
    return migration.judge(old, new, state, migration.suggest_mapping(old, new) if mapping is None else mapping)


# --- the branch that never starts


@pytest.mark.parametrize("done", [(), ("a",), ("b",)])
def test_a_branch_added_beside_running_ones_is_refused_with_its_way(done):
    old, new = parallel("a", "b"), parallel("a", "b", "c")
    state = started(old, *done)
    found = judged(old, new, state)
    assert (found.possible, found.kind, found.element_id) == (False, "DEADLOCK", "join")
    assert {"a_join", "b_join"} == set(found.waiting) <= set(found.path)
    moved = migration.translate(old, new, state, {})
    for token, _name in waiting(moved):
        moved = advance(new, moved, {}, TaskCompleted(token), NOW).state
    assert not moved["ended"]
    assert not waiting(moved)


def test_behind_the_join_the_same_change_is_possible():
    old, new = parallel("a", "b"), parallel("a", "b", "c")
    assert judged(old, new, started(old, "a", "b")).possible


def test_an_inclusive_join_does_not_wait_for_the_branch_that_never_starts():
    old, new = parallel("a", "b", join="inclusiveGateway"), parallel("a", "b", "c", join="inclusiveGateway")
    state = started(old, "a")
    assert judged(old, new, state).possible
    assert ends(new, Random(1), runs=3, state=migration.translate(old, new, state, {})) == 3


def test_a_branch_that_goes_is_possible_where_nothing_stands_on_it():
    old, new = parallel("a", "b", "c"), parallel("a", "b")
    assert judged(old, new, started(old, "a", "b")).kind == "GONE"
    assert judged(old, new, started(old, "c")).kind == "JOIN"
    assert judged(old, new, started(old, "a", "b", "c")).possible


# --- structure


def test_kind_and_container_are_kept():
    old = line(node("userTask", "a"))
    assert judged(old, line(node("serviceTask", "a")), started(old), {}).kind == "KIND"
    inside = node("startEvent", "s") + node("userTask", "a") + node("endEvent", "e") + flows("s>a", "a>e")
    assert judged(old, line(node("subProcess", "sub", inside)), started(old), {}).kind == "CONTAINER"
    assert judged(old, line(node("userTask", "b")), started(old), {}).kind == "GONE"


def test_a_mapping_leads_to_other_ids():
    old, new = line(node("userTask", "a", name="Prüfen")), line(node("userTask", "b", name="Prüfen"))
    mapping = migration.suggest_mapping(old, new)
    assert mapping["a"] == "b"
    assert mapping["start_a"] == "start_b"
    found = judged(old, new, started(old), mapping)
    assert found.possible
    assert found.waits == (Wait(2, "task", "rename", "a", "b"),)


def test_names_that_stand_twice_suggest_nothing():
    old = line(node("userTask", "a", name="Prüfen"))
    new = line(node("userTask", "b", name="Prüfen"), node("userTask", "c", name="Prüfen"))
    assert "a" not in migration.suggest_mapping(old, new)


def test_a_case_inside_a_sub_process_is_judged_in_it():
    def version(*branches):
        inner = "".join(node("userTask", name) for name in branches)
        inner += node("startEvent", "s") + node("parallelGateway", "x") + node("parallelGateway", "y")
        ways = [way for name in branches for way in (f"x>{name}", f"{name}>y")]
        return line(node("subProcess", "sub", inner + node("endEvent", "e") + flows("s>x", *ways, "y>e")))

    old, new = version("a", "b"), version("a", "b", "c")
    assert (judged(old, new, started(old, "a")).element_id) == "y"
    assert judged(old, version("b", "a"), started(old, "a")).possible


def test_an_incident_moves_too():
    split = node("exclusiveGateway", "x")
    body = node("startEvent", "start") + node("endEvent", "end") + node("userTask", "a") + node("userTask", "b")
    old = built(body + split, "start>x", "x>a: v > 1", "x>b: v > 2", "a>end", "b>end")
    new = built(body + split + node("userTask", "c"), "start>x", "x>a: v > 1", "x>b: v > 2", "a>c", "c>end", "b>end")
    state = started(old, variables={"v": 0})
    assert incidents(state)
    assert judged(old, new, state).possible


def test_instances_are_judged_as_one():
    def version(*after):
        loop = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
        loop += "</bpmn:multiInstanceLoopCharacteristics>"
        return line(node("userTask", "each", loop), *after)

    old, new = version(), version(node("userTask", "more"))
    state = started(old)
    one_done = advance(old, state, {}, TaskCompleted(waiting(state)[0][0]), NOW).state
    assert migration.signature(state) == migration.signature(one_done)
    assert judged(old, new, state).possible
    assert judged(old, line(node("userTask", "each")), state, {}).kind == "KIND"


# --- what it waits for


def with_boundary(event, **attributes):
    late = node("boundaryEvent", "late", event, attachedToRef="a", **attributes)
    more = late + node("userTask", "b") + node("endEvent", "end2") + flows("late>b", "b>end2")
    return line(node("userTask", "a"), inner=more)


def test_timers_and_messages_that_come_and_go():
    plain, timed = line(node("userTask", "a")), with_boundary(timer("P1D"), cancelActivity="false")
    assert judged(plain, timed, started(plain)).waits == (Wait(2, "timer", "open", None, "late"),)
    assert judged(timed, plain, started(timed)).waits == (Wait(2, "timer", "close", "late", None),)
    assert judged(timed, timed, started(timed)).waits == ()
    longer = with_boundary(timer("P2D"), cancelActivity="false")
    assert judged(timed, longer, started(timed)).waits == (Wait(2, "timer", "alter", "late", "late"),)
    told = with_boundary(message("note"))
    assert {(wait.what, wait.change) for wait in judged(timed, told, started(timed), {}).waits} == {
        ("timer", "close"),
        ("message", "open"),
    }
    assert judged(told, with_boundary(message("other")), started(told)).waits[0].change == "alter"


def test_a_timer_that_has_fired_stays_quiet():
    timed, longer = (with_boundary(timer(text), cancelActivity="false") for text in ("P1D", "P2D"))
    state = advance(timed, started(timed), {}, TimerFired(2, "late"), NOW).state
    found = judged(timed, longer, state)
    assert found.possible
    assert found.waits == ()
    assert migration.signature(state) != migration.signature(started(timed))


def handler(name, reference):
    inner = node("startEvent", f"s{name}", message(reference), isInterrupting="false") + node("endEvent", f"e{name}")
    inner += node("userTask", f"u{name}") + flows(f"s{name}>u{name}", f"u{name}>e{name}")
    return node("subProcess", name, inner, triggeredByEvent="true")


def test_event_sub_processes_begin_and_cease_to_listen():
    none, one = line(node("userTask", "a")), line(node("userTask", "a"), inner=handler("h", "note"))
    state = started(none)
    moved = migration.translate(none, one, state, {})
    (key,) = moved["listeners"]
    assert judged(none, one, state).waits == (Wait(int(key), "message", "open", None, "sh"),)
    running = advance(one, moved, {}, MessageReceived(int(key), "sh"), NOW).state
    assert sorted(at for _token, at in waiting(running)) == ["a", "uh"]
    back = migration.translate(one, none, moved, {})
    assert "listeners" not in back
    assert judged(one, none, moved).waits == (Wait(int(key), "message", "close", "sh", None),)
    assert judged(one, none, running).kind == "GONE"
    assert judged(one, one, running).possible


def test_two_runs_of_a_side_thread_do_not_hinder_each_other():
    old = with_boundary(message("note"), cancelActivity="false")
    state = started(old)
    for _time in range(2):
        state = advance(old, state, {}, MessageReceived(2, "late"), NOW).state
    assert sorted(at for _token, at in waiting(state)) == ["a", "b", "b"]
    assert judged(old, old, state).possible


# --- groups


def test_two_runs_of_a_side_thread_with_a_join_are_judged_together():
    event = node("boundaryEvent", "late", message("note"), attachedToRef="a", cancelActivity="false")
    inner = event + node("parallelGateway", "x") + node("parallelGateway", "y") + node("endEvent", "end2")
    tasks = node("userTask", "b") + node("userTask", "c")

    def version(*more):
        ways = ["late>x", "x>b", "x>c", "b>y", "c>y", "y>end2", *(w for n in more for w in (f"x>{n}", f"{n}>y"))]
        added = "".join(node("userTask", name) for name in more)
        return line(node("userTask", "a"), inner=inner + tasks + added + flows(*ways))

    old = version()
    state = started(old)
    for _time in range(2):
        state = advance(old, state, {}, MessageReceived(2, "late"), NOW).state
    for name in ("b", "b", "c"):
        token = next(token for token, at in waiting(state) if at == name)
        state = advance(old, state, {}, TaskCompleted(token), NOW).state
    assert judged(old, old, state).possible
    assert (judged(old, version("d"), state).kind, judged(old, version("d"), state).element_id) == ("DEADLOCK", "y")


def test_signatures_know_no_numbers_and_tell_scopes_apart():
    plan = parallel("a", "b")
    assert migration.signature(started(plan, "a")) != migration.signature(started(plan, "b"))
    late = {**started(plan), "next": 99}
    late["tokens"] = {str(int(key) + 50): entry for key, entry in late["tokens"].items()}
    assert migration.signature(late) == migration.signature(started(plan))


def test_twenty_thousand_cases_are_grouped_in_seconds():
    states = [started(parallel("a", "b", "c"), *done) for done in ((), ("a",), ("a", "b"), ("a", "b", "c"))]
    began = time.process_time()
    groups = {migration.signature(states[number % 4]) for number in range(20_000)}
    assert len(groups) == 4
    assert time.process_time() - began < 5


# --- random versions


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_what_may_move_ends_and_what_may_not_sticks(seed):
    random = Random(seed)
    model = random.choice((Model, FullModel, None))
    xml = model(seed, random.choice((2, 3, 4)), SOUND).xml if model else wild(random)
    old, new = (build_plan(read_process(text)) for text in (xml, Version(xml, random).xml()))
    if any(soundness.check(plan).result != "sound" for plan in (old, new)):
        return
    try:
        case = Case(old, random).start()
        case.run(random.randint(0, 12))
    except EngineFault:
        return
    mapping = migration.suggest_mapping(old, new)
    found = migration.judge(old, new, case.state, mapping)
    if case.state["ended"] or found.kind not in (None, "DEADLOCK"):
        return
    moved = migration.translate(old, new, case.state, mapping)
    if found.possible:
        assert ends(new, random, runs=5, state=moved) != -1, seed
    else:
        assert any(ends(new, random, runs=1, state=moved) == -1 for _try in range(100)), seed
