"""Notes for colleagues. The text stands beside the event log, the event only says that there is one."""

from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, queries
from kreisbund_platform.cases.models import CaseRecord, Note
from kreisbund_platform.errors import Refusal
from kreisbund_platform.identity.context import WorkContext


def add_note(work: WorkContext, case_id: str, text: str) -> UUID | Refusal:
    """Adds a note to a case; answers the event's id."""
    case = access.case_for_staff(work, case_id)
    if not isinstance(case, CaseRecord):
        return case
    if refusal := access.text_problem("text", text):
        return refusal
    event_id = log.append(work, type="NOTE_ADDED", case_id=case.id, case_version=case.version)
    write(work, case.id, event_id, text)
    return event_id


def write(work: WorkContext, case_id: UUID, event_id: UUID, text: str) -> None:
    """Writes the note beside its event."""
    now = work.clock.now()
    note = Note(
        id=ids.new_id(ids.Kind.NOTE, now),
        case_id=case_id,
        event_id=event_id,
        author=work.principal.subject,
        text=text,
        written_at=now,
    )
    queries.insert_note(work.connection, note)
