"""What a person does with a previewed upgrade: try it, start it, stop it, go on, take it back."""

from collections.abc import Sequence
from uuid import UUID

from kreisbund_platform.audit import log
from kreisbund_platform.cases import access
from kreisbund_platform.cases.upgrading import batches, moving, queries, sources
from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.texts import _

# what each act needs to find, and where it leads
STARTING = {"PREVIEWED": "RUNNING", "STOPPED": "RUNNING"}
UNDOING = {"DONE": "UNDOING", "STOPPED": "UNDOING", "UNDO_STOPPED": "UNDOING"}


def start(
    work: WorkContext, upgrade_id: str, expected_version: int, *, groups: Sequence[int] | None = None
) -> UUID | Refusal:
    """Sets the worker to it, from the effective day on; goes on where it was stopped.

    `groups`: the markings to be upgraded; None is all that can be proved. The county upgrades only to what it has
    adopted itself.
    """
    upgrade = _expected(work, upgrade_id, expected_version, STARTING)
    if not isinstance(upgrade, CaseUpgrade):
        return upgrade
    if sources.target_of(upgrade) != queries.in_force(work.connection, upgrade.template_id):
        message = _("Der Landkreis hat diese Fassung nicht übernommen. Übernehmen Sie sie zuerst.")
        return Conflict("NOT_ADOPTED", message, upgrade.version)
    if refusal := _choose(work, upgrade, groups):
        return refusal
    moments = {} if upgrade.started_at else {"started_at": work.clock.now()}
    queries.set_status(work.connection, upgrade, "RUNNING", moments)
    _record(work, upgrade, "CASE_UPGRADE_STARTED")
    return upgrade.id


def check(
    work: WorkContext, upgrade_id: str, expected_version: int, *, groups: Sequence[int] | None = None
) -> UUID | Refusal:
    """The dry run: the worker does everything to every chosen case and takes it back at once."""
    upgrade = _expected(work, upgrade_id, expected_version, {"PREVIEWED": "CHECKING"})
    if not isinstance(upgrade, CaseUpgrade):
        return upgrade
    if refusal := _choose(work, upgrade, groups):
        return refusal
    queries.set_status(work.connection, upgrade, "CHECKING", {})
    return upgrade.id


def stop(work: WorkContext, upgrade_id: str, expected_version: int) -> UUID | Refusal:
    """Stops after the batch in work; what is done stays done."""
    return _turn(work, upgrade_id, expected_version, batches.STOPPED, "CASE_UPGRADE_STOPPED")


def undo(work: WorkContext, upgrade_id: str, expected_version: int) -> UUID | Refusal:
    """Takes the upgraded cases back, but those on which a notice was issued since or that have no way back."""
    return _turn(work, upgrade_id, expected_version, UNDOING, "CASE_UPGRADE_UNDOING")


def _turn(
    work: WorkContext, upgrade_id: str, expected_version: int, turns: dict[str, str], type: str
) -> UUID | Refusal:
    upgrade = _expected(work, upgrade_id, expected_version, turns)
    if not isinstance(upgrade, CaseUpgrade):
        return upgrade
    queries.set_status(work.connection, upgrade, turns[upgrade.status], {})
    _record(work, upgrade, type)
    return upgrade.id


def _expected(
    work: WorkContext, upgrade_id: str, expected_version: int, turns: dict[str, str]
) -> CaseUpgrade | Refusal:
    identifier = parse_id(upgrade_id, Kind.CASE_UPGRADE)
    upgrade = queries.lock_upgrade(work.connection, identifier) if identifier else None
    if upgrade is None:
        return refusals.not_found()
    if refusal := access.suspended(work):
        return refusal
    if upgrade.version != expected_version:
        return Conflict("STALE_VERSION", _("Die Umstellung wurde inzwischen geändert."), upgrade.version)
    if upgrade.status not in turns:
        return Conflict("WRONG_STATE", _("Das geht beim jetzigen Stand der Umstellung nicht."), upgrade.version)
    return upgrade


def _choose(work: WorkContext, upgrade: CaseUpgrade, groups: Sequence[int] | None) -> Refusal | None:
    if queries.other_in_work(work.connection, upgrade):
        message = _("Eine andere Umstellung dieser Prozessvorlage läuft gerade.")
        return Conflict("OTHER_RUNNING", message, upgrade.version)
    if upgrade.status == "PREVIEWED":
        possible = [group.number for group in queries.groups(work.connection, upgrade.id) if group.possible]
        queries.choose_groups(work.connection, upgrade.id, possible if groups is None else groups)
        if not queries.count(work.connection, upgrade.id, "PLANNED"):
            return Conflict("NOTHING_CHOSEN", _("Es ist kein Vorgang gewählt."), upgrade.version)
    return None


def _record(work: WorkContext, upgrade: CaseUpgrade, type: str) -> None:
    body = {"upgrade": str(upgrade.id), "legal_basis": moving.basis_code(upgrade.legal_basis)}
    log.append(work, type=type, case_id=None, case_version=None, body=body)
