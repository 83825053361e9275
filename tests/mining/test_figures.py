"""Figures of a county's processes: right, small groups hidden, other counties left out."""

from datetime import timedelta

import pytest

from kreisbund_platform.database.mining_objects import MINING_TYPES
from kreisbund_platform.database.object_types import Many
from kreisbund_platform.database.selection import Catalogue, Selection, fetch
from tests.cases import versions
from tests.cases.test_upgrades import Desk
from tests.support.fixtures import START

BELOW = {
    "cases": (), "ended": (), "medianDays": (), "p90Days": (),
    "variants": ("ProcessVariant", "elements", "cases", "share", "medianDays"),
    "waits": ("TaskWait", "elementId", "role", "tasks", "medianHoursToStart", "medianHoursToEnd"),
}  # fmt: skip


def figures(office):
    def leaf(name, kind=None, *names):
        return Selection(name, name, {}, {kind: tuple(Selection(n, n) for n in names)} if kind else {})

    asked = Selection("f", "processFigures", {}, {"ProcessFigures": tuple(leaf(n, *more) for n, more in BELOW.items())})
    catalogue = Catalogue({each.name: each for each in MINING_TYPES}, "staff", True)
    day = START.date()
    values = {"template": versions.SLUG, "from_day": day, "to_day": day + timedelta(days=30)}
    read = Many("ProcessFigures", "true", "1")
    return office.do(lambda work: fetch(work.connection, catalogue, read, asked, values))[0]


@pytest.fixture
def desk(office):
    made = Desk(office)
    made.adopt(versions.FIRST)
    return made


def run(desk, count, *order, days=2):
    for case_id in desk.submit(count):
        for name in order:
            desk.office.clock.set(desk.office.clock.now() + timedelta(days=days))
            desk.complete(case_id, name)
        desk.office.clock.set(START)


def test_paths_durations_and_waits(desk):
    run(desk, 6, "report", "statement", "decide")
    run(desk, 5, "statement", "report", "decide", days=3)
    desk.submit()
    found = figures(desk.office)
    assert (found["cases"], found["ended"], found["medianDays"]) == (12, 11, 6.0)
    assert [(v["elements"], v["cases"], v["medianDays"]) for v in found["variants"]] == [
        (["report", "statement", "decide"], 6, 6.0),
        (["statement", "report", "decide"], 5, 9.0),
    ]
    assert sum(v["share"] for v in found["variants"]) == pytest.approx(1, abs=0.01)
    waits = {wait["elementId"]: wait for wait in found["waits"]}
    assert waits["decide"]["tasks"] == 11
    assert waits["decide"]["medianHoursToEnd"] == 48
    assert waits["statement"]["role"] == "citizen"


def test_groups_below_five_are_hidden_and_cannot_be_reckoned(desk):
    run(desk, 4, "report", "statement", "decide")
    found = figures(desk.office)
    assert (found["cases"], found["ended"], found["medianDays"], found["variants"], found["waits"]) == (
        None, None, None, [], [],
    )  # fmt: skip
    run(desk, 5, "statement", "report", "decide")
    found = figures(desk.office)
    assert found["ended"] == 9
    assert found["variants"] == [], "five shown of nine would tell the four"


def test_another_countys_cases_do_not_count(desk, other_office):
    run(desk, 5, "report", "statement", "decide")
    Desk(other_office).adopt(versions.FIRST)
    assert figures(other_office)["ended"] is None
