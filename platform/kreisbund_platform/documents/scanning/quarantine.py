"""Files that wait for the scanner, and what becomes of them.

A worker takes one for a while, scans it without a transaction, stores the verdict, and only then removes the bytes
of what is refused: one that is killed in between does the same again.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from kreisbund_platform.documents.contents import refusal_of
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.documents.models import Upload
from kreisbund_platform.documents.queries import is_party
from kreisbund_platform.documents.scanning import queries
from kreisbund_platform.documents.scanning.scanner import GONE, Scanner, Verdict, refused_content
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.texts import _

TAKEN_FOR = timedelta(minutes=5)
LATER_SECONDS = 120.0
WAITING = ("PENDING", "NOT_SCANNED")


@dataclass(frozen=True)
class Judgement:
    """A verdict, and for one that refuses the reason in German."""

    verdict: Verdict
    reason: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the file goes."""
        return self.verdict.state in GONE


def take_next(work: WorkContext) -> Upload | None:
    """A file that is due, for this worker alone for a while; None when there is none."""
    now = work.clock.now()
    return queries.take_due(work.connection, now, now + TAKEN_FOR)


def judge(settings: Settings, tenant: TenantContext, scanner: Scanner, upload: Upload) -> Judgement:
    """Scans a file; what was in quarantine is read only now. Raises NoVerdictError."""
    try:
        content = store_of(settings).get(tenant, upload.storage_key)
    except FileDamagedError:
        return Judgement(Verdict("REFUSED", "FILE_DAMAGED"), _("Die Datei ist nicht mehr lesbar."))
    verdict = scanner.scan(content, LATER_SECONDS)
    if verdict.state in GONE:
        return Judgement(verdict, refused_content(verdict).message)
    refusal = refusal_of(content, upload.media_type) if upload.scan_state == "PENDING" else None
    return Judgement(Verdict("REFUSED", refusal.code), refusal.message) if refusal else Judgement(verdict)


def postpone(work: WorkContext, upload: Upload, wait: timedelta, *, counts: bool) -> None:
    """The scanner gave no verdict: once more after a while; a scanner that is away is not held against the file."""
    attempts = upload.scan_attempts if counts else upload.scan_attempts - 1
    queries.postpone(work.connection, upload, work.clock.now() + wait, attempts)


def release(work: WorkContext, upload: Upload) -> None:
    """The file is clean."""
    queries.mark(work.connection, upload.storage_key, "CLEAN", instead_of=WAITING)


def cases_concerned(work: WorkContext, upload: Upload) -> list[UUID]:
    """The cases that hold this file, in the order in which they are to be locked."""
    return queries.cases_with(work.connection, upload.storage_key)


def is_applicants(work: WorkContext, upload: Upload, case_id: UUID) -> bool:
    """Whether the applicant sent it, or a guest: not the office."""
    return not upload.subject or is_party(work.connection, case_id, upload.subject)


def close(work: WorkContext, upload: Upload, judgement: Judgement) -> list[Upload]:
    """From now on nobody opens the file; answers the uploads of cases that lose it by this.

    Harmful content is so even where it was once called clean; a refusal for another reason leaves that alone.
    """
    state = judgement.verdict.state
    reach = (*WAITING, "CLEAN") if state == "INFECTED" else WAITING
    lost = queries.mark(work.connection, upload.storage_key, state, instead_of=reach)
    return [each for each in lost if each.claimed_by_case]


def remove_bytes(work: WorkContext, upload: Upload) -> None:
    """Once `close` is committed. A document of the county's own that has the same content keeps it."""
    if not queries.is_needed(work.connection, upload.storage_key, GONE):
        store_of(work.settings).remove(work.tenant, upload.storage_key)
    queries.forget_due(work.connection, upload.storage_key, GONE)


def queue_unscanned(work: WorkContext) -> None:
    """What came while there was no scanner."""
    queries.queue_unscanned(work.connection, work.clock.now())
