"""Measures an upgrade of many cases: `./kreisbund test tests/cases/measure_upgrades.py -s`; not part of the suite."""

import os
import time

from kreisbund_platform.audit import log
from kreisbund_platform.cases.upgrading import batches, service
from kreisbund_platform.cases.upgrading.orders import FieldMapping
from kreisbund_tenants.demo import copies
from tests.cases import versions
from tests.cases.test_upgrades import Desk

CASES = int(os.environ.get("CASES", "20000"))


def timed(name, act):
    start = time.perf_counter()
    result = act()
    seconds = time.perf_counter() - start
    print(f"{name:40} {seconds:8.2f} s  {CASES / seconds:10.0f} cases/s", flush=True)
    return result


def test_measure(office):
    desk = Desk(office)
    desk.adopt(versions.FIRST)
    seeds = desk.submit(4)
    desk.complete(seeds[1], "report")
    desk.complete(seeds[2], "statement")
    for name in ("report", "statement"):
        desk.complete(seeds[3], name)
    with office.deployment.connections.for_tenant(office.tenant) as connection, connection.transaction():
        timed("copies", lambda: copies.multiply(connection, seeds, CASES - 4, office.clock.now()))
    for name, options in (
        ("kept", {}),
        ("without messages", {"tells_applicants": False}),
        (
            "recomputed, data mapped",
            {"deadlines": "RECOMPUTE", "fields": FieldMapping({"wish": "desire"}, ("colour",), {"size": "x"})},
        ),
    ):
        desk.adopt(versions.SECOND, versions.RENAMED if "fields" in options else versions.FORMS)
        upgrade = timed(f"preview ({name})", lambda options=options: desk.preview(**options))
        print([row[1:3] for row in desk.groups(upgrade)])
        desk.act(service.check, upgrade)
        timed("  dry run", desk.run)
        desk.act(service.start, upgrade)
        timed("  upgrade", desk.run)
        print(desk.counts(upgrade))
        desk.act(service.undo, upgrade)
        timed("  undo", desk.run)
        print(desk.counts(upgrade))
    timed("verify the chain", lambda: office.do(log.verify))
    assert batches.CASES_A_BATCH
