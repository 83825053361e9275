"""Issues notices and letters inside the caller's transaction: file, document, decision and its deliveries."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.documents import queries
from kreisbund_platform.documents.composing import (
    CaseFacts,
    Composed,
    IssueNotice,
    PartyFacts,
    TemplateFacts,
    compose,
    recipients,
    wordings_for,
)
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.documents.models import Decision, Delivery, Document
from kreisbund_platform.documents.notices import render, text_of
from kreisbund_platform.documents.remedies import PERIOD
from kreisbund_platform.engine import feel
from kreisbund_platform.engine.letters import choose, fill, read_letter
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.tenancy import deadlines

__all__ = ["IssueNotice", "issue_notice", "message_text", "render_preview"]

PDF = "application/pdf"


def issue_notice(work: WorkContext, order: IssueNotice) -> UUID | None:
    """Issues the letter; answers the decision's id, or None for a letter that decides nothing.

    Raises NoticeNotSetError: then nothing is issued, and the step that asked for it is not done.
    """
    composed = compose(work, order)
    document = _document(work, order.case, composed, render(composed.notice))
    queries.insert(work.connection, document)
    if composed.letter.kind == "LETTER":
        return None
    deliveries = [_delivery(work, order, party) for party in recipients(order.parties)]
    decision = _decision(work, order, composed, document.id, deliveries)
    queries.insert(work.connection, decision)
    for delivery in deliveries:
        delivery.decision_id = decision.id
        queries.insert(work.connection, delivery)
    return decision.id


def render_preview(work: WorkContext, order: IssueNotice) -> str:
    """What the notice will say, as plain text with blank lines between paragraphs; issues nothing."""
    return text_of(compose(work, order).notice)


def message_text(
    work: WorkContext, case: CaseFacts, template: TemplateFacts, letter_id: str, variables: Mapping[str, Any]
) -> tuple[str, str]:
    """Subject and text of a message to the applicant, from a letter of the template."""
    letter = read_letter(template.letters[letter_id])
    wordings = wordings_for(work, case, template, variables)
    parts = (*letter.operative, *letter.reasons, *letter.conditions)
    texts = [letter.salutation, *choose(parts, variables, feel.evaluate)]
    return fill(letter.subject, wordings), "\n\n".join(fill(text, wordings) for text in texts)


def _document(work: WorkContext, case: CaseFacts, composed: Composed, content: bytes) -> Document:
    now = work.clock.now()
    key = store_of(work.settings).put(work.tenant, content)
    return Document(
        id=ids.new_id(ids.Kind.DOCUMENT, now),
        case_id=case.id,
        kind="letter" if composed.letter.kind == "LETTER" else "notice",
        title=composed.letter.title,
        media_type=PDF,
        size_bytes=len(content),
        sha256=bytes.fromhex(key),
        storage_key=key,
        visible_to_applicant=True,
        created_by=work.principal.subject,
        created_at=now,
    )


def _delivery(work: WorkContext, order: IssueNotice, party: PartyFacts) -> Delivery:
    """By the portal to who has an account, else by post; `decision_id` follows."""
    now = work.clock.now()
    channel = "PORTAL" if party.subject else "LETTER"
    sent_on, regime = now.astimezone(BERLIN).date(), order.template.manifest.regime
    calendar = deadlines.calendar_for(work.connection, order.case.municipality_key)
    return Delivery(
        id=ids.new_id(ids.Kind.DELIVERY, now),
        decision_id=order.case.id,
        party_id=party.id,
        channel=channel,
        sent_at=now,
        deemed_on=deadlines.deemed_delivery("LETTER", sent_on, regime, calendar) if channel == "LETTER" else None,
    )


def _decision(
    work: WorkContext, order: IssueNotice, composed: Composed, document_id: UUID, deliveries: list[Delivery]
) -> Decision:
    now = work.clock.now()
    remedy = composed.remedy
    return Decision(
        id=ids.new_id(ids.Kind.DECISION, now),
        case_id=order.case.id,
        kind=composed.letter.kind,
        outcome=composed.letter.outcome,
        decided_at=now,
        document_id=document_id,
        legal_basis="; ".join(composed.legal_basis),
        responsible_name=composed.notice.responsible_name,
        fee_cents=composed.fee_cents,
        remedy_kind=remedy.kind if remedy else None,
        remedy_addressee=remedy.addressee if remedy else None,
        remedy_until=_remedy_until(work, order.case, deliveries) if remedy else None,
    )


def _remedy_until(work: WorkContext, case: CaseFacts, deliveries: list[Delivery]) -> date | None:
    """Known once every delivery has its day; a portal delivery gets it when the notice is retrieved."""
    days = [delivery.deemed_on for delivery in deliveries]
    if not days or None in days:
        return None
    calendar = deadlines.calendar_for(work.connection, case.municipality_key)
    return deadlines.due_on(max(day for day in days if day), PERIOD, calendar)
