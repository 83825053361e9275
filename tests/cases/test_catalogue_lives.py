"""The catalogue's other templates by the real services: straight through, for years, with a card at the end."""

from datetime import timedelta

import pytest

from kreisbund_platform.cases import intake, tasks
from kreisbund_platform.cases.waits import timers
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import adoptions
from kreisbund_platform.templates.plans import plan_of


@pytest.fixture
def apply(office):
    """Submits a template's example with changes; answers the case's id, or the refusal."""

    def submit(slug, **changes):
        def act(work):
            version = adoptions.version_in_force(work.connection, slug) or adopted(work, slug)
            template = plan_of(work.connection, version)
            data = {**template.forms[template.manifest.start_form]["example"], **changes}
            done = intake.submit(work, intake.SubmitApplication(slug, data))
            return done if isinstance(done, Invalid) else done.case_id

        return office.do(act, role="citizen")

    def adopted(work, slug):
        office.do(adoptions.adopt, slug, role="county_admin")
        return adoptions.version_in_force(work.connection, slug)

    return submit


def complete(office, case_id, element, **data):
    task = next(task for task in office.open_tasks(case_id) if task.element_id == element)
    done = office.do(tasks.complete, str(task.id), data, task.version, role=task.role)
    assert not isinstance(done, Invalid), done


def notices(office, case_id):
    rows = office.rows("SELECT outcome, fee_cents FROM decision WHERE case_id = %s ORDER BY decided_at", case_id)
    return [tuple(row) for row in rows]


def fire(office, days):
    office.clock.set(office.clock.now() + timedelta(days=days))
    while office.do(timers.fire_next, system=True):
        pass


def test_a_plausible_reading_is_taken_at_once_by_a_message_and_no_act(office, apply):
    case_id = apply("zaehlerstand")
    case = office.case(case_id)
    assert (case.status, case.data["plausibility"]) == ("CLOSED", "plausible")
    assert office.rows("SELECT count(*) FROM task WHERE case_id = %s", case_id) == [(0,)]
    ((subject, text),) = office.rows("SELECT subject, text FROM message WHERE case_id = %s", case_id)
    assert subject == "Ihr Zählerstand ist übernommen"
    assert "Diese Bestätigung ist kein Bescheid." in text
    assert notices(office, case_id) == []


def test_an_implausible_one_comes_to_a_person(office, apply):
    case_id = apply("zaehlerstand", reading_m3=5)
    assert [(task.element_id, task.role) for task in office.open_tasks(case_id)] == [("check_reading", "caseworker")]
    complete(office, case_id, "check_reading", finding="read_again", finding_note="Bitte noch einmal.")
    assert office.case(case_id).status == "WAITING"
    complete(office, case_id, "read_again", reading_m3=897, reading_on="2026-03-02")
    assert office.case(case_id).status == "CLOSED"


def test_maintenance_advance_runs_for_years(office, apply):
    case_id = apply("unterhaltsvorschuss")
    complete(office, case_id, "formal_check", complete="yes")
    complete(office, case_id, "substantive_check", entitled="yes", granted_from="2026-03-01")
    complete(office, case_id, "secure_recourse", notified="sent", notified_on="2026-03-20")
    assert office.case(case_id).status == "DECIDED"
    for _year in range(2):
        fire(office, 370)
        assert [task.element_id for task in office.open_tasks(case_id)] == ["review_statement"]
        complete(office, case_id, "review_statement", unchanged="yes", truthful_review=True)
        complete(office, case_id, "review", still_entitled="yes")
    fire(office, 370)
    fire(office, 35)
    complete(office, case_id, "review", still_entitled="no", stop_reason="Die Mitwirkung fehlt.")
    fire(office, 15)
    complete(
        office, case_id, "decide_after_hearing", upheld="no", stopped_from="2029-06-01", final_reason="Keine Antwort."
    )
    assert notices(office, case_id) == [("GRANTED", 0), ("STOPPED", 0)]


def test_a_blue_card_costs_its_fee_and_is_handed_over(office, apply):
    case_id = apply("blaue-karte-eu")
    complete(office, case_id, "formal_check", complete="yes")
    complete(office, case_id, "security_inquiry", security_result="clear")
    complete(office, case_id, "substantive_check", degree_recognised="yes", entitled="yes")
    bio = {"identity_verified": True, "fingerprints": "taken", "photo": "taken", "passport_valid_until": "2031-05-30"}
    complete(office, case_id, "record_biometrics", **bio)
    complete(office, case_id, "approve", release="yes")
    assert notices(office, case_id) == [("GRANTED", 10000)]
    assert [task.element_id for task in office.open_tasks(case_id)] == ["hand_over"]
    case = office.case(case_id)
    assert case.applicant_name == "Thị Hương Nguyễn"
    assert case.unit_id == office.deployment.registry.units_of(office.tenant)["auslaenderbehoerde"]


def test_what_the_form_asks_for_is_asked_for_in_groups_too(office, apply):
    refused = apply("blaue-karte-eu", angaben_zur_krankenversicherung_g00000636={})
    assert {error.path.split(".")[0] for error in refused.field_errors} == {"angaben_zur_krankenversicherung_g00000636"}
