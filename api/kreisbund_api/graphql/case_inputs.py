"""What a list of cases or tasks is narrowed by."""

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseStatus, TaskStatus
from kreisbund_api.graphql.scalars import Date


@strawberry.input
class CaseFilter:
    """`text` finds case number, file reference, names."""

    status: list[CaseStatus] | None = None
    template: str | None = None
    assignee: str | None = None
    due_before: Date | None = None
    text: str | None = None


@strawberry.input
class TaskFilter:
    """Which tasks."""

    status: list[TaskStatus] | None = None
    role: str | None = None
    assignee: str | None = None
    case: ID | None = None
