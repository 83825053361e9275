"""Sending a case to another county: it stays here as TRANSFERRED, with everything, and nothing in it moves any more."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.cases import access, recording, steps
from kreisbund_platform.cases.holding import Held, hold
from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.cases.transfers import envelopes, packages, queries
from kreisbund_platform.cases.transfers.models import CaseTransfer
from kreisbund_platform.engine.advance import Cancel
from kreisbund_platform.errors import Conflict, FieldError, Invalid, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

LONGEST_REASON = 2_000
MOVABLE = steps.UNDECIDED | {"DECIDED"}


@dataclass(frozen=True)
class Transfer:
    """The order: which case, to which county (its slug), and why, as the other county reads it."""

    case: str
    county: str
    reason: str
    expected_version: int


def transfer(work: WorkContext, order: Transfer) -> UUID | Refusal:
    """Packs the case for the other county; answers the transfer's id. The worker sends the package."""
    case = access.case_for_staff(work, order.case)
    if not isinstance(case, CaseRecord):
        return case
    if problem := access.text_problem("reason", order.reason, LONGEST_REASON):
        return problem
    receiver = queries.county(work.connection, slug=order.county)
    if receiver is None or receiver[0] == work.tenant.id:
        return _unknown_county()
    held = hold(work, case.id)
    refusal = _refusal(work, case, order.expected_version)
    if refusal is not None or held is None:
        return refusal or _not_movable()
    return _pack(work, held, order, receiver)


def _unknown_county() -> Invalid:
    text = _("Diesen Landkreis gibt es hier nicht.")
    return Invalid("UNKNOWN_COUNTY", text, (FieldError("county", "UNKNOWN_COUNTY", text),))


def _not_movable() -> Conflict:
    return Conflict("NOT_MOVABLE", _("Dieser Vorgang kann nicht abgegeben werden."))


def _refusal(work: WorkContext, case: CaseRecord, expected_version: int) -> Conflict | None:
    if case.version != expected_version:
        return Conflict("STALE_VERSION", _("Der Vorgang wurde inzwischen geändert."), case.version)
    if case.status not in MOVABLE:
        return _not_movable()
    if case.variant_id is not None:
        text = _(
            "Der Vorgang läuft nach einer örtlichen Abweichung; der andere Landkreis kann ihn so nicht fortführen."
        )
        return Conflict("CASE_ON_VARIANT", text)
    if queries.is_upgrading(work.connection, case.id):
        return Conflict("UPGRADE_RUNNING", _("Der Vorgang wird gerade auf eine andere Fassung umgestellt."))
    return None


def _pack(work: WorkContext, held: Held, order: Transfer, receiver: tuple[UUID, str]) -> UUID | Refusal:
    case, now = held.case, work.clock.now()
    assert case.template_version_id is not None, "a held case runs on a template"
    version = queries.version(work.connection, case.template_version_id)
    assert version is not None, "a published version stays"
    contents = packages.contents(work, case.id, version)
    if contents is None:
        return Conflict("TOO_LARGE", _("Die Dateien des Vorgangs sind für eine Abgabe zu groß."))
    transfer_id = ids.new_id(ids.Kind.CASE_TRANSFER, now)
    said = {**contents, "package": str(transfer_id), "reason": order.reason, "case_number": case.case_number}
    sealed = envelopes.seal(work.settings, work.tenant.id, receiver[0], said)
    row = CaseTransfer(
        id=transfer_id,
        direction="OUT",
        status="PACKED",
        version=1,
        case_id=case.id,
        other_county=receiver[0],
        reason=order.reason,
        package=sealed,
        package_sha256=sha256(sealed).digest(),
        started_at=now,
        started_by=work.principal.subject,
    )
    queries.insert(work.connection, row)
    work.left.from_on(now)
    settled = steps.settle(work, held, Cancel())
    case.status = "TRANSFERRED"
    body = {"transfer": str(transfer_id), "county": receiver[1]}
    recording.record(work, held, settled, type="CASE_TRANSFERRED", body=body)
    return transfer_id
