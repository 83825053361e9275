"""What folding leaves over, part by part: a region with one arc in and one out is explored alone and becomes an arc.

So parallel rigid parts cost the sum of their markings, not the product (Vanhatalo, Völzer, Leymann 2007).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kreisbund_platform.engine.soundness.exploring import explore
from kreisbund_platform.engine.soundness.folding import fold
from kreisbund_platform.engine.soundness.net import Join, Net, Node, Split

MOST_ARCS = 300
LAST = (Split.END, Split.CLEAR)


@dataclass(frozen=True)
class _Region:
    entry: int
    exit: int
    nodes: frozenset[int]


def shrink(drawn: Net, limit: int) -> Net:
    """Replaces each region that is sound by itself, smallest first, and folds."""
    net, tried = fold(drawn, merging=False), set[frozenset[int]]()
    while len(net.arcs) <= MOST_ARCS:
        region = next((region for region in _regions(net) if region.nodes not in tried), None)
        if region is None:
            break
        tried.add(region.nodes)
        if explore(_alone(net, region), limit, alive=True).kind is None:
            _replace(net, region)
            net = fold(net, merging=False)
    return fold(net)


def _regions(net: Net) -> list[_Region]:
    found = (_region(net, entry, last) for entry in net.arcs for last in _onward(net, entry))
    return sorted((region for region in found if region), key=lambda region: (len(region.nodes), region.entry))


def _onward(net: Net, entry: int) -> Iterator[int]:
    for name in _reached(net, net.arcs[entry].target, None):
        yield from net.outs[name]


def _reached(net: Net, first: int, last: int | None) -> set[int]:
    found, pending = set[int](), [first]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += (net.arcs[number].target for number in net.outs[name] if number != last)
    return found


def _region(net: Net, entry: int, last: int) -> _Region | None:
    """The nodes between two arcs, where nothing else leads in or out, ends or already has a token."""
    nodes = _reached(net, net.arcs[entry].target, last)
    into = {number for name in nodes for number in net.ins[name]} - {entry}
    closed = all(net.arcs[number].source in nodes for number in into) and net.arcs[entry].source not in nodes
    plain = not any(net.nodes[name].optional or net.nodes[name].split in LAST for name in nodes)
    whole = len(nodes) > 1 and net.arcs[last].source in nodes and net.arcs[last].target not in nodes
    if not (closed and plain and whole) or (into | {last}) & net.marked or _is_pinned(net, entry):
        return None
    inclusive = any(net.nodes[name].join is Join.INCLUSIVE for name in nodes)
    return None if inclusive and _has_cycle(net, nodes) else _Region(entry, last, frozenset(nodes))


def _is_pinned(net: Net, number: int) -> bool:
    return number in net.marked and net.arcs[number].source is not None


def _has_cycle(net: Net, nodes: Iterable[int]) -> bool:
    """An inclusive join in a loop may look back to where tokens come from; such a region stays as it is."""
    inside = set(nodes)
    waiting = {name: sum(net.arcs[n].source in inside for n in net.ins[name]) for name in inside}
    pending = [name for name, count in waiting.items() if not count]
    while pending:
        name = pending.pop()
        inside.discard(name)
        for target in (net.arcs[number].target for number in net.outs[name]):
            if target in inside:
                waiting[target] -= 1
                pending += [target] if not waiting[target] else []
    return bool(inside)


def _alone(net: Net, region: _Region) -> Net:
    """The region with a token at its entry and an end behind its exit."""
    alone = Net()
    alone.nodes = {name: net.nodes[name] for name in region.nodes}
    inner = {number for name in region.nodes for number in (*net.ins[name], *net.outs[name])}
    alone.arcs = {number: replace(net.arcs[number]) for number in inner}
    for name in region.nodes:
        alone.ins[name], alone.outs[name] = list(net.ins[name]), list(net.outs[name])
    end = max(net.nodes) + 1
    alone.nodes[end] = Node("", split=Split.END)
    alone.arcs[region.entry].source, alone.arcs[region.exit].target = None, end
    alone.ins[end], alone.marked = [region.exit], {region.entry}
    return alone


def _replace(net: Net, region: _Region) -> None:
    """The entry goes on to where the exit led; of the ways inside it keeps a shortest one."""
    entry, last = net.arcs[region.entry], net.arcs[region.exit]
    entry.trail += (*_way(net, region), *last.trail)
    entry.harmless = entry.harmless and last.harmless
    for number in [number for name in region.nodes for number in net.outs[name]]:
        target = net.arcs.pop(number).target
        net.ins[target].remove(number)
    for name in region.nodes:
        net.outs[name], net.ins[name] = [], []
        del net.nodes[name]
    entry.target = last.target
    net.ins[last.target].append(region.entry)


def _way(net: Net, region: _Region) -> tuple[str, ...]:
    first, goal = net.arcs[region.entry].target, net.arcs[region.exit].source
    came = {first: net.nodes[first].ids}
    pending = deque([first])
    while pending and goal not in came:
        name = pending.popleft()
        for arc in (net.arcs[number] for number in net.outs[name] if number != region.exit):
            if arc.target not in came:
                came[arc.target] = (*came[name], *arc.trail, *net.nodes[arc.target].ids)
                pending.append(arc.target)
    return came[goal] if goal is not None else ()
