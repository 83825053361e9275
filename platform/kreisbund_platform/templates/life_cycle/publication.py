"""From an accepted round to an immutable version: one person proposes and signs, another one signs and publishes."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.errors import Conflict, FieldError, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.templates import publishing, queries
from kreisbund_platform.templates.life_cycle import access, contents, drafts, rows, shared_queries, signatures
from kreisbund_platform.templates.life_cycle.models import (
    PublicationProposal,
    ReviewRound,
    TemplateDraft,
    VersionPublication,
)
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion, Topic
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.texts import _

TRANSITIONS = ("ALL", "RECEIVED_FROM", "DECISIONS_FROM")


@dataclass(frozen=True)
class Transition:
    """For which cases a version holds: all, those received from a day on, or all decisions from a day on."""

    rule: str
    on: date | None = None


def propose(work: TeamContext, draft_id: str, transition: Transition, expected_version: int) -> UUID | Refusal:
    """Proposes an accepted draft for publication under a transition rule, with the first signature."""
    draft = drafts.writable(work, draft_id, expected_version)
    if not isinstance(draft, TemplateDraft):
        return draft
    ready = _rule_problem(transition) or _ready(work, draft)
    if not isinstance(ready, _Ready):
        return ready
    if rows.one(work.connection, PublicationProposal, draft_id=draft.id, status="OPEN"):
        return Conflict(
            "ALREADY_PROPOSED", _("Dieser Entwurf wartet schon auf die zweite Unterschrift."), draft.version
        )
    proposal = PublicationProposal(
        id=ids.new_id(ids.Kind.PUBLICATION_PROPOSAL, work.clock.now()),
        draft_id=draft.id,
        round_id=ready.round.id,
        content_hash=ready.source.content_hash,
        number=_next_number(work, draft),
        transition=transition.rule,
        transition_on=transition.on,
        status="OPEN",
        proposed_at=work.clock.now(),
    )
    rows.insert(work.connection, proposal)
    drafts.touch(work, draft)
    return _signed(work, draft, proposal, ready.source)


def sign(work: TeamContext, proposal_id: str) -> UUID | Refusal:
    """Signs a proposal; with the second natural person's signature the version is published."""
    identifier = ids.parse_id(proposal_id, ids.Kind.PUBLICATION_PROPOSAL)
    seen = rows.one(work.connection, PublicationProposal, id=identifier) if identifier else None
    draft = rows.one(work.connection, TemplateDraft, lock=True, id=seen.draft_id) if seen else None
    proposal = rows.one(work.connection, PublicationProposal, lock=True, id=seen.id) if seen else None
    if draft is None or proposal is None:
        return refusals.not_found()
    if proposal.status != "OPEN":
        return Conflict("PROPOSAL_CLOSED", _("Dieser Vorschlag steht nicht mehr zur Unterschrift."))
    ready = _ready(work, draft)
    if not isinstance(ready, _Ready):
        return ready
    if (ready.source.content_hash, _next_number(work, draft)) != (proposal.content_hash, proposal.number):
        return Conflict("PROPOSAL_OUTDATED", _("Inzwischen hat sich etwas geändert; bitte neu vorschlagen."))
    return _signed(work, draft, proposal, ready.source)


def withdraw(work: TeamContext, proposal_id: str) -> UUID | Refusal:
    """Takes a proposal back, for another rule say; what was signed stays recorded and counts for nothing."""
    identifier = ids.parse_id(proposal_id, ids.Kind.PUBLICATION_PROPOSAL)
    proposal = rows.one(work.connection, PublicationProposal, lock=True, id=identifier) if identifier else None
    draft = rows.one(work.connection, TemplateDraft, id=proposal.draft_id) if proposal else None
    if proposal is None or draft is None:
        return refusals.not_found()
    if refused := access.may_not_write(work, draft.topic_id):
        return refused
    if proposal.status != "OPEN":
        return Conflict("PROPOSAL_CLOSED", _("Dieser Vorschlag steht nicht mehr zur Unterschrift."))
    proposal.status = "WITHDRAWN"
    rows.update(work.connection, proposal, ["id"], "status")
    access.record(
        work, draft.template_slug, "PROPOSAL_WITHDRAWN", draft_id=draft.id, content_hash=proposal.content_hash
    )
    return draft.id


@dataclass(frozen=True)
class _Ready:
    source: TemplateSource
    round: ReviewRound


