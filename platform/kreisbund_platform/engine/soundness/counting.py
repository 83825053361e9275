"""Several runs of one side thread at a time: markings with more than one token on an arc.

A non-interrupting event may come again while its first thread still runs. That is no fault, but the runs' tokens are
not told apart, so they are explored together: can all of them complete?
"""

from collections import Counter

from kreisbund_platform.engine.soundness.exploring import Exploring, Move, Outcome
from kreisbund_platform.engine.soundness.net import Net

WIDTH = 4
MOST_TOKENS = 2**WIDTH - 1


class _Full(Exception):  # noqa: N818  ends the search
    pass


def explore_runs(net: Net, more: Counter[int], limit: int) -> Outcome:
    """As `explore`, from the net's tokens and `more` of them by arc; beyond 15 an arc it is undecided."""
    counting = _Counting(net, limit, more)
    try:
        return counting.outcome(alive=False)
    except _Full:
        return Outcome("UNDECIDED", 0)


class _Counting(Exploring):
    """A marking has four bits an arc."""

    width = WIDTH

    def __init__(self, net: Net, limit: int, more: Counter[int]) -> None:
        super().__init__(net, limit)
        self._more = more
        self._lowest = self._mask(net.arcs)

    def first(self) -> int:
        if max(self._more.values(), default=0) >= MOST_TOKENS:
            raise _Full
        return super().first() + sum(self._bit[number] * count for number, count in self._more.items())

    def present(self, marking: int) -> int:
        marking |= marking >> 2
        return (marking | marking >> 1) & self._lowest

    def moved(self, marking: int, name: int, taken: int, put: int) -> Move:
        rest = marking - taken
        full = rest & rest >> 1 & rest >> 2 & rest >> 3
        if full & put:
            raise _Full
        return Move(name, taken, put, rest + put)
