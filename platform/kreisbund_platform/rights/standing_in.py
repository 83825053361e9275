"""Standing in for an absent colleague, and lending a role of one's own; both from day to day, both at once.

Nobody gives more than their realm gives them: lent roles are not lent on, and standing in reaches only what the
absent person themselves may do. What is counted at a request is read by identity/standing.py.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import COUNTY_STAFF, Role
from kreisbund_platform.rights import people
from kreisbund_platform.rights.models import Delegation, StaffAccount, Substitution
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.texts import _

# who may name a substitute for somebody else
NAMING_ROLES = frozenset({Role.TEAM_LEAD, Role.COUNTY_ADMIN})
# the data-protection officer is appointed in person (Art. 37 GDPR)
LENDABLE = COUNTY_STAFF - {Role.DATA_PROTECTION_OFFICER}


@dataclass(frozen=True)
class Period:
    """From a day to a day, both included, in Berlin."""

    first_day: date
    last_day: date


def name_substitute(work: WorkContext, absent: str | None, substitute: str, period: Period) -> UUID | Refusal:
    """Names who does somebody's assigned tasks; `absent` None: one's own. Answers the substitution's id."""
    absent = absent or work.principal.subject
    if absent != work.principal.subject and not work.principal.own_roles & NAMING_ROLES:
        return people.no_right()
    if absent == substitute:
        return people.invalid("substitute", "SAME_PERSON", _("Niemand vertritt sich selbst."))
    if problem := people.period_problem(work, period.first_day, period.last_day):
        return problem
    for path, subject in (("absent", absent), ("substitute", substitute)):
        if not isinstance(found := people.colleague(work, path, subject), StaffAccount):
            return found
    made = Substitution(
        id=ids.new_id(ids.Kind.SUBSTITUTION, work.clock.now()),
        absent=absent,
        substitute=substitute,
        first_day=period.first_day,
        last_day=period.last_day,
        created_at=work.clock.now(),
        created_by=work.principal.subject,
    )
    rows.insert(work.connection, made)
    _note(work, "SUBSTITUTE_NAMED", {"absent": absent, "substitute": substitute}, period)
    return made.id


def delegate(work: WorkContext, role: str, delegate_to: str, period: Period) -> UUID | Refusal:
    """Lends a role that the realm gives the lender; answers the delegation's id."""
    if role not in LENDABLE:
        return people.invalid("role", "NOT_LENDABLE", _("Dieses Recht lässt sich nicht übertragen."))
    if role not in work.principal.own_roles:
        return people.invalid("role", "NOT_YOURS", _("Dieses Recht haben Sie nicht selbst."))
    if delegate_to == work.principal.subject:
        return people.invalid("delegate", "SAME_PERSON", _("Das Recht haben Sie schon."))
    if problem := people.period_problem(work, period.first_day, period.last_day):
        return problem
    for path, subject in (("role", work.principal.subject), ("delegate", delegate_to)):
        if not isinstance(found := people.colleague(work, path, subject), StaffAccount):
            return found
    made = Delegation(
        id=ids.new_id(ids.Kind.DELEGATION, work.clock.now()),
        role=role,
        delegator=work.principal.subject,
        delegate=delegate_to,
        first_day=period.first_day,
        last_day=period.last_day,
        created_at=work.clock.now(),
    )
    rows.insert(work.connection, made)
    _note(work, "ROLE_DELEGATED", {"role": role, "delegate": delegate_to}, period)
    return made.id


def end_substitution(work: WorkContext, substitution_id: str, expected_version: int) -> UUID | Refusal:
    """Ends a substitution at once: the absent person, who named it, a team lead or a county admin may."""
    identifier = ids.parse_id(substitution_id, ids.Kind.SUBSTITUTION)
    found = rows.one(work.connection, Substitution, lock=True, id=identifier) if identifier else None
    if found is None:
        return refusals.not_found()
    if work.principal.subject not in (found.absent, found.created_by) and not work.principal.own_roles & NAMING_ROLES:
        return people.no_right()
    return _ended(work, found, expected_version, "SUBSTITUTION_ENDED", {"absent": found.absent})


def end_delegation(work: WorkContext, delegation_id: str, expected_version: int) -> UUID | Refusal:
    """Takes a lent role back at once: the lender, a team lead or a county admin may."""
    identifier = ids.parse_id(delegation_id, ids.Kind.DELEGATION)
    found = rows.one(work.connection, Delegation, lock=True, id=identifier) if identifier else None
    if found is None:
        return refusals.not_found()
    if work.principal.subject != found.delegator and not work.principal.own_roles & NAMING_ROLES:
        return people.no_right()
    return _ended(work, found, expected_version, "DELEGATION_ENDED", {"role": found.role, "delegate": found.delegate})


def _ended(
    work: WorkContext, found: Substitution | Delegation, expected_version: int, type: str, body: dict[str, log.Code]
) -> UUID | Refusal:
    if refused := refusals.stale(found.version, expected_version):
        return refused
    if found.ended_at is not None:
        return Conflict("ALREADY_ENDED", _("Das ist schon beendet."), found.version)
    found.ended_at, found.ended_by, found.version = work.clock.now(), work.principal.subject, found.version + 1
    rows.update(work.connection, found, ["id"], "ended_at", "ended_by", "version")
    log.append(work, type=type, case_id=None, case_version=None, body=body)
    return found.id


def _note(work: WorkContext, type: str, body: dict[str, log.Code], period: Period) -> None:
    days: dict[str, log.Code] = {"from": period.first_day.isoformat(), "until": period.last_day.isoformat()}
    log.append(work, type=type, case_id=None, case_version=None, body=body | days)
