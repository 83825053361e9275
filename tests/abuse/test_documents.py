"""Abusive documents are refused with their code and without noticeable memory."""

import tracemalloc
from collections.abc import AsyncIterator, Callable

import anyio
import httpx
import pytest

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


def test_deep_variables_are_refused(api: Api) -> None:
    deep = b"[" * 1_000 + b"]" * 1_000
    answer, grown = measured(
        lambda: post(api, b'{"query": "query ($a: String) { __typename }", "variables": {"a": ' + deep + b"}}")
    )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert grown < MOST_MEMORY
