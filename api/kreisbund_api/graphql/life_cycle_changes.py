"""Inputs and results of the mutations of a template's life."""

from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.catalogue import ProcessTemplate, TemplateVersion
from kreisbund_api.graphql.life_cycle import (
    CooperationAgreement,
    ReviewComment,
    ReviewRound,
    ReviewRule,
    TemplateDraft,
    VoteChoice,
)
from kreisbund_api.graphql.life_cycle_terms import Transition
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.scalars import JSON, Date


@strawberry.type
class DraftSuccess:
    """The draft as it is now."""

    draft: TemplateDraft


@strawberry.type
class ReviewSuccess:
    """The round as it is now."""

    round: ReviewRound


@strawberry.type
class CommentSuccess:
    """The comment as it is now."""

    comment: ReviewComment


@strawberry.type
class VersionSuccess:
    """The version, with its signatures and its rollout."""

    version: TemplateVersion


@strawberry.type
class TemplateChangeSuccess:
    """The template as it is now."""

    template: ProcessTemplate


@strawberry.type
class AgreementSuccess:
    """The agreement as it is now."""

    agreement: CooperationAgreement


@strawberry.type
class LinkAccountsSuccess:
    """The natural person to whom both accounts belong."""

    person: ID


DraftResult = Annotated[DraftSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("DraftResult")]
ReviewResult = Annotated[ReviewSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("ReviewResult")]
CommentResult = Annotated[CommentSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("CommentResult")]
VersionResult = Annotated[VersionSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("VersionResult")]
TemplateChangeResult = Annotated[
    TemplateChangeSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("TemplateChangeResult")
]
AgreementResult = Annotated[
    AgreementSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("AgreementResult")
]
LinkAccountsResult = Annotated[
    LinkAccountsSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("LinkAccountsResult")
]


@strawberry.input
class CreateDraftInput:
    """From a published version; or `slug` and `topic`, with files of an import or with nothing."""

    idempotency_key: ID
    base_version: ID | None = None
    slug: str | None = None
    topic: str | None = None
    files: JSON | None = None


@strawberry.input
class SaveDraftInput:
    """File name to text; null takes a file away, files that are not named stay."""

    draft: ID
    files: JSON
    expected_version: int
    idempotency_key: ID


@strawberry.input
class RestoreRevisionInput:
    """An older revision becomes the newest again."""

    draft: ID
    revision: int
    expected_version: int
    idempotency_key: ID


@strawberry.input
class DraftInput:
    """A draft and its version."""

    draft: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class AddCommentInput:
    """`file` and `elementId` say where; an answer stands where its question stands."""

    round: ID
    text: str
    idempotency_key: ID
    file: str = ""
    element_id: str | None = None
    answer_to: ID | None = None


@strawberry.input
class ResolveCommentInput:
    """Settles a thread, or opens it again."""

    comment: ID
    idempotency_key: ID
    resolved: bool = True


@strawberry.input
class CastVoteInput:
    """The county's vote; it may be changed until the round is closed. A rejection gives its reason."""

    round: ID
    choice: VoteChoice
    idempotency_key: ID
    reason: str = ""


@strawberry.input
class CloseReviewInput:
    """Counts the votes, once the minimum period is over."""

    round: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class ProposePublicationInput:
    """An accepted draft with its transition rule; `transitionOn` is its day, none for ALL."""

    draft: ID
    transition: Transition
    expected_version: int
    idempotency_key: ID
    transition_on: Date | None = None


@strawberry.input
class ProposalInput:
    """A proposal."""

    proposal: ID
    idempotency_key: ID


@strawberry.input
class SignVersionInput:
    """A version that was published from a folder."""

    version: ID
    idempotency_key: ID


@strawberry.input
class RingInput:
    """Counties by slug, and how many hours they are watched."""

    counties: list[str]
    waiting_hours: int


@strawberry.input
class StartRolloutInput:
    """A version's rings, the first one opens at once."""

    version: ID
    rings: list[RingInput]
    idempotency_key: ID


@strawberry.input
class TurnRolloutInput:
    """Halts a rollout or lets it go on; `expectedVersion` is the rollout's."""

    version: ID
    reason: str
    expected_version: int
    idempotency_key: ID


@strawberry.input
class RetireTemplateInput:
    """One version by its number, or without one all of them."""

    template: str
    reason: str
    idempotency_key: ID
    number: int | None = None


@strawberry.input
class SetReviewRulesInput:
    """What the counties agreed anew; rounds that are open keep theirs."""

    agreement: ID
    rule: ReviewRule
    minimum_review_days: int
    expected_version: int
    idempotency_key: ID


@strawberry.input
class AccountInput:
    """An account: its realm and its subject there."""

    realm: str
    subject: str


@strawberry.input
class LinkAccountsInput:
    """Two accounts of one natural person."""

    first: AccountInput
    second: AccountInput
    idempotency_key: ID


@strawberry.input
class ReleaseVersionInput:
    """A version by its number."""

    template: str
    number: int
    idempotency_key: ID
    reason: str | None = None


@strawberry.input
class SetAutomaticReleaseInput:
    """Classes of change; an empty list ends automatic release. `expectedVersion` is 0 at first."""

    template: str
    classes: list[str]
    expected_version: int
    idempotency_key: ID
