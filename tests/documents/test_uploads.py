"""Uploads: received, claimed by a case, or gone after a day."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kreisbund_platform.documents import downloads, uploads
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.documents.scanning.scanner import AtOnce, NoVerdictError, Verdict
from kreisbund_platform.engine import feel, forms
from kreisbund_platform.errors import Invalid
from tests.documents.cases import stored_case
from tests.documents.test_contents import pdf_with, picture
from tests.support.fixtures import principal_of


class Says:
    """A scanner that has made up its mind; None: it does not answer."""

    def __init__(self, state):
        self.state = state

    def scan(self, _content, _seconds):
        if self.state is None:
            raise NoVerdictError("AWAY")
        return Verdict(self.state)


def received(work, name, content, state="NOT_SCANNED"):
    examined = uploads.examine(work.settings, AtOnce(Says(state)), content)
    return examined if isinstance(examined, Invalid) else uploads.receive(work, name, examined)


@pytest.fixture
def work(work_for, county):
    with work_for(county, "citizen", subject="anna") as opened:
        yield opened


def test_an_upload_becomes_a_document_of_the_case(work):
    sent = received(work, "C:\\Bilder\\Foto\x00 Łucja.exe", picture("PNG"))
    assert (sent.media_type, sent.file_name) == ("image/png", "Foto Łucja.png")
    assert list(uploads.available(work, {"photo": str(sent.id), "x": ["y", 1]})) == [str(sent.id)]
    case, _parties = stored_case(work, "anna")
    (document_id,) = uploads.claim(work, [sent.id], case.id)
    opened = downloads.open_document(work, str(document_id), counts_as_retrieval=True)
    assert (opened.content, opened.title) == (picture("PNG"), "Foto Łucja.png")
    assert uploads.available(work, {"photo": str(sent.id)}) == {}


def test_an_upload_is_claimed_once_and_by_its_sender_alone(work):
    sent = received(work, "plan.pdf", pdf_with())
    case, _parties = stored_case(work, "anna")
    eve = replace(work, principal=principal_of(work.tenant, "citizen", subject="eve"))
    assert uploads.available(eve, {"file": str(sent.id)}) == {}
    assert uploads.claim(eve, [sent.id], case.id).code == "UNKNOWN_UPLOAD"
    uploads.claim(work, [sent.id], case.id)
    assert uploads.claim(work, [sent.id], case.id).code == "UNKNOWN_UPLOAD"


def test_harmful_content_leaves_no_row(work):
    assert received(work, "a.pdf", b"MZ").code == "TYPE_NOT_ALLOWED"
    assert received(work, "a.png", picture("PNG"), "INFECTED").code == "INFECTED"
    assert received(work, "a.png", picture("PNG"), "REFUSED").code == "TOO_LARGE_TO_SCAN"
    assert received(work, "a.pdf", b"%PDF-broken", "CLEAN").code == "CONTENT_BROKEN"
    assert work.connection.execute("SELECT count(*) FROM upload WHERE subject = 'anna'").fetchone() == (0,)


def test_in_production_an_upload_that_nobody_scanned_is_refused(work):
    production = replace(work, settings=replace(work.settings, environment="production"))
    found = received(production, "a.png", picture("PNG"))
    assert isinstance(found, Invalid)
    assert found.code == "NOT_SCANNED"


def test_what_a_scanner_has_not_seen_is_neither_read_nor_refused_nor_opened(work):
    production = replace(work, settings=replace(work.settings, environment="production"))
    sent = received(production, "a.pdf", b"%PDF-broken", None)
    assert sent.scan_state == "PENDING"
    assert list(uploads.available(work, {"file": str(sent.id)})) == [str(sent.id)]
    case, _parties = stored_case(work, "anna")
    (document_id,) = uploads.claim(work, [sent.id], case.id)
    for here in (work, production):
        assert downloads.open_document(here, str(document_id), counts_as_retrieval=True).code == "PENDING"


@pytest.mark.parametrize(
    ("environment", "clamd", "opens"),
    [
        ("demo", None, True),
        ("demo", Path("/nowhere"), False),
        ("production", None, False),
        ("production", Path("/nowhere"), False),
    ],
)
def test_only_a_demonstration_without_a_scanner_opens_what_nobody_scanned(work, environment, clamd, opens):
    sent = received(work, "a.png", picture("PNG"))
    case, _parties = stored_case(work, "anna")
    (document_id,) = uploads.claim(work, [sent.id], case.id)
    here = replace(work, settings=replace(work.settings, environment=environment, clamd=clamd))
    found = downloads.open_document(here, str(document_id), counts_as_retrieval=True)
    assert isinstance(found, downloads.StoredFile) == opens
    assert opens or found.code == "NOT_SCANNED"


def test_what_was_found_harmful_afterwards_says_that_it_is_gone(work):
    sent = received(work, "a.png", picture("PNG"), "CLEAN")
    case, _parties = stored_case(work, "anna")
    (document_id,) = uploads.claim(work, [sent.id], case.id)
    work.connection.execute("UPDATE upload SET scan_state = 'INFECTED' WHERE id = %s", (sent.id,))
    found = downloads.open_document(work, str(document_id), counts_as_retrieval=True)
    assert found.code == "INFECTED"
    assert "gelöscht" in found.message


def test_an_upload_that_is_gone_is_named_in_its_field_and_never_claimed(work):
    sent = received(work, "a.png", picture("PNG"), None)
    work.connection.execute("UPDATE upload SET scan_state = 'INFECTED' WHERE id = %s", (sent.id,))
    schema = {"type": "default", "components": [{"type": "filepicker", "key": "file", "label": "Plan"}]}
    found = forms.validate(
        schema, {"file": str(sent.id)}, uploads=uploads.available(work, {"file": str(sent.id)}), evaluate=feel.evaluate
    )
    assert [(error.path, error.code) for error in found.errors] == [("file", "REMOVED_UPLOAD")]
    case, _parties = stored_case(work, "anna")
    assert uploads.claim(work, [sent.id], case.id).code == "UNKNOWN_UPLOAD"


def test_unclaimed_uploads_go_and_claimed_ones_stay(work, clock):
    kept, gone = picture("PNG", (3, 3)), picture("PNG", (4, 4))
    claimed = received(work, "kept.png", kept)
    received(work, "again.png", kept)
    received(work, "gone.png", gone)
    case, _parties = stored_case(work, "anna")
    uploads.claim(work, [claimed.id], case.id)
    assert uploads.remove_unclaimed(work, clock.now() + timedelta(seconds=1)) == 1
    store = store_of(work.settings)
    assert store.get(work.tenant, store.put(work.tenant, kept)) == kept
    (gone_key,) = {store.put(work.tenant, gone)}
    store.remove(work.tenant, gone_key)
    with pytest.raises(FileDamagedError):
        store.get(work.tenant, gone_key)
    assert work.connection.execute("SELECT count(*) FROM upload WHERE subject = 'anna'").fetchone() == (1,)
