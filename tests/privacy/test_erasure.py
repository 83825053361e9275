"""Erasure: refused as long as the law keeps, whole when it comes, and the event log stays whole."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.audit import log, reads
from kreisbund_platform.audit.stores import store_of as checkpoints_of
from kreisbund_platform.audit.verifying import verify
from kreisbund_platform.cases import intake, messages, notes, queries
from kreisbund_platform.database.idempotency import COUNTY as OWN_TABLE
from kreisbund_platform.database.idempotency import Scope
from kreisbund_platform.documents import uploads
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.errors import Conflict, NotFound
from kreisbund_platform.privacy import answers, holds, ledger, service
from kreisbund_platform.privacy.answers import Answer
from kreisbund_platform.privacy.declarations import COUNTY, columns_of
from kreisbund_platform.privacy.persons import of_account
from tests.cases.conftest import TEMPLATE
from tests.documents.test_contents import pdf_with
from tests.support.fixtures import START

OFFICER = "data_protection_officer"
LATER = datetime(2037, 1, 1, 9, tzinfo=UTC)
MARK = "Zebrastreifen"
FORM = {"applicant_family_name": MARK, "street": f"{MARK}weg 7"}


class Everything:
    """A closed case of one person with rows in whatever tables an office's work fills, all marked."""

    def __init__(self, office, subject):
        self.office, self.subject = office, subject
        office.clock.set(START)
        made = office.submit(data={**office.example(), **FORM})
        office.rows(
            "UPDATE application SET applicant_subject = %s WHERE id = %s RETURNING 1", subject, made.application_id
        )
        office.rows(
            "UPDATE party SET subject = %s WHERE case_id = %s AND role = 'applicant' RETURNING 1", subject, made.case_id
        )
        self.case = made.case_id
        office.do(notes.add_note, str(self.case), f"{MARK} rief an")
        office.do(messages.send, str(self.case), MARK, f"Liebe {MARK}")
        self.key = office.do(self.upload, role="citizen", subject=subject)
        office.decide(self.case)
        office.do(lambda work: reads.record(work, "DeskCase", {self.case: frozenset({"NAME"})}, listed=False))
        office.do(self.answer)
        self.close(START + timedelta(days=30))

    def upload(self, work):
        received = uploads.receive(work, f"{MARK}.pdf", pdf_with(self.entitle))
        uploads.claim(work, [received.id], self.case)
        (row,) = work.connection.execute("SELECT storage_key FROM upload WHERE id = %s", (received.id,)).fetchall()
        return row[0]

    def entitle(self, pdf):
        pdf.docinfo["/Title"] = f"{MARK} {self.case}"

    def answer(self, work):
        scope = Scope(OWN_TABLE, work.principal.subject, "claimTask", str(self.case))
        kept = answers.seal(work, scope, Answer("X", {}, MARK), shown=[self.case], subject=work.principal.subject)
        work.connection.execute(
            "INSERT INTO idempotency (subject, mutation, key, request_hash, document_hash, created_at, sealed, holders)"
            " VALUES (%s, %s, %s, '', '', %s, %s, %s)",
            (*(scope.subject, scope.mutation, scope.key), work.clock.now(), kept.content, kept.holders),
        )

    def close(self, at):
        self.office.rows(
            "UPDATE case_record SET status = 'CLOSED', closed_at = %s WHERE id = %s RETURNING 1", at, self.case
        )

    @property
    def version(self):
        return self.office.do(lambda work: queries.lock_case(work.connection, self.case)).version

    def is_there(self):
        return self.office.do(lambda work: queries.lock_case(work.connection, self.case)) is not None


def found(office, *texts):
    """Tables of the county in which any of the texts stands, in plain."""
    with office.deployment.database.owner() as owner:
        tables = [f"{office.tenant.schema_name}.{name}" for name in columns_of(owner, office.tenant.schema_name)]
        return {
            table.partition(".")[2]
            for table in tables
            for (row,) in owner.execute(f"SELECT t::text FROM {table} t")
            if any(text in row for text in texts)
        }


def worker_of(office):
    here = office.deployment
    return Worker(here.settings, here.connections, here.registry, office.clock)


@pytest.fixture
def person(office, request):
    return Everything(office, f"person-{request.node.name[-40:]}")


@pytest.fixture(autouse=True)
def nothing_left(office):
    yield
    office.clock.set(START)
    office.rows("DELETE FROM decision RETURNING 1")
    office.rows("DELETE FROM case_record RETURNING 1")


def whole(office):
    with office.deployment.connections.for_tenant(office.tenant) as connection:
        found = verify(
            connection, office.deployment.settings, checkpoints_of(office.deployment.settings), office.tenant
        )
    return found.finding is None and office.do(log.verify) is None


