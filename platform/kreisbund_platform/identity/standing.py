"""Where a person stands in their county at this moment: blocked, standing in for somebody, holding a lent role.

The token says who somebody is and is remembered for a minute; what a county decides about its people stands in its
database and is read, in one statement, at the beginning of every operation and for every page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, errors
from psycopg.pq.abc import PGresult

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.identity import queries
from kreisbund_platform.identity.principals import COUNTY_STAFF, LentRole, Principal, Role, StoodInFor

QUESTION = queries.STANDING


class AccountBlockedError(Exception):
    """The county has blocked the account: whatever its token says, it gets no further (401)."""


@dataclass(frozen=True)
class Stood:
    """Where somebody stood when they were last here: the database's own words, and the person by them.

    `row` is None where it is no answer for the next time.
    """

    row: tuple[bytes, ...] | None
    principal: Principal


def standing(connection: Connection[Any], principal: Principal, now: datetime) -> Stood:
    """The person with what colleagues have lent. `connection` is the county's. Raises AccountBlockedError."""
    if principal.tenant is None or principal.is_guest:
        return Stood(None, principal)
    try:
        row = answered(QUESTION.run(connection, *asked(principal, now)))
    except errors.UndefinedTable:
        return Stood(None, principal)  # a county that a migration left behind has blocked and lent nothing
    found = queries.standing_of(row)
    if found.is_blocked:
        raise AccountBlockedError
    is_new = _is_new(found, principal)
    if is_new:
        queries.keep_staff_account(connection, principal, now)
    return Stood(None if is_new else row, _with(principal, found))


def asked(principal: Principal, now: datetime) -> tuple[object, ...]:
    """The values of QUESTION."""
    return queries.standing_values(principal, now.astimezone(BERLIN).date(), now)


def answered(result: PGresult) -> tuple[bytes, ...]:
    """The database's own words, to compare with what it said before."""
    return queries.standing_row(result)


def stood(principal: Principal, row: tuple[bytes, ...]) -> Stood | None:
    """The person by these words; None where there is more to do: a blocked account, a new colleague."""
    found = queries.standing_of(row)
    if found.is_blocked or _is_new(found, principal):
        return None
    return Stood(row, _with(principal, found))


def _is_new(found: queries.Standing, principal: Principal) -> bool:
    return not found.is_known and bool(principal.own_roles & COUNTY_STAFF)


def _with(principal: Principal, found: queries.Standing) -> Principal:
    lent = tuple(LentRole(Role(role), by, _units(units)) for role, by, units in found.lent if role in COUNTY_STAFF)
    absent = tuple(
        StoodInFor(subject, frozenset(Role(each) for each in roles if each in COUNTY_STAFF), _units(units))
        for subject, roles, units in found.absent
    )
    own = principal.own_roles
    roles = own | {each.role for each in lent}
    return replace(principal, roles=roles, realm_roles=own, lent_roles=lent, stands_in_for=absent)


def _units(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(map(UUID, texts))
