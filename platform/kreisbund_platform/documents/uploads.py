"""Files that people send before their application does; a case takes them, or they go after a day.

An upload belongs to who sent it. A guest has no subject: there the id, 62 random bits, is the key.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.documents import queries
from kreisbund_platform.documents.contents import media_type_of
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.documents.models import Document, Upload
from kreisbund_platform.documents.scanning import NoScanner, Scanner
from kreisbund_platform.engine.forms import UploadInfo
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity import suspension
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

MOST_NAMED = 500  # upload ids looked up for one form
EXTENSIONS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True)
class UploadReceived:
    """What the sender learns; `id` goes into the form's data."""

    id: UUID
    media_type: str
    size_bytes: int
    file_name: str


def receive(
    work: WorkContext, file_name: str, content: bytes, scanner: Scanner | None = None
) -> UploadReceived | Invalid:
    """Stores a file whose content is acceptable. In production a scanner must have called it clean.

    Where a county is suspended only citizens may still supply something, for a case that runs.
    """
    if work.tenant.status != "ACTIVE" and (work.principal.is_guest or suspension.refused(work.principal)):
        return Invalid(suspension.CODE, suspension.closed().message)
    media_type = media_type_of(content)
    if isinstance(media_type, Invalid):
        return media_type
    scan_state = (scanner or NoScanner()).scan(content)
    refusal = _scan_refusal(work, scan_state)
    if refusal:
        return refusal
    upload = _upload(work, _tidy(file_name, media_type), media_type, content, scan_state)
    queries.insert(work.connection, upload)
    return UploadReceived(upload.id, media_type, upload.size_bytes, upload.file_name)


def _scan_refusal(work: WorkContext, scan_state: str) -> Invalid | None:
    if scan_state == "INFECTED":
        return Invalid("INFECTED", _("In der Datei wurde Schadsoftware gefunden."))
    if scan_state == "NOT_SCANNED" and work.settings.environment == "production":
        return Invalid("NOT_SCANNED", _("Dateien können zurzeit nicht geprüft und darum nicht angenommen werden."))
    return None


def _upload(work: WorkContext, file_name: str, media_type: str, content: bytes, scan_state: str) -> Upload:
    now = work.clock.now()
    key = store_of(work.settings).put(work.tenant, content)
    return Upload(
        id=ids.new_id(ids.Kind.UPLOAD, now),
        subject=work.principal.subject,
        file_name=file_name,
        media_type=media_type,
        size_bytes=len(content),
        sha256=bytes.fromhex(key),
        storage_key=key,
        scan_state=scan_state,
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
    return {str(upload.id): UploadInfo(str(upload.id), upload.media_type, upload.size_bytes) for upload in found}


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
    """Makes documents of the case from the person's own unclaimed uploads; all of them or none."""
    uploads = queries.own_uploads(work.connection, work.principal.subject, upload_ids, lock=True)
    if len(uploads) != len(set(upload_ids)):
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
    )


def remove_unclaimed(work: WorkContext, older_than: datetime) -> int:
    """Deletes uploads that no case took, and files that nothing uses any more; answers how many files."""
    keys = queries.delete_unclaimed(work.connection, older_than)
    store = store_of(work.settings)
    for key in keys:
        store.remove(work.tenant, key)
    return len(keys)
