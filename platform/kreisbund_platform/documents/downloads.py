"""Opens a document for who may read it. Retrieving a notice is the one reading with legal effect."""

from dataclasses import dataclass
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log, reads
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.documents import queries
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.documents.models import Document
from kreisbund_platform.documents.remedies import PERIOD
from kreisbund_platform.documents.scanning.scanner import GONE
from kreisbund_platform.errors import Conflict, NotFound
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.tenancy import deadlines
from kreisbund_platform.texts import _

READING_ROLES = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.RECORDS_OFFICER, Role.DATA_PROTECTION_OFFICER})


@dataclass(frozen=True)
class StoredFile:
    """A document's bytes, and how to call them."""

    content: bytes
    title: str
    media_type: str


def open_document(
    work: WorkContext, document_id: str, *, counts_as_retrieval: bool
) -> StoredFile | Conflict | NotFound:
    """The document, where the person may read it; unreadable, unknown and foreign ids are alike.

    What somebody sent is opened only once a scanner has called it clean (Conflict with the state as its code).

    A recipient's first retrieval of a notice sets the day of delivery and the end of the remedy period: call
    with `counts_as_retrieval` inside a transaction. Raises FileDamagedError.
    """
    identifier = ids.parse_id(document_id, ids.Kind.DOCUMENT)
    document = queries.document(work.connection, identifier) if identifier else None
    if document is None or not _may_read(work, document):
        return NotFound("NOT_FOUND", _("Das gibt es nicht."))
    if refusal := _quarantined(work, document):
        return refusal
    if work.principal.roles & READING_ROLES:
        reads.record(work, "download", {document.case_id: frozenset({"FILE"})}, listed=False)
    content = store_of(work.settings).get(work.tenant, document.storage_key)
    if counts_as_retrieval and document.kind == "notice":
        _record_retrieval(work, document)
    return StoredFile(content, document.title, document.media_type)


def notices_of(work: WorkContext, case_id: UUID) -> list[UUID]:
    """The documents of the case's decisions, the oldest first."""
    return queries.notices_of(work.connection, case_id)


def _quarantined(work: WorkContext, document: Document) -> Conflict | None:
    """A demonstration without a scanner opens what nobody has scanned; its pages say so."""
    if document.kind != "upload":
        return None
    state = queries.scan_state_of(work.connection, document.upload_id)
    if state == "CLEAN" or (state == "NOT_SCANNED" and work.settings.demo and work.settings.clamd is None):
        return None
    if state in GONE:
        return Conflict(state, _("Diese Datei hat die Prüfung auf Schadsoftware nicht bestanden und ist gelöscht."))
    return Conflict(state, _("Diese Datei wird noch auf Schadsoftware geprüft. Bitte versuchen Sie es später."))


def _may_read(work: WorkContext, document: Document) -> bool:
    principal = work.principal
    if principal.roles & READING_ROLES:
        return True
    if Role.CITIZEN not in principal.roles or not document.visible_to_applicant:
        return False
    return queries.is_party(work.connection, document.case_id, principal.subject)


def _record_retrieval(work: WorkContext, document: Document) -> None:
    delivery = queries.unretrieved_delivery(work.connection, document.id, work.principal.subject)
    if delivery is None:
        return
    now = work.clock.now()
    calendar = deadlines.calendar_for(work.connection, delivery.municipality_key)
    deemed_on = deadlines.deemed_delivery("PORTAL", now.astimezone(BERLIN).date(), delivery.regime, calendar)
    queries.mark_retrieved(work.connection, delivery.id, now, deemed_on)
    _recompute_remedy(work, delivery)
    log.append(
        work,
        type="NOTICE_RETRIEVED",
        case_id=delivery.case_id,
        case_version=delivery.case_version,
        body={"delivery": str(delivery.id), "decision": str(delivery.decision_id)},
    )


def _recompute_remedy(work: WorkContext, delivery: queries.OwnDelivery) -> None:
    """The period runs from the last recipient's delivery (§ 70 VwGO); without a remedy none does."""
    begun_on = queries.last_deemed_on(work.connection, delivery.decision_id)
    if begun_on is None or delivery.remedy_kind is None:
        return
    calendar = deadlines.calendar_for(work.connection, delivery.municipality_key)
    queries.set_remedy_until(work.connection, delivery.decision_id, deadlines.due_on(begun_on, PERIOD, calendar))
