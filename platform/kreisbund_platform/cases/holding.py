"""A case as a durable step holds it: its row locked, with all that moving it needs, read in two statements."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.cases import queries
from kreisbund_platform.cases.models import CaseRecord, Task
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate, plan_of
from kreisbund_platform.tenancy.calendar import WorkingCalendar, calendar_of


@dataclass(frozen=True)
class Held:
    """`tasks` are the open and claimed ones, and the one asked for; `calendar` is that of the case's municipality."""

    connection: Connection[Any]
    case: CaseRecord
    tasks: list[Task]
    applicant_subject: str | None
    calendar: WorkingCalendar

    @cached_property
    def template(self) -> LoadedTemplate:
        """What the case runs on; loaded only for those who move it."""
        assert self.case.template_version_id is not None, "a case is held only where it runs on a template"
        return plan_of(self.connection, self.case.template_version_id, self.case.variant_id)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that the step opens; its fields are the columns that migration 0004 reads."""

    id: UUID
    token: int
    element_id: str
    name: str
    role: str
    unit_id: UUID | None
    form_id: str | None
    due_at: datetime | None
    due_on: date | None
    instance: int | None


OpenTask = Task | NewTask


def hold(work: WorkContext, case_id: UUID) -> Held | None:
    """The case, locked until the transaction ends; None where there is none or it runs on no template."""
    return _held(work, queries.hold_case(work.connection, case_id))


def hold_task(work: WorkContext, task_id: UUID) -> tuple[Held, Task] | None:
    """A task and its case, as `hold`."""
    held = _held(work, queries.hold_case_of_task(work.connection, task_id))
    return (held, next(task for task in held.tasks if task.id == task_id)) if held else None


def _held(work: WorkContext, locked: queries.LockedCase | None) -> Held | None:
    if locked is None or locked.case.template_version_id is None:
        return None
    calendar = calendar_of(locked.local_holidays)
    return Held(work.connection, locked.case, locked.tasks, locked.applicant_subject, calendar)
