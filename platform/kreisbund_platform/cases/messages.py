"""Correspondence between the county and the applicant, both ways."""

from collections.abc import Collection
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.cases import access, queries
from kreisbund_platform.cases.models import CaseRecord, Message
from kreisbund_platform.errors import Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role


def to_applicant(work: WorkContext, case_id: UUID, subject: str, text: str) -> UUID:
    """Writes a message of the county; part of a durable step."""
    return _write(work, case_id, "TO_APPLICANT", subject, text)


def send(work: WorkContext, case_id: str, subject: str, text: str) -> UUID | Refusal:
    """Sends a message: staff to the applicant, the applicant to the county. Answers the message's id.

    `case_id` is the case's id, for the applicant also their application's.
    """
    citizen = Role.CITIZEN in work.principal.roles
    case = access.own_case(work, case_id) if citizen else access.case_for_staff(work, case_id)
    if not isinstance(case, CaseRecord):
        return case
    problem = access.text_problem("subject", subject, longest=200) or access.text_problem("text", text)
    if problem:
        return problem
    message_id = _write(work, case.id, "FROM_APPLICANT" if citizen else "TO_APPLICANT", subject, text)
    log.append(work, type="MESSAGE_SENT", case_id=case.id, case_version=case.version, body={"message": str(message_id)})
    return message_id


def note_opened(work: WorkContext, cases: Collection[UUID]) -> None:
    """Notes that the addressee has opened these cases' correspondence: the applicant, or whoever works cases.

    The first time counts; another party's look, or that of somebody who only supervises, opens nothing.
    """
    roles = work.principal.roles
    direction = "FROM_APPLICANT" if roles & access.WORKING_ROLES else "TO_APPLICANT"
    if direction == "FROM_APPLICANT" or roles == {Role.CITIZEN}:
        queries.mark_messages_read(work.connection, cases, direction, work.principal.subject, work.clock.now())


def _write(work: WorkContext, case_id: UUID, direction: str, subject: str, text: str) -> UUID:
    now = work.clock.now()
    message = Message(
        id=ids.new_id(ids.Kind.MESSAGE, now),
        case_id=case_id,
        direction=direction,
        author=work.principal.subject,
        subject=subject,
        text=text,
        sent_at=now,
    )
    queries.insert_message(work.connection, message)
    return message.id
