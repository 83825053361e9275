"""Whose request runs next: blocking work runs in a few threads, and counties take turns.

Python computes in one thread at a time, so a hundred requests of one county side by side would slow a single one of
another a hundredfold. Few run at once; a county gets its share of them while others are there, and all where it is
alone. What waits goes on in the order of turns, not of arrival; what would wait too long is told when to return.

Changes of one county queue at the head of its event chain, each until its commit is durable. Three at once keep it
busy: one commits, one computes, one is on its way. More would only wait there with a thread and a connection.
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio

from kreisbund_api.transport import RefusedError, Threads, too_many
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.context import TenantContext

T = TypeVar("T")
AT_ONCE = 8
CHANGES_AT_ONCE = 3  # of one county
WAITING_OF_ONE = 200  # requests of one county that wait; more are refused
PRESENT_SECONDS = 5.0  # so long after its last request a county's share is kept for it
RETURN_SECONDS = 2
PATIENCE_SECONDS = 0.25  # after which a flooding county's request runs beside others' all the same
HELD_SECONDS = 1.0
MOST_HELD = 200  # refusals of one county that are held back; more are answered at once
PLATFORM = ""  # work of no county


def lane_of(principal: Principal | None, county: TenantContext | None = None) -> str:
    """Whose turn a request takes: the county's, or the workspace's."""
    if principal is not None and principal.tenant is None:
        return principal.realm_kind.value
    tenant = principal.tenant if principal is not None else county
    return tenant.slug if tenant else PLATFORM


class Turns:
    """The turns of one process, which has one event loop; each loop has turns of its own."""

    def __init__(self, threads: Threads, at_once: int = AT_ONCE, waiting_of_one: int = WAITING_OF_ONE) -> None:
        self.threads = threads
        self._limits = at_once, waiting_of_one
        self._lanes: WeakKeyDictionary[AbstractEventLoop, Lanes] = WeakKeyDictionary()

    async def run(self, lane: str, work: Callable[..., T], *arguments: Any, changes: bool = False) -> T:
        """The work's result, once it is the lane's turn. Raises RefusedError 429 where too much waits already."""
        async with self.turn(lane, changes=changes):
            return await self.threads.run(work, *arguments)

    def turn(self, lane: str, *, changes: bool = False) -> "Turn":
        """Begins when it is the lane's turn, which lasts until it is left. Raises RefusedError 429."""
        return Turn(self.lanes(), lane, changes)

    async def admit(self, lane: str, count: Callable[[], None]) -> None:
        """Looks for room and counts the request, before its body is read. Raises RefusedError 429, held back."""
        lanes = self.lanes()
        try:
            lanes.check_room(lane)
            count()
        except RefusedError:
            await lanes.hold(lane)
            raise

    def lanes(self) -> "Lanes":
        """Those of the running event loop."""
        loop = get_running_loop()
        lanes = self._lanes.get(loop)
        if lanes is None:
            lanes = self._lanes[loop] = Lanes(*self._limits)
        return lanes


class Turn:
    """A lane's turn, as an asynchronous context."""

    __slots__ = ("_changes", "_lane", "_lanes")

    def __init__(self, lanes: "Lanes", lane: str, changes: bool) -> None:
        self._lanes, self._lane, self._changes = lanes, lane, changes

    async def __aenter__(self) -> None:
        await self._lanes.enter(self._lane, changes=self._changes)

    async def __aexit__(self, *_problem: object) -> None:
        self._lanes.leave(self._lane, changes=self._changes)


def _now() -> float:
    """Seconds by the event loop's clock."""
    return get_running_loop().time()


@dataclass(frozen=True, eq=False, slots=True)
class _Waiting:
    """Somebody in a lane's queue. `turn` is set when it is theirs."""

    turn: anyio.Event
    changes: bool


