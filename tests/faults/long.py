"""Hundreds of kills of a deployment under load: `python -m tests.faults.long [--kills 300] [--seed N] [--keycloak]`.
`--home DIR` keeps the deployment there, running, for whoever wants to look; a second run goes on in it.

Clients submit applications over HTTP, each under one idempotency key that they repeat until it is acknowledged; some
repeat it once more afterwards. Meanwhile API, worker and PostgreSQL (with `--keycloak` that too) are killed with
SIGKILL or stopped for a while with SIGSTOP, one after the other, by a seeded choice, and `up --detach` brings back what
is missing. At the end every acknowledged application is there exactly once, and everything else adds up.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from kreisbund_infra.local import database as local_database
from kreisbund_infra.local import processes
from kreisbund_infra.local.home import Home
from tests.journeys.conftest import Deployment
from tests.support.ports import free_port

COUNTY, CLIENTS, FINISHES_WITHIN, SET_UP_WITHIN = "nordhausen", 3, 300, 1500
PAUSE = 0.2  # seconds at most between two applications of a client: load, not all that the machine can do
TEMPLATE = "schuelerbefoerderung"
FORM = f'{{ processTemplate(slug: "{TEMPLATE}") {{ startForm {{ example }} }} }}'
SUBMIT = """mutation($input: SubmitApplicationInput!) { submitApplication(input: $input) { __typename
    ... on SubmitApplicationSuccess { application { caseNumber } } ... on Problem { code message } } }"""
DASHBOARD = "{ stateDashboard { rows { county { slug } applications } } }"
LEFT = """SELECT (SELECT count(*) FROM timer WHERE due_at <= now()) + (SELECT count(*) FROM job)
    + (SELECT count(*) FROM outbox)"""
STUCK = """SELECT count(*) FROM case_record c WHERE c.status NOT IN ('DECIDED', 'WITHDRAWN', 'CLOSED')
    AND NOT EXISTS (SELECT FROM task t WHERE t.case_id = c.id AND t.status IN ('OPEN', 'CLAIMED'))
    AND NOT EXISTS (SELECT FROM timer t WHERE t.case_id = c.id)
    AND NOT EXISTS (SELECT FROM subscription s WHERE s.case_id = c.id)
    AND NOT EXISTS (SELECT FROM job j WHERE j.case_id = c.id)
    AND NOT EXISTS (SELECT FROM incident i WHERE i.case_id = c.id)"""


class Client(threading.Thread):
    """Submits until told to stop; finishes what it began. `numbers`: key to acknowledged case numbers."""

    def __init__(self, up: Deployment, token: str, stopping: threading.Event, seed: int) -> None:
        super().__init__()
        self._up, self._token, self._stopping = up, token, stopping
        self._http = httpx.Client(timeout=15, trust_env=False)  # making one costs as much CPU as an application
        self._choice = random.Random(seed)
        self.numbers: dict[str, list[str]] = {}
        self.failures = 0

    def run(self) -> None:
        data = None
        while data is None:
            if answer := self._ask(FORM, {}):
                data = answer["processTemplate"]["startForm"]["example"]
        while not self._stopping.is_set():
            key = str(uuid4())
            self.numbers[key] = []
            for _time in range(self._choice.choice((1, 1, 2))):
                self.numbers[key].append(self._submit(key, data))
            time.sleep(self._choice.uniform(0, PAUSE))

    def _submit(self, key: str, data: object) -> str:
        given = {"template": TEMPLATE, "data": data, "idempotencyKey": key}
        while True:
            if answer := self._ask(SUBMIT, {"input": given}):
                done = answer["submitApplication"]
                assert done["__typename"] == "SubmitApplicationSuccess", done
                return str(done["application"]["caseNumber"])

    def _ask(self, document: str, variables: dict[str, object]) -> dict[str, dict[str, dict[str, object]]] | None:
        """The answer's data; None where it must be asked again. A token that has ended is replaced."""
        try:
            answer = self._http.post(
                f"{self._up.base}/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {self._token}"},
            )
            if answer.status_code == 401:
                self._token = self._up.token("citizen", COUNTY)
            elif answer.status_code == 200 and "errors" not in answer.json():
                return dict(answer.json()["data"])
        except (httpx.HTTPError, AssertionError):
            pass
        self.failures += 1
        time.sleep(0.1)
        return None


@contextmanager
def deployment(kept: Path | None, *, with_keycloak: bool) -> Iterator[tuple[Deployment, Home]]:
    """A running deployment; it is taken down and removed where no folder is named to keep it in."""
    with tempfile.TemporaryDirectory(prefix="kreisbund-long-") as folder:
        home = Home(kept or Path(folder), kept_port(kept))
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("KREISBUND_", "DATABASE_URL"))}
        environment |= {"KREISBUND_HOME": str(home.root), "KREISBUND_PORT": str(home.port)}
        up = Deployment(environment, f"http://127.0.0.1:{home.port}")
        try:
            mode = "--keycloak" if with_keycloak else "--no-keycloak"
            up.kreisbund("up", "--detach", mode, within=SET_UP_WITHIN)
            yield up, home
        finally:
            if kept is None:
                up.kreisbund("down")


def kept_port(kept: Path | None) -> int:
    """The port of a deployment that is kept; its processes and links know it."""
    if kept is None:
        return free_port()
    noted = kept / "long.port"
    if not noted.exists():
        kept.mkdir(parents=True, exist_ok=True)
        noted.write_text(str(free_port()))
    return int(noted.read_text())


def pid_of(home: Home, victim: str) -> int | None:
    if victim == "postgres":
        server = local_database.chosen(home, home.venv)
        return server.pid() if server else None
    return processes.running(home, victim)