def _rule_problem(transition: Transition) -> Invalid | None:
    errors = []
    if transition.rule not in TRANSITIONS:
        errors.append(FieldError("transition", "TRANSITION", _("Bitte wählen Sie eine Übergangsregel.")))
    elif (transition.rule == "ALL") != (transition.on is None):
        message = _("Zu „ab einem Tag“ gehört ein Tag, zu „für alle“ keiner.")
        errors.append(FieldError("transitionOn", "TRANSITION_DAY", message))
    return Invalid("INVALID_TRANSITION", _("Bitte prüfen Sie die Übergangsregel."), tuple(errors)) if errors else None


def _ready(work: TeamContext, draft: TemplateDraft) -> _Ready | Refusal:
    """The content and its accepted round, or what is still missing."""
    judged = contents.judge(drafts.newest(work, draft).files, work.connection)
    if judged.source is None or judged.problems:
        errors = tuple(FieldError(p["path"], p["code"], p["message"]) for p in judged.problems)
        return Invalid("CHECKS_FAILED", _("Die Vorlage besteht die Prüfung nicht."), errors)
    rounds = rows.found(
        work.connection, ReviewRound, "number DESC", draft_id=draft.id, status="ACCEPTED",
        content_hash=judged.content_hash,
    )  # fmt: skip
    if not rounds:
        message = _("Zu genau diesem Inhalt gibt es keine angenommene Prüfrunde.")
        return Conflict("NOT_ACCEPTED", message, draft.version)
    if work.clock.now() < rounds[0].open_until:
        return Conflict("MINIMUM_PERIOD", _("Die Mindestdauer der Prüfrunde ist noch nicht um."), draft.version)
    return _belongs(work, draft, judged.source) or _Ready(judged.source, rounds[0])


def _belongs(work: TeamContext, draft: TemplateDraft, source: TemplateSource) -> Refusal | None:
    """A draft publishes its own template in its own topic and under that topic's lead, whatever its manifest says."""
    topic = rows.one(work.connection, Topic, id=draft.topic_id)
    assert topic is not None, "a draft's topic is a foreign key"
    lead = shared_queries.tenant_slug(work.connection, topic.lead_tenant_id)
    said = source.manifest["topic"]
    if (source.manifest["slug"], said["slug"], said["lead_county"]) != (draft.template_slug, topic.slug, lead):
        text = _("Kürzel, Thema und federführender Landkreis müssen die des Entwurfs sein.")
        return Invalid("OTHER_TEMPLATE", text, (FieldError("topic", "OTHER_TEMPLATE", text),))
    if queries.version_with(work.connection, draft.template_slug, source.content_hash):
        return Conflict("ALREADY_PUBLISHED", _("Genau dieser Inhalt ist schon veröffentlicht."), draft.version)
    return None


def _next_number(work: TeamContext, draft: TemplateDraft) -> int:
    template = rows.one(work.connection, ProcessTemplate, lock=True, slug=draft.template_slug)
    return queries.next_number(work.connection, template.id) if template else 1


def _signed(
    work: TeamContext, draft: TemplateDraft, proposal: PublicationProposal, source: TemplateSource
) -> UUID | Refusal:
    statement = signatures.Statement(
        draft.template_slug, proposal.number, proposal.content_hash, proposal.transition, proposal.transition_on
    )
    number = signatures.sign(work, proposal.id, statement)
    if not isinstance(number, int):
        return number
    access.record(
        work, draft.template_slug, "PROPOSAL_SIGNED", draft_id=draft.id, content_hash=proposal.content_hash,
        number=proposal.number, transition=proposal.transition, signatures=number,
        transition_on=proposal.transition_on.isoformat() if proposal.transition_on else None,
    )  # fmt: skip
    return _publish(work, draft, proposal, source) if number == signatures.NEEDED else draft.id


def _publish(
    work: TeamContext, draft: TemplateDraft, proposal: PublicationProposal, source: TemplateSource
) -> UUID | Refusal:
    by = access.account_of(work.principal)
    version = publishing.publish(work.connection, source, clock=work.clock, published_by=by)
    if not isinstance(version, TemplateVersion):
        return version
    if version.number != proposal.number:
        return Forbidden("NUMBER_TAKEN", _("Diese Nummer ist inzwischen vergeben."))
    proposal.status, proposal.version_id, draft.status = "PUBLISHED", version.id, "PUBLISHED"
    rows.update(work.connection, proposal, ["id"], "status", "version_id")
    drafts.touch(work, draft)
    rows.insert(work.connection, VersionPublication(
        version_id=version.id, template_id=version.template_id, signed_target_id=proposal.id,
        round_id=proposal.round_id, transition=proposal.transition, transition_on=proposal.transition_on,
    ))  # fmt: skip
    access.record(
        work, draft.template_slug, "VERSION_PUBLISHED", draft_id=draft.id, version_id=version.id,
        content_hash=version.content_hash, number=version.number,
    )  # fmt: skip
    return draft.id
