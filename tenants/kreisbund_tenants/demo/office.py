"""What a county of the demonstration has decided about its people: leave, lent rights, a colleague gone, support.

Leave and lent rights begin next week, and the blocked account is nobody's who can be logged in as: what the people of
the demonstration may do today stays what their roles say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.identity import queries
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Principal, Role
from kreisbund_platform.rights import blocking, standing_in, support
from kreisbund_platform.rights.standing_in import Period
from kreisbund_platform.templates.life_cycle import rows

WorkOf = Callable[[Principal], WorkContext]
Staff = Mapping[str, Sequence[Principal]]
LEAVE = (timedelta(days=7), timedelta(days=21))
OPEN_FOR = timedelta(days=10)


def decide(work_of: WorkOf, staff: Staff) -> None:
    """The county's decisions of these days; the clock of `work_of` says when."""
    admin = work_of(staff[Role.COUNTY_ADMIN][0])
    now, county = admin.clock.now(), admin.tenant.name
    gone = replace(staff[Role.CASEWORKER][-1], subject=f"former-{admin.tenant.slug}", name=_former(staff))
    for person in (*(each for people in staff.values() for each in people), gone):
        queries.keep_staff_account(admin.connection, person, now)
    _stand_in(work_of, staff)
    _block(admin, gone, staff)
    _invite(admin, county)


def _former(staff: Staff) -> str:
    """A name that the county's people make up and nobody of them has."""
    given, family = staff[Role.CASEWORKER][0].name or "", staff[Role.TREASURER][0].name or ""
    return f"{given.split()[0]} {family.split()[-1]}"


def _stand_in(work_of: WorkOf, staff: Staff) -> None:
    clerk, colleague = staff[Role.CASEWORKER]
    lead = staff[Role.TEAM_LEAD][0]
    day = work_of(lead).clock.now().astimezone(BERLIN).date()
    leave = Period(day + LEAVE[0], day + LEAVE[1])
    _done(standing_in.name_substitute(work_of(clerk), None, colleague.subject, leave))
    over = _done(standing_in.name_substitute(work_of(lead), colleague.subject, clerk.subject, leave))
    _done(standing_in.end_substitution(work_of(lead), str(over), 1))
    _done(standing_in.delegate(work_of(lead), Role.TEAM_LEAD, clerk.subject, leave))
    returned = _done(standing_in.delegate(work_of(lead), Role.TEAM_LEAD, colleague.subject, leave))
    _done(standing_in.end_delegation(work_of(lead), str(returned), 1))


def _block(admin: WorkContext, gone: Principal, staff: Staff) -> None:
    """One account stays blocked, one was for a while."""
    _done(blocking.block(admin, gone.subject, f"Seit Jahresbeginn nicht mehr beim {admin.tenant.name}."))
    lost = _done(blocking.block(admin, staff[Role.CASHIER][-1].subject, "Dienstausweis verloren, inzwischen ersetzt."))
    _done(blocking.unblock(admin, str(lost), 1))


def _invite(admin: WorkContext, county: str) -> None:
    """The service team may look at one case; at another it has looked."""
    cases = [str(each.id) for each in rows.found(admin.connection, CaseRecord, "opened_at DESC, id")[:2]]
    until = admin.clock.now() + OPEN_FOR
    for case in cases:
        made = _done(
            support.invite(admin, case, f"Die Frist im {county} stimmt nicht mit dem Kalender überein.", until)
        )
    _done(support.revoke(admin, str(made), 1))


def _done(result: object) -> UUID:
    if not isinstance(result, UUID):
        raise TypeError(f"demonstration refused: {result}")
    return result
