"""A case as a durable step holds it: its row locked, with all that moving it needs, read in two statements."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.cases import queries
from kreisbund_platform.cases.rows import HeldCase, HeldTask
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate, plan_of
from kreisbund_platform.tenancy.calendar import WorkingCalendar, calendar_of


@dataclass(slots=True)
class Held:
    """`tasks` are the open and claimed ones, and the one asked for; `calendar` is that of the case's municipality."""

    connection: Connection[Any]
    case: HeldCase
    tasks: list[HeldTask]
    applicant_subject: str | None
    calendar: WorkingCalendar

    _template: LoadedTemplate | None = None

    @property
    def template(self) -> LoadedTemplate:
        """What the case runs on; loaded only for those who move it."""
        if self._template is None:
            assert self.case.template_version_id is not None, "a case is held only where it runs on a template"
            self._template = plan_of(self.connection, self.case.template_version_id, self.case.variant_id)
        return self._template


def hold(work: WorkContext, case_id: UUID) -> Held | None:
    """The case, locked until the transaction ends; None where there is none or it runs on no template."""
    return _held(work, queries.hold_case(work.connection, case_id))


def hold_task(work: WorkContext, task_id: UUID) -> tuple[Held, HeldTask] | None:
    """A task and its case, as `hold`."""
    held = _held(work, queries.hold_case_of_task(work.connection, task_id))
    return (held, next(task for task in held.tasks if task.id == task_id)) if held else None


def _held(work: WorkContext, locked: queries.LockedCase | None) -> Held | None:
    if locked is None or locked.case.template_version_id is None:
        return None
    calendar = calendar_of(locked.local_feasts)
    return Held(work.connection, locked.case, locked.tasks, locked.applicant_subject, calendar)
