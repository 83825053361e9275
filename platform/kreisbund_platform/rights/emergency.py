"""Break-glass: two operators look at one case of a county that has not invited them, read-only, for an hour.

One asks with a reason, a second natural person confirms within the hour. The row lies in the county, which sees it at
once and can end it; it is never prolonged, only asked for anew. Everything here is written over the county's own
connection, so that row and event stand or fall together, also while the worker is down.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.rights import people, persons, queries
from kreisbund_platform.rights.models import EmergencyAccess
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.templates.life_cycle.access import name_of, realm_of
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenants
from kreisbund_platform.texts import _

LASTS = timedelta(minutes=60)
SHORTEST_REASON = 20
LONGEST_WORD = 200


def county_of(connection: Connection[Any], county_id: str) -> TenantContext | None:
    """A county that works or is suspended, by its id; `connection` reads the published part of `shared`."""
    identifier = ids.parse_id(county_id, ids.Kind.TENANT)
    found = (tenant for tenant in read_tenants(connection) if tenant.id == identifier)
    return next((tenant for tenant in found if tenant.status in ("ACTIVE", "SUSPENDED")), None)


def request(work: WorkContext, case: str, reason: str, confirmer: str | None) -> UUID | Refusal:
    """Asks for one case (case number or id). `confirmer`: user name of the operator who alone may confirm."""
    if problem := _problem(work, reason, confirmer):
        return problem
    found = queries.case_named(work.connection, ids.parse_id(case, ids.Kind.CASE_RECORD), case) if _word(case) else None
    if found is None:
        return refusals.not_found()
    case_id, version = found
    now, person = work.clock.now(), work.principal
    if queries.emergency_stands(work.connection, case_id, now):
        return _stands()
    made = EmergencyAccess(
        id=ids.new_id(ids.Kind.EMERGENCY_ACCESS, now),
        case_id=case_id,
        reason=reason.strip(),
        requested_at=now,
        requested_by=person.subject,
        requested_by_name=name_of(person),
        requesting_person=_person(work),
        confirmer=_user_name(confirmer),
        confirm_until=now + LASTS,
    )
    rows.insert(work.connection, made)
    _note(work, "EMERGENCY_REQUESTED", made, version)
    return made.id


def confirm(work: WorkContext, access_id: str, expected_version: int) -> UUID | Refusal:
    """Confirms as the second natural person; from now on both may look for an hour."""
    found = _found(work, access_id)
    if found is None:
        return refusals.not_found()
    now = work.clock.now()
    if refused := _closed(work, found, expected_version, now) or _not_this_person(work, found):
        return refused
    found.confirmed_at, found.until = now, now + LASTS
    found.confirmed_by, found.confirmed_by_name = work.principal.subject, name_of(work.principal)
    found.confirming_person, found.version = _person(work), found.version + 1
    names = ("confirmed_at", "until", "confirmed_by", "confirmed_by_name", "confirming_person", "version")
    rows.update(work.connection, found, ["id"], *names)
    _note(work, "EMERGENCY_CONFIRMED", found)
    return found.id


def end(work: WorkContext, access_id: str, expected_version: int) -> UUID | Refusal:
    """The county ends a request or an access at once."""
    found = _found(work, access_id)
    if found is None:
        return refusals.not_found()
    if refused := refusals.stale(found.version, expected_version):
        return refused
    now = work.clock.now()
    if found.ended_at is not None or (found.until or found.confirm_until) <= now:
        return Conflict("ALREADY_ENDED", _("Dieser Notzugriff gilt nicht mehr."), found.version)
    found.ended_at, found.ended_by, found.version = now, work.principal.subject, found.version + 1
    rows.update(work.connection, found, ["id"], "ended_at", "ended_by", "version")
    _note(work, "EMERGENCY_ENDED", found)
    return found.id


def opened_case(connection: Connection[Any], access_id: str, subject: str, now: datetime) -> UUID | None:
    """The case at which this operator may look now; `connection` is the county's."""
    identifier = ids.parse_id(access_id, ids.Kind.EMERGENCY_ACCESS)
    return queries.emergency_case(connection, identifier, subject, now) if identifier else None


def note_looks(work: WorkContext, cases: Sequence[UUID]) -> None:
    """Every look stands in the county's event log, too."""
    for case_id in cases:
        version = queries.case_version(work.connection, case_id)
        log.append(work, type="EMERGENCY_LOOKED", case_id=case_id, case_version=version)


def _found(work: WorkContext, access_id: str) -> EmergencyAccess | None:
    """The row, locked after its case's, so that of two confirmations for one case the second waits."""
    identifier = ids.parse_id(access_id, ids.Kind.EMERGENCY_ACCESS)
    seen = rows.one(work.connection, EmergencyAccess, id=identifier) if identifier else None
    if seen is None or queries.case_named(work.connection, seen.case_id, "") is None:
        return None
    return rows.one(work.connection, EmergencyAccess, lock=True, id=identifier)


def _problem(work: WorkContext, reason: str, confirmer: str | None) -> Invalid | None:
    if problem := people.reason_problem(reason):
        return problem
    if len(reason.strip()) < SHORTEST_REASON:
        text = _("Bitte begründen Sie den Notzugriff mit mindestens {n} Zeichen.").format(n=SHORTEST_REASON)
        return people.invalid("reason", "TOO_SHORT", text)
    if confirmer and not _word(confirmer):
        return people.invalid("confirmer", "UNKNOWN_PERSON", _("Das ist kein Benutzername."))
    if confirmer and _user_name(confirmer) == _user_name(work.principal.username):
        return people.invalid("confirmer", "YOURSELF", _("Bestätigen muss eine andere Person."))
    return None


def _closed(work: WorkContext, found: EmergencyAccess, expected_version: int, now: datetime) -> Conflict | None:
    if refused := refusals.stale(found.version, expected_version):
        return refused
    if found.ended_at is not None or found.confirmed_at is not None or found.confirm_until <= now:
        return Conflict("REQUEST_CLOSED", _("Diese Anfrage steht nicht mehr offen."), found.version)
    return _stands() if queries.emergency_stands(work.connection, found.case_id, now) else None


def _not_this_person(work: WorkContext, found: EmergencyAccess) -> Forbidden | None:
    same = _person(work) in persons.as_known_now(work.connection, [found.requesting_person])
    if same or work.principal.subject == found.requested_by:
        return Forbidden("SAME_PERSON", _("Anfragen und bestätigen müssen zwei verschiedene Personen."))
    if found.confirmer and found.confirmer != _user_name(work.principal.username):
        return Forbidden("OTHER_PERSON", _("Bestätigen soll eine andere, namentlich genannte Person."))
    return None


def _stands() -> Conflict:
    return Conflict("ALREADY_OPEN", _("Für diesen Vorgang gilt schon ein Notzugriff. Er lässt sich nicht verlängern."))


def _person(work: WorkContext) -> str:
    """The natural person behind the operator's account."""
    (found,) = persons.persons_of(work.connection, [(realm_of(work.principal), work.principal.subject)])
    return found


def _word(text: str) -> bool:
    """Whether it can be a name or a number at all; the database takes neither NUL nor half a character."""
    return 0 < len(text) <= LONGEST_WORD and text.isprintable()


def _user_name(text: str | None) -> str | None:
    return text.strip().lower() or None if text else None


def _note(work: WorkContext, type: str, access: EmergencyAccess, version: int | None = None) -> None:
    body: dict[str, log.Code] = {"access": str(access.id)}
    known = version or queries.case_version(work.connection, access.case_id)
    log.append(work, type=type, case_id=access.case_id, case_version=known, body=body)
