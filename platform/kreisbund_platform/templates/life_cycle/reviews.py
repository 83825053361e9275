"""Review rounds: the counties look at one frozen content, comment on its places, and vote.

A round is about one content hash. Whoever changes the draft afterwards overtakes it, and a new round is needed.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.errors import Conflict, FieldError, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.templates.life_cycle import access, drafts, rows, shared_queries, voting
from kreisbund_platform.templates.life_cycle.models import (
    CooperationAgreement,
    DraftRevision,
    ReviewComment,
    ReviewRound,
    ReviewVote,
    TemplateDraft,
)
from kreisbund_platform.templates.models import Topic
from kreisbund_platform.texts import _

LONGEST_ANCHOR = 200


def open_round(work: TeamContext, draft_id: str, expected_version: int) -> UUID | Refusal:
    """Opens a round on the draft's newest revision, under the agreement as it stands today."""
    draft = drafts.writable(work, draft_id, expected_version)
    if not isinstance(draft, TemplateDraft):
        return draft
    if draft.status != "OPEN":
        return Conflict("ROUND_OPEN", _("Zu diesem Inhalt gibt es schon eine Prüfrunde."), draft.version)
    revision = drafts.newest(work, draft)
    agreement = shared_queries.agreement_in_force(work.connection)
    if revision.problems:
        errors = tuple(FieldError(p["path"], p["code"], p["message"]) for p in revision.problems)
        return Invalid("CHECKS_FAILED", _("Solange die Prüfung Fehler findet, gibt es keine Prüfrunde."), errors)
    if agreement is None:
        return Conflict("NO_AGREEMENT", _("Es gibt noch keine Zweckvereinbarung."), draft.version)
    opened = _round(work, draft, revision, agreement)
    rows.insert(work.connection, opened)
    draft.status = "IN_REVIEW"
    drafts.touch(work, draft)
    _record(work, draft, opened, "ROUND_OPENED", rule=opened.rule, open_until=opened.open_until.isoformat())
    return opened.id


def _round(
    work: TeamContext, draft: TemplateDraft, revision: DraftRevision, agreement: CooperationAgreement
) -> ReviewRound:
    now = work.clock.now()
    topic = rows.one(work.connection, Topic, id=draft.topic_id)
    assert topic is not None, "a draft's topic is a foreign key"
    return ReviewRound(
        id=ids.new_id(ids.Kind.REVIEW_ROUND, now),
        draft_id=draft.id,
        number=shared_queries.next_round(work.connection, draft.id),
        revision_id=revision.id,
        content_hash=revision.content_hash,
        agreement_id=agreement.id,
        rule=agreement.rule,
        lead_tenant_id=topic.lead_tenant_id,
        members=shared_queries.members_of(work.connection, agreement.id),
        status="OPEN",
        opened_at=now,
        opened_by_name=access.name_of(work.principal),
        open_until=now + timedelta(days=agreement.minimum_review_days),
        version=1,
    )


@dataclass(frozen=True)
class NewComment:
    """A remark on a place: a file of the draft, and in it an element's id. `answer_to`: a comment's id."""

    file: str
    text: str
    element_id: str | None = None
    answer_to: str | None = None


def comment(work: TeamContext, round_id: str, order: NewComment) -> UUID | Refusal:
    """Comments on an open round; everybody of the service team may."""
    opened = _open(work, round_id)
    if not isinstance(opened, tuple):
        return opened
    draft, found = opened
    parent = _parent(work, found, order.answer_to)
    if isinstance(parent, Invalid):
        return parent
    if refusal := access.text_problem("text", order.text) or _anchor_problem(work, found, order):
        return refusal
    written = _comment(work, found, order, parent)
    rows.insert(work.connection, written)
    _record(work, draft, found, "COMMENT_ADDED", comment=str(written.id))
    return written.id


