"""In production the API runs registered documents alone, by their text or by its hash; a demonstration runs all."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import anyio
import httpx
import pytest

from kreisbund_api.graphql.trusted import hash_of, trusted_documents
from kreisbund_api.main import create_api
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.settings import Settings, SettingsError
from tests.graphql.conftest import People

REGISTERED = "query Who { viewer { subject } }\n"
OTHER = "{ viewer { name } }"


def by_hash(sha256: str) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256}}}


@pytest.fixture
def production(deployment, people: People, settings: Settings, tmp_path: Path):
    (tmp_path / "who.graphql").write_text(REGISTERED)
    app = create_api(replace(settings, environment="production", documents=tmp_path), tokens=cast(TokenChecker, people))
    yield app
    app.state.services.connections._database.close()


def asked(app, body: dict[str, object]) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
            return await client.post("/graphql", json=body, headers={"Authorization": "Bearer caseworker"})

    return anyio.run(run)


def test_registered_documents_run_by_text_and_by_hash(production) -> None:
    for body in (
        {"query": REGISTERED},
        by_hash(hash_of(REGISTERED)),
        {"query": REGISTERED} | by_hash(hash_of(REGISTERED)),
    ):
        answer = asked(production, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["viewer"]["subject"]


@pytest.mark.parametrize(
    "body",
    [
        {"query": OTHER},
        {"query": REGISTERED + " "},
        {"query": OTHER} | by_hash(hash_of(REGISTERED)),
        by_hash(hash_of(OTHER)),
        by_hash("../who.graphql"),
    ],
)
def test_what_nobody_registered_does_not_run(production, body: dict[str, object]) -> None:
    answer = asked(production, body)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["reason"]) == (400, "UNTRUSTED_DOCUMENT")


@pytest.mark.parametrize("extensions", [None, [], {"persistedQuery": 1}, {"persistedQuery": {"sha256Hash": 1}}])
def test_neither_document_nor_hash_is_no_question(production, extensions: object) -> None:
    answer = asked(production, {"extensions": extensions})
    assert answer.status_code == 400
    assert "reason" not in json.dumps(answer.json())


def test_a_demonstration_runs_all_and_production_without_a_folder_none(settings: Settings) -> None:
    assert trusted_documents(settings).text_of(OTHER, None) == OTHER
    assert trusted_documents(replace(settings, environment="production")).text_of(OTHER, None) is None


def test_a_folder_that_is_none_is_said_at_the_start(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KREISBUND_DOCUMENTS"):
        trusted_documents(replace(settings, documents=tmp_path / "nothing"))
