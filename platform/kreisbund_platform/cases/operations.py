"""What a service task does inside the durable step: notices, letters, messages to people and to other cases.

They happen in the step's own transaction, so that a case becomes DECIDED only together with its stored notice.
One that fails leaves nothing behind and is tried again by the worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from kreisbund_platform.cases import messages, queries
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.documents import issuing
from kreisbund_platform.documents.notices_process import NoticeNotSetError
from kreisbund_platform.engine.feel import FeelError, evaluate
from kreisbund_platform.engine.plan import Element
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import transitions


class OperationFailedError(Exception):
    """The work of a service task did not succeed; says which kind of failure, never what was in it."""


@dataclass(frozen=True)
class Sent:
    """A message or signal on its way to other cases of the county."""

    kind: Literal["message", "signal"]
    name: str
    key: str | None


@dataclass(frozen=True)
class Done:
    """What an operation led to: decisions issued, events for other cases."""

    decisions: tuple[UUID, ...] = ()
    sent: tuple[Sent, ...] = ()


def perform(work: WorkContext, held: Held, element: Element, variables: Mapping[str, Any]) -> Done:
    """Does a service task's operation, all or nothing. Raises OperationFailedError.

    Raises UpgradeNeededError where the case's version may no longer decide in the main matter.
    """
    operation = element.attributes["operation"]
    if operation == "send":
        return Done(sent=(_sent(element, variables),))
    try:
        with work.connection.transaction():
            return (
                _message(work, held, element, variables)
                if operation == "message"
                else _notice(work, held, element, variables)
            )
    except NoticeNotSetError as failure:
        raise OperationFailedError(str(failure)) from failure


def _message(work: WorkContext, held: Held, element: Element, variables: Mapping[str, Any]) -> Done:
    letter_id = element.attributes["letter"]
    subject, text = issuing.message_text(work, held.case, held.template, letter_id, variables)
    messages.to_applicant(work, held.case.id, subject, text)
    return Done()


def _notice(work: WorkContext, held: Held, element: Element, variables: Mapping[str, Any]) -> Done:
    if held.template.letters[element.attributes["letter"]].get("kind") == "MAIN":
        transitions.require_decidable(work, held.case.template_version_id, element.element_id)
    order = issuing.IssueNotice(
        case=held.case,
        parties=tuple(queries.parties(work.connection, held.case.id)),
        template=held.template,
        letter_id=element.attributes["letter"],
        variables=variables,
    )
    decision = issuing.issue_notice(work, order)
    return Done((decision,) if decision else ())


def _sent(element: Element, variables: Mapping[str, Any]) -> Sent:
    name = element.attributes.get("message") or (element.event.name if element.event else None) or element.element_id
    return Sent("message", name, correlation_key(element, variables))


def correlation_key(element: Element, variables: Mapping[str, Any]) -> str | None:
    """The value of `kb:correlation` as text; None where there is none."""
    expression = element.attributes.get("correlation")
    if expression is None:
        return None
    try:
        value = evaluate(expression.removeprefix("=").strip(), variables)
    except FeelError as failure:
        raise OperationFailedError("correlation") from failure
    return None if value is None else str(value)
