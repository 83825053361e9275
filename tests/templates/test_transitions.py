"""A version's transition rule, kept by intake, by who completes a task, and by timers."""

from datetime import date, timedelta

import pytest

from kreisbund_platform.cases import intake, tasks
from kreisbund_platform.cases.models import CaseRecord, Task, Timer
from kreisbund_platform.cases.waits import timers
from kreisbund_platform.errors import Conflict
from kreisbund_platform.templates import adoptions, transitions
from kreisbund_platform.templates.life_cycle import releases, rows
from kreisbund_platform.templates.plans import plan_of
from tests.templates.conftest import SLUG

COUNTY = "kyffhaeuserkreis"


@pytest.fixture
def old(team):
    """The version in force before the rule."""
    team.county(COUNTY, adoptions.adopt, SLUG)
    return team.county(COUNTY, lambda work: adoptions.version_in_force(work.connection, SLUG))


def submit(team, received_on=None):
    def act(work):
        starts_on = received_on or work.clock.now().date()
        version = transitions.version_for_received(work, SLUG, starts_on)
        data = dict(plan_of(work.connection, version).forms["application"]["example"])
        order = intake.SubmitApplication(SLUG, data, channel="LETTER", received_on=received_on)
        return intake.submit(work, order).case_id

    return team.county(COUNTY, act, role="caseworker")


def case(team, case_id):
    return team.county(COUNTY, lambda work: rows.one(work.connection, CaseRecord, id=case_id), system=True)


def complete_next(team, case_id):
    def act(work):
        task = rows.one(work.connection, Task, case_id=case_id, status="OPEN")
        version = rows.one(work.connection, CaseRecord, id=case_id).template_version_id
        data = dict(plan_of(work.connection, version).forms[task.form_id]["example"])
        return tasks.complete(work, str(task.id), data, task.version)

    return team.county(COUNTY, act, role="caseworker")


def test_received_from_starts_earlier_applications_on_the_version_before(team, old):
    day = team.clock.now().date() + timedelta(days=30)
    newer = team.publish("RECEIVED_FROM", day)
    team.county(COUNTY, releases.release, SLUG, newer.number)
    assert case(team, submit(team)).template_version_id == old
    team.clock.set(team.clock.now() + timedelta(days=40))
    assert case(team, submit(team)).template_version_id == newer.id
    assert case(team, submit(team, day - timedelta(days=1))).template_version_id == old
    assert case(team, submit(team, day)).template_version_id == newer.id


def decide(team, case_id):
    """Completes tasks until a notice or a refusal."""
    while case(team, case_id).status in ("SUBMITTED", "IN_PROGRESS"):
        done = complete_next(team, case_id)
        if isinstance(done, Conflict):
            return done
    return case(team, case_id).status


def test_decisions_from_holds_an_old_case_back_until_it_is_upgraded(team, old):
    before, waiting = submit(team), submit(team)
    day = team.clock.now().date() + timedelta(days=20)
    newer = team.publish("DECISIONS_FROM", day)
    assert decide(team, before) == "DECIDED"
    team.county(COUNTY, releases.release, SLUG, newer.number)
    team.clock.set(team.clock.now() + timedelta(days=30))
    with pytest.raises(RollbackError) as held:
        expect_rollback(team, waiting)
    assert held.value.refusal.code == "UPGRADE_NEEDED"
    assert f"Fassung {newer.number}" in held.value.refusal.message
    assert case(team, waiting).status in ("SUBMITTED", "IN_PROGRESS")
    fresh = submit(team)
    assert case(team, fresh).template_version_id == newer.id
    assert decide(team, fresh) == "DECIDED"


class RollbackError(Exception):
    def __init__(self, refusal):
        self.refusal = refusal


def expect_rollback(team, case_id):
    """As the API does: what a refusal wrote is undone."""

    def act(work):
        while True:
            task = rows.one(work.connection, Task, case_id=case_id, status="OPEN")
            found = rows.one(work.connection, CaseRecord, id=case_id)
            data = dict(plan_of(work.connection, found.template_version_id).forms[task.form_id]["example"])
            done = tasks.complete(work, str(task.id), data, task.version)
            if isinstance(done, Conflict):
                raise RollbackError(done)

    team.county(COUNTY, act, role="caseworker")


def test_a_county_that_has_not_released_the_version_is_not_bound(team, old):
    waiting = submit(team)
    team.publish("DECISIONS_FROM", date(2026, 1, 1))
    assert decide(team, waiting) == "DECIDED"


def test_a_timer_that_would_decide_waits_and_says_so_once(team, old, monkeypatch):
    case_id = submit(team)

    def act(work):
        def refuse(*_arguments):
            raise transitions.UpgradeNeededError("issue_grant", "Erst umstellen")

        monkeypatch.setattr(timers.steps, "settle", refuse)
        now = work.clock.now()
        timer = "INSERT INTO timer (case_id, token, element_id, due_at) VALUES (%s, 1, 'hearing_expired', %s)"
        work.connection.execute(timer, (case_id, now))
        for _attempt in range(2):
            timers._fire(work, rows.one(work.connection, Timer, case_id=case_id))
        attempts, due_at = work.connection.execute(
            "SELECT attempts, due_at FROM timer WHERE case_id = %s", (case_id,)
        ).fetchone()
        events = work.connection.execute(
            "SELECT count(*) FROM event WHERE type = 'UPGRADE_NEEDED' AND case_id = %s", (case_id,)
        ).fetchone()
        assert (attempts, events[0]) == (2, 1)
        assert due_at > now
        work.connection.execute("DELETE FROM timer WHERE case_id = %s", (case_id,))

    team.county(COUNTY, act, system=True)