def _comment(work: TeamContext, found: ReviewRound, order: NewComment, parent: ReviewComment | None) -> ReviewComment:
    """An answer stands where its question stands."""
    return ReviewComment(
        id=ids.new_id(ids.Kind.REVIEW_COMMENT, work.clock.now()),
        round_id=found.id,
        parent_id=parent.id if parent else None,
        file=parent.file if parent else order.file,
        element_id=parent.element_id if parent else (order.element_id or None),
        text=order.text.strip(),
        written_at=work.clock.now(),
        author=access.account_of(work.principal),
        author_name=access.name_of(work.principal),
        author_tenant_id=access.home_of(work),
    )


def _parent(work: TeamContext, found: ReviewRound, comment_id: str | None) -> ReviewComment | Invalid | None:
    """The comment at the head of the thread."""
    if not comment_id:
        return None
    identifier = ids.parse_id(comment_id, ids.Kind.REVIEW_COMMENT)
    parent = rows.one(work.connection, ReviewComment, id=identifier, round_id=found.id) if identifier else None
    if parent is None:
        text = _("Diese Anmerkung gibt es in der Runde nicht.")
        return Invalid("INVALID_COMMENT", text, (FieldError("answerTo", "COMMENT_UNKNOWN", text),))
    return rows.one(work.connection, ReviewComment, id=parent.parent_id) if parent.parent_id else parent


def _anchor_problem(work: TeamContext, found: ReviewRound, order: NewComment) -> Invalid | None:
    """A comment hangs on a file of the revision and, where it names an element, on an id that the file holds."""
    if order.answer_to:
        return None
    revision = rows.one(work.connection, DraftRevision, id=found.revision_id)
    assert revision is not None, "a round's revision is a foreign key"
    content, element = revision.files.get(order.file), order.element_id or ""
    if content is None:
        return _bad_anchor("file", _("Diese Datei gehört nicht zum Entwurf."))
    if len(element) > LONGEST_ANCHOR or (element and f'"{element}"' not in content):
        return _bad_anchor("elementId", _("Diese Stelle gibt es in der Datei nicht."))
    return None


def _bad_anchor(path: str, text: str) -> Invalid:
    return Invalid("INVALID_COMMENT", text, (FieldError(path, "ANCHOR", text),))


def resolve(work: TeamContext, comment_id: str, resolved: bool) -> UUID | Refusal:
    """Marks a thread as settled, or opens it again: its author or whoever writes the draft."""
    identifier = ids.parse_id(comment_id, ids.Kind.REVIEW_COMMENT)
    found = rows.one(work.connection, ReviewComment, id=identifier) if identifier else None
    opened = _open(work, str(found.round_id)) if found else refusals.not_found()
    if found is None or not isinstance(opened, tuple):
        return opened if not isinstance(opened, tuple) else refusals.not_found()
    draft, round_ = opened
    if found.author != access.account_of(work.principal) and (refused := access.may_not_write(work, draft.topic_id)):
        return refused
    found.resolved_at = work.clock.now() if resolved else None
    found.resolved_by_name = access.name_of(work.principal) if resolved else None
    rows.update(work.connection, found, ["id"], "resolved_at", "resolved_by_name")
    _record(work, draft, round_, "COMMENT_RESOLVED" if resolved else "COMMENT_REOPENED", comment=str(found.id))
    return found.id


