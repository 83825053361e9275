"""Changes of a template's life: each calls one service inside the boundary of `changing.py`."""

from typing import Any, cast

import strawberry

from kreisbund_api.graphql import life_cycle_changes as given
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.identity import refusals
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.templates.life_cycle import (
    agreements,
    drafts,
    publication,
    reviews,
    rollouts,
    signatures,
)
from kreisbund_platform.templates.life_cycle.retirement import retire
from kreisbund_platform.texts import _


def _files(files: object) -> dict[str, Any] | Invalid:
    if isinstance(files, dict):
        return cast("dict[str, Any]", files)
    text = _("Erwartet wird ein Objekt: Dateiname und Text.")
    return Invalid("INVALID_FILES", text, (FieldError("files", "NOT_AN_OBJECT", text),))


@strawberry.type
class DraftMutations:
    """Writing drafts."""

    @strawberry.mutation
    def create_draft(self, info: Info, input: given.CreateDraftInput) -> given.DraftResult:
        """Begins a draft."""

        def act() -> Outcome:
            files = _files(input.files) if input.files is not None else None
            if isinstance(files, Invalid):
                return files
            order = drafts.NewDraft(input.base_version, input.slug, input.topic, files)
            return done("DraftSuccess", drafts.create(info.context.team_work, order))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def save_draft(self, info: Info, input: given.SaveDraftInput) -> given.DraftResult:
        """Saves files as a revision; the checks judge it and never refuse it."""

        def act() -> Outcome:
            files = _files(input.files)
            if isinstance(files, Invalid):
                return files
            saved = drafts.save(info.context.team_work, input.draft, files, input.expected_version)
            return done("DraftSuccess", saved)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def restore_revision(self, info: Info, input: given.RestoreRevisionInput) -> given.DraftResult:
        """Makes an older revision the newest again."""

        def act() -> Outcome:
            work = info.context.team_work
            return done("DraftSuccess", drafts.restore(work, input.draft, input.revision, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def discard_draft(self, info: Info, input: given.DraftInput) -> given.DraftResult:
        """Gives a draft up."""

        def act() -> Outcome:
            return done("DraftSuccess", drafts.discard(info.context.team_work, input.draft, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


@strawberry.type
class ReviewMutations:
    """Reviewing drafts."""

    @strawberry.mutation
    def open_review(self, info: Info, input: given.DraftInput) -> given.ReviewResult:
        """Opens a review round on the draft's newest revision."""

        def act() -> Outcome:
            opened = reviews.open_round(info.context.team_work, input.draft, input.expected_version)
            return done("ReviewSuccess", opened)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def add_comment(self, info: Info, input: given.AddCommentInput) -> given.CommentResult:
        """Comments on a place, or answers a comment."""

        def act() -> Outcome:
            order = reviews.NewComment(input.file, input.text, input.element_id, input.answer_to)
            return done("CommentSuccess", reviews.comment(info.context.team_work, input.round, order))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def resolve_comment(self, info: Info, input: given.ResolveCommentInput) -> given.CommentResult:
        """Settles a thread, or opens it again."""

        def act() -> Outcome:
            settled = reviews.resolve(info.context.team_work, input.comment, input.resolved)
            return done("CommentSuccess", settled)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def cast_vote(self, info: Info, input: given.CastVoteInput) -> given.ReviewResult:
        """Votes for the county that delegated the person."""

        def act() -> Outcome:
            work = info.context.team_work
            return done("ReviewSuccess", reviews.vote(work, input.round, input.choice.value, input.reason))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def close_review(self, info: Info, input: given.CloseReviewInput) -> given.ReviewResult:
        """Counts the votes and records the result."""

        def act() -> Outcome:
            return done("ReviewSuccess", reviews.close(info.context.team_work, input.round, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def set_review_rules(self, info: Info, input: given.SetReviewRulesInput) -> given.AgreementResult:
        """Enters what the counties agreed anew."""

        def act() -> Outcome:
            rules = agreements.ReviewRules(input.rule.value, input.minimum_review_days)
            work = info.context.team_work
            changed = agreements.change_rules(work, input.agreement, rules, input.expected_version)
            return done("AgreementSuccess", changed)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


@strawberry.type
class PublicationMutations:
    """Publishing, and what happens to versions afterwards."""

    @strawberry.mutation
    def propose_publication(self, info: Info, input: given.ProposePublicationInput) -> given.DraftResult:
        """Proposes an accepted draft for publication, with the first signature."""

        def act() -> Outcome:
            transition = publication.Transition(input.transition.value, input.transition_on)
            work = info.context.team_work
            return done("DraftSuccess", publication.propose(work, input.draft, transition, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def sign_publication(self, info: Info, input: given.ProposalInput) -> given.DraftResult:
        """Signs a proposal; the second natural person's signature publishes."""

        def act() -> Outcome:
            return done("DraftSuccess", publication.sign(info.context.team_work, input.proposal))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def withdraw_publication(self, info: Info, input: given.ProposalInput) -> given.DraftResult:
        """Takes a proposal back."""

        def act() -> Outcome:
            return done("DraftSuccess", publication.withdraw(info.context.team_work, input.proposal))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def sign_version(self, info: Info, input: given.SignVersionInput) -> given.VersionResult:
        """Signs a version that was published from a folder."""

        def act() -> Outcome:
            identifier = parse_id(input.version, Kind.TEMPLATE_VERSION)
            if identifier is None:
                return refusals.not_found()
            return done("VersionSuccess", signatures.sign_version(info.context.team_work, identifier))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def start_rollout(self, info: Info, input: given.StartRolloutInput) -> given.VersionResult:
        """Starts the rollout of a version in rings."""

        def act() -> Outcome:
            rings = [rollouts.Ring(tuple(ring.counties), ring.waiting_hours) for ring in input.rings]
            return done("VersionSuccess", rollouts.start(info.context.team_work, input.version, rings))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def halt_rollout(self, info: Info, input: given.TurnRolloutInput) -> given.VersionResult:
        """Halts a rollout."""

        def act() -> Outcome:
            work = info.context.team_work
            return done("VersionSuccess", rollouts.halt(work, input.version, input.reason, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def resume_rollout(self, info: Info, input: given.TurnRolloutInput) -> given.VersionResult:
        """Lets a halted rollout go on."""

        def act() -> Outcome:
            work = info.context.team_work
            return done("VersionSuccess", rollouts.resume(work, input.version, input.reason, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def retire_template(self, info: Info, input: given.RetireTemplateInput) -> given.TemplateChangeResult:
        """Retires a version, or all of a template's."""

        def act() -> Outcome:
            retired = retire(info.context.team_work, input.template, input.number, input.reason)
            return done("TemplateChangeSuccess", retired)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
