"""Who may touch a case: the row rules of the services, in one place.

What a person may not even see is NotFound; what they see but may not do is Forbidden.
"""

from kreisbund_platform.cases import queries, task_rights
from kreisbund_platform.cases.holding import Held, hold_task
from kreisbund_platform.cases.models import Application, CaseRecord
from kreisbund_platform.cases.rows import HeldTask
from kreisbund_platform.errors import FieldError, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import refusals, suspension
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.texts import _

WORKING_ROLES = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.RECORDS_OFFICER})
LONGEST_TEXT = 20_000


def suspended(work: WorkContext) -> Forbidden | None:
    """A suspended county takes no applications and no staff writes."""
    if work.tenant.status == "ACTIVE":
        return None
    return suspension.closed()


def case_for_staff(work: WorkContext, case_id: str) -> CaseRecord | Refusal:
    """A case, locked, for those of the county who work cases."""
    identifier = parse_id(case_id, Kind.CASE_RECORD)
    if not work.principal.roles & WORKING_ROLES:
        return refusals.not_found() if work.principal.roles <= {Role.CITIZEN} else _no_right()
    case = queries.lock_case(work.connection, identifier) if identifier else None
    return suspended(work) or case or refusals.not_found()


def own_case(work: WorkContext, case_or_application: str) -> CaseRecord | Refusal:
    """A case, locked, for its applicant alone; by the id of the case or of the application."""
    application = own_application(work, case_or_application)
    if not isinstance(application, Application):
        return application
    return queries.lock_case(work.connection, application.case_id) or refusals.not_found()


def own_application(work: WorkContext, case_or_application: str) -> Application | Refusal:
    """The principal's own application, by its id or its case's."""
    application: Application | None = None
    if identifier := parse_id(case_or_application, Kind.APPLICATION):
        application = queries.case_of_application(work.connection, identifier)
    elif identifier := parse_id(case_or_application, Kind.CASE_RECORD):
        application = queries.application_of_case(work.connection, identifier)
    if application is None or application.applicant_subject != work.principal.subject:
        return refusals.not_found()
    return application


def task_for(work: WorkContext, task_id: str) -> tuple[Held, HeldTask] | Refusal:
    """A task and its case, held, for who may claim and complete it."""
    identifier = parse_id(task_id, Kind.TASK)
    found = hold_task(work, identifier) if identifier else None
    if found is None:
        return refusals.not_found()
    return _task_refusal(work, *found) or found


def _task_refusal(work: WorkContext, held: Held, task: HeldTask) -> Refusal | None:
    roles = work.principal.roles
    is_staff = bool(roles - {Role.CITIZEN})
    if task.role == Role.CITIZEN and not is_staff:
        own = held.applicant_subject == work.principal.subject
        return None if own and Role.CITIZEN in roles else refusals.not_found()
    if not is_staff:
        return refusals.not_found()
    rights = [right for right in task_rights.of(work.principal, task) if task.role in right.roles]
    if not rights:
        return _no_right()
    if not any(right.reaches(task.unit_id) for right in rights):
        return Forbidden("OTHER_UNIT", _("Diese Aufgabe gehört einer anderen Organisationseinheit."))
    return suspended(work)


def _no_right() -> Forbidden:
    return Forbidden("ROLE_MISSING", _("Dazu fehlt Ihnen die Berechtigung."))


def text_problem(path: str, text: str, longest: int = LONGEST_TEXT) -> Invalid | None:
    """What is wrong with a free text: empty, too long, or characters that no text has."""
    code = None
    if not text.strip():
        code, message = "REQUIRED", _("Bitte geben Sie einen Text ein.")
    elif len(text) > longest:
        code, message = "TOO_LONG", _("Der Text ist zu lang (höchstens {number} Zeichen).").format(number=longest)
    elif any(c == "\x00" or "\ud800" <= c <= "\udfff" or (c < " " and c not in "\t\r\n") for c in text):
        code, message = "BAD_CHARACTER", _("Der Text enthält unzulässige Zeichen.")
    return Invalid("INVALID_TEXT", message, (FieldError(path, code, message),)) if code else None
