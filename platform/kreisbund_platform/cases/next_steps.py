"""The applicant is never left without the next step and its date."""

from datetime import date

from kreisbund_platform.cases.deadlines import period_end
from kreisbund_platform.cases.models import CaseRecord, Task
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.advance import waiting
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate
from kreisbund_platform.texts import _

USUAL_PERIOD = "P4W"


def tell(work: WorkContext, case: CaseRecord, template: LoadedTemplate, still_open: list[Task]) -> None:
    """Sets the case's next step: the applicant's own task first, else what is waited for the soonest."""
    if case.status in ("WITHDRAWN", "CLOSED"):
        case.next_step, case.next_step_by = None, None
        return
    text, by = _own_task(still_open) or _waiting(work, case, template, still_open)
    if text != case.next_step or case.next_step_by is None:
        case.next_step, case.next_step_by = text, by


def _own_task(still_open: list[Task]) -> tuple[str, date | None] | None:
    for task in still_open:
        if task.role == "citizen":
            return _("Bitte erledigen Sie: {task}").format(task=task.name), task.due_on
    return None


def _waiting(
    work: WorkContext, case: CaseRecord, template: LoadedTemplate, still_open: list[Task]
) -> tuple[str, date | None]:
    due = {task.token: task.due_on for task in still_open}
    for token, element_id in waiting(case.state):
        attributes = template.plan.elements[element_id].attributes
        if text := attributes.get("nextStep"):
            by = period_end(work, case, attributes.get("nextStepBy"))[0] or due.get(token)
            return text, by or period_end(work, case, USUAL_PERIOD)[0]
    if case.status == "DECIDED":
        return _("Die Entscheidung ist getroffen. Rufen Sie Ihren Bescheid ab."), work.clock.now().astimezone(
            BERLIN
        ).date()
    return _("Ihr Antrag wird bearbeitet."), period_end(work, case, USUAL_PERIOD)[0]
