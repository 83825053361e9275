"""By which right somebody of the county touches a task: their own, a lent role's, or an absent colleague's."""

from dataclasses import dataclass
from uuid import UUID

from kreisbund_platform.cases.rows import HeldTask
from kreisbund_platform.identity.principals import Principal, Role


@dataclass(frozen=True)
class TaskRight:
    """Roles within units; no units: all of the county. `on_behalf_of`: the colleague whose right it is."""

    roles: frozenset[Role]
    units: tuple[UUID, ...]
    on_behalf_of: str | None = None

    def reaches(self, unit_id: UUID | None) -> bool:
        """Whether a task of this unit is within the right."""
        return unit_id is None or not self.units or unit_id in self.units


def of(principal: Principal, task: HeldTask) -> list[TaskRight]:
    """The rights that a person may use on a task, their own first; an absent colleague's on what is theirs alone."""
    lent = [TaskRight(frozenset({each.role}), each.units, each.by) for each in principal.lent_roles]
    absent = [
        TaskRight(each.roles, each.units, each.subject)
        for each in principal.stands_in_for
        if task.status == "CLAIMED" and task.assignee == each.subject
    ]
    return [TaskRight(principal.own_roles, principal.units), *lent, *absent]


def holds(principal: Principal, task: HeldTask) -> bool:
    """Whether a claimed task is the person's, or that of somebody they stand in for."""
    return task.assignee in {principal.subject, *(each.subject for each in principal.stands_in_for)}


def on_behalf_of(principal: Principal, task: HeldTask) -> str | None:
    """For whom the person acts on this task: whose task it is, else who lent the role; None for oneself."""
    rights = [right for right in of(principal, task) if task.role in right.roles and right.reaches(task.unit_id)]
    if task.status == "CLAIMED" and task.assignee != principal.subject and holds(principal, task):
        return task.assignee
    return rights[0].on_behalf_of if rights else None