def strike(up: Deployment, home: Home, victim: str, choice: random.Random) -> float | None:
    """Kills, or stops for a while; answers the seconds until `up` says ready, where it was a kill."""
    pid = pid_of(home, victim)
    assert pid is not None, victim
    if choice.random() < 0.2:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(choice.uniform(0.5, 3))
        os.kill(pid, signal.SIGCONT)
        return None
    known = token(up) if victim == "keycloak" else None
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    while processes.started_at(pid) is not None:
        time.sleep(0.01)
    if known:
        assert up.ask(known, FORM), "a known token goes on while Keycloak is away"
    up.kreisbund("up", "--detach")
    return time.monotonic() - begun


def token(up: Deployment, role: str = "citizen", county: str | None = COUNTY) -> str:
    """A token, be it at the second try: Keycloak may be on its way back."""
    end = time.monotonic() + 60
    while True:
        try:
            return up.token(role, county)
        except (httpx.HTTPError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def in_county(home: Home, query: str) -> list[tuple[object, ...]]:
    server = local_database.chosen(home, home.venv)
    assert server is not None
    with psycopg.connect(server.url(), options=f"-c search_path=county_{COUNTY}") as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type, no-any-return]


def settle(home: Home) -> None:
    """Until the worker has nothing left to do."""
    end = time.monotonic() + FINISHES_WITHIN
    while in_county(home, LEFT) != [(0,)]:
        assert time.monotonic() < end, "the worker does not finish"
        time.sleep(0.5)


def applications(up: Deployment) -> int:
    rows = up.ask(token(up, "granting_authority", None), DASHBOARD)["stateDashboard"]["rows"]
    return sum(row["applications"] for row in rows if row["county"]["slug"] == COUNTY)


def judge(up: Deployment, home: Home, clients: list[Client], before: dict[str, int]) -> None:
    """Raises AssertionError where anything was lost, doubled, skipped, or does not add up."""
    numbers = {key: found for client in clients for key, found in client.numbers.items()}
    assert all(found for found in numbers.values()), "every key was acknowledged in the end"
    assert all(len(set(found)) == 1 for found in numbers.values()), "a repeated key answers the same"
    acknowledged = {found[0] for found in numbers.values()}
    assert len(acknowledged) == len(numbers), "two keys, two cases"
    cases = {str(number) for (number,) in in_county(home, "SELECT case_number FROM case_record")}
    assert acknowledged <= cases, f"lost: {sorted(acknowledged - cases)[:5]}"
    assert len(cases) - before["cases"] == len(numbers), "doubled"
    in_order = sorted(int(number.rpartition("-")[2]) for number in cases if f"-{time.gmtime().tm_year}-" in number)
    assert in_order == list(range(in_order[0], in_order[0] + len(in_order))), "a gap in the numbers"
    settle(home)
    assert in_county(home, STUCK) == [(before["stuck"],)], "stuck cases"
    up.kreisbund("audit", "verify", COUNTY)
    end = time.monotonic() + 30
    while applications(up) - before["applications"] != len(numbers):
        assert time.monotonic() < end, (applications(up), before, len(numbers))
        time.sleep(0.5)


def kill_under_load(up: Deployment, home: Home, kills: int, seed: int, victims: tuple[str, ...]) -> list[Client]:
    """So many kills, one after the other; the clients that all have their answers. Prints what it cost."""
    choice, stopping = random.Random(seed), threading.Event()
    clients = [Client(up, token(up), stopping, seed + n) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    took: dict[str, list[float]] = {victim: [] for victim in victims}
    done = stops = 0
    try:
        while done < kills:
            time.sleep(choice.uniform(0.2, 1.2))
            victim = choice.choice(victims)
            seconds = strike(up, home, victim, choice)
            if seconds is None:
                stops += 1
                continue
            took[victim].append(seconds)
            done += 1
            if done % 10 == 0:
                tell(done, stops, clients, took)
    finally:
        stopping.set()
    for client in clients:
        client.join(FINISHES_WITHIN)
        assert not client.is_alive(), "a client never got its answer"
    tell(done, stops, clients, took)
    return clients


def tell(done: int, stops: int, clients: list[Client], took: dict[str, list[float]]) -> None:
    """One line: how far it is, and how long `up` took after a kill of each."""
    answered = f"{sum(len(c.numbers) for c in clients)} applications, {sum(c.failures for c in clients)} repeats"
    cost = "; ".join(
        f"{name} {len(s)} × median {statistics.median(s):.1f} s, worst {max(s):.1f} s" for name, s in took.items() if s
    )
    print(f"{done} kills, {stops} stops; {answered}; up again: {cost}; load {os.getloadavg()[0]:.1f}", flush=True)


def run(kills: int, seed: int, kept: Path | None, *, with_keycloak: bool) -> None:
    victims = ("api", "worker", "postgres") * 4 + (("keycloak",) if with_keycloak else ())
    with deployment(kept, with_keycloak=with_keycloak) as (up, home):
        settle(home)
        before = {
            "cases": int(str(in_county(home, "SELECT count(*) FROM case_record")[0][0])),
            "stuck": int(str(in_county(home, STUCK)[0][0])),
            "applications": applications(up),
        }
        clients = kill_under_load(up, home, kills, seed, victims)
        judge(up, home, clients, before)
        print("whole: nothing lost, nothing doubled, nobody stuck, no gap, the dashboard exact", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.faults.long", allow_abbrev=False)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--keycloak", action="store_true")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    run(given.kills, given.seed, given.home, with_keycloak=given.keycloak)
