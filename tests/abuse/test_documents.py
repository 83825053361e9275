"""Abusive documents are refused with their code and without noticeable memory."""

import select
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator

import anyio
import httpx
import pytest
import uvicorn

from kreisbund_api.arrival import PatientProtocol
from tests.abuse.documents import DOCUMENTS, MEGABYTE
from tests.support.api import Api

MOST_MEMORY = 20 * MEGABYTE
HEADERS = {"Authorization": "Bearer caseworker", "Content-Type": "application/json"}


def measured(act: Callable[[], httpx.Response]) -> tuple[httpx.Response, int]:
    """The answer, and by how much memory grew at its highest, the request itself not counted."""
    tracemalloc.start()
    try:
        answer = act()
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def post(api: Api, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    async def run() -> httpx.Response:
        async with api.client() as client:
            return await client.post("/graphql", content=content, headers=HEADERS)

    return anyio.run(run)


def test_there_are_twenty_at_least() -> None:
    assert len(DOCUMENTS) >= 20


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_refused(api: Api, name: str) -> None:
    document, code = DOCUMENTS[name]
    content = httpx.Request("POST", "http://x", json={"query": document}).content
    post(api, b'{"query": "{ viewer { subject } }"}')
    answer, grown = measured(lambda: post(api, content))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, code)
    assert len(answer.content) < 4_000
    assert grown < MOST_MEMORY


@pytest.mark.parametrize("declared", [True, False])
def test_twenty_megabytes_are_not_taken_in(api: Api, declared: bool) -> None:
    body = b'{"query": "' + b"x" * (20 * MEGABYTE) + b'"}'

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    answer, grown = measured(lambda: post(api, body if declared else parts()))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["reason"]) == (413, "TOO_LARGE")
    assert grown < MOST_MEMORY


@pytest.fixture
def port(api: Api) -> Iterator[int]:
    """The same app behind a real server, as `main` runs it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(api.app, log_level="error", lifespan="off", http=PatientProtocol))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("length", [f"Content-Length: {20 * MEGABYTE}", "Transfer-Encoding: chunked"])
def test_a_server_answers_before_twenty_megabytes_have_come(port: int, length: str) -> None:
    head = "POST /graphql HTTP/1.1\r\nHost: x\r\n" + "".join(f"{key}: {value}\r\n" for key, value in HEADERS.items())
    part = b"x" * 65_536
    piece = part if "Content" in length else b"10000\r\n" + part + b"\r\n"
    tracemalloc.start()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(f"{head}{length}\r\n\r\n".encode())
            sent = 0
            while sent < 320 and not select.select([connection], [], [], 0.01)[0]:
                connection.sendall(piece)
                sent += 1
            answer = connection.recv(65_536)
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < 320
    assert grown < MOST_MEMORY


def test_deep_variables_are_refused(api: Api) -> None:
    deep = b"[" * 1_000 + b"]" * 1_000
    answer, grown = measured(
        lambda: post(api, b'{"query": "query ($a: String) { __typename }", "variables": {"a": ' + deep + b"}}")
    )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert grown < MOST_MEMORY
