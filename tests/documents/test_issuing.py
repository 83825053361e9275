"""Notices in a case: issued, delivered, retrieved; and who may read them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kreisbund_platform.documents import downloads, issuing
from kreisbund_platform.errors import NotFound
from tests.documents.cases import Template, order, stored_case
from tests.support.fixtures import principal_of


def rows(work, statement, *values):
    return work.connection.execute(statement, values).fetchall()


def as_person(work, *roles, subject):
    return replace(work, principal=principal_of(work.tenant, *roles, subject=subject))


@pytest.fixture
def work(work_for, county):
    with work_for(county, "caseworker") as opened:
        yield opened


def issued(work, *subjects, **variables):
    case, parties = stored_case(work, *subjects)
    decision_id = issuing.issue_notice(work, order(case, parties, **variables))
    (document_id,) = rows(work, "SELECT document_id FROM decision WHERE id = %s", decision_id)[0]
    return case, decision_id, str(document_id)


def test_a_notice_becomes_document_decision_and_delivery(work):
    case, decision_id, document_id = issued(work, "anna", fee_cents=1250)
    found = rows(
        work,
        "SELECT case_id, kind, outcome, legal_basis, fee_cents, remedy_kind, remedy_until FROM decision WHERE id = %s",
        decision_id,
    )
    assert found == [(case.id, "MAIN", "GRANTED", "§ 4 ThürSchFG", 1250, "OBJECTION", None)]
    assert rows(work, "SELECT kind, visible_to_applicant FROM document WHERE id = %s", document_id) == [
        ("notice", True)
    ]
    delivered = rows(work, "SELECT channel, deemed_on FROM delivery WHERE decision_id = %s", decision_id)
    assert delivered == [("PORTAL", None)]


def test_by_post_the_day_of_delivery_and_the_period_are_known_at_once(work):
    _case, decision_id, _document = issued(work, None)
    # posted on Monday, 2 March 2026: fourth day 6 March; a month later is 6 April, Easter Monday
    assert rows(work, "SELECT channel, deemed_on FROM delivery WHERE decision_id = %s", decision_id) == [
        ("LETTER", date(2026, 3, 6))
    ]
    assert rows(work, "SELECT remedy_until FROM decision WHERE id = %s", decision_id) == [(date(2026, 4, 7),)]


def test_a_letter_decides_nothing(work):
    case, parties = stored_case(work, "anna")
    assert issuing.issue_notice(work, order(case, parties, "hearing")) is None
    assert rows(work, "SELECT kind FROM document WHERE case_id = %s", case.id) == [("letter",)]
    assert rows(work, "SELECT 1 FROM decision WHERE case_id = %s", case.id) == []


def test_the_preview_says_what_the_notice_will_say_and_issues_nothing(work):
    case, parties = stored_case(work, "anna")
    text = issuing.render_preview(work, order(case, parties))
    assert "Für Jonas #import (Grundschule) wird bewilligt." in text
    assert "Der Weg ist weit." in text
    assert "Ihr Antrag ging am 02.03.2026 ein. §" in text
    assert "Widerspruch" in text
    assert "Landesverwaltungsamt" not in text
    assert rows(work, "SELECT 1 FROM document WHERE case_id = %s", case.id) == []


def test_sphere_and_regime_change_the_instruction_on_remedies(work):
    case, parties = stored_case(work, "anna")
    transferred = issuing.render_preview(work, order(case, parties, template=Template(sphere="transferred")))
    assert "Landesverwaltungsamt" in transferred
    assert "Einspruch" in issuing.render_preview(work, order(case, parties, template=Template(regime="AO")))


def test_a_message_has_subject_and_text(work):
    case, _parties = stored_case(work, "anna")
    subject, text = issuing.message_text(work, case, Template(), "hearing", {})
    assert subject == "Anhörung"
    assert text.endswith("Bitte äußern Sie sich, Łucja Großmann.")


def test_first_retrieval_by_the_recipient_starts_the_period_once(work, clock):
    case, decision_id, document_id = issued(work, "anna")
    anna = as_person(work, "citizen", subject="anna")
    clock.set(datetime(2026, 3, 10, 23, 30, tzinfo=UTC))  # 11 March in Berlin
    found = downloads.open_document(anna, document_id, counts_as_retrieval=True)
    assert found.content.startswith(b"%PDF-")
    clock.set(datetime(2026, 3, 20, 9, tzinfo=UTC))
    downloads.open_document(anna, document_id, counts_as_retrieval=True)
    deemed = rows(work, "SELECT retrieved_at, deemed_on FROM delivery WHERE decision_id = %s", decision_id)
    assert deemed == [(datetime(2026, 3, 10, 23, 30, tzinfo=UTC), date(2026, 3, 12))]
    # 12 April 2026 is a Sunday
    assert rows(work, "SELECT remedy_until FROM decision WHERE id = %s", decision_id) == [(date(2026, 4, 13),)]
    assert rows(work, "SELECT type FROM event WHERE case_id = %s", case.id) == [("NOTICE_RETRIEVED",)]


def test_looking_without_retrieving_and_staff_start_nothing(work):
    case, decision_id, document_id = issued(work, "anna")
    downloads.open_document(as_person(work, "citizen", subject="anna"), document_id, counts_as_retrieval=False)
    assert rows(work, "SELECT count(*) FROM case_read WHERE case_id = %s", case.id) == [(0,)]
    downloads.open_document(work, document_id, counts_as_retrieval=True)
    assert rows(work, "SELECT retrieved_at FROM delivery WHERE decision_id = %s", decision_id) == [(None,)]
    recorded = rows(work, "SELECT subject, kinds, operation FROM case_read WHERE case_id = %s", case.id)
    assert recorded == [(work.principal.subject, ["FILE"], "download")]


def test_with_two_recipients_the_period_runs_from_the_last(work, clock):
    _case, decision_id, document_id = issued(work, "anna", "lawyer")
    downloads.open_document(as_person(work, "citizen", subject="anna"), document_id, counts_as_retrieval=True)
    assert rows(work, "SELECT remedy_until FROM decision WHERE id = %s", decision_id) == [(None,)]
    clock.set(datetime(2026, 3, 16, 9, tzinfo=UTC))
    downloads.open_document(as_person(work, "citizen", subject="lawyer"), document_id, counts_as_retrieval=True)
    assert rows(work, "SELECT remedy_until FROM decision WHERE id = %s", decision_id) == [(date(2026, 4, 17),)]


@pytest.mark.parametrize("role", ["citizen", "treasurer", "county_admin"])
def test_who_has_no_part_in_it_does_not_see_it(work, role):
    _case, _decision, document_id = issued(work, "anna")
    stranger = as_person(work, role, subject="eve")
    assert isinstance(downloads.open_document(stranger, document_id, counts_as_retrieval=True), NotFound)


def test_an_applicant_reads_what_is_for_them_as_long_as_they_are_a_citizen(work):
    _case, _decision, document_id = issued(work, "anna")
    anna = as_person(work, "citizen", subject="anna")
    assert isinstance(downloads.open_document(anna, document_id, counts_as_retrieval=False), downloads.StoredFile)
    without_role = replace(anna, principal=replace(anna.principal, roles=frozenset()))
    assert isinstance(downloads.open_document(without_role, document_id, counts_as_retrieval=False), NotFound)
    rows(work, "UPDATE document SET visible_to_applicant = false WHERE id = %s RETURNING id", document_id)
    assert isinstance(downloads.open_document(anna, document_id, counts_as_retrieval=False), NotFound)


def test_a_notice_needs_no_scanner(work):
    _case, _decision, document_id = issued(work, "anna")
    production = replace(work, settings=replace(work.settings, environment="production"))
    found = downloads.open_document(production, document_id, counts_as_retrieval=False)
    assert isinstance(found, downloads.StoredFile)


@pytest.mark.parametrize("identifier", ["", "nonsense", "00000000-0000-8000-8000-000000000000"])
def test_unreadable_and_unknown_ids_are_alike(work, identifier):
    assert isinstance(downloads.open_document(work, identifier, counts_as_retrieval=False), NotFound)


def test_another_county_does_not_see_it(work_for, county, other_county):
    with work_for(county, "caseworker", keep=True) as own:
        _case, _decision, document_id = issued(own, "anna")
    with work_for(other_county, "caseworker") as other:
        assert isinstance(downloads.open_document(other, document_id, counts_as_retrieval=False), NotFound)
