"""One county with a scanner, as the quarantine's tests use it."""

import hashlib
import io
import secrets
from contextlib import contextmanager

from PIL import Image, PngImagePlugin

from kreisbund_platform.cases import quarantine
from kreisbund_platform.documents import downloads, uploads
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.documents.scanning.clamd import scanner_of
from kreisbund_platform.documents.scanning.scanner import AtOnce
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from tests.documents.cases import stored_case
from tests.support.fixtures import principal_of


def picture(text: bytes = b"") -> bytes:
    """A PNG that no other test sent, with a text in it."""
    info, target = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("Comment", secrets.token_hex(8) + text.decode())
    Image.new("RGB", (20, 10), "red").save(target, "PNG", pnginfo=info)
    return target.getvalue()


class Office:
    """One county with a scanner: sends files, scans them, looks at what came of it."""

    def __init__(self, settings, county, connections, clock):
        self.settings, self.county, self.connections, self.clock = settings, county, connections, clock
        self.scanner = scanner_of(settings)

    def work(self, *roles, subject="anna"):
        person = principal_of(self.county, *roles, subject=subject) if roles else system_of(self.county)

        @contextmanager
        def begin():
            with self.connections.for_tenant(self.county) as connection, connection.transaction():
                yield WorkContext(connection, self.county, person, self.clock, self.settings)

        return begin()

    def send(self, content, case=None, subject="anna"):
        """An upload in a case; the scanner is asked first. Answers case and document."""
        examined = uploads.examine(self.settings, AtOnce(self.scanner), content)
        assert isinstance(examined, uploads.Examined), examined
        with self.work("citizen", subject=subject) as work:
            sent = uploads.receive(work, "plan.png", examined)
            case = case or stored_case(work, "anna")[0].id
            (document,) = uploads.claim(work, [sent.id], case)
        return case, document

    def opened(self, document):
        """The state that stands against it, or its bytes."""
        with self.work("citizen") as work:
            found = downloads.open_document(work, str(document), counts_as_retrieval=True)
        return found.content if isinstance(found, downloads.StoredFile) else found.code

    def rows(self, statement, *values):
        with self.work() as work:
            return work.connection.execute(statement, values).fetchall()

    def scan_next(self, scanner=None):
        return quarantine.scan_next(self.work, scanner or self.scanner)

    def told(self, case):
        """Messages to the applicant, notes for the office, states in the case's history."""
        return (
            self.rows("SELECT text FROM message WHERE case_id = %s", case),
            self.rows("SELECT text FROM note WHERE case_id = %s", case),
            self.rows("SELECT body ->> 'state' FROM event WHERE case_id = %s AND type = 'UPLOAD_REMOVED'", case),
        )

    def has_bytes(self, content):
        try:
            return store_of(self.settings).get(self.county, hashlib.sha256(content).hexdigest()) == content
        except FileDamagedError:
            return False
