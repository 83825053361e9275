"""Files wait for the scanner, are released or removed by the worker, and a case's people learn of it. clamd is real."""

import secrets
import threading
import time
from dataclasses import replace

import pytest

from kreisbund_api.scanning import Scanning
from kreisbund_platform.audit import log
from kreisbund_platform.cases import quarantine as case_quarantine
from kreisbund_platform.documents import uploads
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.documents.scanning import clamd as clamd_module
from kreisbund_platform.documents.scanning import quarantine
from kreisbund_platform.documents.scanning.clamd import scanner_of
from kreisbund_platform.documents.scanning.scanner import AtOnce, NoVerdictError
from tests.documents.cases import stored_case
from tests.documents.test_contents import action, open_with, pdf_with
from tests.scanning.garbage import answering
from tests.scanning.offices import picture
from tests.support.clamd import MARK, STREAM_BYTES


def rounds(office, here):
    return Scanning(office.settings, office.connections, here.registry, office.clock, threading.Event())


def test_a_clean_file_opens_at_once_and_a_marked_one_is_refused(office):
    content = picture()
    _case, document = office.send(content)
    assert office.opened(document) == content
    assert uploads.examine(office.settings, AtOnce(office.scanner), picture(MARK)).code == "INFECTED"
    too_large = picture() + b"x" * STREAM_BYTES
    assert uploads.examine(office.settings, AtOnce(office.scanner), too_large).code == "TOO_LARGE_TO_SCAN"
    assert not office.scan_next(), "nothing waits"


def test_clamd_killed_then_back_the_worker_releases_in_every_county(offices, clamd, here):
    clamd.kill()
    sent = [(office, content := picture(), office.send(content)[1]) for office in offices]
    worker = rounds(offices[0], here)
    with pytest.raises(NoVerdictError):
        worker.serve_all()
    assert [office.opened(document) for office, _content, document in sent] == ["PENDING", "PENDING"]
    clamd.start()
    offices[0].clock.set(offices[0].clock.now() + case_quarantine.AWAY)
    assert worker.serve_all()
    assert [office.opened(document) for office, _content, document in sent] == [content for _o, content, _d in sent]
    assert not worker.serve_all()


def test_a_marked_file_is_removed_and_applicant_and_office_are_told_once(offices, clamd, here):
    office, other = offices
    clamd.kill()
    content = picture(MARK)
    case, document = office.send(content)
    second, same_file = office.send(content)
    case_elsewhere, elsewhere = other.send(picture())
    clamd.start()
    while rounds(office, here).serve_all():
        pass
    assert [office.opened(each) for each in (document, same_file)] == ["INFECTED", "INFECTED"]
    assert not office.has_bytes(content)
    for each in (case, second):
        messages, notes, events = office.told(each)
        assert ["Schadsoftware" in text for (text,) in messages] == [True]
        assert ["Kreisbund.Test.UNOFFICIAL" in text for (text,) in notes] == [True]
        assert events == [("INFECTED",)]
    assert other.told(case_elsewhere) == ([], [], [])
    assert isinstance(other.opened(elsewhere), bytes)
    with office.work() as work:
        assert log.verify(work) is None


def test_a_file_that_the_office_sent_is_told_to_the_office_alone(office, clamd):
    clamd.kill()
    case, _document = office.send(picture(MARK), subject="the-caseworker")
    clamd.start()
    assert office.scan_next()
    messages, notes, events = office.told(case)
    assert (messages, len(notes), len(events)) == ([], 1, 1)


def test_a_clamd_that_hangs_leaves_the_file_where_it_is(office, clamd, monkeypatch):
    monkeypatch.setattr(clamd_module, "PING_SECONDS", 0.2)
    monkeypatch.setattr(quarantine, "LATER_SECONDS", 0.2)
    monkeypatch.setattr("kreisbund_platform.documents.scanning.scanner.AT_ONCE_SECONDS", 0.2)
    with clamd.hanging():
        _case, document = office.send(picture())
        with pytest.raises(NoVerdictError):
            office.scan_next()
        assert not office.scan_next(), "not asked again at once"
    assert office.opened(document) == "PENDING"
    assert office.rows("SELECT scan_attempts FROM upload WHERE scan_state = 'PENDING'") == [(0,)]
    office.clock.set(office.clock.now() + case_quarantine.AWAY)
    assert office.scan_next()
    assert isinstance(office.opened(document), bytes)


def test_a_file_that_a_living_scanner_cannot_judge_comes_again_ever_later(office, clamd):
    clamd.kill()
    office.send(picture())
    waits = []
    with answering(b"stream: Can't allocate memory ERROR\0") as address:
        broken = clamd_module.Clamd(address)
        for _attempt in range(3):
            assert office.scan_next(broken)
            ((due,),) = office.rows("SELECT scan_due_at FROM upload WHERE scan_state = 'PENDING'")
            waits.append((due - office.clock.now()).total_seconds())
            office.clock.set(due)
    assert waits == [20, 40, 80]
    clamd.start()
    assert office.scan_next()


