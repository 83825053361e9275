"""Break-glass: two operators look at one case in an emergency. What is told of it, and what is asked for."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseRecord, StaffMember
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.scalars import DateTime


@strawberry.enum
class EmergencyAccessStatus(Enum):
    """WAITING for the second person, LAPSED without one; OPEN, OVER after its hour; ENDED by the county."""

    WAITING = "WAITING"
    LAPSED = "LAPSED"
    OPEN = "OPEN"
    OVER = "OVER"
    ENDED = "ENDED"


@strawberry.type
class EmergencyAccess:
    """Two operators may look at one case, read-only, for an hour.

    `requestedBy` and `confirmedBy` are accounts of the operators' realm; `confirmer` is the user name of who alone may
    confirm, null: any other operator.
    """

    id: ID
    status: EmergencyAccessStatus
    case_number: str
    reason: str
    requested_at: DateTime
    requested_by: str
    requested_by_name: str
    confirmer: str | None
    confirm_until: DateTime
    confirmed_at: DateTime | None
    confirmed_by: str | None
    confirmed_by_name: str | None
    until: DateTime | None
    ended_at: DateTime | None
    ended_by: StaffMember | None
    version: int
    case: CaseRecord


@strawberry.input
class RequestEmergencyAccessInput:
    """`case`: case number or id; `reason`: at least 20 characters; `confirmer`: another operator's user name."""

    county: ID
    case: str
    reason: str
    idempotency_key: ID
    confirmer: str | None = None


@strawberry.input
class ConfirmEmergencyAccessInput:
    """A request as the second person has seen it."""

    county: ID
    access: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class EndEmergencyAccessInput:
    """A request or an access as it was seen."""

    access: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class EmergencyAccessSuccess:
    """The access as it is now."""

    access: EmergencyAccess


EmergencyAccessResult = Annotated[
    EmergencyAccessSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("EmergencyAccessResult")
]
