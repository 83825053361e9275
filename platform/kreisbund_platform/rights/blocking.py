"""Blocking an account of the county's realm: at once, whatever its tokens and sessions still say."""

from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.rights import people, queries
from kreisbund_platform.rights.models import AccountBlock
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.texts import _


def block(work: WorkContext, subject: str, reason: str) -> UUID | Refusal:
    """Blocks an account that the county knows; answers the block's id. Nobody blocks themselves."""
    if problem := people.reason_problem(reason):
        return problem
    if subject == work.principal.subject:
        return people.invalid("subject", "YOURSELF", _("Sich selbst kann niemand sperren."))
    if not queries.is_known(work.connection, subject):
        return people.invalid("subject", "UNKNOWN_PERSON", _("Dieses Konto ist hier nicht bekannt."))
    if people.is_blocked(work, subject):
        return Conflict("ALREADY_BLOCKED", _("Dieses Konto ist schon gesperrt."))
    now = work.clock.now()
    made = AccountBlock(
        id=ids.new_id(ids.Kind.ACCOUNT_BLOCK, now),
        subject=subject,
        reason=reason.strip(),
        blocked_at=now,
        blocked_by=work.principal.subject,
    )
    rows.insert(work.connection, made)
    log.append(work, type="ACCOUNT_BLOCKED", case_id=None, case_version=None, body={"account": subject})
    return made.id


def unblock(work: WorkContext, block_id: str, expected_version: int) -> UUID | Refusal:
    """Ends a block; answers its id."""
    identifier = ids.parse_id(block_id, ids.Kind.ACCOUNT_BLOCK)
    found = rows.one(work.connection, AccountBlock, lock=True, id=identifier) if identifier else None
    if found is None:
        return refusals.not_found()
    if refused := refusals.stale(found.version, expected_version):
        return refused
    if found.ended_at is not None:
        return Conflict("NOT_BLOCKED", _("Dieses Konto ist nicht mehr gesperrt."), found.version)
    found.ended_at, found.ended_by, found.version = work.clock.now(), work.principal.subject, found.version + 1
    rows.update(work.connection, found, ["id"], "ended_at", "ended_by", "version")
    log.append(work, type="ACCOUNT_UNBLOCKED", case_id=None, case_version=None, body={"account": found.subject})
    return found.id
