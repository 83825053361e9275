"""What three counties notice of a fourth that sends a hundred times their load.

A deployment of its own, as `./kreisbund up` starts it; each client is a process of its own. Three times a round, in
changing order: the quiet counties alone, beside the flood, and beside a flood that asks nothing of the product
(`/healthz`), which shows what the clients and the bare server take from a machine with few cores.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.step import TICKS

CHECKOUT = Path(__file__).resolve().parents[1]
SECONDS = 12.0
LEAD_SECONDS = 2.0  # the flood has begun before the first quiet request is due
USUAL = 10.0  # requests a second of the three together
FLOOD = 100 * USUAL
QUERY = (
    "{ cases(first: 20) { edges { node { caseNumber applicantName receivedOn status"
    " tasks(first: 5) { edges { node { id status } } } } } } }"
)
WAYS = ("alone", "noisy", "healthz")


class Noisy:
    """One county at a hundred times its load."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._home = tempfile.TemporaryDirectory(prefix="kreisbund-noisy-")
        self._port = free_port()
        self._rounds = 0
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        self._say("up", "--detach")
        self._people = json.loads(self._say("demo", "principals", "--json"))
        self._counties = sorted({person["tenant"] for person in self._people if person["tenant"]})
        processes = json.loads(self._say("status", "--json"))["processes"]
        self._api = next(process["pid"] for process in processes if process["name"] == "api")
        self._measured("alone", 3.0)

    def close(self) -> None:
        self._say("down")
        self._home.cleanup()

    def round(self) -> dict[str, float]:
        turn = self._rounds % len(WAYS)
        self._rounds += 1
        found = {way: self._measured(way, SECONDS) for way in (*WAYS[turn:], *WAYS[:turn])}
        figures = {f"{name}_{way}": value for way in WAYS for name, value in found[way].items()}
        for way in WAYS[1:]:
            for point in ("p50", "p99"):
                figures[f"{point}_{way}_vs_alone"] = found[way][f"{point}_ms"] / found["alone"][f"{point}_ms"]
        return figures

    def _measured(self, way: str, seconds: float) -> dict[str, float]:
        loud, quiet = self._counties[0], self._counties[1:4]
        asked = json.dumps([self._request(self._token(county)).decode() for county in quiet])
        path = "/healthz" if way == "healthz" else "/graphql"
        cpu, begun = cpu_of(self._api), time.perf_counter()
        noise = None
        if way != "alone":
            noise = self._start("bench.noise", seconds + LEAD_SECONDS, FLOOD, self._request(self._token(loud), path))
            time.sleep(LEAD_SECONDS)
        answered = json.loads(self._start("bench.quiet", seconds, USUAL, asked.encode()).communicate()[0])
        taken = sorted(answered["taken"])
        figures = {
            "p50_ms": 1000 * statistics.median(taken),
            "p99_ms": 1000 * taken[int(0.99 * len(taken))],
            "refused": float(len(answered["refused"])),
        }
        if noise is not None:
            said = json.loads(noise.communicate()[0])
            for status, number in said["answers"].items():
                figures[f"flood_{status}_per_s"] = number / (seconds + LEAD_SECONDS)
            figures |= {"flood_sent_per_s": said["sent"] / (seconds + LEAD_SECONDS), "flood_cpu": said["cpu"]}
        return figures | {"api_cpu": (cpu_of(self._api) - cpu) / (time.perf_counter() - begun)}

    def _start(self, module: str, seconds: float, per_second: float, given: bytes) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", module, str(self._port), str(seconds), str(per_second)]
        started = subprocess.Popen(words, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert started.stdin is not None
        started.stdin.write(given)
        started.stdin.close()
        started.stdin = None
        return started

    def _token(self, county: str) -> str:
        person = next(each for each in self._people if each["tenant"] == county and each["role"] == "caseworker")
        form = {name: person[name] for name in ("client_id", "username", "password")} | {"grant_type": "password"}
        return str(httpx.post(person["token_url"], data=form, trust_env=False).json()["access_token"])

    def _request(self, token: str, path: str = "/graphql") -> bytes:
        body = json.dumps({"query": QUERY})
        head = f"POST {path} HTTP/1.1" if path == "/graphql" else f"GET {path} HTTP/1.1"
        lines = [head, f"Host: 127.0.0.1:{self._port}"]
        if path != "/graphql":
            return ("\r\n".join(lines) + "\r\n\r\n").encode()
        lines += [f"Authorization: Bearer {token}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def _say(self, *words: str) -> str:
        told = {"KREISBUND_HOME": self._home.name, "KREISBUND_PORT": str(self._port)}
        unwanted = ("DATABASE_URL", "PYTHONPATH", "VIRTUAL_ENV")
        environment = {key: value for key, value in os.environ.items() if key not in unwanted} | told
        command: Sequence[Any] = [CHECKOUT / "kreisbund", *words]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
