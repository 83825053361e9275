"""From receipt to the end of the objection period, by the services."""

from datetime import timedelta

from kreisbund_platform.audit import log
from kreisbund_platform.cases import intake, messages, notes, status, tasks, withdrawal
from kreisbund_platform.cases.waits import timers
from kreisbund_platform.dashboards import collector
from kreisbund_platform.documents import downloads
from kreisbund_platform.errors import Conflict, Forbidden, Invalid, NotFound


def test_an_application_becomes_a_case_with_a_number_a_task_and_a_next_step(office):
    before = office.rows("SELECT count(*) FROM case_record")[0][0]
    done = office.submit()
    case = office.case(done.case_id)
    assert case.case_number == f"NDH-2026-{before + 1:06d}"
    assert (case.status, case.version, case.channel) == ("SUBMITTED", 1, "PORTAL")
    assert case.applicant_name == "Katharina Müller-Łukaszewicz"
    assert case.next_step
    assert case.next_step_by > case.received_on
    assert [task.role for task in office.open_tasks(done.case_id)] == ["caseworker"]


def test_numbers_have_no_gap_after_a_refusal(office):
    first = office.case(office.submit().case_id).case_number
    assert isinstance(office.submit(data={}), Invalid)
    second = office.case(office.submit().case_id).case_number
    assert int(second[-6:]) == int(first[-6:]) + 1


def test_to_the_notice_and_the_end_of_its_period(office):
    done = office.submit()
    office.decide(done.case_id)
    case = office.case(done.case_id)
    assert case.status == "DECIDED"
    document = office.rows("SELECT document_id, remedy_until FROM decision WHERE case_id = %s", done.case_id)[0]
    assert document[1] is None, "nobody has retrieved it, so no period runs"
    office.clock.set(office.clock.now() + timedelta(days=40))
    while office.do(timers.fire_next, system=True):
        pass
    assert office.case(done.case_id).status == "DECIDED"
    pdf = office.do(lambda w: downloads.open_document(w, str(document[0]), counts_as_retrieval=True), role="citizen")
    assert pdf.content.startswith(b"%PDF-")
    until = office.rows("SELECT remedy_until FROM decision WHERE case_id = %s", done.case_id)[0][0]
    assert until > office.clock.now().date() + timedelta(days=29)
    office.clock.set(office.clock.now() + timedelta(days=70))
    while office.do(timers.fire_next, system=True):
        pass
    assert office.case(done.case_id).status == "CLOSED"


def test_versions_and_claims(office):
    case_id = office.submit().case_id
    task = office.open_tasks(case_id)[0]
    stale = office.do(tasks.claim, str(task.id), 7)
    assert isinstance(stale, Conflict)
    assert stale.current_version == 1
    assert office.do(tasks.claim, str(task.id), 1, subject="anna") == task.id
    assert office.case(case_id).status == "IN_PROGRESS"
    taken = office.do(tasks.claim, str(task.id), 2, subject="bernd")
    assert taken.code == "ALREADY_CLAIMED"
    assert office.do(tasks.complete, str(task.id), {}, 2, subject="bernd").code == "ALREADY_CLAIMED"
    assert office.do(tasks.release, str(task.id), 2, subject="anna") == task.id
    assert office.open_tasks(case_id)[0].version == 3


def test_bad_task_data_change_nothing(office):
    case_id = office.submit().case_id
    task = office.open_tasks(case_id)[0]
    refused = office.do(tasks.complete, str(task.id), {"complete": "perhaps", "nix": 1}, 1)
    assert {error.path for error in refused.field_errors} == {"complete", "nix"}
    assert office.open_tasks(case_id)[0].version == 1
    assert office.case(case_id).version == 1


def test_withdrawal_ends_everything_once(office):
    done = office.submit()
    assert isinstance(office.do(withdrawal.withdraw, str(done.application_id), None, 1, role="caseworker"), NotFound)
    assert office.do(withdrawal.withdraw, str(done.application_id), "Umzug", 1, role="citizen") == done.application_id
    assert office.case(done.case_id).status == "WITHDRAWN"
    assert office.open_tasks(done.case_id) == []
    assert office.rows("SELECT count(*) FROM timer WHERE case_id = %s", done.case_id) == [(0,)]
    again = office.do(withdrawal.withdraw, str(done.application_id), None, 2, role="citizen")
    assert again.code == "NOT_WITHDRAWABLE"


def test_asking_for_what_is_missing_waits_for_the_applicant_alone(office):
    case_id = office.submit().case_id
    office.complete(case_id, complete="no", missing="Bitte nennen Sie die Haltestelle.")
    task = office.open_tasks(case_id)[0]
    assert (task.role, office.case(case_id).status) == ("citizen", "WAITING")
    answer = {"answer": "Haltestelle Markt"}
    assert isinstance(office.do(tasks.complete, str(task.id), answer, 1, role="caseworker"), Forbidden)
    stranger = office.do(tasks.complete, str(task.id), answer, 1, role="citizen", subject="somebody-else")
    assert isinstance(stranger, NotFound)
    assert office.do(tasks.complete, str(task.id), answer, 1, role="citizen") == case_id
    assert office.case(case_id).status == "IN_PROGRESS"


