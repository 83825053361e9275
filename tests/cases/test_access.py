"""The services' own row rules, called past the policy of the API: each stands by itself."""

from dataclasses import replace

import pytest

from kreisbund_platform.cases import access, messages, notes, task_rights, tasks, withdrawal
from kreisbund_platform.cases.models import Application, CaseRecord
from kreisbund_platform.cases.rows import HeldTask
from kreisbund_platform.errors import Forbidden, NotFound
from kreisbund_platform.identity.principals import Role, StoodInFor
from kreisbund_platform.ids import Kind, new_id
from tests.support.fixtures import START, principal_of

NEVER = str(new_id(Kind.CASE_RECORD, START))


@pytest.fixture
def case_id(office):
    return str(office.submit().case_id)


def task_of(office, case_id):
    return office.open_tasks(case_id)[0]


@pytest.mark.parametrize(
    ("role", "refusal"), [("treasurer", Forbidden), ("county_admin", Forbidden), ("citizen", NotFound)]
)
def test_who_does_not_work_cases_touches_none(office, case_id, role, refusal):
    assert isinstance(office.do(notes.add_note, case_id, "Ein Vermerk", role=role), refusal)


@pytest.mark.parametrize("role", ["caseworker", "team_lead", "records_officer"])
def test_who_works_cases_does(office, case_id, role):
    assert isinstance(office.do(access.case_for_staff, case_id, role=role), CaseRecord)


UNKNOWN = {"never": NEVER, "text": "kein Ausweis", "task": str(new_id(Kind.TASK, START))}


@pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_there_is_not_found(office, unknown):
    for service in (access.case_for_staff, access.task_for):
        assert isinstance(office.do(service, unknown), NotFound)
    for service in (access.own_case, access.own_application):
        assert isinstance(office.do(service, unknown, role="citizen"), NotFound)


def test_an_application_is_its_applicants_alone(office, case_id):
    mine = office.do(access.own_application, case_id, role="citizen")
    assert isinstance(mine, Application)
    assert office.do(access.own_application, str(mine.id), role="citizen").id == mine.id
    assert isinstance(office.do(access.own_case, str(mine.id), role="citizen"), CaseRecord)
    for identifier in (case_id, str(mine.id)):
        for service in (access.own_application, access.own_case):
            assert isinstance(office.do(service, identifier, role="citizen", subject="neighbour"), NotFound)
        refused = office.do(withdrawal.withdraw, identifier, None, 1, role="citizen", subject="neighbour")
        assert isinstance(refused, NotFound)
        assert isinstance(office.do(messages.send, identifier, "B", "T", role="citizen", subject="neighbour"), NotFound)


def test_a_suspended_county_takes_no_writes_of_staff(office, case_id):
    open_county = office.tenant
    task = task_of(office, case_id)
    office.tenant = replace(open_county, status="SUSPENDED")
    try:
        for refused in (office.do(notes.add_note, case_id, "Ein Vermerk"), office.do(tasks.claim, str(task.id), 1)):
            assert (type(refused), refused.code) == (Forbidden, "TENANT_SUSPENDED")
    finally:
        office.tenant = open_county


def test_a_task_is_for_its_role(office, case_id):
    task = str(task_of(office, case_id).id)
    assert office.do(access.task_for, task, role="treasurer").code == "ROLE_MISSING"
    assert isinstance(office.do(access.task_for, task, role="citizen"), NotFound)
    assert isinstance(office.do(access.task_for, task), tuple)


def test_an_applicants_task_is_theirs_alone(office, case_id):
    task = str(task_of(office, case_id).id)
    office.rows("UPDATE task SET role = 'citizen' WHERE id = %s RETURNING id", task)
    assert isinstance(office.do(access.task_for, task, role="citizen"), tuple)
    assert isinstance(office.do(access.task_for, task, role="citizen", subject="neighbour"), NotFound)
    assert office.do(access.task_for, task, role="caseworker").code == "ROLE_MISSING"

    def no_citizen_any_more(work):
        return access.task_for(replace(work, principal=replace(work.principal, roles=frozenset())), task)

    assert isinstance(office.do(no_citizen_any_more, role="citizen"), NotFound)


def test_a_task_of_another_unit_is_not_for_who_has_units(office, case_id):
    task = task_of(office, case_id)
    unit, other = new_id(Kind.UNIT, START), new_id(Kind.UNIT, START)
    office.rows("UPDATE task SET unit_id = %s WHERE id = %s RETURNING id", unit, task.id)

    def touched(work, units):
        work = replace(work, principal=replace(work.principal, units=units))
        return access.task_for(work, str(task.id))

    assert office.do(touched, (other,)).code == "OTHER_UNIT"
    for units in ((unit,), ()):
        assert isinstance(office.do(touched, units), tuple)


def claimed(assignee, status="CLAIMED"):
    return HeldTask(
        id=new_id(Kind.TASK, START), token=1, element_id="check", name="Prüfen", status=status, version=1,
        role="team_lead", unit_id=None, assignee=assignee, form_id=None, due_at=None, due_on=None,
    )  # fmt: skip


def test_a_substitute_has_the_absent_ones_rights_on_what_is_theirs_alone():
    absent = StoodInFor("absent", frozenset({Role.TEAM_LEAD}), ())
    substitute = replace(principal_of(None, "caseworker"), stands_in_for=(absent,))

    def lends(task):
        return [right.on_behalf_of for right in task_rights.of(substitute, task) if Role.TEAM_LEAD in right.roles]

    assert lends(claimed("absent")) == ["absent"]
    assert lends(claimed("somebody")) == []
    assert lends(claimed(None, "OPEN")) == []
    assert lends(claimed("absent", "OPEN")) == []
