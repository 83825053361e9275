"""A case moves to another county: sealed, receipted once, going on where it stood; whatever is wrong is refused."""

import json
from hashlib import sha256

import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.audit import log
from kreisbund_platform.cases import messages, notes
from kreisbund_platform.cases.transfers import envelopes, mailbox, packages, queries, receiving, sending
from kreisbund_platform.cases.transfers.envelopes import EnvelopeRefusedError
from kreisbund_platform.documents import downloads
from kreisbund_platform.ids import Kind, new_id
from tests.support.fixtures import COUNTY, OTHER_COUNTY

WHY = "Umzug der Familie in Ihren Landkreis"
TEXTS = {"subject": "Frage", "text": "Wann geht es weiter?"}


@pytest.fixture
def moving(office, other_office):
    """The two counties' worker at their clock."""
    other_office.clock = office.clock
    here = office.deployment
    here.registry.refresh()
    return Worker(here.settings, here.connections, here.registry, office.clock)


def begun(office):
    """A case with a completed task, a claimed one, a message, a note and a file."""
    done = office.submit()
    office.complete(done.case_id)
    office.do(messages.send, str(done.case_id), *TEXTS.values())
    office.do(notes.add_note, str(done.case_id), "Bitte bald.")
    office.rows("UPDATE task SET status = 'CLAIMED', assignee = 'anna' WHERE case_id = %s AND status = 'OPEN'"
                " RETURNING id", done.case_id)  # fmt: skip
    return done.case_id


def send(office, case_id, county=OTHER_COUNTY, **more):
    version = more.pop("version", office.case(case_id).version)
    order = sending.Transfer(str(case_id), county, more.pop("reason", WHY), version)
    return office.do(sending.transfer, order, role=more.pop("role", "team_lead"))


def arrived(office, transfer):
    return office.rows(
        "SELECT status, version, case_id, receipt_number, other_case_number FROM case_transfer WHERE id = %s", transfer
    )[0]


def exchange(office, moving):
    for county in (COUNTY, OTHER_COUNTY):
        moving.serve(office.deployment.registry.by_slug(county))


def accept(office, transfer, version=1, role="records_officer"):
    return office.do(receiving.accept, str(transfer), version, role=role)


def test_there_and_receipted_and_on_it_goes(office, other_office, moving):
    case_id = begun(office)
    before = office.case(case_id)
    transfer = send(office, case_id)
    gone = office.case(case_id)
    assert (gone.status, gone.due_at, gone.next_step) == ("TRANSFERRED", None, None)
    assert office.open_tasks(case_id) == []
    assert office.rows("SELECT count(*) FROM timer WHERE case_id = %s", case_id) == [(0,)]
    exchange(office, moving)
    assert arrived(other_office, transfer)[:3] == ("ARRIVED", 1, None)
    numbers = other_office.rows("SELECT coalesce(max(last_number), 0) FROM case_number_counter")[0][0]
    assert accept(other_office, transfer) == transfer
    _status, _version, new_case, receipt, other_number = arrived(other_office, transfer)
    case = other_office.case(new_case)
    assert case.case_number == receipt == f"WAK-2026-{numbers + 1:06d}"
    assert other_number == before.case_number
    assert (case.status, case.received_on, case.state) == (before.status, before.received_on, before.state)
    assert case.data == {**before.data, "case": {**before.data["case"], "case_number": case.case_number}}
    assert case.unit_id in other_office.deployment.registry.units_of(other_office.tenant).values()
    assert new_case != case_id
    exchange(office, moving)
    exchange(office, moving)
    assert arrived(office, transfer)[0::3] == ("RECEIVED", receipt)
    assert arrived(other_office, transfer)[0] == "RECEIPTED"
    for place in (office, other_office):
        assert mailbox.waiting(place.deployment.settings, place.tenant.id) == []
        assert place.do(log.verify) is None
    other_office.decide(new_case)
    assert other_office.case(new_case).status == "DECIDED"


def test_messages_notes_and_files_come_along_and_no_accounts(office, other_office, moving):
    case_id = begun(office)
    transfer = send(office, case_id)
    exchange(office, moving)
    accept(other_office, transfer)
    new_case = arrived(other_office, transfer)[2]
    assert other_office.rows("SELECT author, subject, text FROM message WHERE case_id = %s", new_case) == [
        (f"{COUNTY}:{COUNTY}-caseworker", *TEXTS.values())
    ]
    assert other_office.rows("SELECT text FROM note WHERE case_id = %s", new_case) == [("Bitte bald.",)]
    assert other_office.rows("SELECT applicant_subject FROM application WHERE case_id = %s", new_case) == [(None,)]
    assert other_office.rows("SELECT DISTINCT subject FROM party WHERE case_id = %s", new_case) == [(None,)]
    claimed = "SELECT count(*) FROM task WHERE case_id = %s AND status = 'CLAIMED'"
    assert other_office.rows(claimed, new_case) == [(0,)]
    assert office.rows("SELECT name FROM party WHERE case_id = %s", case_id) == other_office.rows(
        "SELECT name FROM party WHERE case_id = %s", new_case
    )


