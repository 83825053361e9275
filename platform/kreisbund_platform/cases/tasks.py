"""Claiming, releasing and completing tasks."""

from typing import Any
from uuid import UUID

from kreisbund_platform import telemetry
from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, form_data, queries, recording, steps, task_rights
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.cases.rows import HeldTask
from kreisbund_platform.engine.advance import EngineFault, StaleToken, TaskCompleted, local_variables
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.transitions import UPGRADE_NEEDED, UpgradeNeededError
from kreisbund_platform.texts import _


def claim(work: WorkContext, task_id: str, expected_version: int) -> UUID | Refusal:
    """Takes an open task. Claiming what one already holds is a conflict like any other stale version."""
    found = access.task_for(work, task_id)
    if not isinstance(found, tuple):
        return found
    held, task = found
    if refusal := _stale(task, expected_version) or _held(work, task, must_be_open=True):
        return refusal
    return _assign(work, held, task, work.principal.subject, "TASK_CLAIMED")


def release(work: WorkContext, task_id: str, expected_version: int) -> UUID | Refusal:
    """Gives a claimed task back."""
    found = access.task_for(work, task_id)
    if not isinstance(found, tuple):
        return found
    held, task = found
    if refusal := _stale(task, expected_version) or _held(work, task):
        return refusal
    if task.status != "CLAIMED":
        return Conflict("NOT_CLAIMED", _("Die Aufgabe ist nicht übernommen."), task.version)
    return _assign(work, held, task, None, "TASK_RELEASED")


def complete(work: WorkContext, task_id: str, data: dict[str, Any], expected_version: int) -> UUID | Refusal:
    """Completes a task with its form's data and moves the case on; answers the case's id.

    An open task is claimed by completing it; one that another person holds is a conflict.
    """
    found = access.task_for(work, task_id)
    if not isinstance(found, tuple):
        return found
    held, task = found
    if refusal := _stale(task, expected_version) or _held(work, task):
        return refusal
    return _complete(work, held, task, data)


def _complete(work: WorkContext, held: Held, task: HeldTask, data: dict[str, Any]) -> UUID | Refusal:
    case, template = held.case, held.template
    known = local_variables(template.plan, case.state, task.token, case.data or {})
    checked = form_data.check(work, template.forms.get(task.form_id or ""), data, known=known)
    if not isinstance(checked, form_data.Checked):
        return checked
    if refusal := form_data.claim_uploads(work, checked, case.id):
        return refusal
    queries.complete_task(work.connection, task.id, work.principal.subject, work.clock.now())
    try:
        settled = steps.settle(work, held, TaskCompleted(task.token, checked.data))
    except UpgradeNeededError as blocked:
        return Conflict(UPGRADE_NEEDED, blocked.reason, task.version)
    except (EngineFault, StaleToken) as fault:
        telemetry.log("task_completion_fault", problem=fault, case=case.id, task=task.id)
        return Conflict("PROCESS_FAULT", _("Der Vorgang lässt diesen Schritt so nicht zu."), task.version)
    body = {"element": task.element_id, "token": task.token, **_behalf(work, task)}
    recording.record(work, held, settled, type="TASK_COMPLETED", completed=task, body=body)
    return case.id


def _stale(task: HeldTask, expected_version: int) -> Conflict | None:
    if task.version == expected_version:
        return None
    return Conflict("STALE_VERSION", _("Die Aufgabe wurde inzwischen geändert."), task.version)


def _held(work: WorkContext, task: HeldTask, *, must_be_open: bool = False) -> Conflict | None:
    if task.status in ("COMPLETED", "CANCELLED"):
        return Conflict("TASK_ENDED", _("Die Aufgabe ist schon abgeschlossen."), task.version)
    if task.status == "CLAIMED" and (must_be_open or not task_rights.holds(work.principal, task)):
        return Conflict("ALREADY_CLAIMED", _("Die Aufgabe ist schon übernommen."), task.version)
    return None


def _assign(work: WorkContext, held: Held, task: HeldTask, assignee: str | None, type: str) -> UUID:
    case = held.case
    queries.set_assignee(work.connection, task.id, assignee)
    if assignee and case.status == "SUBMITTED" and task.role != "citizen":
        queries.set_status(work.connection, case.id, "IN_PROGRESS")
    body = _behalf(work, task)
    log.append(work, type=type, case_id=case.id, case_version=case.version, task_id=task.id, body=body)
    return task.id


def _behalf(work: WorkContext, task: HeldTask) -> dict[str, str]:
    """What the event says where somebody acts for a colleague."""
    colleague = task_rights.on_behalf_of(work.principal, task)
    return {"on_behalf_of": colleague} if colleague else {}
