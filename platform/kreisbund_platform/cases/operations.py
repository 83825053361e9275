"""What a service task does inside the durable step: notices, letters and messages.

They happen in the step's own transaction, so that a case becomes DECIDED only together with its stored notice.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kreisbund_platform.cases import messages, queries
from kreisbund_platform.cases.models import CaseRecord
from kreisbund_platform.documents import issuing
from kreisbund_platform.engine.plan import Element
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate


def perform(
    work: WorkContext, case: CaseRecord, template: LoadedTemplate, element: Element, variables: Mapping[str, Any]
) -> UUID | None:
    """Does a service task's operation; answers the decision's id when it issued the notice."""
    letter_id = element.attributes.get("letter", "")
    if element.attributes["operation"] == "message":
        subject, text = issuing.message_text(work, case, template, letter_id, variables)
        messages.to_applicant(work, case.id, subject, text)
        return None
    order = issuing.IssueNotice(
        case=case,
        parties=tuple(queries.parties(work.connection, case.id)),
        template=template,
        letter_id=letter_id,
        variables=variables,
    )
    return issuing.issue_notice(work, order)