def test_what_is_clean_is_read_only_then_and_may_still_be_refused(office, clamd):
    clamd.kill()
    content = pdf_with(open_with(action("/JavaScript", JS=secrets.token_hex(8))))
    case, document = office.send(content)
    clamd.start()
    assert office.scan_next()
    assert office.opened(document) == "REFUSED"
    assert not office.has_bytes(content)
    ((text,),), ((note,),), events = office.told(case)
    assert "Skripte" in text
    assert "PDF_SCRIPT" in note
    assert events == [("REFUSED",)]


def test_the_countys_own_document_keeps_the_bytes_that_it_shares(office, clamd):
    clamd.kill()
    content = picture(MARK)
    _case, document = office.send(content)
    office.rows("UPDATE document SET kind = 'letter' WHERE id = %s RETURNING 1", document)
    _other_case, own = office.send(content)
    clamd.start()
    assert office.scan_next()
    assert office.opened(own) == "INFECTED"
    assert office.opened(document) == content


def test_a_worker_killed_before_the_bytes_are_gone_is_made_good_and_nobody_told_twice(office, clamd, monkeypatch):
    clamd.kill()
    content = picture(MARK)
    case, document = office.send(content)
    clamd.start()

    class Killed(BaseException):
        pass

    def die(_work, _upload):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(quarantine, "remove_bytes", die)
        with pytest.raises(Killed):
            office.scan_next()
    assert (office.opened(document), office.has_bytes(content)) == ("INFECTED", True)
    assert not office.scan_next(), "still taken"
    office.clock.set(office.clock.now() + quarantine.TAKEN_FOR)
    assert office.scan_next()
    assert not office.has_bytes(content)
    assert [len(each) for each in office.told(case)] == [1, 1, 1]
    office.clock.set(office.clock.now() + quarantine.TAKEN_FOR)
    assert not office.scan_next()


def test_bytes_that_are_lost_are_said_to_be(office, clamd):
    clamd.kill()
    content = picture()
    _case, document = office.send(content)
    clamd.start()
    with office.work() as work:
        ((key,),) = work.connection.execute("SELECT storage_key FROM document WHERE id = %s", (document,)).fetchall()
        store_of(office.settings).remove(office.county, key)
    assert office.scan_next()
    assert office.opened(document) == "REFUSED"


def test_a_case_that_takes_the_file_while_the_verdict_is_stored_is_told_too(office, clamd):
    clamd.kill()
    examined = uploads.examine(office.settings, AtOnce(office.scanner), picture(MARK))
    with office.work("citizen", subject="anna") as work:
        sent = uploads.receive(work, "plan.png", examined)
        case = stored_case(work, "anna")[0].id
    clamd.start()
    asked, may_answer = threading.Event(), threading.Event()

    class Slow(clamd_module.Clamd):
        def scan(self, content, seconds):
            asked.set()
            assert may_answer.wait(30)
            return super().scan(content, seconds)

    worker = threading.Thread(target=office.scan_next, args=(Slow(clamd.address),))
    worker.start()
    assert asked.wait(30)
    with office.work("citizen", subject="anna") as work:
        (document,) = uploads.claim(work, [sent.id], case)
        may_answer.set()
        end = time.monotonic() + 30
        while office.rows("SELECT FROM pg_locks WHERE NOT granted") == [] and time.monotonic() < end:
            time.sleep(0.02)
    worker.join(30)
    assert office.opened(document) == "INFECTED"
    assert [len(each) for each in office.told(case)] == [1, 1, 1]


def test_two_workers_never_scan_the_same_file(office, clamd):
    clamd.kill()
    office.send(picture())
    with office.work() as one, office.work() as two:
        assert quarantine.take_next(one) is not None
        assert quarantine.take_next(two) is None


def test_newer_signatures_close_what_was_clean_when_the_same_file_comes_again(office, clamd):
    clamd.kill()
    content = picture(MARK)
    case, document = office.send(content)
    office.rows("UPDATE upload SET scan_state = 'CLEAN', scan_due_at = NULL RETURNING 1")
    assert office.opened(document) == content
    office.send(content)
    clamd.start()
    assert office.scan_next()
    assert office.opened(document) == "INFECTED"
    assert [len(each) for each in office.told(case)] == [1, 1, 1]


def test_a_refusal_for_another_reason_leaves_what_was_clean(office, clamd):
    content = picture() + b"x" * (STREAM_BYTES // 2)
    _case, document = office.send(content)
    clamd.kill()
    _case, again = office.send(content)
    with answering(b"INSTREAM size limit exceeded. ERROR\0") as address:
        assert office.scan_next(clamd_module.Clamd(address))
    assert (office.opened(document), office.opened(again)) == (content, "REFUSED")


def test_what_came_without_a_scanner_is_scanned_once_there_is_one(office, here):
    without = replace(office.settings, clamd=None)
    content = picture()
    examined = uploads.examine(without, AtOnce(scanner_of(without)), content)
    with office.work("citizen") as work:
        sent = uploads.receive(work, "plan.png", examined)
        (document,) = uploads.claim(work, [sent.id], stored_case(work, "anna")[0].id)
    assert office.opened(document) == "NOT_SCANNED"
    while rounds(office, here).serve_all():
        pass
    assert office.opened(document) == content
