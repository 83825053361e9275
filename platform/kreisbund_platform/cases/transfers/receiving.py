"""A case that another county sent: taken in by the worker, accepted by a person, receipted.

Accepting makes a case of this county's own, with a number of its own, which goes on where it stood.
"""

from hashlib import sha256
from typing import Any
from uuid import UUID

from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, intake
from kreisbund_platform.cases import queries as case_queries
from kreisbund_platform.cases.transfers import envelopes, packages, queries
from kreisbund_platform.cases.transfers.envelopes import EnvelopeRefusedError
from kreisbund_platform.cases.transfers.models import CaseTransfer
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.texts import _

RECEIPT = "kreisbund-case-receipt"


def take_in(work: WorkContext, sealed: bytes) -> UUID:
    """Notes a package that arrived; one that is known already stays as it is. Raises EnvelopeRefusedError."""
    said = _package(work, sealed)
    row = CaseTransfer(
        id=UUID(said["package"]),
        direction="IN",
        status="ARRIVED",
        version=1,
        other_county=UUID(said["from"]),
        other_case_number=said["case_number"],
        reason=said["reason"],
        package=sealed,
        package_sha256=sha256(sealed).digest(),
        started_at=work.clock.now(),
    )
    queries.insert(work.connection, row)
    return row.id


def accept(work: WorkContext, transfer_id: str, expected_version: int) -> UUID | Refusal:
    """Makes the case; answers the transfer's id. Refused a second time, since there is one already.

    The package was checked when it came. Raises EnvelopeRefusedError where it was changed here since.
    """
    identifier = parse_id(transfer_id, Kind.CASE_TRANSFER)
    row = queries.lock(work.connection, identifier) if identifier else None
    if row is None or row.direction != "IN":
        return refusals.not_found()
    if refusal := access.suspended(work) or _refusal(row, expected_version):
        return refusal
    package = _package(work, row.package or b"")
    template = package["template"]
    version = queries.version_of_content(work.connection, template["slug"], template["content_hash"])
    if version is None:
        return Conflict("VERSION_MISSING", _("Die Fassung der Prozessvorlage gibt es hier nicht."), row.version)
    _accept(work, row, package, version)
    return row.id


def _refusal(row: CaseTransfer, expected_version: int) -> Conflict | None:
    if row.status != "ARRIVED":
        return Conflict("ALREADY_ACCEPTED", _("Dieser Vorgang ist schon übernommen."), row.version)
    if row.version != expected_version:
        return Conflict("STALE_VERSION", _("Die Abgabe wurde inzwischen geändert."), row.version)
    return None


def _package(work: WorkContext, sealed: bytes) -> dict[str, Any]:
    said = envelopes.opened(work.settings, work.tenant.id, sealed)
    packages.check(said)
    return said


def _accept(work: WorkContext, row: CaseTransfer, package: dict[str, Any], version: queries.Version) -> None:
    now = work.clock.now()
    rows = packages.fitted(work, package)
    (case,) = rows["case_record"]
    unit = case_queries.unit_for(work.connection, work.tenant.id, version.slug)
    number = intake.case_number(work)
    facts = {**(case["data"] or {}).get("case", {}), "case_number": number}
    case |= {
        "case_number": number,
        "file_reference": None,
        "version": 1,
        "template_id": str(version.template_id),
        "template_version_id": str(version.version_id),
        "variant_id": None,
        "unit_id": str(unit) if unit else None,
        "data": {**(case["data"] or {}), "case": facts},
        "opened_at": now.isoformat(),
    }
    for task in rows["task"]:
        task["unit_id"] = None if task["role"] == "citizen" else case["unit_id"]
    packages.put_files(work, package)
    for table in queries.CASE_TABLES:
        queries.insert_rows(work.connection, table, rows[table])
    row.status, row.case_id, row.settled_at = "ACCEPTED", UUID(case["id"]), now
    row.history, row.package = package["history"], None
    row.receipt_number, row.receipt = number, _receipt(work, row, number)
    queries.save(work.connection, row)
    body = {"transfer": str(row.id), "county": package["county"]["slug"], "case_number": row.other_case_number}
    log.append(work, type="CASE_RECEIVED", case_id=row.case_id, case_version=1, body=body)


def _receipt(work: WorkContext, row: CaseTransfer, number: str) -> bytes:
    """The statement that the case is here under this number, signed by this county."""
    said = {
        "format": RECEIPT,
        "package": str(row.id),
        "package_sha256": row.package_sha256.hex(),
        "receipt_number": number,
        "accepted_at": work.clock.now().isoformat(),
    }
    return envelopes.seal(work.settings, work.tenant.id, row.other_county, said)


def take_receipt(work: WorkContext, sealed: bytes) -> UUID:
    """The other county has the case: its number is noted here. Raises EnvelopeRefusedError."""
    said = envelopes.opened(work.settings, work.tenant.id, sealed)
    row = queries.lock(work.connection, UUID(said["package"])) if said.get("format") == RECEIPT else None
    if row is None or row.direction != "OUT" or str(row.other_county) != said["from"]:
        raise EnvelopeRefusedError("UNKNOWN_PACKAGE")
    if said["package_sha256"] != row.package_sha256.hex():
        raise EnvelopeRefusedError("OTHER_PACKAGE")
    if row.status != "RECEIVED":
        row.status, row.package, row.settled_at = "RECEIVED", None, work.clock.now()
        row.receipt, row.receipt_number = sealed, said["receipt_number"]
        row.other_case_number = said["receipt_number"]
        queries.save(work.connection, row)
        body = {"transfer": str(row.id), "case_number": said["receipt_number"]}
        log.append(work, type="TRANSFER_RECEIPTED", case_id=row.case_id, case_version=None, body=body)
    return row.id
