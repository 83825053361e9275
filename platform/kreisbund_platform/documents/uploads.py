"""Files that people send before their application does; a case takes them, or they go after a day.

An upload belongs to who sent it. A guest has no subject: there the id, 62 random bits, is the key.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kreisbund_platform import ids, telemetry
from kreisbund_platform.documents import queries
from kreisbund_platform.documents.contents import media_type_of, refusal_of
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.documents.models import Document, Upload
from kreisbund_platform.documents.scanning.scanner import GONE, AtOnce, ScanState, Verdict, refused_content
from kreisbund_platform.engine.forms import UploadInfo
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity import suspension
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.texts import _

MOST_NAMED = 500  # upload ids looked up for one form
EXTENSIONS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True)
class Examined:
    """Content that may be stored; PENDING goes into quarantine."""

    content: bytes
    media_type: str
    scan_state: ScanState


@dataclass(frozen=True)
class UploadReceived:
    """What the sender learns; `id` goes into the form's data."""

    id: UUID
    media_type: str
    size_bytes: int
    file_name: str
    scan_state: ScanState


def examine(settings: Settings, scanner: AtOnce, content: bytes) -> Examined | Invalid:
    """Looks at a file before anything is stored: call it without a connection, since scanning takes its time.

    Only what the scanner lets through is read any further; what it has not seen yet is neither read nor refused.
    """
    media_type = media_type_of(content)
    if isinstance(media_type, Invalid):
        return media_type
    verdict = scanner.scan(content)
    refusal = _scan_refusal(settings, verdict)
    if refusal is None and verdict.state != "PENDING":
        refusal = refusal_of(content, media_type)
    return refusal or Examined(content, media_type, verdict.state)


def _scan_refusal(settings: Settings, verdict: Verdict) -> Invalid | None:
    if verdict.state == "NOT_SCANNED" and not settings.demo:
        return Invalid("NOT_SCANNED", _("Dateien können zurzeit nicht geprüft und darum nicht angenommen werden."))
    if verdict.state in GONE:
        telemetry.log("upload_refused", state=verdict.state, finding=verdict.finding)
        return refused_content(verdict)
    return None


def receive(work: WorkContext, file_name: str, examined: Examined) -> UploadReceived | Invalid:
    """Stores a file that was examined.

    Where a county is suspended only citizens may still supply something, for a case that runs.
    """
    if work.tenant.status != "ACTIVE" and (work.principal.is_guest or suspension.refused(work.principal)):
        return Invalid(suspension.CODE, suspension.closed().message)
    upload = _upload(work, _tidy(file_name, examined.media_type), examined)
    queries.insert(work.connection, upload)
    return UploadReceived(upload.id, upload.media_type, upload.size_bytes, upload.file_name, examined.scan_state)


def _upload(work: WorkContext, file_name: str, examined: Examined) -> Upload:
    now = work.clock.now()
    key = store_of(work.settings).put(work.tenant, examined.content)
    return Upload(
        id=ids.new_id(ids.Kind.UPLOAD, now),
        subject=work.principal.subject,
        file_name=file_name,
        media_type=examined.media_type,
        size_bytes=len(examined.content),
        sha256=bytes.fromhex(key),
        storage_key=key,
        scan_state=examined.scan_state,
        scan_due_at=now if examined.scan_state == "PENDING" else None,
        created_at=now,
    )


def _tidy(file_name: str, media_type: str) -> str:
    """The last part of the name, printable, at most 120 characters, with the ending of its content."""
    last = unicodedata.normalize("NFC", file_name[-500:]).replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable())
    stem = printable.rsplit(".", 1)[0].strip(" .")[:115]
    return (stem or _("Anlage")) + EXTENSIONS[media_type]


def available(work: WorkContext, data: Any) -> dict[str, UploadInfo]:
    """The person's own unclaimed uploads among those that `data` may name, by id."""
    named = list(dict.fromkeys(_upload_ids(data)))[:MOST_NAMED]
    if not named:
        return {}
    found = queries.own_uploads(work.connection, work.principal.subject, named)
    return {
        str(upload.id): UploadInfo(str(upload.id), upload.media_type, upload.size_bytes, upload.scan_state in GONE)
        for upload in found
    }


def _upload_ids(data: Any) -> Iterator[UUID]:
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and (identifier := ids.parse_id(item, ids.Kind.UPLOAD)):
            yield identifier


def claim(work: WorkContext, upload_ids: Sequence[UUID], case_id: UUID) -> tuple[UUID, ...] | Invalid:
    """Makes documents of the case from the person's own unclaimed uploads; all of them or none.

    What is in quarantine comes along and stays there: a statutory period does not wait for a scanner.
    """
    uploads = queries.own_uploads(work.connection, work.principal.subject, upload_ids, lock=True)
    if len(uploads) != len(set(upload_ids)) or any(upload.scan_state in GONE for upload in uploads):
        return Invalid("UNKNOWN_UPLOAD", _("Diese Datei ist nicht mehr da. Bitte laden Sie sie neu hoch."))
    documents = [_document(work, upload, case_id) for upload in uploads]
    for document in documents:
        queries.insert(work.connection, document)
    queries.mark_claimed(work.connection, upload_ids, case_id)
    return tuple(document.id for document in documents)


def _document(work: WorkContext, upload: Upload, case_id: UUID) -> Document:
    now = work.clock.now()
    return Document(
        id=ids.new_id(ids.Kind.DOCUMENT, now),
        case_id=case_id,
        kind="upload",
        title=upload.file_name,
        media_type=upload.media_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        storage_key=upload.storage_key,
        visible_to_applicant=True,
        created_by=work.principal.subject,
        created_at=now,
        upload_id=upload.id,
    )


def remove_unclaimed(work: WorkContext, older_than: datetime) -> int:
    """Deletes uploads that no case took, and files that nothing uses any more; answers how many files."""
    keys = queries.delete_unclaimed(work.connection, older_than)
    store = store_of(work.settings)
    for key in keys:
        store.remove(work.tenant, key)
    return len(keys)
