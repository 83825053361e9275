"""What a county decides about people: blocking, standing in, lending roles, inviting support."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import StaffMember, SupportInvitation
from kreisbund_api.graphql.catalogue import Tenant
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.scalars import JSON, Date, DateTime


@strawberry.type
class AccountBlock:
    """An account of the county's realm that may do nothing; `person` is null for citizens."""

    id: ID
    subject: str
    person: StaffMember | None
    reason: str
    blocked_at: DateTime
    blocked_by: StaffMember | None
    ended_at: DateTime | None
    version: int


@strawberry.type
class Substitution:
    """Somebody does an absent colleague's assigned tasks, both days included."""

    id: ID
    absent: StaffMember | None
    substitute: StaffMember | None
    first_day: Date
    last_day: Date
    ended_at: DateTime | None
    version: int


@strawberry.type
class Delegation:
    """Somebody lends a role of their own, both days included."""

    id: ID
    role: str
    delegator: StaffMember | None
    delegate: StaffMember | None
    first_day: Date
    last_day: Date
    ended_at: DateTime | None
    version: int


@strawberry.type
class OpenInvitation:
    """A county has invited the service team to one case; which one is read through `supportCase`."""

    id: ID
    county: Tenant
    until: DateTime


@strawberry.type
class Approval:
    """A change that the county's manifest wants two persons for; `content` is its input, `case` the case's id."""

    id: ID
    operation: str
    content: JSON
    content_hash: str
    case: ID | None
    proposed_at: DateTime
    proposed_by: StaffMember | None
    until: DateTime
    confirmed_at: DateTime | None
    confirmed_by: StaffMember | None
    version: int


@strawberry.input
class ConfirmApprovalInput:
    """`contentHash`: of the content that the second person has seen."""

    approval: ID
    content_hash: str
    expected_version: int
    idempotency_key: ID


@strawberry.input
class WithdrawApprovalInput:
    """A proposal as it was seen."""

    approval: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class ApprovalSuccess:
    """The proposal as it is now."""

    approval: Approval


@strawberry.input
class BlockAccountInput:
    """`subject`: an account that the county has met."""

    subject: str
    reason: str
    idempotency_key: ID


@strawberry.input
class UnblockAccountInput:
    """A block as it was seen."""

    block: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class NameSubstituteInput:
    """`absent`: null for oneself; for others a team lead or county admin names. Subjects of known colleagues."""

    substitute: str
    first_day: Date
    last_day: Date
    idempotency_key: ID
    absent: str | None = None


@strawberry.input
class EndSubstitutionInput:
    """A substitution as it was seen."""

    substitution: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class DelegateRoleInput:
    """`role`: one of one's own; `delegate`: the subject of a known colleague."""

    role: str
    delegate: str
    first_day: Date
    last_day: Date
    idempotency_key: ID


@strawberry.input
class EndDelegationInput:
    """A delegation as it was seen."""

    delegation: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class ReassignTaskInput:
    """`assignee`: a colleague who holds the task's role; null lays the task back."""

    task: ID
    expected_version: int
    idempotency_key: ID
    assignee: str | None = None


@strawberry.input
class InviteSupportInput:
    """`until`: at most 14 days ahead."""

    case: ID
    reason: str
    until: DateTime
    idempotency_key: ID


@strawberry.input
class RevokeSupportInput:
    """An invitation as it was seen."""

    invitation: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class AccountBlockSuccess:
    """The block as it is now."""

    block: AccountBlock


@strawberry.type
class SubstitutionSuccess:
    """The substitution as it is now."""

    substitution: Substitution


@strawberry.type
class DelegationSuccess:
    """The delegation as it is now."""

    delegation: Delegation


@strawberry.type
class SupportInvitationSuccess:
    """The invitation as it is now."""

    invitation: SupportInvitation


AccountBlockResult = Annotated[
    AccountBlockSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("AccountBlockResult")
]
ApprovalResult = Annotated[
    ApprovalSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("ApprovalResult")
]
SubstitutionResult = Annotated[
    SubstitutionSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("SubstitutionResult")
]
DelegationResult = Annotated[
    DelegationSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("DelegationResult")
]
SupportInvitationResult = Annotated[
    SupportInvitationSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("SupportInvitationResult")
]
