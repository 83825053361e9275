"""The applicant is never left without the next step and its date."""

from collections.abc import Sequence
from datetime import date, datetime

from kreisbund_platform.cases.deadlines import period_end
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.cases.rows import OpenTask
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.advance import waiting
from kreisbund_platform.texts import _

USUAL_PERIOD = "P4W"


def tell(held: Held, still_open: Sequence[OpenTask], now: datetime) -> None:
    """Sets the case's next step: the applicant's own task first, else what is waited for the soonest."""
    case = held.case
    if case.status in ("WITHDRAWN", "CLOSED", "TRANSFERRED"):
        case.next_step, case.next_step_by = None, None
        return
    text, by = _own_task(still_open) or _waiting(held, still_open, now)
    if text != case.next_step or case.next_step_by is None:
        case.next_step, case.next_step_by = text, by


def _own_task(still_open: Sequence[OpenTask]) -> tuple[str, date | None] | None:
    for task in still_open:
        if task.role == "citizen":
            return _("Bitte erledigen Sie: {task}").format(task=task.name), task.due_on
    return None


def _waiting(held: Held, still_open: Sequence[OpenTask], now: datetime) -> tuple[str, date | None]:
    due = {task.token: task.due_on for task in still_open}
    for token, element_id in waiting(held.case.state):
        attributes = held.template.plan.elements[element_id].attributes
        if text := attributes.get("nextStep"):
            by = period_end(now, held.calendar, attributes.get("nextStepBy"))[0] or due.get(token)
            return text, by or period_end(now, held.calendar, USUAL_PERIOD)[0]
    if held.case.status == "DECIDED":
        return _("Die Entscheidung ist getroffen. Rufen Sie Ihren Bescheid ab."), now.astimezone(BERLIN).date()
    return _("Ihr Antrag wird bearbeitet."), period_end(now, held.calendar, USUAL_PERIOD)[0]