def test_a_decided_case_brings_its_notice(office, other_office, moving):
    case_id = office.submit().case_id
    office.decide(case_id)
    ((document, key),) = office.rows("SELECT id, storage_key FROM document WHERE case_id = %s", case_id)
    transfer = send(office, case_id)
    exchange(office, moving)
    accept(other_office, transfer)
    new_case = arrived(other_office, transfer)[2]
    ((copy, same_key),) = other_office.rows("SELECT id, storage_key FROM document WHERE case_id = %s", new_case)
    assert same_key == key
    assert copy != document
    read = other_office.do(lambda w: downloads.open_document(w, str(copy), counts_as_retrieval=False))
    assert sha256(read.content).hexdigest() == key
    decided = "SELECT outcome, document_id FROM decision WHERE case_id = %s"
    assert other_office.rows(decided, new_case) == [(office.rows(decided, case_id)[0][0], copy)]


def test_its_history_can_be_checked_and_says_what_happened(office, other_office, moving):
    case_id = begun(office)
    events = office.rows("SELECT type FROM event WHERE case_id = %s ORDER BY seq", case_id)
    transfer = send(office, case_id)
    exchange(office, moving)
    accept(other_office, transfer)
    ((history,),) = other_office.rows("SELECT history FROM case_transfer WHERE id = %s", transfer)
    assert [(line["columns"][5],) for line in history] == events
    assert other_office.rows("SELECT type FROM event WHERE case_id = %s", arrived(other_office, transfer)[2]) == [
        ("CASE_RECEIVED",)
    ]


def test_a_second_import_changes_nothing(office, other_office, moving):
    case_id = begun(office)
    transfer = send(office, case_id)
    ((sealed,),) = office.rows("SELECT package FROM case_transfer WHERE id = %s", transfer)
    exchange(office, moving)
    accept(other_office, transfer)
    cases = other_office.rows("SELECT count(*) FROM case_record")
    assert other_office.do(receiving.take_in, sealed, system=True) == transfer
    again = accept(other_office, transfer, version=2)
    assert again.code == "ALREADY_ACCEPTED"
    assert other_office.rows("SELECT count(*) FROM case_record") == cases
    assert arrived(other_office, transfer)[0] in ("ACCEPTED", "RECEIPTED")


def test_a_case_can_come_back(office, other_office, moving):
    case_id = begun(office)
    transfer = send(office, case_id)
    exchange(office, moving)
    accept(other_office, transfer)
    back = send(other_office, arrived(other_office, transfer)[2], COUNTY)
    exchange(office, moving)
    exchange(office, moving)
    assert accept(office, back) == back
    returned = arrived(office, back)[2]
    assert returned != case_id
    office.decide(returned)
    assert office.case(returned).status == "DECIDED"


def sealed_package(office, transfer):
    return office.rows("SELECT package FROM case_transfer WHERE id = %s", transfer)[0][0]


def test_foreign_and_altered_packages_are_refused(office, other_office, moving):
    transfer = send(office, begun(office))
    sealed = sealed_package(office, transfer)
    with pytest.raises(EnvelopeRefusedError, match="NOT_FOR_US"):
        office.do(receiving.take_in, sealed, system=True)
    for place in (8, 40, 300, len(sealed) - 1):
        bad = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(EnvelopeRefusedError):
            other_office.do(receiving.take_in, bad, system=True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda said: said["rows"]["case_record"].clear(), "FORMAT"),
        (lambda said: said["history"][0].update(hash="00" * 32), "HISTORY"),
        (lambda said: said["history"][0]["columns"].__setitem__(8, "{}"), "HISTORY"),
        (lambda said: said["files"].update({"0" * 64: "AAAA"}), "FILE"),
        (lambda said: said.update(format="other"), "FORMAT"),
    ],
)
def test_a_package_that_contradicts_itself_is_refused_though_signed(office, other_office, moving, change, code):
    transfer = send(office, begun(office))
    settings = office.deployment.settings
    said = envelopes.opened(settings, other_office.tenant.id, sealed_package(office, transfer))
    change(said)
    forged = envelopes.seal(settings, office.tenant.id, other_office.tenant.id, said)
    with pytest.raises(EnvelopeRefusedError, match=code):
        other_office.do(receiving.take_in, forged, system=True)


def test_a_receipt_counts_from_the_receiver_for_this_package_alone(office, other_office, moving):
    case_id = begun(office)
    transfer = send(office, case_id)
    settings, third = office.deployment.settings, office.deployment.registry.by_slug("kyffhaeuserkreis")
    said = {
        "format": receiving.RECEIPT, "package": str(transfer), "receipt_number": "X-1",
        "package_sha256": sha256(sealed_package(office, transfer)).hexdigest(),
    }  # fmt: skip
    for sender, changed in (
        (third.id, {}),
        (other_office.tenant.id, {"package_sha256": "00" * 32}),
        (other_office.tenant.id, {"package": str(new_id(Kind.CASE_TRANSFER, office.clock.now()))}),
        (other_office.tenant.id, {"format": packages.FORMAT}),
    ):
        forged = envelopes.seal(settings, sender, office.tenant.id, {**said, **changed})
        with pytest.raises(EnvelopeRefusedError):
            office.do(receiving.take_receipt, forged, system=True)
    assert arrived(office, transfer)[3] is None


