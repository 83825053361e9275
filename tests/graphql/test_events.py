"""A subscription tells what happens after it began, to who may see it, until the client leaves."""

from typing import Any

import anyio
import orjson

from kreisbund_api.graphql.events import EventSource
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_api.transport import Threads
from kreisbund_api.turns import Turns
from tests.graphql.conftest import Api, Case
from tests.graphql.test_endpoint import ADD_NOTE

DOCUMENT = "subscription ($case: ID) { seen: caseEvents(case: $case) { type case } }"


class Client:
    """Stands for the browser's end: leaves after some rounds, and acts once while it listens."""

    def __init__(self, rounds: int, act: Any) -> None:
        self.rounds, self.act = rounds, act

    async def is_disconnected(self) -> bool:
        self.rounds -= 1
        await self.act()
        return self.rounds < 0


def listen(api: Api, token: str, case: str | None, note_on: Case, key: str) -> list[Any]:
    executor = api.app.state.services.execute
    assert isinstance(executor, Executor)
    asked = Request(DOCUMENT, {"case": case})
    given = {"case": str(note_on.id), "text": "x", "idempotencyKey": key}

    async def act() -> None:
        await api.send("caseworker", query=ADD_NOTE, variables={"i": given})

    async def run() -> bytes:
        source = EventSource(executor, Turns(Threads()), api.people.known[token], asked)
        response = await source.response(Client(2, act))  # type: ignore[arg-type]
        return b"".join([part async for part in response.body_iterator])  # type: ignore[attr-defined]

    frames = anyio.run(run).split(b"\n\n")
    assert frames[-2] == b"event: complete\ndata:"
    return [orjson.loads(frame.split(b"data: ")[1]) for frame in frames if frame.startswith(b"event: next")]


def test_an_event_comes_once(api: Api, own_case: Case, key: str) -> None:
    found = listen(api, "caseworker", str(own_case.id), own_case, key)
    assert found == [{"data": {"seen": {"type": "NOTE_ADDED", "case": str(own_case.id)}}}]


def test_nothing_of_other_cases_or_other_counties(api: Api, own_case: Case, foreign_case: Case, key: str) -> None:
    assert listen(api, "caseworker", str(foreign_case.id), own_case, key) == []
    assert listen(api, "caseworker", "nonsense", own_case, key + "2") == []
    assert listen(api, "other_caseworker", None, own_case, key + "3") == []


def test_not_for_citizens(api: Api, own_case: Case, key: str) -> None:
    found = listen(api, "citizen", str(own_case.id), own_case, key)
    assert [error["extensions"]["code"] for error in found[0]["errors"]] == ["FORBIDDEN"]