def test_paper_is_entered_by_staff_with_channel_and_day(office):
    no_channel = office.submit(role="caseworker")
    assert [error.path for error in no_channel.field_errors] == ["channel"]
    day = office.clock.now().date() - timedelta(days=3)
    done = office.submit(role="caseworker", channel="LETTER", received_on=day)
    case = office.case(done.case_id)
    assert (case.channel, case.received_on) == ("LETTER", day)
    assert isinstance(office.submit(role="citizen", channel="LETTER"), Forbidden)


def test_a_guest_asks_with_number_and_secret_and_has_few_tries(office):
    order = intake.SubmitApplication("schuelerbefoerderung", office.example())
    done = office.do(intake.submit, order, guest=True)
    number = office.case(done.case_id).case_number
    assert office.do(status.guest_application, number, done.status_secret, guest=True) == done.application_id
    for _ in range(status.MOST_TRIES):
        assert isinstance(office.do(status.guest_application, number, "wrong", guest=True), NotFound)
    assert isinstance(office.do(status.guest_application, number, done.status_secret, guest=True), NotFound)
    office.clock.set(office.clock.now() + status.LOCKED_FOR + timedelta(seconds=1))
    assert office.do(status.guest_application, number, done.status_secret, guest=True) == done.application_id


def test_notes_and_messages(office):
    done = office.submit()
    assert isinstance(office.do(notes.add_note, str(done.case_id), "  "), Invalid)
    assert isinstance(office.do(notes.add_note, str(done.case_id), "a\x00b"), Invalid)
    office.do(notes.add_note, str(done.case_id), "Rückruf erbeten")
    office.do(messages.send, str(done.case_id), "Frage", "Welche Haltestelle?")
    office.do(messages.send, str(done.application_id), "Antwort", "Markt", role="citizen")
    found = office.rows("SELECT direction FROM message WHERE case_id = %s ORDER BY sent_at, id", done.case_id)
    assert sorted(found) == [("FROM_APPLICANT",), ("TO_APPLICANT",)]
    assert isinstance(office.do(messages.send, str(done.case_id), "x", "y", role="citizen", subject="other"), NotFound)


def test_another_county_has_no_such_case(office, other_office):
    done = office.submit()
    task = office.open_tasks(done.case_id)[0]
    assert isinstance(other_office.do(tasks.claim, str(task.id), 1), NotFound)
    assert isinstance(other_office.do(notes.add_note, str(done.case_id), "x"), NotFound)
    assert isinstance(other_office.do(withdrawal.withdraw, str(done.application_id), None, 1, role="citizen"), NotFound)


def test_a_template_not_adopted_is_not_found_before_its_form_is_looked_at(office):
    order = intake.SubmitApplication("baugenehmigung", {"nonsense": True})
    assert isinstance(office.do(intake.submit, order, role="citizen"), NotFound)


def test_the_chain_holds_and_names_a_changed_row(office):
    office.submit()
    assert office.do(log.verify) is None
    with office.deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(f"SET LOCAL search_path = {office.tenant.schema_name}")
        owner.execute("ALTER TABLE event DISABLE TRIGGER event_append_only")
        owner.execute("UPDATE event SET actor = 'x' WHERE seq = 2")
        row = owner.execute(
            "SELECT count(*) FROM event e JOIN event p ON p.seq = e.seq - 1 WHERE e.hash <>"
            " code.digest_of_event(p.hash, e.seq, e.id, e.case_id, e.case_version, e.at, e.type, e.actor, e.task_id,"
            " e.body::text)"
        ).fetchone()
    assert row == (1,)


def test_no_form_value_reaches_the_event_log(office):
    office.submit(data=office.example() | {"applicant_family_name": "Markerzeichen"})
    assert office.rows("SELECT count(*) FROM event WHERE body::text LIKE '%%Markerzeichen%%'") == [(0,)]
    assert office.rows("SELECT count(*) FROM outbox WHERE payload::text LIKE '%%Markerzeichen%%'") == [(0,)]


def figures(office):
    with office.deployment.connections.for_workspace("collector") as shared:
        sql = "SELECT coalesce(sum(applications), 0), coalesce(sum(decisions), 0) FROM shared.dashboard_month"
        return shared.execute(sql + " WHERE tenant_id = %s", (office.tenant.id,)).fetchone()


def collect(office, *, crash=False):
    connections = office.deployment.connections
    with connections.for_tenant(office.tenant) as county, connections.for_workspace("collector") as shared:
        if crash:
            collector.queries.forget_outbox, kept = lambda *_: None, collector.queries.forget_outbox
        try:
            collector.collect(county, shared, office.tenant.id, office.clock.now())
        finally:
            if crash:
                collector.queries.forget_outbox = kept


def test_the_dashboard_counts_each_case_once_whatever_crashes(office):
    collect(office)
    before = figures(office)
    done = office.submit()
    collect(office, crash=True)
    collect(office)
    collect(office)
    assert figures(office) == (before[0] + 1, before[1])
    office.decide(done.case_id)
    collect(office)
    assert figures(office) == (before[0] + 1, before[1] + 1)
