"""Local rules that make a net smaller without changing whether it is sound (after Murata 1989 and Favre 2016).

Block-structured parts vanish in time linear in their size; what no rule fits is left to be explored. Two tokens that
meet in a folded part still meet: a token may linger on the arc that is left. Arcs keep the trail of what they swallow.
"""

from collections import defaultdict
from collections.abc import Iterable

from kreisbund_platform.engine.soundness.net import Arc, Join, Net, Node, Split


def fold(net: Net, *, merging: bool = True) -> Net:
    """A folded copy; without `merging` joins and splits that follow each other stay apart, and with them regions."""
    folding = _Folding(net, merging=merging)
    folding.run()
    return folding.net


def without_stops(folded: Net) -> Net | None:
    """The net without the choices to stop everything at once; None where there is none.

    Its markings are those of the folded net but for the empty one: if it is sound both are, and its deadlocks and
    second tokens are real. That a token never ends may be due to what is left out.
    """
    net = copy(folded)
    stops = [number for number, arc in net.arcs.items() if number not in net.marked and _stops(net, arc)]
    for number in stops:
        arc = net.arcs[number]
        if arc.source is not None and len(net.outs[arc.source]) > 1:
            del net.arcs[number]
            net.outs[arc.source].remove(number)
            net.ins[arc.target].remove(number)
    for name in [name for name, node in net.nodes.items() if node.split is Split.CLEAR and not net.ins[name]]:
        del net.nodes[name]
    return fold(net) if stops else None


def _stops(net: Net, arc: Arc) -> bool:
    """Whether the arc is one choice of several and leads to the end of everything, with no fault to be seen on it."""
    if (
        not arc.harmless
        or arc.source is None
        or net.nodes[arc.source].split is not Split.ONE
        or len(net.outs[arc.source]) < 2
    ):
        return False
    target = net.nodes[arc.target]
    return target.split is Split.CLEAR and target.join is Join.ANY


def copy(net: Net) -> Net:
    """A net of its own that may be changed."""
    copy = Net(marked=set(net.marked))
    copy.nodes = {key: Node(n.element_id, n.join, n.split, n.optional, n.ids) for key, n in net.nodes.items()}
    copy.arcs = {key: Arc(arc.source, arc.target, arc.trail, arc.harmless) for key, arc in net.arcs.items()}
    copy.ins = defaultdict(list, {key: list(arcs) for key, arcs in net.ins.items()})
    copy.outs = defaultdict(list, {key: list(arcs) for key, arcs in net.outs.items()})
    return copy


