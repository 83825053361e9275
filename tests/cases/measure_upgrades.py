"""Measures an upgrade of many cases: `./kreisbund test tests/cases/measure_upgrades.py -s`; not part of the suite."""

import os
import time
from datetime import date
from pathlib import Path

from kreisbund_platform.audit import log
from kreisbund_platform.cases.upgrading import service
from kreisbund_platform.cases.upgrading.orders import FieldMapping
from kreisbund_platform.database.mining_objects import MINING_TYPES
from kreisbund_platform.database.object_types import Many
from kreisbund_platform.database.selection import Catalogue, Selection, fetch
from kreisbund_platform.mining import periods, xes
from kreisbund_tenants.demo import copies
from tests.cases import versions
from tests.cases.test_upgrades import Desk

CASES = int(os.environ.get("CASES", "20000"))


TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds():
    """What this process and all backends of PostgreSQL have used; the machine may be busy with other things."""
    total = sum(os.times()[:2])
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if "(postgres" in text and "kreisbund_test" in Path(stat.parent, "cmdline").read_text():
            total += sum(map(int, text.rpartition(")")[2].split()[11:13])) / TICKS
    return total


def timed(name, act):
    start, used = time.perf_counter(), cpu_seconds()
    result = act()
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - used
    print(
        f"{name:40} {seconds:8.2f} s {CASES / seconds:8.0f} cases/s; {cpu:6.2f} s CPU {CASES / cpu:8.0f} cases/s",
        flush=True,
    )
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
    for name, given in (
        ("nothing but the version", {"tells_applicants": False, "plain": True}),
        ("kept", {}),
        ("without messages", {"tells_applicants": False}),
        (
            "recomputed, data mapped",
            {"deadlines": "RECOMPUTE", "fields": FieldMapping({"wish": "desire"}, ("colour",), {"size": "x"})},
        ),
    ):
        plain = "plain" in given
        options = {key: value for key, value in given.items() if key != "plain"}
        desk.adopt(
            versions.FIRST if plain else versions.SECOND,
            versions.PLAIN if plain else versions.RENAMED if "fields" in options else versions.FORMS,
        )
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
    order = xes.LogOrder(periods.Period(date(2026, 1, 1), date(2026, 12, 31)), versions.SLUG)
    timed("event log", lambda: print(office.do(lambda work: sum(map(len, xes.event_log(work, order))))))
    catalogue = Catalogue({each.name: each for each in MINING_TYPES}, "staff", True)
    leaf = lambda kind, *names: {kind: tuple(Selection(n, n) for n in names)}  # noqa: E731
    below = (
        Selection("medianDays", "medianDays"),
        Selection("variants", "variants", {}, leaf("ProcessVariant", "elements", "cases", "medianDays")),
        Selection("waits", "waits", {}, leaf("TaskWait", "elementId", "tasks", "medianHoursToStart", "p90HoursToEnd")),
    )
    asked = Selection("f", "processFigures", {}, {"ProcessFigures": below})
    values = {"template": versions.SLUG, "from_day": date(2026, 1, 1), "to_day": date(2026, 12, 31)}
    read = lambda work: fetch(work.connection, catalogue, Many("ProcessFigures", "true", "1"), asked, values)  # noqa: E731
    timed("figures", lambda: print(office.do(read)))
    timed("verify the chain", lambda: office.do(log.verify))
