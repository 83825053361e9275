"""A deployment as a person starts it: the launcher, its own PostgreSQL, API and worker, in an empty home."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from kreisbund_infra.local import keycloak
from tests.journeys.browsing import CHROMIUM
from tests.support.keycloak import RunningKeycloak
from tests.support.ports import free_port

CHECKOUT = Path(__file__).parents[2]
UP_SECONDS = 600  # a deployment with all its realms takes minutes, more of them beside other work
# for the first test, which waits for both
WITH_KEYCLOAK_SECONDS = keycloak.START_SECONDS + UP_SECONDS


@dataclass
class Deployment:
    """A running `up --detach`."""

    environment: dict[str, str]
    base: str
    tokens: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def kreisbund(self, *arguments: str, expect: int = 0, within: int = 300) -> str:
        done = subprocess.run(
            [sys.executable, CHECKOUT / "kreisbund", *arguments],
            check=False, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=within,
        )  # fmt: skip
        assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def status(self) -> dict[str, Any]:
        return json.loads(self.kreisbund("status", "--json"))

    @cached_property
    def principals(self) -> list[dict[str, Any]]:
        return json.loads(self.kreisbund("demo", "principals", "--json"))

    def person(self, role: str, tenant: str | None, number: int = 0) -> dict[str, Any]:
        return [p for p in self.principals if p["role"] == role and p["tenant"] == tenant][number]

    def token(self, role: str, tenant: str | None, number: int = 0) -> str:
        person = self.person(role, tenant, number)
        form = {"grant_type": "password"} | {k: person[k] for k in ("client_id", "username", "password")}
        answer = httpx.post(person["token_url"], data=form, timeout=30)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def post(self, token: str | None, document: str, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(
            f"{self.base}/graphql", json={"query": document, "variables": variables}, headers=headers, timeout=60
        )

    def ask(self, token: str, document: str, **variables: Any) -> dict[str, Any]:
        answer = self.post(token, document, **variables)
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    def change(self, token: str, field: str, selection: str, **values: Any) -> dict[str, Any]:
        """Runs one mutation with a fresh key; its input type is found by the schema's naming."""
        kinds = {"claimTask": "TaskInput", "releaseTask": "TaskInput"}
        kind = kinds.get(field, field[0].upper() + field[1:] + "Input")
        document = (
            f"mutation($input: {kind}!) {{ {field}(input: $input) {{ __typename {selection}"
            " ... on Invalid { fieldErrors { path code message } } ... on Problem { code message } } }"
        )
        return self.ask(token, document, input={"idempotencyKey": str(uuid4())} | values)[field]


@pytest.fixture(scope="session")
def deployment_up(tmp_path_factory):
    with _running(tmp_path_factory.mktemp("home"), {}, "up", "--detach") as deployment:
        yield deployment


@pytest.fixture(scope="package")
def up(running_keycloak: RunningKeycloak, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment beside the session's Keycloak, and its realms in it."""
    told = {
        "KREISBUND_KEYCLOAK_URL": running_keycloak.url,
        "KREISBUND_KEYCLOAK_ADMIN": running_keycloak.admin,
        "KREISBUND_KEYCLOAK_SECRET_FILE": str(running_keycloak.secret_file),
    }
    try:
        with _running(tmp_path_factory.mktemp("with-keycloak"), told, "up", "--detach", "--keycloak") as deployment:
            yield deployment
    finally:
        with running_keycloak.administration("master") as admin:
            for realm in admin.get_realms():
                if realm["realm"] != "master":
                    admin.delete_realm(realm["realm"])


@contextmanager
def _running(home: Path, told: dict[str, str], *words: str) -> Iterator[Deployment]:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("KREISBUND_", "DATABASE_URL"))}
    environment |= {"KREISBUND_HOME": str(home), "KREISBUND_PORT": str(port), **told}
    deployment = Deployment(environment, f"http://127.0.0.1:{port}")
    try:
        deployment.kreisbund(*words, within=UP_SECONDS)
        yield deployment
    finally:
        subprocess.run([sys.executable, CHECKOUT / "kreisbund", "down"], env=environment, timeout=60, check=False)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()