class Lanes:
    """Who runs and who waits in one event loop. Not thread-safe."""

    def __init__(self, at_once: int, waiting_of_one: int) -> None:
        self._at_once, self._waiting_of_one = at_once, waiting_of_one
        self.running: dict[str, int] = {}
        self._changing: Counter[str] = Counter()
        # from the lane that was served longest ago to the one served last
        self.waiting: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._started: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def check_room(self, lane: str) -> None:
        """Raises RefusedError 429 where too much waits already."""
        if len(self.waiting.get(lane, ())) >= self._waiting_of_one:
            raise too_many(RETURN_SECONDS)

    async def hold(self, lane: str) -> None:
        """Waits a while on behalf of who is refused."""
        if self._held[lane] >= MOST_HELD:
            return
        self._held[lane] += 1
        try:
            await anyio.sleep(HELD_SECONDS)
        finally:
            self._held[lane] -= 1
            if not self._held[lane]:
                del self._held[lane]

    async def enter(self, lane: str, *, changes: bool = False) -> None:
        """Returns when it is the lane's turn. Raises RefusedError 429 where too much waits already."""
        self._note(lane)
        if lane not in self.waiting and self._may_start(lane) and self._may_change(lane, changes):
            self._run(lane, changes)
            return
        self.check_room(lane)
        mine = _Waiting(anyio.Event(), changes)
        self.waiting.setdefault(lane, deque()).append(mine)
        self._go_on()
        try:
            await mine.turn.wait()
        except BaseException:
            if mine.turn.is_set():  # its turn came, but whoever asked has left
                self.leave(lane, changes=changes)
            else:
                self._forget(lane, mine)
            raise

    def _note(self, lane: str) -> None:
        now = _now()
        self._seen[lane] = now
        self._seen.move_to_end(lane)
        while now - next(iter(self._seen.values())) > PRESENT_SECONDS:
            gone, _when = self._seen.popitem(last=False)
            self._started.pop(gone, None)

    def _may_start(self, lane: str) -> bool:
        share = max(1, self._at_once // max(1, len(self._seen)))
        if sum(self.running.values()) >= self._at_once or self.running.get(lane, 0) >= share:
            return False
        return not self._floods(lane) or not self.running or self._is_patience_over(lane)

    def _may_change(self, lane: str, changes: bool) -> bool:
        return not changes or self._changing[lane] < CHANGES_AT_ONCE

    def _next_of(self, lane: str) -> tuple[str, _Waiting] | None:
        """Who of the lane goes on now, if anybody may."""
        may = self._may_start(lane)
        return next(((lane, each) for each in self.waiting[lane] if may and self._may_change(lane, each.changes)), None)

    def _floods(self, lane: str) -> bool:
        """Whether more waits than may ever run, while others are there."""
        return len(self._seen) > 1 and len(self.waiting.get(lane, ())) > self._at_once

    def _is_patience_over(self, lane: str) -> bool:
        return lane not in self.running and _now() - self._started.get(lane, 0.0) > PATIENCE_SECONDS

    def _run(self, lane: str, changes: bool) -> None:
        self.running[lane] = self.running.get(lane, 0) + 1
        self._changing[lane] += changes
        self._started[lane] = _now()

    def leave(self, lane: str, *, changes: bool = False) -> None:
        """Gives the turn to whoever may go next."""
        self.running[lane] -= 1
        self._changing[lane] -= changes
        if not self.running[lane]:
            del self.running[lane]
            del self._changing[lane]
        self._go_on()

    def _go_on(self) -> None:
        while (found := next(filter(None, map(self._next_of, self.waiting)), None)) is not None:
            self._start(*found)

    def _start(self, lane: str, chosen: _Waiting) -> None:
        self._run(lane, chosen.changes)
        chosen.turn.set()
        self._forget(lane, chosen)
        if lane in self.waiting:
            self.waiting.move_to_end(lane)

    def _forget(self, lane: str, gone: _Waiting) -> None:
        queue = self.waiting[lane]
        queue.remove(gone)
        if not queue:
            del self.waiting[lane]
