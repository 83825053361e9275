"""Erasure: at a person's request through the data-protection officer, and by itself when the time has come.

What must still be kept is not erased (Art. 17 Abs. 3 DSGVO): a case that runs, one within its period, one under a
legal hold. The refusal says until when and by which law.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.cases import access
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.retention import ANSWERS_KEPT_FOR
from kreisbund_platform.privacy import erasing, ledger, persons
from kreisbund_platform.privacy import erasure_queries as queries
from kreisbund_platform.privacy.erasure_queries import ErasableCase
from kreisbund_platform.privacy.models import ErasureRun
from kreisbund_platform.privacy.persons import Person
from kreisbund_platform.privacy.retentions import CASE_FILE
from kreisbund_platform.texts import _

BATCH = 100
MOST_FILES = 200
MOST_NAMED = 5


def kept_until(closed_at: datetime) -> date:
    """The last day of a closed case's period."""
    assert CASE_FILE.years is not None
    return date(closed_at.astimezone(BERLIN).year + CASE_FILE.years, 12, 31)


def _closed_before(now: datetime) -> datetime:
    """Cases closed before this moment are past their period."""
    assert CASE_FILE.years is not None
    return datetime(now.astimezone(BERLIN).year - CASE_FILE.years, 1, 1, tzinfo=BERLIN)


@dataclass(frozen=True)
class Obstacle:
    """Why a case stays: RUNNING, RETENTION or LEGAL_HOLD, until when and by which law."""

    code: str
    text: str
    until: date | None = None


def obstacle(case: ErasableCase, now: datetime) -> Obstacle | None:
    """What hinders the erasure of a case."""
    if case.hold_id is not None:
        return Obstacle("LEGAL_HOLD", _("Löschsperre (Art. 17 Abs. 3 DSGVO)"))
    if case.closed_at is None:
        return Obstacle("RUNNING", _("der Vorgang ist nicht abgeschlossen (Art. 17 Abs. 3 Buchst. b DSGVO)"))
    if case.closed_at < _closed_before(now):
        return None
    until = kept_until(case.closed_at)
    text = _("Aufbewahrung bis {day} ({basis})").format(day=until.strftime("%d.%m.%Y"), basis=CASE_FILE.basis)
    return Obstacle("RETENTION", text, until)


def preview(work: WorkContext, person: Person) -> dict[str, Any]:
    """What erasing a person's data would meet; plain JSON. `version` is what `erase_account` expects."""
    found = queries.cases(work.connection, person.cases)
    return {
        "account": person.account,
        "version": _version(found),
        "cases": [_previewed(case, work.clock.now()) for case in found],
    }


def _previewed(case: ErasableCase, now: datetime) -> dict[str, Any]:
    found = obstacle(case, now)
    return {
        "id": str(case.id),
        "caseNumber": case.case_number,
        "version": case.version,
        "closedOn": case.closed_at.astimezone(BERLIN).date().isoformat() if case.closed_at else None,
        "obstacle": found.code if found else None,
        "reason": found.text if found else None,
        "keptUntil": found.until.isoformat() if found and found.until else None,
    }


def _version(cases: Iterable[ErasableCase]) -> int:
    """Rises with every change of any of the cases."""
    return sum(case.version for case in cases)


def erase_case(work: WorkContext, case_id: str, expected_version: int) -> UUID | Refusal:
    """Erases one case at request; answers the ledger's entry."""
    identifier = ids.parse_id(case_id, ids.Kind.CASE_RECORD)
    case = queries.lock_case(work.connection, identifier) if identifier else None
    if case is None:
        return refusals.not_found()
    if refusal := access.suspended(work) or _refusal(work, [case], case.version, expected_version):
        return refusal
    return _erase(work, [case])


def erase_account(work: WorkContext, account: str, expected_version: int) -> UUID | Refusal:
    """Erases all cases of an applicant and what the account left beside them; answers the ledger's entry."""
    if not persons.is_known(work, account):
        return refusals.not_found()
    person = persons.of_account(work, account)
    found = queries.lock_cases(work.connection, person.cases)
    if refusal := access.suspended(work) or _refusal(work, found, _version(found), expected_version):
        return refusal
    if found:
        _erase(work, found)
    erasing.delete_account(work.connection, account, work.clock.now())
    return ledger.enter_account(work, account)


def _refusal(work: WorkContext, cases: list[ErasableCase], version: int, expected_version: int) -> Conflict | None:
    if version != expected_version:
        return Conflict("STALE_VERSION", _("Die Daten wurden inzwischen geändert."), version)
    kept = [(case, found) for case in cases if (found := obstacle(case, work.clock.now()))]
    if not kept:
        return None
    named = "; ".join(f"{case.case_number}: {found.text}" for case, found in kept[:MOST_NAMED])
    message = _("Das darf noch nicht gelöscht werden: {cases}").format(cases=named)
    return Conflict(kept[0][1].code, message, version)


def _erase(work: WorkContext, cases: list[ErasableCase]) -> UUID:
    erasing.delete_cases(work.connection, [case.id for case in cases], work.clock.now())
    entered = [(case.id, case.version) for case in cases]
    return ledger.enter_cases(work, entered, "REQUEST", work.principal.subject)


def erase_next(work: WorkContext) -> bool:
    """The worker's step: one batch of what is past its time; whether there was any."""
    closed_before = _closed_before(work.clock.now())
    run = queries.open_run(work.connection) or _begin(work, closed_before)
    if run is None:
        return False
    due = queries.lock_due(work.connection, closed_before, BATCH)
    if due:
        erasing.delete_cases(work.connection, [case for case, _version in due], work.clock.now())
        ledger.enter_cases(work, due, "RETENTION", None)
    finished_at = work.clock.now() if len(due) < BATCH else None
    queries.advance_run(work.connection, run.id, len(due), finished_at)
    return bool(due)


def _begin(work: WorkContext, closed_before: datetime) -> ErasureRun | None:
    due, held = queries.count_due(work.connection, closed_before)
    if not due:
        return None
    now = work.clock.now()
    run = ErasureRun(id=ids.new_id(ids.Kind.ERASURE_RUN, now), started_at=now, due=due, erased=0, held=held)
    queries.insert_run(work.connection, run)
    return run


def remove_files(work: WorkContext) -> bool:
    """The worker's step: removes files whose rows were erased; whether there were any."""
    taken, unused = erasing.take_unused_files(work.connection, MOST_FILES)
    store = store_of(work.settings)
    for key in unused:
        store.remove(work.tenant, key)
    return taken > 0


def destroy_idle_keys(work: WorkContext) -> int:
    """Destroys keys whose answers have all had their time; answers how many."""
    return erasing.destroy_idle_keys(work.connection, work.clock.now() - ANSWERS_KEPT_FOR)
