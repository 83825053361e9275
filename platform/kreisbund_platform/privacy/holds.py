"""Legal holds: set and lifted by the data-protection officer, each with a reason. A held case is never erased."""

from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.cases import access
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.privacy import erasure_queries as queries
from kreisbund_platform.privacy.models import LegalHold
from kreisbund_platform.texts import _

LONGEST_REASON = 2_000


def set_hold(work: WorkContext, case_id: str, reason: str, expected_version: int) -> UUID | Refusal:
    """Holds a case of this version; answers the hold's id."""
    identifier = ids.parse_id(case_id, ids.Kind.CASE_RECORD)
    case = queries.lock_case(work.connection, identifier) if identifier else None
    if case is None:
        return refusals.not_found()
    if refusal := access.suspended(work) or access.text_problem("reason", reason, LONGEST_REASON):
        return refusal
    if case.version != expected_version:
        return Conflict("STALE_VERSION", _("Der Vorgang wurde inzwischen geändert."), case.version)
    if case.hold_id is not None:
        return Conflict("HELD_ALREADY", _("Für diesen Vorgang besteht schon eine Löschsperre."), case.version)
    hold = LegalHold(
        id=ids.new_id(ids.Kind.LEGAL_HOLD, work.clock.now()),
        version=1,
        case_id=case.id,
        reason=reason.strip(),
        set_at=work.clock.now(),
        set_by=work.principal.subject,
    )
    queries.insert_hold(work.connection, hold)
    _log(work, "LEGAL_HOLD_SET", case.id, case.version, hold.id)
    return hold.id


def lift_hold(work: WorkContext, hold_id: str, reason: str, expected_version: int) -> UUID | Refusal:
    """Lifts a hold; what is past its time is erased by the next run."""
    identifier = ids.parse_id(hold_id, ids.Kind.LEGAL_HOLD)
    hold = queries.lock_hold(work.connection, identifier) if identifier else None
    if hold is None:
        return refusals.not_found()
    if refusal := access.suspended(work) or access.text_problem("reason", reason, LONGEST_REASON):
        return refusal
    if hold.version != expected_version or hold.lifted_at is not None:
        return Conflict("STALE_VERSION", _("Die Löschsperre wurde inzwischen geändert."), hold.version)
    queries.lift_hold(work.connection, hold.id, work.clock.now(), work.principal.subject, reason.strip())
    _log(work, "LEGAL_HOLD_LIFTED", hold.case_id, None, hold.id)
    return hold.id


def _log(work: WorkContext, type: str, case_id: UUID, version: int | None, hold_id: UUID) -> None:
    log.append(work, type=type, case_id=case_id, case_version=version, body={"hold": str(hold_id)})