def test_what_the_worker_cannot_read_is_put_aside(office, other_office, moving):
    transfer = new_id(Kind.CASE_TRANSFER, office.clock.now())
    settings = office.deployment.settings
    mailbox.put(settings, other_office.tenant.id, transfer, mailbox.PACKAGE, b"garbage")
    exchange(office, moving)
    folder = settings.home / "files" / "_transfers" / str(other_office.tenant.id)
    assert [path.name for path in folder.iterdir() if str(transfer) in path.name] == [f"{transfer}.package.refused"]
    assert other_office.rows("SELECT FROM case_transfer WHERE id = %s", transfer) == []


def test_what_cannot_be_sent(office, other_office, moving):
    case_id = begun(office)
    assert send(office, case_id, version=99).code == "STALE_VERSION"
    assert send(office, case_id, county="nirgends").code == "UNKNOWN_COUNTY"
    assert send(office, case_id, county=COUNTY).code == "UNKNOWN_COUNTY"
    assert send(office, case_id, reason=" ").code == "INVALID_TEXT"
    assert send(office, case_id, role="citizen").code == "NOT_FOUND"
    version = office.case(case_id).version
    order = sending.Transfer(str(case_id), OTHER_COUNTY, WHY, version)
    assert other_office.do(sending.transfer, order, role="team_lead").code == "NOT_FOUND"
    upgrade = new_id(Kind.CASE_UPGRADE, office.clock.now())
    case = office.case(case_id)
    office.rows(
        "INSERT INTO case_upgrade (id, version, status, template_id, to_version_id, criteria, mapping, fields,"
        " deadlines, effective_on, legal_basis, tells_applicants, warnings, created_by, created_at, previewed_at)"
        " VALUES (%s, 1, 'RUNNING', %s, %s, '{}', '{}', '{}', 'KEEP', now(), 'x', false, '[]', 'x', now(), now())"
        " RETURNING id", upgrade, case.template_id, case.template_version_id)  # fmt: skip
    office.rows(
        "INSERT INTO case_upgrade_case (upgrade_id, case_id, group_number, planned_version, status)"
        " VALUES (%s, %s, 1, 1, 'PLANNED') RETURNING case_id", upgrade, case_id)  # fmt: skip
    assert send(office, case_id).code == "UPGRADE_RUNNING"
    office.rows("DELETE FROM case_upgrade WHERE id = %s RETURNING id", upgrade)
    assert send(office, case_id).version is not None
    assert send(office, case_id).code == "NOT_MOVABLE"


def test_a_rolled_back_step_sends_nothing(office, other_office, moving):
    case_id = begun(office)
    version = office.case(case_id).version

    def fail(work):
        sending.transfer(work, sending.Transfer(str(case_id), OTHER_COUNTY, WHY, version))
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        office.do(fail, role="team_lead")
    assert office.case(case_id).status != "TRANSFERRED"
    exchange(office, moving)
    assert office.rows("SELECT FROM case_transfer WHERE case_id = %s", case_id) == []


def test_every_table_that_belongs_to_a_case_travels_or_stays_on_purpose(office):
    decided_here = {"support_invitation", "emergency_access", "legal_hold", "approval"}
    stays = {"case_upgrade_case", "case_read", "event", "outbound_event", "case_transfer"} | decided_here
    rows = office.rows(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'case_id'",
        office.tenant.schema_name,
    )
    assert {row[0] for row in rows} <= {*queries.CASE_TABLES, *stays}


def test_uploads_in_the_form_stay_readable_under_new_ids(office, other_office, moving):
    case_id = begun(office)
    document = new_id(Kind.DOCUMENT, office.clock.now())
    key = office.do(lambda work: packages.store_of(work.settings).put(work.tenant, b"%PDF-1.4 plan"))
    office.rows(
        "INSERT INTO document (id, case_id, kind, title, media_type, size_bytes, sha256, storage_key,"
        " visible_to_applicant, created_by, created_at) VALUES (%s, %s, 'upload', 'Plan', 'application/pdf', 13, %s,"
        " %s, true, 'x', now()) RETURNING id", document, case_id, bytes.fromhex(key), key)  # fmt: skip
    office.rows("UPDATE case_record SET data = %s::json WHERE id = %s RETURNING id",
                json.dumps({"plan": str(document)}), case_id)  # fmt: skip
    transfer = send(office, case_id)
    exchange(office, moving)
    accept(other_office, transfer)
    new_case = arrived(other_office, transfer)[2]
    ((copy,),) = other_office.rows("SELECT id FROM document WHERE case_id = %s AND title = 'Plan'", new_case)
    assert other_office.case(new_case).data["plan"] == str(copy)
