"""The applicant takes the application back, until it is decided."""

from uuid import UUID

from kreisbund_platform.cases import access, queries, recording, steps
from kreisbund_platform.cases.holding import Held, hold
from kreisbund_platform.cases.models import Application
from kreisbund_platform.cases.rows import HeldCase
from kreisbund_platform.engine.advance import Cancel
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.texts import _


def withdraw(work: WorkContext, application_id: str, reason: str | None, expected_version: int) -> UUID | Refusal:
    """Ends all open tasks and timers of the case; answers the application's id."""
    if parse_id(application_id, Kind.APPLICATION) is None:
        return refusals.not_found()
    application = access.own_application(work, application_id)
    held = hold(work, application.case_id) if isinstance(application, Application) else None
    if held is None or not isinstance(application, Application):
        return refusals.not_found()
    if reason and (problem := access.text_problem("reason", reason, longest=2_000)):
        return problem
    return _refusal(held.case, application, expected_version) or _withdraw(work, held, application, reason)


def _refusal(case: HeldCase, application: Application, expected_version: int) -> Conflict | None:
    if application.version != expected_version:
        return Conflict("STALE_VERSION", _("Der Antrag wurde inzwischen geändert."), application.version)
    if case.status not in steps.UNDECIDED:
        message = _("Der Antrag kann nicht mehr zurückgenommen werden.")
        return Conflict("NOT_WITHDRAWABLE", message, application.version)
    return None


def _withdraw(work: WorkContext, held: Held, application: Application, reason: str | None) -> UUID:
    queries.withdraw_application(work.connection, application.id, work.clock.now(), reason)
    settled = steps.settle(work, held, Cancel())
    held.case.status = "WITHDRAWN"
    recording.record(work, held, settled, type="WITHDRAWN")
    return application.id