def vote(work: TeamContext, round_id: str, choice: str, reason: str) -> UUID | Refusal:
    """The county's vote, given by its delegate; it may be changed until the round is closed."""
    opened = _open(work, round_id)
    if not isinstance(opened, tuple):
        return opened
    draft, found = opened
    county = access.delegate_of(work)
    if county is None or county not in found.members:
        message = _("Abstimmen kann nur, wen ein Landkreis der Zweckvereinbarung entsandt hat.")
        return Forbidden("NOT_IN_AGREEMENT", message)
    if choice not in voting.CHOICES:
        text = _("Bitte wählen Sie Zustimmung, Ablehnung oder Enthaltung.")
        return Invalid("INVALID_VOTE", text, (FieldError("choice", "REQUIRED", text),))
    if choice == "REJECT" and (refusal := access.text_problem("reason", reason)):
        return refusal
    if len(reason) > access.LONGEST_TEXT or (reason and access.text_problem("reason", reason)):
        return access.text_problem("reason", reason) or refusals.not_found()
    rows.replace(work.connection, _vote(work, found, county, choice, reason), ["round_id", "tenant_id"])
    _touch(work, found)
    _record(work, draft, found, "VOTE_CAST", choice=choice)
    return found.id


def _vote(work: TeamContext, found: ReviewRound, county: UUID, choice: str, reason: str) -> ReviewVote:
    return ReviewVote(
        round_id=found.id,
        tenant_id=county,
        choice=choice,
        reason=reason.strip(),
        cast_at=work.clock.now(),
        cast_by=access.account_of(work.principal),
        cast_by_name=access.name_of(work.principal),
    )


def close(work: TeamContext, round_id: str, expected_version: int) -> UUID | Refusal:
    """Counts and records the result, once the minimum period is over; what is missing then counts as missing."""
    opened = _open(work, round_id)
    if not isinstance(opened, tuple):
        return opened
    draft, found = opened
    refusal = access.may_not_write(work, draft.topic_id) or refusals.stale(found.version, expected_version)
    if refusal:
        return refusal
    if work.clock.now() < found.open_until:
        return Conflict("MINIMUM_PERIOD", _("Die Mindestdauer der Prüfrunde ist noch nicht um."), found.version)
    tally = voting.count(
        found.rule, found.members, found.lead_tenant_id, shared_queries.choices(work.connection, found.id)
    )
    if found.rule == "LEAD_DECIDES" and not tally.is_final:
        message = _("Der federführende Landkreis hat noch nicht abgestimmt.")
        return Conflict("LEAD_VOTE_MISSING", message, found.version)
    _end(work, draft, found, tally)
    return found.id


def _end(work: TeamContext, draft: TemplateDraft, found: ReviewRound, tally: voting.Tally) -> None:
    found.status, found.closed_at = tally.result, work.clock.now()
    found.closed_by_name = access.name_of(work.principal)
    _touch(work, found, "status", "closed_at", "closed_by_name")
    draft.status = "ACCEPTED" if tally.result == "ACCEPTED" else "OPEN"
    drafts.touch(work, draft)
    counted = {"approve": tally.approve, "reject": tally.reject, "abstain": tally.abstain, "missing": tally.missing}
    _record(work, draft, found, f"ROUND_{tally.result}", rule=found.rule, **counted)


def _open(work: TeamContext, round_id: str) -> tuple[TemplateDraft, ReviewRound] | Refusal:
    """An open round and its draft, both locked, the draft first as everywhere."""
    identifier = ids.parse_id(round_id, ids.Kind.REVIEW_ROUND)
    seen = rows.one(work.connection, ReviewRound, id=identifier) if identifier else None
    draft = rows.one(work.connection, TemplateDraft, lock=True, id=seen.draft_id) if seen else None
    found = rows.one(work.connection, ReviewRound, lock=True, id=seen.id) if seen else None
    if draft is None or found is None:
        return refusals.not_found()
    if found.status != "OPEN":
        return Conflict("ROUND_CLOSED", _("Diese Prüfrunde ist beendet."), found.version)
    return draft, found


def _touch(work: TeamContext, found: ReviewRound, *names: str) -> None:
    found.version += 1
    rows.update(work.connection, found, ["id"], "version", *names)


def _record(work: TeamContext, draft: TemplateDraft, found: ReviewRound, type: str, **body: Any) -> None:
    more = {"round": found.number, **body}
    access.record(work, draft.template_slug, type, draft_id=draft.id, content_hash=found.content_hash, **more)
