"""What a case may wait for beside people: several instances, messages, signals, jobs tried again, incidents."""

from datetime import timedelta

import pytest

from kreisbund_platform.audit import log
from kreisbund_platform.cases import intake, operations, tasks, withdrawal
from kreisbund_platform.cases.waits import correlation, incidents, jobs
from kreisbund_platform.errors import Conflict, Invalid, NotFound
from kreisbund_platform.templates import adoptions, publishing
from tests.cases.models import MODELS


@pytest.fixture(scope="module")
def waiting(offices):
    """Both counties offer the test templates."""
    for office in offices.values():
        office.clock.set(office.clock.now())
    first = next(iter(offices.values()))
    with first.deployment.connections.for_workspace("catalogue") as connection:
        for source in MODELS.values():
            made = publishing.publish(connection, source, clock=first.clock)
            assert hasattr(made, "content_hash"), made
    for office in offices.values():
        for slug in MODELS:
            office.do(adoptions.adopt, slug, role="county_admin")


@pytest.fixture
def apply(waiting, office):
    def submit(slug, at=office, **changed):
        data = dict(MODELS[slug].forms["application"]["example"]) | changed
        done = at.do(intake.submit, intake.SubmitApplication(slug, data), role="citizen")
        assert isinstance(done, intake.Submitted), done
        return done.case_id

    return submit


def deliver(office):
    count = 0
    while office.do(correlation.deliver_next, system=True):
        count += 1
    return count


def answer(office, task, text="ja"):
    return office.do(tasks.complete, str(task.id), {"answer": text}, task.version)


def test_each_entry_of_a_list_gets_its_task_and_results_keep_their_order(apply, office):
    case_id = apply("several")
    opened = office.open_tasks(case_id)
    assert [task.instance for task in opened] == [1, 2, 3]
    for task, text in zip(reversed(opened), ("drei", "zwei", "eins"), strict=True):
        assert answer(office, task, text) == case_id
    case = office.case(case_id)
    assert case.status == "CLOSED"
    assert case.data["answers"] == ["eins", "zwei", "drei"]
    assert office.do(log.verify) is None


def open_incident(office, case_id):
    rows = office.rows("SELECT id, reason, version FROM incident WHERE case_id = %s AND resolved_at IS NULL", case_id)
    return rows[0] if rows else None


def resolve(office, found, role="team_lead", **how):
    order = incidents.Resolve(str(found[0]), how.pop("version", found[2]), how.pop("data", {}), how.pop("flow", None))
    return office.do(incidents.resolve, order, role=role)


def test_a_case_that_cannot_go_on_stops_visibly_and_is_put_right(apply, office):
    case_id = apply("incident", amount=10)
    assert office.case(case_id).status == "WAITING"
    found = open_incident(office, case_id)
    assert found[1] == "NO_OPEN_FLOW"
    assert resolve(office, found) == case_id
    again = open_incident(office, case_id)
    assert again[0] != found[0], "trying again without a change stops again, as an incident of its own"
    assert isinstance(resolve(office, found), Conflict)
    assert isinstance(resolve(office, again, data={"unknown": 1}), Invalid)
    assert isinstance(resolve(office, again, flow="nowhere"), Invalid)
    assert resolve(office, again, data={"amount": 11}) == case_id
    assert [task.element_id for task in office.open_tasks(case_id)] == ["large"]
    assert office.case(case_id).data["amount"] == 11
    assert open_incident(office, case_id) is None


def test_a_person_shows_the_way(apply, office):
    case_id = apply("incident", amount=10)
    assert resolve(office, open_incident(office, case_id), flow="split_small") == case_id
    assert [task.element_id for task in office.open_tasks(case_id)] == ["small"]


def test_withdrawing_closes_incidents(apply, office):
    case_id = apply("incident", amount=10)
    application = office.rows("SELECT id FROM application WHERE case_id = %s", case_id)[0][0]
    office.do(withdrawal.withdraw, str(application), None, 1, role="citizen")
    assert open_incident(office, case_id) is None
    assert office.case(case_id).status == "WITHDRAWN"


def test_another_county_has_no_such_incident(apply, office, other_office):
    found = open_incident(office, apply("incident", amount=10))
    assert isinstance(resolve(other_office, found), NotFound)


def test_a_message_reaches_the_case_with_its_key_and_no_other(apply, office, other_office):
    case_id, stranger = apply("receiver", name="Anna"), apply("receiver", name="Bernd")
    elsewhere = apply("receiver", at=other_office, name="Anna")
    apply("sender", name="Anna")
    assert deliver(office) == 1
    assert [task.element_id for task in office.open_tasks(case_id)] == ["after"]
    assert office.open_tasks(stranger) == []
    assert deliver(other_office) == 0
    assert other_office.open_tasks(elsewhere) == []


