"""Soundness against its definition: folding against plain exploration, both against a naive oracle, and real runs."""

from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.advance import EngineFault
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.plan import build_plan
from kreisbund_platform.engine.soundness.exploring import explore
from kreisbund_platform.engine.soundness.net import Join, Net, Node, Split, mark_harmless
from kreisbund_platform.engine.soundness.regions import shrink
from kreisbund_platform.engine.soundness.verdicts import decided
from tests.engine import naive_soundness
from tests.engine.random_full_models import FullModel
from tests.engine.random_models import SOUND, Model
from tests.engine.random_runs import Case, ends
from tests.engine.wild_models import wild

seeds = st.integers(0, 10**9)


def random_net(random: Random) -> Net:
    """Nodes of all kinds with arcs anywhere; some loops, and in some a token more than the first."""
    net, inner = Net(), random.randint(2, 9)
    for i in range(inner):
        join = random.choice((Join.ANY, Join.ANY, Join.ALL, Join.INCLUSIVE))
        split = random.choice((Split.ONE, Split.ALL, Split.SOME))
        net.node(Node(f"n{i}", join, split, random.random() < 0.05, (f"n{i}",)))
    ends_left = [net.node(Node(f"end{i}", split=Split.END)) for i in range(random.randint(1, 2))]
    if random.random() < 0.2:
        net.node(Node("stop", split=Split.CLEAR))
    net.marked.add(net.arc(None, 0, "in"))
    size, loops = len(net.nodes), random.random() < 0.4

    def link(source: int, target: int) -> None:
        if target in ends_left:
            ends_left.remove(target)
        elif net.nodes[target].split is Split.END:
            return
        net.arc(source, target, f"{source}>{target}")

    for target in range(1, size):
        link(random.randrange(min(target, inner)), target)
    for _more in range(random.randint(0, inner)):
        source = random.randrange(inner)
        link(source, random.randrange(inner) if loops else random.randrange(source + 1, size))
    for source in range(inner):
        if not net.outs[source]:
            net.nodes[source].split = Split.CLEAR
    if random.random() < 0.3:
        net.marked.add(random.choice(list(net.arcs)))
    return mark_harmless(net)


def composed_net(random: Random) -> Net:
    """Random pieces with one way in and one out, beside each other, after each other or one in a loop."""
    net = Net()
    split = net.node(Node("split", split=random.choice((Split.ALL, Split.ALL, Split.ONE, Split.SOME)), ids=("split",)))
    join = net.node(Node("join", random.choice((Join.ALL, Join.ALL, Join.ANY, Join.INCLUSIVE)), ids=("join",)))
    end = net.node(Node("end", split=Split.END))
    net.marked.add(net.arc(None, split, "in"))
    net.arc(join, end, "out")
    lasts = [_piece(net, random, split) for _piece_number in range(random.randint(2, 3))]
    if random.random() < 0.3:
        lasts[0] = _piece(net, random, lasts[0])
    for last in lasts:
        net.arc(last, join, f"{last}>join")
    if random.random() < 0.2:
        net.nodes[lasts[0]].split = Split.ONE
        net.arc(lasts[0], random.choice(list(net.nodes)[3:]), "again")
    return mark_harmless(net)


def _piece(net: Net, random: Random, before: int) -> int:
    kinds = [(random.choice(tuple(Join)), random.choice((Split.ONE, Split.ALL, Split.SOME))) for _ in range(5)]
    nodes = [net.node(Node(f"p{len(net.nodes)}", *kind)) for kind in kinds[: random.randint(3, 5)]]
    net.arc(before, nodes[0], f"{before}>{nodes[0]}")
    for position, name in enumerate(nodes[1:], 1):
        net.arc(random.choice(nodes[:position]), name, f">{name}")
    for _more in range(random.randint(0, 3)):
        source = random.randrange(len(nodes) - 1)
        backward = random.random() < 0.1
        net.arc(nodes[source], random.choice(nodes[: source + 1] if backward else nodes[source + 1 :]), "more")
    for name in nodes[:-1]:
        if not net.outs[name]:
            net.arc(name, nodes[-1], f"{name}>")
    return nodes[-1]


@settings(max_examples=250, deadline=None)
@given(seeds)
def test_regions_change_no_verdict(seed):
    net = composed_net(Random(seed))
    plain = explore(net, 5_000, alive=True)
    shrunk = explore(shrink(net, 1_000), 5_000, alive=True)
    if "UNDECIDED" not in (plain.kind, shrunk.kind):
        assert (plain.kind is None) == (shrunk.kind is None), (seed, plain, shrunk)


@settings(max_examples=1500, deadline=None)
@given(seeds)
def test_folding_changes_no_verdict(seed):
    net = random_net(Random(seed))
    plain, folded = explore(net, 5_000, alive=True), decided(net, alive=True)
    if "UNDECIDED" not in (plain.kind, folded.kind):
        assert (plain.kind is None) == (folded.kind is None), (seed, plain, folded)


@settings(max_examples=500, deadline=None)
@given(seeds)
def test_verdicts_agree_with_the_definition(seed):
    plan = build_plan(read_process(wild(Random(seed))))
    verdict = soundness.check(plan)
    try:
        expected = naive_soundness.sound(plan, 3_000)
    except naive_soundness.TooManyError:
        return
    assert verdict.result == ("sound" if expected else "unsound"), (seed, verdict)


@settings(max_examples=400, deadline=None)
@given(seeds, st.sampled_from((Model, FullModel, None)))
def test_sound_models_never_stick(seed, model):
    random = Random(seed)
    plan = build_plan(read_process(model(seed, 4, SOUND).xml if model else wild(random)))
    if soundness.check(plan).result == "sound":
        assert ends(plan, random, runs=5) != -1, seed


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_wherever_a_sound_case_stands_it_can_complete(seed):
    random = Random(seed)
    plan = build_plan(read_process(FullModel(seed, depth=5).xml))
    if soundness.check(plan).result != "sound":
        return
    case = Case(plan, random)
    with suppress(EngineFault):
        case.start()
        for _step in range(30):
            assert soundness.check_from(plan, case.state).result == "sound", (seed, case.state)
            events = case.possible()
            if events and not case.state["ended"]:
                case.take(random.choice(events))