def test_within_its_period_it_is_refused_with_day_and_law(office, person):
    found = office.do(service.erase_case, str(person.case), person.version, role=OFFICER)
    assert isinstance(found, Conflict)
    assert found.code == "RETENTION"
    assert "31.12.2036" in found.message
    assert "Aktenordnung" in found.message
    for day, code in ((datetime(2036, 12, 31, 22, 59, tzinfo=UTC), "RETENTION"), (LATER, None)):
        office.clock.set(day)
        (case,) = office.do(lambda work: service.preview(work, of_account(work, person.subject)))["cases"]
        assert case["obstacle"] == code


def test_a_running_case_is_refused_and_so_is_another_version_and_an_unknown_one(office, person):
    office.clock.set(LATER)
    stale = office.do(service.erase_case, str(person.case), person.version + 1, role=OFFICER)
    assert (stale.code, stale.current_version) == ("STALE_VERSION", person.version)
    assert isinstance(office.do(service.erase_case, "x", 1, role=OFFICER), NotFound)
    person.close(None)
    assert office.do(service.erase_case, str(person.case), person.version, role=OFFICER).code == "RUNNING"
    assert person.is_there()


def test_once_erased_nothing_is_left_and_the_log_is_whole(office, other_office, person):
    neighbour = Everything(office, "somebody-else")
    assert {"case_record", "party", "note", "message", "upload", "document"} <= found(office, MARK)
    assert whole(office)
    office.clock.set(LATER)
    entry = office.do(service.erase_account, person.subject, person.version, role=OFFICER)
    assert not person.is_there()
    assert neighbour.is_there()
    left = found(office, str(person.case), person.subject)
    assert left == {"event", "case_read", "erasure"}, "ids in what is kept, and nothing else"
    (row,) = [each for each in office.do(lambda work: ledger.read_ledger(work.connection)) if each.id == entry]
    assert (row.kind, row.target, row.ground) == ("ACCOUNT", person.subject, "REQUEST")
    office.do(service.erase_case, str(neighbour.case), neighbour.version, role=OFFICER)
    assert found(office, MARK) == set()
    assert whole(office)
    assert found(other_office, MARK) == set()


def test_the_files_go_when_nothing_else_uses_them(office, person):
    twin = Everything(office, "twin")
    office.rows("UPDATE document SET storage_key = %s WHERE storage_key = %s RETURNING 1", person.key, twin.key)
    store, tenant = store_of(office.deployment.settings), office.tenant
    notices = [key for (key,) in office.rows("SELECT storage_key FROM document WHERE case_id = %s", person.case)]
    office.clock.set(LATER)
    office.do(service.erase_case, str(person.case), person.version, role=OFFICER)
    while office.do(service.remove_files, system=True):
        pass
    assert store.get(tenant, person.key), "the other case's document still needs it"
    for key in set(notices) - {person.key}:
        with pytest.raises(FileDamagedError):
            store.get(tenant, key)
    office.do(service.erase_case, str(twin.case), twin.version, role=OFFICER)
    while office.do(service.remove_files, system=True):
        pass
    with pytest.raises(FileDamagedError):
        store.get(tenant, person.key)


def test_a_hold_keeps_it_from_person_and_worker_until_it_is_lifted(office, person):
    office.clock.set(LATER)
    assert office.do(holds.set_hold, str(person.case), "  ", person.version, role=OFFICER).code == "INVALID_TEXT"
    hold = office.do(holds.set_hold, str(person.case), "Klage anhängig", person.version, role=OFFICER)
    assert office.do(holds.set_hold, str(person.case), "noch eine", person.version, role=OFFICER).code == "HELD_ALREADY"
    assert office.do(service.erase_case, str(person.case), person.version, role=OFFICER).code == "LEGAL_HOLD"
    worker_of(office).serve(office.tenant)
    assert person.is_there()
    assert office.do(holds.lift_hold, str(hold), "erledigt", 2, role=OFFICER).code == "STALE_VERSION"
    assert office.do(holds.lift_hold, str(hold), "erledigt", 1, role=OFFICER) == hold
    assert office.do(holds.lift_hold, str(hold), "erledigt", 2, role=OFFICER).code == "STALE_VERSION"
    worker_of(office).serve(office.tenant)
    assert not person.is_there()
    assert whole(office)


