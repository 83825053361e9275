"""What three counties notice of a fourth that sends a hundred times their load.

A deployment of its own, as `./kreisbund up` starts it; each client is a process of its own. Three times a round, in
changing order: the quiet counties alone, beside the flood, and beside a flood that asks nothing of the product
(`/healthz`), which shows what the clients and the bare server take from a machine with few cores.
"""

import json
import statistics
import time

from bench.site import Site, cpu_of
from bench.step import Measure

SECONDS = 12.0
LEAD_SECONDS = 2.0  # the flood has begun before the first quiet request is due
USUAL = 10.0  # requests a second of the three together
FLOOD = 100 * USUAL
QUERY = (
    "{ cases(first: 20) { edges { node { caseNumber applicantName receivedOn status"
    " tasks(first: 5) { edges { node { id status } } } } } } }"
)
HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WAYS = ("alone", "noisy", "healthz")


class Noisy(Measure):
    """One county at a hundred times its load."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._site = Site()
        self._rounds = 0
        self._measured("alone", 3.0)

    def rest(self) -> None:
        self._site.rest()

    def wake(self) -> None:
        self._site.wake()

    def close(self) -> None:
        self._site.close()

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
        site = self._site
        loud, quiet = site.counties[0], site.counties[1:4]
        asked = json.dumps([site.question(site.token(county), QUERY).decode() for county in quiet])
        flood = site.question(site.token(loud), QUERY) if way == "noisy" else HEALTHZ
        cpu, begun = cpu_of(site.pids["api"]), time.perf_counter()
        noise = None
        if way != "alone":
            noise = site.start("bench.noise", seconds + LEAD_SECONDS, FLOOD, given=flood)
            time.sleep(LEAD_SECONDS)
        answered = json.loads(site.start("bench.quiet", seconds, USUAL, given=asked.encode()).communicate()[0])
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
        return figures | {"api_cpu": (cpu_of(site.pids["api"]) - cpu) / (time.perf_counter() - begun)}
