"""A peer's server: a process on loopback from here until `close`."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class UnavailableError(Exception):
    """Why a peer cannot be had; the report names it as missing."""


class Served:
    """Answers GraphQL at `/graphql`. `{port}` in the command becomes a free port; what it says goes into a log."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self.port = free_port()
        words = [word.replace("{port}", str(self.port)) for word in command]
        self._log = log
        with log.open("w") as told:
            self._process = subprocess.Popen(
                words, cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told
            )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=START_SECONDS)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data; an answer with errors is a fault."""
        answered = self._client.post("/graphql", json={"query": query, "variables": dict(variables or {})})
        told = answered.json()
        if answered.status_code != 200 or told.get("errors"):
            raise UnavailableError(f"answered {answered.status_code} with errors: {told.get('errors')}"[:500])
        return told["data"]

    def close(self) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.answer("{ __typename }")
            except httpx.TransportError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise UnavailableError(f"its server did not start: see {self._log}") from None
                time.sleep(0.1)
            else:
                return
