"""A server under measurement: the product, or a peer over the same rows, asked by the same clients."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.site import client, cpu_of
from bench.step import TICKS

CLIENTS = 8


@dataclass(frozen=True)
class Contender:
    """A server: where, which process, and what it is asked as it goes over the wire, by the figure's name."""

    name: str
    port: int
    pid: int
    requests: Mapping[str, Sequence[bytes]]

    def measured(self, name: str, seconds: float, postmaster: int) -> dict[str, float]:
        """What asking it busily for so long gives: see `asked`."""
        return asked(self.port, self.pid, self.requests[name], seconds, postmaster)


def asked(port: int, pid: int, requests: Sequence[bytes], seconds: float | str, postmaster: int) -> dict[str, float]:
    """Answers a second, their length and times, and CPU in microseconds an answer, by process.

    `seconds`: for so long, or `once`: each request one time. Every answer must have the status 200.
    """
    given = json.dumps([request.decode() for request in requests]).encode()
    server, database = cpu_of(pid), family_cpu(postmaster)
    told = json.loads(client(port, "bench.busy", seconds, CLIENTS, given=given).communicate()[0])
    assert set(told["statuses"]) == {"200"}, told
    answers = told["statuses"]["200"]
    spent = {
        "server_cpu_us": (cpu_of(pid) - server) / answers * 1e6,
        "database_cpu_us": (family_cpu(postmaster) - database) / answers * 1e6,
        "client_cpu_us": told["cpu"] * told["seconds"] / answers * 1e6,
    }
    return {point: told[point] for point in ("per_second", "bytes", "p50_ms", "p99_ms")} | spent


def family_cpu(postmaster: int) -> float:
    """Seconds of CPU of PostgreSQL: its first process, those that ended and those that live."""
    ticks = 0
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(path.name) == postmaster:
            ticks += sum(int(each) for each in fields[11:15])
        elif int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS
