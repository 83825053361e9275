"""What the audit costs; prints figures, asserts nothing. Run through `./kreisbund test tests/audit/measure.py -s`.

How many events a second `verify` walks, and what a recorded read costs: a case and a list of fifty, with the
record as it is, with a commit that does not wait for the disk, and without any. KREISBUND_AUDIT_EVENTS: how many.
"""

import os
import time
from statistics import median
from uuid import UUID

from kreisbund_platform.audit import log, reads
from kreisbund_platform.audit.sealing import Sealer
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.audit.verifying import verify
from kreisbund_platform.ids import Kind, new_id
from tests.support.fixtures import START

EVENTS = int(os.environ.get("KREISBUND_AUDIT_EVENTS", "100000"))


def test_events_a_second(county, work_for, connections, settings):
    with work_for(county, "caseworker", keep=True) as work:
        body = {"element": "Task_1", "form": "check", "outcome": "GRANTED"}
        for _batch in range(EVENTS // 5000):
            cases = [(new_id(Kind.CASE_RECORD, START), 1) for _ in range(5000)]
            log.append_many(work, type="TASK_COMPLETED", cases=cases, bodies=[body] * 5000)
    started = time.monotonic()
    with work_for(county, "caseworker", keep=True) as work:
        while Sealer(work, store_of(settings)).seal(now_or_never=True):
            pass
    print(f"sealing {EVENTS / (time.monotonic() - started):,.0f} events/s")
    for _round in range(3):
        with connections.for_tenant(county) as connection:
            started, spent = time.monotonic(), time.process_time()
            report = verify(connection, settings, store_of(settings), county)
        seconds, own = time.monotonic() - started, time.process_time() - spent
        assert report.finding is None
        print(f"verify {report.events / seconds:,.0f} events/s, {report.events / own:,.0f} per second of its own CPU")


def test_a_recorded_read(county, work_for, connections):
    for cases in (1, 50):
        shown = {UUID(int=n): frozenset({"DATA", "NAME"}) for n in range(cases)}
        for commit in ("on", "off"):
            with work_for(county, "caseworker") as opened:
                pass
            with connections.for_tenant(county) as connection:
                work = type(opened)(connection, county, opened.principal, opened.clock, opened.settings)
                connection.execute(f"SET synchronous_commit = {commit}")
                took = []
                for _round in range(300):
                    started = time.perf_counter()
                    reads.record(work, "DeskCase", shown, listed=cases > 1)
                    took.append(time.perf_counter() - started)
            print(f"{cases} cases, synchronous_commit {commit}: {median(took) * 1000:.2f} ms")
