"""How a template comes to be: drafts, reviews, publication; and how it comes into a county: rollouts, releases."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import ID

from kreisbund_api.graphql.catalogue import TemplateVersion, Tenant, Topic
from kreisbund_api.graphql.life_cycle_terms import Transition, VersionSignature
from kreisbund_api.graphql.problems import FieldError
from kreisbund_api.graphql.relay import Node
from kreisbund_api.graphql.scalars import JSON, Date, DateTime
from kreisbund_api.graphql.variants import VersionDifference


@strawberry.enum
class DraftStatus(Enum):
    """Where a draft stands."""

    OPEN = "OPEN"
    IN_REVIEW = "IN_REVIEW"
    ACCEPTED = "ACCEPTED"
    PUBLISHED = "PUBLISHED"
    DISCARDED = "DISCARDED"


@strawberry.enum
class RoundStatus(Enum):
    """Where a review round stands. OVERTAKEN: its content was changed meanwhile."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    OVERTAKEN = "OVERTAKEN"


@strawberry.enum
class ReviewRule(Enum):
    """How a round is decided under the cooperation agreement."""

    MAJORITY = "MAJORITY"
    UNANIMITY = "UNANIMITY"
    LEAD_DECIDES = "LEAD_DECIDES"


@strawberry.enum
class VoteChoice(Enum):
    """A county's vote."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    ABSTAIN = "ABSTAIN"


@strawberry.enum
class ProposalStatus(Enum):
    """Where a proposal to publish stands."""

    OPEN = "OPEN"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.type
class DraftProblem:
    """What speaks against publishing; `path` is an element's id or a dotted place in the file."""

    file: str
    path: str
    code: str
    message: str


@strawberry.type
class DraftRevision(Node):
    """One saved content of a draft; it never changes."""

    number: int
    saved_at: DateTime
    saved_by: str
    files: JSON = strawberry.field(description="File name to text, readable or not")
    content_hash: str
    restored_from: int | None
    problems: list[DraftProblem]


@strawberry.type
class ReviewVote:
    """A county's vote as it stands."""

    county: Tenant
    choice: VoteChoice
    reason: str
    cast_at: DateTime
    cast_by: str


@strawberry.type
class ReviewComment(Node):
    """A remark on a place of the content, or an answer to one."""

    file: str
    element_id: str | None
    text: str
    written_at: DateTime
    author: str
    county: Tenant | None
    answer_to: ID | None
    resolved_at: DateTime | None
    resolved_by: str | None
    round: ReviewRound


@strawberry.type
class ReviewRound(Node):
    """The counties look at one frozen content. Rule, members and period are those of the day it was opened."""

    number: int
    status: RoundStatus
    rule: ReviewRule
    content_hash: str
    opened_at: DateTime
    opened_by: str
    open_until: DateTime
    closed_at: DateTime | None
    closed_by: str | None
    version: int
    draft: TemplateDraft
    revision: DraftRevision
    lead_county: Tenant
    members: list[Tenant]
    votes: list[ReviewVote]
    comments: list[ReviewComment]


@strawberry.type
class PublicationProposal(Node):
    """What is to be published under which rule; it waits for two natural persons' signatures."""

    number: int
    content_hash: str
    transition: Transition
    transition_on: Date | None
    status: ProposalStatus
    proposed_at: DateTime
    published_version: TemplateVersion | None
    signatures: list[VersionSignature]


@strawberry.type
class TemplateDraft(Node):
    """A template in the making; `version` rises with every change."""

    slug: str
    title: str
    status: DraftStatus
    version: int
    created_at: DateTime
    updated_at: DateTime
    topic: Topic
    base_version: TemplateVersion | None
    revision: DraftRevision
    revisions: list[DraftRevision]
    rounds: list[ReviewRound]
    proposal: PublicationProposal | None


@strawberry.type
class CooperationAgreement(Node):
    """What the counties agreed: how reviews are decided, and above which shares a rollout halts."""

    title: str
    signed_on: Date
    rule: ReviewRule
    minimum_review_days: int
    most_incident_share: float
    most_overdue_share: float
    fewest_cases: int
    version: int
    members: list[Tenant]


@strawberry.type
class VersionCheck:
    """What a county looks at before it releases a version: signatures verified here, and what differs."""

    problems: list[FieldError] = strawberry.field(description="Empty: content and both signatures hold")
    root_public_key: str = strawberry.field(description="Ed25519, base64: certifies the signers' keys")
    changes: list[VersionDifference] = strawberry.field(
        description="Against the version in force here; for the service team against the one before"
    )
