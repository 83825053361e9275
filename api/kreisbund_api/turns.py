"""Whose request runs next: blocking work runs in a few threads, and counties take turns.

Python computes in one thread at a time, so a hundred requests of one county side by side would slow a single one of
another a hundredfold. Few run at once; a county gets its share of them while others are there, and all where it is
alone. What waits goes on in the order of turns, not of arrival; what would wait too long is told when to return.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
from anyio.lowlevel import RunVar

from kreisbund_api.transport import RefusedError, Threads, too_many
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.context import TenantContext

T = TypeVar("T")
AT_ONCE = 8
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
        self._lanes: RunVar[Lanes] = RunVar("lanes")

    async def run(self, lane: str, work: Callable[..., T], *arguments: Any) -> T:
        """The work's result, once it is the lane's turn. Raises RefusedError 429 where too much waits already."""
        async with self.turn(lane):
            return await self.threads.run(work, *arguments)

    def turn(self, lane: str) -> "Turn":
        """Begins when it is the lane's turn, which lasts until it is left. Raises RefusedError 429."""
        return Turn(self.lanes(), lane)

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
        lanes = self._lanes.get(None)
        if lanes is None:
            lanes = Lanes(*self._limits)
            self._lanes.set(lanes)
        return lanes


class Turn:
    """A lane's turn, as an asynchronous context."""

    __slots__ = ("_lane", "_lanes")

    def __init__(self, lanes: "Lanes", lane: str) -> None:
        self._lanes, self._lane = lanes, lane

    async def __aenter__(self) -> None:
        await self._lanes.enter(self._lane)

    async def __aexit__(self, *_problem: object) -> None:
        self._lanes.leave(self._lane)


class Lanes:
    """Who runs and who waits in one event loop. Not thread-safe."""

    def __init__(self, at_once: int, waiting_of_one: int) -> None:
        self._at_once, self._waiting_of_one = at_once, waiting_of_one
        self.running: dict[str, int] = {}
        # from the lane that was served longest ago to the one served last
        self.waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()
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

    async def enter(self, lane: str) -> None:
        """Returns when it is the lane's turn. Raises RefusedError 429 where too much waits already."""
        self._note(lane)
        if lane not in self.waiting and self._may_start(lane):
            self._run(lane)
            return
        self.check_room(lane)
        turn = anyio.Event()
        self.waiting.setdefault(lane, deque()).append(turn)
        self._go_on()
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # its turn came, but whoever asked has left
                self.leave(lane)
            else:
                self._forget(lane, turn)
            raise

    def _note(self, lane: str) -> None:
        now = anyio.current_time()
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

    def _floods(self, lane: str) -> bool:
        """Whether more waits than may ever run, while others are there."""
        return len(self._seen) > 1 and len(self.waiting.get(lane, ())) > self._at_once

    def _is_patience_over(self, lane: str) -> bool:
        return lane not in self.running and anyio.current_time() - self._started.get(lane, 0.0) > PATIENCE_SECONDS

    def _run(self, lane: str) -> None:
        self.running[lane] = self.running.get(lane, 0) + 1
        self._started[lane] = anyio.current_time()

    def leave(self, lane: str) -> None:
        """Gives the turn to whoever may go next."""
        self.running[lane] -= 1
        if not self.running[lane]:
            del self.running[lane]
        self._go_on()

    def _go_on(self) -> None:
        while (next_lane := next(filter(self._may_start, self.waiting), None)) is not None:
            self._start(next_lane)

    def _start(self, lane: str) -> None:
        queue = self.waiting[lane]
        self._run(lane)
        queue.popleft().set()
        if queue:
            self.waiting.move_to_end(lane)
        else:
            del self.waiting[lane]

    def _forget(self, lane: str, turn: anyio.Event) -> None:
        queue = self.waiting[lane]
        queue.remove(turn)
        if not queue:
            del self.waiting[lane]