def test_a_message_that_comes_early_waits_for_its_case_and_for_one_only(apply, office):
    apply("sender", name="Frida")
    assert deliver(office) == 0
    first = apply("receiver", name="Frida")
    second = apply("receiver", name="Frida")
    assert deliver(office) == 1
    assert len(office.open_tasks(first)) + len(office.open_tasks(second)) == 1


def test_a_message_nobody_waits_for_is_forgotten_after_a_week(apply, office):
    apply("sender", name="Niemand")
    office.clock.set(office.clock.now() + timedelta(days=8))
    assert deliver(office) == 1
    assert office.rows("SELECT count(*) FROM outbound_event") == [(0,)]


def test_staff_bring_a_message_from_outside(apply, office, other_office):
    case_id = apply("receiver", name="Emil")
    bring = (correlation.receive, "ready", "Emil")
    assert isinstance(other_office.do(*bring, {}), NotFound)
    assert isinstance(office.do(*bring, {"anything": 1}), Invalid)
    assert office.do(*bring, {}) == case_id
    assert isinstance(office.do(*bring, {}), NotFound)


def test_a_message_opens_a_case_where_a_template_begins_with_it(waiting, office, other_office):
    report = dict(MODELS["reported"].forms["application"]["example"])
    refused = office.do(correlation.receive, "reported", None, report | {"amount": "viel"})
    assert isinstance(refused, Invalid)
    case_id = office.do(correlation.receive, "reported", None, report)
    case = office.case(case_id)
    assert (case.channel, case.status, case.data["name"]) == ("EX_OFFICIO", "SUBMITTED", "Köhler")
    assert [task.element_id for task in office.open_tasks(case_id)] == ["look"]
    assert office.rows("SELECT count(*) FROM application WHERE case_id = %s", case_id) == [(0,)]
    assert office.do(log.verify) is None
    other_office.do(adoptions.end_adoption, "reported", role="county_admin")
    assert isinstance(other_office.do(correlation.receive, "reported", None, report), NotFound)


def test_a_signal_reaches_everybody_who_waits_but_in_this_county_alone(apply, office, other_office, monkeypatch):
    monkeypatch.setattr(correlation, "BATCH", 2)
    heard = [apply("listener") for _ in range(5)]
    elsewhere = apply("listener", at=other_office)
    apply("caller")
    assert deliver(office) == 3
    assert {task.element_id for case_id in heard for task in office.open_tasks(case_id)} == {"other"}
    assert [task.element_id for task in other_office.open_tasks(elsewhere)] == ["work"]


def test_a_letter_that_cannot_be_written_is_tried_again_and_then_an_incident(apply, office, monkeypatch):
    def fail(*_given):
        raise operations.NoticeNotSetError("out of paper")

    with monkeypatch.context() as broken:
        broken.setattr(operations.issuing, "issue_notice", fail)
        case_id = apply("letter")
        assert office.case(case_id).status == "WAITING"
        assert office.do(jobs.run_next, system=True) is False, "not due yet"
        for _ in range(jobs.MOST_ATTEMPTS - 1):
            assert open_incident(office, case_id) is None
            office.clock.set(office.clock.now() + timedelta(hours=2))
            assert office.do(jobs.run_next, system=True) is True
        assert office.do(jobs.run_next, system=True) is False
        assert open_incident(office, case_id)[1] == jobs.GIVEN_UP
    assert office.rows("SELECT count(*) FROM document WHERE case_id = %s", case_id) == [(0,)]
    assert resolve(office, open_incident(office, case_id)) == case_id
    assert [task.element_id for task in office.open_tasks(case_id)] == ["after"]
    assert office.rows("SELECT count(*) FROM document WHERE case_id = %s", case_id) == [(1,)]


def test_a_letter_that_succeeds_at_the_second_try_goes_on_by_itself(apply, office, monkeypatch):
    def fail(*_given):
        raise operations.NoticeNotSetError("out of paper")

    with monkeypatch.context() as broken:
        broken.setattr(operations.issuing, "issue_notice", fail)
        case_id = apply("letter")
    office.clock.set(office.clock.now() + timedelta(minutes=1))
    assert office.do(jobs.run_next, system=True) is True
    assert [task.element_id for task in office.open_tasks(case_id)] == ["after"]
    assert office.rows("SELECT count(*) FROM job WHERE case_id = %s", case_id) == [(0,)]
