"""Uploads: received, claimed by a case, or gone after a day."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kreisbund_platform.documents import downloads, uploads
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.errors import Invalid
from tests.documents.cases import stored_case
from tests.documents.test_contents import pdf_with, picture
from tests.support.fixtures import principal_of


class InfectedScanner:
    def scan(self, content):
        return "INFECTED"


@pytest.fixture
def work(work_for, county):
    with work_for(county, "citizen", subject="anna") as opened:
        yield opened


def test_an_upload_becomes_a_document_of_the_case(work):
    received = uploads.receive(work, "C:\\Bilder\\Foto\x00 Łucja.exe", picture("PNG"))
    assert (received.media_type, received.file_name) == ("image/png", "Foto Łucja.png")
    assert list(uploads.available(work, {"photo": str(received.id), "x": ["y", 1]})) == [str(received.id)]
    case, _parties = stored_case(work, "anna")
    (document_id,) = uploads.claim(work, [received.id], case.id)
    opened = downloads.open_document(work, str(document_id), counts_as_retrieval=True)
    assert (opened.content, opened.title) == (picture("PNG"), "Foto Łucja.png")
    assert uploads.available(work, {"photo": str(received.id)}) == {}


def test_an_upload_is_claimed_once_and_by_its_sender_alone(work):
    received = uploads.receive(work, "plan.pdf", pdf_with())
    case, _parties = stored_case(work, "anna")
    eve = replace(work, principal=principal_of(work.tenant, "citizen", subject="eve"))
    assert uploads.available(eve, {"file": str(received.id)}) == {}
    assert uploads.claim(eve, [received.id], case.id).code == "UNKNOWN_UPLOAD"
    uploads.claim(work, [received.id], case.id)
    assert uploads.claim(work, [received.id], case.id).code == "UNKNOWN_UPLOAD"


def test_harmful_content_leaves_no_row(work):
    assert uploads.receive(work, "a.pdf", b"MZ").code == "TYPE_NOT_ALLOWED"
    assert uploads.receive(work, "a.png", picture("PNG"), InfectedScanner()).code == "INFECTED"
    assert work.connection.execute("SELECT count(*) FROM upload WHERE subject = 'anna'").fetchone() == (0,)


def test_in_production_an_upload_that_nobody_scanned_is_refused(work):
    production = replace(work, settings=replace(work.settings, environment="production"))
    found = uploads.receive(production, "a.png", picture("PNG"))
    assert isinstance(found, Invalid)
    assert found.code == "NOT_SCANNED"


def test_unclaimed_uploads_go_and_claimed_ones_stay(work, clock):
    kept, gone = picture("PNG", (3, 3)), picture("PNG", (4, 4))
    claimed = uploads.receive(work, "kept.png", kept)
    uploads.receive(work, "again.png", kept)
    uploads.receive(work, "gone.png", gone)
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
