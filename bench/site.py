"""A deployment of its own, as `./kreisbund up` starts it, spoken to over HTTP by processes of their own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from bench.step import TICKS, parent_of
from tests.support.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[1]
UNWANTED = ("DATABASE_URL", "PYTHONPATH", "VIRTUAL_ENV")


class Site:
    """Up from here until `close`."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="kreisbund-bench-site-")
        self.home = Path(self._home.name)
        self.port = free_port()
        self.pids: dict[str, int] = {}
        try:
            self._say("up", "--detach")
            self._people = json.loads(self._say("demo", "principals", "--json"))
            self.counties = sorted({person["tenant"] for person in self._people if person["tenant"]})
            self.pids = {each["name"]: each["pid"] for each in json.loads(self._say("status", "--json"))["processes"]}
        except BaseException:
            self.close()
            raise

    def rest(self) -> None:
        """All stands still, so that another deployment has the machine."""
        signal_all(self.pids.values(), signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on."""
        signal_all(self.pids.values(), signal.SIGCONT)

    def close(self) -> None:
        self.wake()
        self._say("down")
        self._home.cleanup()

    def token(self, county: str, role: str = "caseworker", turn: int = 0) -> str:
        """Of whoever in this role has the turn."""
        people = [each for each in self._people if each["tenant"] == county and each["role"] == role]
        person = people[turn % len(people)]
        form = {name: person[name] for name in ("client_id", "username", "password")} | {"grant_type": "password"}
        return str(httpx.post(person["token_url"], data=form, trust_env=False).json()["access_token"])

    def question(self, token: str, query: str, **variables: Any) -> bytes:
        """One request as it goes over the wire."""
        return question(self.port, query, variables, token)

    def start(self, module: str, *words: object, given: bytes) -> "subprocess.Popen[bytes]":
        """A client of this deployment with its input; it writes JSON."""
        return client(self.port, module, *words, given=given)

    def _say(self, *words: str) -> str:
        told = {"KREISBUND_HOME": str(self.home), "KREISBUND_PORT": str(self.port)}
        environment = {key: value for key, value in os.environ.items() if key not in UNWANTED} | told
        command: Sequence[Any] = [CHECKOUT / "kreisbund", *words]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def question(port: int, query: str, variables: Mapping[str, Any], token: str = "") -> bytes:
    """One GraphQL request to a server on loopback as it goes over the wire."""
    body = json.dumps({"query": query, "variables": variables})
    lines = ["POST /graphql HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def client(port: int, module: str, *words: object, given: bytes) -> "subprocess.Popen[bytes]":
    """A client process with its input; it writes JSON."""
    command = [sys.executable, "-m", module, str(port), *map(str, words)]
    started = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdin is not None
    started.stdin.write(given)
    started.stdin.close()
    started.stdin = None
    return started


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def signal_all(pids: Iterable[int], sent: signal.Signals) -> None:
    """These processes and all that came of them."""
    for first in pids:
        for pid in descendants(first):
            with suppress(ProcessLookupError):
                os.kill(pid, sent)


def descendants(pid: int) -> list[int]:
    """The process and all that came of it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):  # ended meanwhile
                children.setdefault(parent_of(int(path.name)), []).append(int(path.name))
    found = [pid]
    for each in found:  # grows as it goes
        found += children.get(each, ())
    return found
