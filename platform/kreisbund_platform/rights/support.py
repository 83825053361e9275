"""Support by invitation: the service team sees one case, read-only, until a moment; revocable at once.

The invitation's row lies in the county and decides at each look; `shared` only learns which county to ask.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.rights import people, queries
from kreisbund_platform.rights.models import SupportInvitation
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenants
from kreisbund_platform.texts import _

LONGEST = timedelta(days=14)


def invite(work: WorkContext, case_id: str, reason: str, until: datetime) -> UUID | Refusal:
    """Invites the service team to one case: a county admin may, and who works on the case. `until` is aware."""
    identifier = ids.parse_id(case_id, ids.Kind.CASE_RECORD)
    version = queries.case_version(work.connection, identifier) if identifier else None
    if identifier is None or version is None:
        return refusals.not_found()
    if not _may_invite(work, identifier):
        return people.no_right()
    now = work.clock.now()
    if problem := people.reason_problem(reason):
        return problem
    if until.tzinfo is None or not now < until <= now + LONGEST:
        text = _("Eine Einladung gilt höchstens 14 Tage und endet in der Zukunft.")
        return people.invalid("until", "UNTIL", text)
    made = SupportInvitation(
        id=ids.new_id(ids.Kind.SUPPORT_INVITATION, now),
        case_id=identifier,
        reason=reason.strip(),
        invited_at=now,
        invited_by=work.principal.subject,
        until=until,
    )
    rows.insert(work.connection, made)
    queries.tell_invitation(work.connection, made.id, until, now)
    body: dict[str, log.Code] = {"invitation": str(made.id), "until": until.isoformat()}
    log.append(work, type="SUPPORT_INVITED", case_id=identifier, case_version=version, body=body)
    return made.id


def revoke(work: WorkContext, invitation_id: str, expected_version: int) -> UUID | Refusal:
    """Ends an invitation at once."""
    identifier = ids.parse_id(invitation_id, ids.Kind.SUPPORT_INVITATION)
    found = rows.one(work.connection, SupportInvitation, lock=True, id=identifier) if identifier else None
    if found is None:
        return refusals.not_found()
    if not _may_invite(work, found.case_id):
        return people.no_right()
    if refused := refusals.stale(found.version, expected_version):
        return refused
    now = work.clock.now()
    if found.revoked_at is not None or found.until <= now:
        return Conflict("ALREADY_ENDED", _("Diese Einladung gilt nicht mehr."), found.version)
    found.revoked_at, found.revoked_by, found.version = now, work.principal.subject, found.version + 1
    rows.update(work.connection, found, ["id"], "revoked_at", "revoked_by", "version")
    queries.tell_invitation(work.connection, found.id, None, now)
    version = queries.case_version(work.connection, found.case_id)
    body: dict[str, log.Code] = {"invitation": str(found.id)}
    log.append(work, type="SUPPORT_REVOKED", case_id=found.case_id, case_version=version, body=body)
    return found.id


def _may_invite(work: WorkContext, case_id: UUID) -> bool:
    if Role.COUNTY_ADMIN in work.principal.roles:
        return True
    return queries.works_on(work.connection, case_id, work.principal.subject)


def inviting_county(connection: Connection[Any], invitation_id: UUID) -> TenantContext | None:
    """Which county to ask about an invitation; `connection` is one of the workspace `catalogue`."""
    tenant_id = queries.county_of_invitation(connection, invitation_id)
    found = (tenant for tenant in read_tenants(connection) if tenant.id == tenant_id)
    return next((tenant for tenant in found if tenant.status in ("ACTIVE", "SUSPENDED")), None)


def opened_case(connection: Connection[Any], invitation_id: UUID, now: datetime) -> UUID | None:
    """The case that an invitation opens now; `connection` is the inviting county's."""
    return queries.holding_invitation(connection, invitation_id, now)
