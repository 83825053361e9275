"""Measures many counties on few connections: `./kreisbund test tests/tenancy/measure_pool.py -s`; not in the suite.

COUNTIES (400) get a schema and a login each, THREADS (32) ask counties at random through one pool of CAP (60).
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import sql

from kreisbund_platform.database.session import Database
from kreisbund_platform.settings import Settings
from tests.tenancy.many_logins import many_logins, seen_connections

COUNTIES = int(os.environ.get("COUNTIES", "400"))
CAP = int(os.environ.get("CAP", "60"))
THREADS = int(os.environ.get("THREADS", "32"))
REQUESTS = int(os.environ.get("REQUESTS", "4000"))


@pytest.mark.timeout(0)
def test_measure(database_url: str, settings: Settings) -> None:
    start = time.perf_counter()
    with many_logins(database_url, COUNTIES) as logins:
        print(f"\n{COUNTIES} logins made in {time.perf_counter() - start:.1f} s", flush=True)
        # even: each request another county; uneven: nine of ten go to a tenth of the counties
        for name, pick in (
            ("even", lambda source: source.choice(logins)),
            ("uneven", lambda source: source.choice(logins[: COUNTIES // 10] if source.random() < 0.9 else logins)),
        ):
            pool = Database(settings, CAP, wait_seconds=30)
            spent: list[float] = []
            most = [0]
            stopping = threading.Event()

            def watch(pool: Database = pool, most: list[int] = most, stopping: threading.Event = stopping) -> None:
                while not stopping.wait(0.02):
                    most[0] = max(most[0], seen_connections(database_url, logins))

            def ask(seed: int, pool: Database = pool, pick=pick, spent: list[float] = spent) -> None:
                source = random.Random(seed)
                for _ in range(REQUESTS // THREADS):
                    login, begun = pick(source), time.perf_counter()
                    with pool.connection(login) as connection:
                        row = connection.execute(sql.SQL("SELECT current_user, county FROM whose")).fetchone()
                    assert row == (login.role, login.role)
                    spent.append(time.perf_counter() - begun)

            watching = threading.Thread(target=watch)
            watching.start()
            begun = time.perf_counter()
            with ThreadPoolExecutor(THREADS) as threads:
                list(threads.map(ask, range(THREADS)))
            seconds = time.perf_counter() - begun
            stopping.set()
            watching.join()
            spent.sort()
            print(
                f"{name:7} {len(spent)} requests over {COUNTIES} counties, {THREADS} threads:"
                f" {len(spent) / seconds:.0f}/s, median {spent[len(spent) // 2] * 1000:.1f} ms,"
                f" p99 {spent[int(len(spent) * 0.99)] * 1000:.1f} ms;"
                f" connections: {pool.open_connections()} open, at most {most[0]} on the server, cap {CAP}",
                flush=True,
            )
            pool.close()
