"""All markings of a net, breadth first, so that a fault is found on a shortest way.

A marking is an int, one bit an arc. A token before a node that does not join may stay there as long as it likes, so a
second token on an arc is found wherever two can meet.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations

from kreisbund_platform.engine.soundness.net import Join, Net, Node, Split

MOST_BRANCHES = 10
MOVES_PER_STATE = 10


@dataclass(frozen=True)
class Outcome:
    """`kind` is None for a net without fault; UNDECIDED beyond the limit. `path` and `waiting` hold ids."""

    kind: str | None
    states: int
    element_id: str | None = None
    path: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A node that fires: the arcs it takes from, those it puts on, the marking after it."""

    node: int
    taken: int
    put: int
    after: int


class _Unsafe(Exception):  # noqa: N818  ends the search
    def __init__(self, marking: int, move: Move) -> None:
        super().__init__()
        self.marking, self.move = marking, move


def explore(net: Net, limit: int, *, alive: bool) -> Outcome:
    """Whether every marking can complete on one token an arc; with `alive` each node must fire too."""
    return Exploring(net, limit).outcome(alive=alive)


class Exploring:
    """One exploration; `counting.py` makes another of it, with several tokens an arc."""

    width = 1

    def __init__(self, net: Net, limit: int) -> None:
        self._net, self._limit = net, limit
        self._bit = {number: 1 << position * self.width for position, number in enumerate(net.arcs)}
        self._arcs = list(net.arcs)
        self._partial = False
        self._exits = {name: self._possible_exits(name, node) for name, node in net.nodes.items()}
        self._ins = {name: self._mask(net.ins[name]) for name in net.nodes}
        self._before = {n: self._upstream(n) for n, node in net.nodes.items() if node.join is Join.INCLUSIVE}
        self._harmless = self._mask(number for number, arc in net.arcs.items() if arc.harmless)
        self._came: dict[int, tuple[int, Move] | None] = {}
        self._fired: set[int] = set()

    def first(self) -> int:
        """The net's own tokens."""
        return self._mask(self._net.marked)

    def present(self, marking: int) -> int:
        """The arcs with a token."""
        return marking

    def outcome(self, *, alive: bool) -> Outcome:
        """Explores and judges."""
        try:
            stuck, back = self._search(self.first())
        except _Unsafe as found:
            return self._unsafe(found)
        if stuck is not None:
            return self._found("DEADLOCK", stuck, self._waits(stuck))
        if back is None:
            return Outcome("UNDECIDED", len(self._came))
        return self._judge(back, alive=alive)

    def _search(self, first: int) -> tuple[int | None, dict[int, list[int]] | None]:
        """A marking without a move, or where each came from; neither beyond the limit."""
        back: defaultdict[int, list[int]] = defaultdict(list)
        self._came[first] = None
        pending, tried = deque([first]), 0
        while pending:
            marking = pending.popleft()
            moves = list(self._moves(marking))
            if marking and not moves:
                return marking, None
            for move in moves:
                back[move.after].append(marking)
                if move.after not in self._came:
                    self._came[move.after] = (marking, move)
                    pending.append(move.after)
            tried += len(moves)
            if len(self._came) > self._limit or tried > MOVES_PER_STATE * self._limit:
                return None, None
        return None, back

    def _judge(self, back: dict[int, list[int]], *, alive: bool) -> Outcome:
        finishing, pending = {0}, [0]
        while pending:
            for other in back.get(pending.pop(), ()):
                if other not in finishing:
                    finishing.add(other)
                    pending.append(other)
        lost = next((marking for marking in self._came if marking not in finishing), None)
        if lost is not None:
            return self._livelock(lost)
        dead = next((n for n, node in self._net.nodes.items() if n not in self._fired and node.element_id), None)
        if alive and dead is not None:
            return Outcome("UNREACHABLE", len(self._came), self._net.nodes[dead].element_id)
        return Outcome("UNDECIDED" if self._partial else None, len(self._came))

    # --- moves

    def _moves(self, marking: int) -> Iterator[Move]:
        here, seen = self.present(marking), set[int]()
        rest = here
        while rest:
            bit = rest & -rest
            rest ^= bit
            name = self._net.arcs[self._arcs[(bit.bit_length() - 1) // self.width]].target
            if self._net.nodes[name].join is Join.ANY:
                yield from self._fire(marking, name, bit)
            elif name not in seen:
                seen.add(name)
                if taken := self._joined(here, name):
                    yield from self._fire(marking, name, taken)

    def _joined(self, marking: int, name: int) -> int:
        """What a join takes now; 0 while it waits."""
        ins = self._ins[name]
        taken = marking & ins
        if self._net.nodes[name].join is Join.ALL:
            return taken if taken == ins else 0
        covered, missing = 0, []
        for bit, before in self._before[name].items():
            if taken & bit:
                covered |= before
            else:
                missing.append(before)
        elsewhere = marking & ~ins & ~covered
        return 0 if any(elsewhere & before for before in missing) else taken

    def _fire(self, marking: int, name: int, taken: int) -> Iterator[Move]:
        self._fired.add(name)
        if self._net.nodes[name].split is Split.CLEAR:
            yield Move(name, taken, 0, 0)
            return
        for put in self._exits[name]:
            yield self.moved(marking, name, taken, put)

    def moved(self, marking: int, name: int, taken: int, put: int) -> Move:
        """The move; a second token on an arc ends the search."""
        rest = marking & ~taken
        move = Move(name, taken, put, rest | put)
        if rest & put & ~self._harmless:
            raise _Unsafe(marking, move)
        return move

    # --- tables

    def _mask(self, numbers: Iterable[int]) -> int:
        mask = 0
        for number in numbers:
            mask |= self._bit[number]
        return mask

    def _possible_exits(self, name: int, node: Node) -> list[int]:
        bits = [self._bit[number] for number in self._net.outs[name]]
        if node.split is Split.ONE:
            found = list(bits)
        elif node.split is Split.SOME:
            found = [sum(some) for some in self._subsets(bits)]
        else:
            found = [sum(bits)]
        return [*found, 0] if node.optional else found

    def _subsets(self, bits: list[int]) -> Iterator[tuple[int, ...]]:
        """All but the empty one; of very many only the small ones and all, and then nothing is proved."""
        sizes: Iterable[int] = range(1, len(bits) + 1)
        if len(bits) > MOST_BRANCHES:
            self._partial = True
            sizes = (1, 2, len(bits))
        return chain.from_iterable(combinations(bits, size) for size in sizes)

    def _upstream(self, join: int) -> dict[int, int]:
        """For each arc into an inclusive join the arcs whose tokens may still come by it."""
        return {self._bit[number]: self._behind(join, self._net.arcs[number].source) for number in self._net.ins[join]}

    def _behind(self, join: int, source: int | None) -> int:
        found: set[int] = set()
        pending = [source]
        while pending:
            name = pending.pop()
            if name is not None and name != join and name not in found:
                found.add(name)
                pending += (self._net.arcs[number].source for number in self._net.ins[name])
        return self._mask(number for name in found for number in self._net.ins[name])

    # --- telling a person

    def _numbers(self, marking: int) -> Iterator[int]:
        here = self.present(marking)
        return (number for number in self._arcs if here & self._bit[number])

    def _way(self, marking: int) -> list[Move]:
        moves: list[Move] = []
        while came := self._came[marking]:
            marking, move = came
            moves.append(move)
        return moves[::-1]

    def _told(self, moves: Iterable[Move]) -> tuple[str, ...]:
        told: list[str] = []
        for move in moves:
            told += chain.from_iterable(self._net.arcs[number].trail for number in self._numbers(move.taken))
            told += self._net.nodes[move.node].ids
        return tuple(told)

    def _stand(self, marking: int) -> tuple[str, ...]:
        """Where tokens are: the last flow they took, else the element they are in."""
        arcs = (self._net.arcs[number] for number in self._numbers(marking))
        places = (arc.trail[-1] if arc.trail else self._net.nodes[arc.target].element_id for arc in arcs)
        return tuple(dict.fromkeys(place for place in places if place))

    def _found(self, kind: str, marking: int, element_id: str) -> Outcome:
        last = chain.from_iterable(self._net.arcs[number].trail for number in self._numbers(marking))
        path = (*self._told(self._way(marking)), *last)
        return Outcome(kind, len(self._came), element_id, path, self._stand(marking))

    def _waits(self, marking: int) -> str:
        """The join that waits for what cannot come; not one that only waits for another such join."""
        marking = self.present(marking)
        waiting = list(dict.fromkeys(self._net.arcs[number].target for number in self._numbers(marking)))
        hopeless = (name for name in waiting if self._is_hopeless(marking, name))
        return self._net.nodes[next(hopeless, waiting[0])].element_id

    def _is_hopeless(self, marking: int, name: int) -> bool:
        missing = (number for number in self._net.ins[name] if not marking & self._bit[number])
        return any(not marking & ~self._ins[name] & self._behind(name, self._net.arcs[n].source) for n in missing)

    def _unsafe(self, found: _Unsafe) -> Outcome:
        """Both tokens' ways are told; the place is where they meet first."""
        moves = self._way(found.marking)
        twice = found.marking & ~found.move.taken & found.move.put
        earlier = next((move for move in reversed(moves) if move.put & twice), None)
        met = self._common(earlier, found.move) if earlier else None
        path = self._told([*moves, found.move])
        element_id = met or self._net.nodes[found.move.node].element_id
        return Outcome("UNSAFE", len(self._came), element_id, path, self._stand(twice))

    def _common(self, one: Move, other: Move) -> str | None:
        trail = set(self._told([one]))
        return next((name for name in self._told([other]) if name in trail), None)

    def _livelock(self, lost: int) -> Outcome:
        """Moves without end; where a join waits meanwhile, it is named."""
        seen, pending, always, fired = {lost}, [lost], self.present(lost), set[int]()
        while pending:
            marking = pending.pop()
            always &= self.present(marking)
            for move in self._moves(marking):
                fired.add(move.node)
                if move.after not in seen:
                    seen.add(move.after)
                    pending.append(move.after)
        waiting = [number for number in self._numbers(always) if self._net.arcs[number].target not in fired]
        if waiting:
            return self._found("DEADLOCK", lost, self._net.nodes[self._net.arcs[waiting[0]].target].element_id)
        names = (self._net.nodes[name].element_id for name in fired)
        return self._found("LIVELOCK", lost, next(name for name in names if name))
