"""A team lead gives a claimed task to somebody else, as when its holder was blocked."""

from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, queries
from kreisbund_platform.cases.holding import hold_task
from kreisbund_platform.cases.rows import HeldTask
from kreisbund_platform.errors import Conflict, Forbidden, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.rights import people
from kreisbund_platform.rights.models import StaffAccount
from kreisbund_platform.texts import _


def reassign(work: WorkContext, task_id: str, assignee: str | None, expected_version: int) -> UUID | Refusal:
    """Gives a claimed task to a colleague who holds its role; None lays it back. Answers the task's id."""
    identifier = ids.parse_id(task_id, ids.Kind.TASK)
    found = hold_task(work, identifier) if identifier else None
    if found is None or found[1].role == Role.CITIZEN:
        return refusals.not_found()
    held, task = found
    if task.unit_id and work.principal.units and task.unit_id not in work.principal.units:
        return Forbidden("OTHER_UNIT", _("Diese Aufgabe gehört einer anderen Organisationseinheit."))
    if refused := access.suspended(work) or _changed(task, expected_version) or _unfit(work, task, assignee):
        return refused
    queries.set_assignee(work.connection, task.id, assignee)
    case, body = held.case, {"from": task.assignee, "to": assignee}
    log.append(work, type="TASK_REASSIGNED", case_id=case.id, case_version=case.version, task_id=task.id, body=body)
    return task.id


def _changed(task: HeldTask, expected_version: int) -> Conflict | None:
    if task.version != expected_version:
        return Conflict("STALE_VERSION", _("Die Aufgabe wurde inzwischen geändert."), task.version)
    if task.status != "CLAIMED":
        return Conflict("NOT_CLAIMED", _("Die Aufgabe ist nicht übernommen."), task.version)
    return None


def _unfit(work: WorkContext, task: HeldTask, assignee: str | None) -> Refusal | None:
    if assignee is None:
        return None
    role, unit_id = task.role, task.unit_id
    colleague = people.colleague(work, "assignee", assignee)
    if not isinstance(colleague, StaffAccount):
        return colleague
    if role not in colleague.roles or (unit_id and colleague.units and unit_id not in colleague.units):
        return people.invalid("assignee", "ROLE_MISSING", _("Dieser Person fehlt das Recht für die Aufgabe."))
    return None
