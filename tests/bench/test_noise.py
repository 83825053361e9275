"""The flood's client counts every answer, however the bytes arrive, and the quiet one times what it asked."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from bench import busy, noise, quiet

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    """Answers every other request with 429, byte by byte at times."""
    loop, found, ready = asyncio.new_event_loop(), [], threading.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                answer = REFUSAL if number % 2 else ANSWER
                number += 1
                for start in range(0, len(answer), 7):
                    writer.write(answer[start : start + 7])
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def begin() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()

    loop.create_task(begin())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    assert ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_the_flood_counts_its_answers(port: int) -> None:
    told = noise.flood(port, 1.0, 300, REQUEST)
    answers = told["answers"]
    assert set(answers) == {"200", "429"}
    assert 0 < sum(answers.values()) <= told["sent"] <= told["attempted"]
    assert told["attempted"] == told["sent"] + told["held_back"]


def test_a_status_is_read_from_pieces() -> None:
    class Pieces:
        def __init__(self) -> None:
            self.left = [bytes([byte]) for byte in ANSWER + REFUSAL]

        def recv(self, _most: int) -> bytes:
            return self.left.pop(0)

    line, found = noise.Line.__new__(noise.Line), Counter[str]()
    line.socket, line.awaited, line._tail = Pieces(), 2, b""
    for _byte in ANSWER + REFUSAL:
        assert line.read(found)
    assert (found, line.awaited) == ({"200": 1, "429": 1}, 0)


def test_the_quiet_one_times_each_request_and_names_refusals(port: int) -> None:
    told = asyncio.run(quiet.ask_steadily(port, 0.4, 20, [REQUEST]))
    assert len(told["taken"]) == 8
    assert all(seconds > 0 for seconds in told["taken"])
    assert set(told["refused"]) <= {429}


def test_the_busy_one_counts_whole_answers(port: int) -> None:
    told = busy.ask_busily(port, 0.5, 3, [REQUEST])
    assert set(told["statuses"]) == {"200", "429"}
    assert sum(told["statuses"].values()) == pytest.approx(told["per_second"] * 0.5, rel=0.5)
    assert 0 < told["bytes"] < 2
    assert 0 < told["p50_ms"] <= told["p99_ms"]


def test_each_question_is_asked_once(port: int) -> None:
    told = busy.ask_once(port, 3, [REQUEST] * 7)
    assert sum(told["statuses"].values()) == 7
    told = busy.ask_once(port, 3, [REQUEST] * 2)  # fewer than connections
    assert sum(told["statuses"].values()) == 2
