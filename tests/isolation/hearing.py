"""Subscriptions: what a person hears while something happens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import anyio
import orjson
from anyio import to_thread

from kreisbund_api.graphql.events import EventSource
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_api.transport import Threads
from kreisbund_api.turns import Turns
from tests.isolation.world import Person, World

ROUNDS = 2


@dataclass
class _Client:
    """The browser's end: stays for some rounds, and acts at the first."""

    act: Callable[[], Any]
    rounds: int = 0

    async def is_disconnected(self) -> bool:
        self.rounds += 1
        if self.rounds == 1:
            await to_thread.run_sync(self.act)
        return self.rounds > ROUNDS


def heard(world: World, person: Person, document: str, act: Callable[[], Any]) -> list[dict[str, Any]]:
    """The answers that come while `act` runs."""

    async def run() -> bytes:
        executor = cast("Executor", world.services.execute)
        principal = world.services.tokens.check(person.token)
        source = EventSource(executor, Turns(Threads()), principal, Request(document, {}))
        response = await source.response(cast("Any", _Client(act)))
        return b"".join([part async for part in cast("Any", response).body_iterator])

    frames = anyio.run(run).split(b"\n\n")
    return [orjson.loads(frame.split(b"data: ")[1]) for frame in frames if frame.startswith(b"event: next")]