def test_the_worker_erases_in_batches_and_says_how_far_it_is(office, person, monkeypatch):
    monkeypatch.setattr(service, "BATCH", 2)
    rows = [Everything(office, f"batch-{number}") for number in range(4)]
    rows[3].close(LATER - timedelta(days=365))
    held = office.do(holds.set_hold, str(rows[2].case), "Prüfung", rows[2].version, role=OFFICER)
    assert held
    office.clock.set(LATER)
    office.rows("DELETE FROM erasure_run RETURNING 1")
    seen = []
    while office.do(service.erase_next, system=True):
        seen.append(office.rows("SELECT due, erased, held, finished_at IS NOT NULL FROM erasure_run"))
    assert seen == [[(3, 2, 1, False)], [(3, 3, 1, True)]]
    assert [each.is_there() for each in (person, *rows)] == [False, False, False, True, True]
    assert {each.ground for each in office.do(lambda work: ledger.read_ledger(work.connection))[-3:]} == {"RETENTION"}


def test_the_workers_copy_of_the_ledger_lies_outside_and_holds_ids_only(office, person):
    office.clock.set(LATER)
    office.do(service.erase_account, person.subject, person.version, role=OFFICER)
    worker_of(office).serve(office.tenant)
    store = ledger.outside(office.deployment.settings)
    outside = ledger.stored_ledger(store, office.tenant.id)
    assert outside == office.do(lambda work: ledger.read_ledger(work.connection))
    assert {person.subject, str(person.case)} <= {each.target for each in outside}
    content = json.dumps([each.model_dump(mode="json") for each in outside])
    assert MARK not in content
    worker_of(office).serve(office.tenant)
    assert ledger.stored_ledger(store, office.tenant.id) == outside


def test_a_restore_replays_the_ledger_before_it_opens(office, person):
    """Rows copied before the erasure come back, as from a backup; the replay takes them out again."""
    kept = Everything(office, "kept")
    schema, tables = office.tenant.schema_name, sorted(COUNTY)
    with office.deployment.database.owner() as owner:
        owner.execute("CREATE SCHEMA backup")
        for table in tables:
            owner.execute(f"CREATE TABLE backup.{table} AS TABLE {schema}.{table}")
    office.clock.set(LATER)
    office.do(service.erase_account, person.subject, person.version, role=OFFICER)
    entries = office.do(lambda work: ledger.read_ledger(work.connection))
    with office.deployment.database.owner() as owner, owner.transaction():
        owner.execute(f"SET LOCAL search_path = {schema}, pg_catalog")
        restore(owner, schema, tables)
        assert owner.execute("SELECT count(*) FROM case_record WHERE id = %s", (person.case,)).fetchone() == (1,)
        assert ledger.replay_erasures(owner, entries).cases == 1
        assert ledger.replay_erasures(owner, entries).cases == 0, "twice is as good as once"
        owner.execute("DROP SCHEMA backup CASCADE")
    assert not person.is_there()
    assert kept.is_there()
    assert found(office, str(person.case), person.subject) == {
        "event",
        "case_read",
        "erasure",
    }
    assert office.do(lambda work: ledger.read_ledger(work.connection)) == entries
    assert office.do(log.verify) is None


def restore(owner, schema, tables):
    """The copied rows instead of those that are there, foreign keys last."""
    keys = owner.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = %s::regnamespace",
        (schema,),
    ).fetchall()
    for table, name, _definition in keys:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    owner.execute(f"TRUNCATE {', '.join(tables)}")
    for table in tables:
        owner.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM backup.{table}")
    for table, name, definition in keys:
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def test_idle_keys_go_after_the_answers(office, person):
    office.rows("UPDATE idempotency SET created_at = %s RETURNING 1", START)
    assert office.rows("SELECT count(*) FROM subject_key")[0][0] >= 2
    office.clock.set(START + timedelta(days=8))
    assert office.do(service.destroy_idle_keys, system=True) == 0, "an answer still lies under them"
    worker_of(office)._tidy_daily(office.tenant)
    assert office.rows("SELECT count(*) FROM subject_key")[0][0] == 0


def test_another_county_cannot_erase_it(office, other_office, person):
    office.clock.set(LATER)
    other_office.clock.set(LATER)
    assert isinstance(other_office.do(service.erase_case, str(person.case), person.version, role=OFFICER), NotFound)
    assert person.is_there()


def test_a_guests_answer_is_sealed_under_the_case_alone(office):
    order = intake.SubmitApplication(TEMPLATE, office.example())
    made = office.do(intake.submit, order, guest=True)
    scope = Scope(OWN_TABLE, "guest", "submitApplication", "k")
    answer = Answer("SubmitApplicationSuccess", {"result": str(made.application_id)}, made.status_secret)
    sealed = office.do(lambda work: answers.seal(work, scope, answer, shown=(), subject=None), guest=True)
    assert sealed.holders == [f"case/{made.case_id}"]
    assert made.status_secret.encode() not in sealed.content