class _Folding:
    def __init__(self, net: Net, *, merging: bool) -> None:
        self.net = copy(net)
        self._pending = list(net.nodes)
        self._queued = set(net.nodes)
        self._on_cycles = _on_cycles(net)
        merge = (self._merge_joins, self._merge_splits) if merging else ()
        self._rules = (self._skip, self._twins, self._turn, self._stub, self._fuse, *merge)

    def run(self) -> None:
        while self._pending:
            name = self._pending.pop()
            self._queued.discard(name)
            if name in self.net.nodes:
                self._simplify(name)
                if any(rule(name) for rule in self._rules):
                    self._again(name)

    def _simplify(self, name: int) -> None:
        """One arc is nothing to wait for and nothing to choose from."""
        node = self.net.nodes[name]
        if len(self.net.ins[name]) == 1:
            node.join = Join.ANY
        if len(self.net.outs[name]) == 1 and not node.optional:
            node.split = Split.ALL

    # --- rules: each answers whether it changed something

    def _skip(self, name: int) -> bool:
        """One arc in, one out: the node becomes part of the arc."""
        ins, outs, node = self.net.ins[name], self.net.outs[name], self.net.nodes[name]
        if len(ins) != 1 or node.optional:
            return False
        if len(outs) != 1 or not self._removable(outs[0]) or ins == outs:
            return False
        before, after = ins[0], outs[0]
        if before in self.net.marked and self._source(before) is not None:
            return False
        arc, beyond = self.net.arcs[before], self.net.arcs[after]
        arc.trail += (*node.ids, *beyond.trail)
        arc.harmless = arc.harmless and beyond.harmless
        self._drop(after)
        self._aim(before, beyond.target)
        self._forget(name)
        return True

    def _twins(self, name: int) -> bool:
        """Two arcs to the same node say no more than one."""
        node, found = self.net.nodes[name], dict[int, int]()
        for number in list(self.net.outs[name]):
            target = self.net.arcs[number].target
            first = found.setdefault(target, number)
            if first == number or not self._alike(node, self.net.nodes[target]):
                continue
            if self._removable(number) and self._removable(first):
                if node.split is Split.ALL:
                    self.net.arcs[first].trail += self.net.arcs[number].trail
                self.net.arcs[first].harmless &= self.net.arcs[number].harmless
                self._drop(number)
                return True
        return False

    def _alike(self, node: Node, target: Node) -> bool:
        if node.split is Split.ONE:
            return target.join is not Join.ALL
        return target.join is Join.INCLUSIVE or (node.split is Split.ALL and target.join is Join.ALL)

    def _turn(self, name: int) -> bool:
        """A choice that may lead straight back to itself, and need not."""
        node, outs = self.net.nodes[name], self.net.outs[name]
        if node.split is not Split.ONE or node.join is not Join.ANY or len(outs) < 2:
            return False
        for number in outs:
            if self.net.arcs[number].target == name and self._told_elsewhere(number, name):
                self._drop(number)
                return True
        return False

    def _stub(self, name: int) -> bool:
        """A branch that just ends, beside others. Within a loop it might be started twice, so there it stays."""
        node, outs = self.net.nodes[name], self.net.outs[name]
        if name in self._on_cycles or node.split not in (Split.ALL, Split.SOME) or len(outs) < 2:
            return False
        for number in outs:
            target = self.net.arcs[number].target
            last = self.net.nodes[target].split is Split.END and len(self.net.ins[target]) == 1
            if last and self._told_elsewhere(number, name):
                node.optional = node.optional or node.split is Split.SOME
                self._drop(number)
                self._forget(target)
                return True
        return False

    def _fuse(self, name: int) -> bool:
        """A join with one arc on, to a node with no other arc in: one node."""
        outs, node = self.net.outs[name], self.net.nodes[name]
        if len(outs) != 1 or node.optional:
            return False
        arc = self.net.arcs[outs[0]]
        target = self.net.nodes[arc.target]
        if arc.target == name or len(self.net.ins[arc.target]) != 1:
            return False
        once = target.split is Split.END and node.join is Join.ALL and self._removable(outs[0])
        if not once and not self._told_elsewhere(outs[0], arc.target):
            return False
        node.split, node.optional = target.split, target.optional
        node.ids += (*arc.trail, *target.ids)
        self._drop(outs[0])
        self._hand_on(arc.target, name, ())
        self._forget(arc.target)
        return True

    def _merge_joins(self, name: int) -> bool:
        """A join that leads to a join of its kind: one join."""
        outs, node = self.net.outs[name], self.net.nodes[name]
        if len(outs) != 1 or node.optional or not self.net.ins[name]:
            return False
        arc = self.net.arcs[outs[0]]
        target = self.net.nodes[arc.target]
        if arc.target == name or target.join is not node.join or node.join is Join.INCLUSIVE:
            return False
        if not self._told_elsewhere(outs[0], arc.target):
            return False
        self._drop(outs[0])
        self._take_over(name, arc, node)
        self._forget(name)
        return True

    def _take_over(self, name: int, arc: Arc, node: Node) -> None:
        """A join's arcs come to the next join; of a parallel one the last carries what lay between."""
        ins = list(self.net.ins[name])
        for number in ins if node.join is Join.ANY else ins[-1:]:
            self.net.arcs[number].trail += (*node.ids, *arc.trail)
        for number in ins:
            self._aim(number, arc.target)

    def _merge_splits(self, name: int) -> bool:
        """A split that leads to a split of its kind and to nothing else does: one split."""
        node = self.net.nodes[name]
        for number in self.net.outs[name] if node.split in (Split.ONE, Split.ALL) else ():
            arc = self.net.arcs[number]
            target = self.net.nodes[arc.target]
            same = target.split is node.split and (not target.optional or node.split is Split.ONE)
            if not same or arc.target == name or len(self.net.ins[arc.target]) != 1:
                continue
            if (node.split is Split.ALL and node.optional) or not self._told_elsewhere(number, arc.target):
                continue
            node.optional = node.optional or target.optional
            self._drop(number)
            self._hand_on(arc.target, name, (*arc.trail, *target.ids))
            self._forget(arc.target)
            return True
        return False

    # --- changing the net

    def _source(self, number: int) -> int | None:
        return self.net.arcs[number].source

    def _removable(self, number: int) -> bool:
        return number not in self.net.marked

    def _told_elsewhere(self, number: int, name: int) -> bool:
        """Whether the arc may go: a second token on it would show on another arc that leaves the node."""
        others = (self.net.arcs[other] for other in self.net.outs[name] if other != number)
        return self._removable(number) and (self.net.arcs[number].harmless or not all(arc.harmless for arc in others))

    def _again(self, *names: int) -> None:
        for name in names:
            if name not in self._queued:
                self._queued.add(name)
                self._pending.append(name)

    def _around(self, name: int) -> Iterable[int]:
        sources = (self.net.arcs[number].source for number in self.net.ins[name])
        yield from (source for source in sources if source is not None)
        yield from (self.net.arcs[number].target for number in self.net.outs[name])

    def _drop(self, number: int) -> None:
        arc = self.net.arcs.pop(number)
        self.net.ins[arc.target].remove(number)
        self._again(arc.target)
        if arc.source is not None:
            self.net.outs[arc.source].remove(number)
            self._again(arc.source)
            self._again(*self._around(arc.source))
        self._again(*self._around(arc.target))

    def _aim(self, number: int, target: int) -> None:
        arc = self.net.arcs[number]
        self.net.ins[arc.target].remove(number)
        arc.target = target
        self.net.ins[target].append(number)
        self._again(target, *self._around(target))

    def _hand_on(self, old: int, new: int, before: tuple[str, ...]) -> None:
        for number in list(self.net.outs[old]):
            arc = self.net.arcs[number]
            arc.source, arc.trail = new, (*before, *arc.trail)
            self.net.outs[old].remove(number)
            self.net.outs[new].append(number)
        self._again(new, *self._around(new))

    def _forget(self, name: int) -> None:
        del self.net.nodes[name]


def _on_cycles(net: Net) -> set[int]:
    """Nodes that can reach themselves."""
    onward = {name: {net.arcs[number].target for number in net.outs[name]} for name in net.nodes}
    return {name for component in _components(onward) for name in component}


def _components(onward: dict[int, set[int]]) -> list[set[int]]:
    """Strongly connected components with a cycle in them (Kosaraju)."""
    order, seen = list[int](), set[int]()
    for name in onward:
        _visit(name, onward, seen, order)
    back: defaultdict[int, set[int]] = defaultdict(set)
    for name, targets in onward.items():
        for target in targets:
            back[target].add(name)
    found, seen = [], set()
    for name in reversed(order):
        component: list[int] = []
        _visit(name, back, seen, component)
        if len(component) > 1 or name in onward[name]:
            found.append(set(component))
    return found


def _visit(first: int, onward: dict[int, set[int]], seen: set[int], order: list[int]) -> None:
    """Depth first, adding each node after those it leads to."""
    stack = [(first, iter(onward.get(first, ())))] if first not in seen else []
    seen.add(first)
    while stack:
        name, following = stack[-1]
        target = next((other for other in following if other not in seen), None)
        if target is None:
            order.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(onward.get(target, ()))))
