"""What a template's versions say of their life; the catalogue's types name these."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.relay import Node
from kreisbund_api.graphql.scalars import JSON, DateTime

if TYPE_CHECKING:
    from kreisbund_api.graphql.catalogue import TemplateVersion, Tenant


@strawberry.enum
class Transition(Enum):
    """For which cases a version holds: all, those received from a day on, all decisions from a day on."""

    ALL = "ALL"
    RECEIVED_FROM = "RECEIVED_FROM"
    DECISIONS_FROM = "DECISIONS_FROM"


@strawberry.enum
class VersionStatus(Enum):
    """SUPERSEDED: there is a newer one, running cases go on. RETIRED: nobody starts on it any more."""

    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    RETIRED = "RETIRED"


@strawberry.enum
class RolloutStatus(Enum):
    """Where a rollout stands."""

    RUNNING = "RUNNING"
    HALTED = "HALTED"
    COMPLETED = "COMPLETED"


@strawberry.type
class VersionSignature:
    """One person's Ed25519 signature over `statement`; keys and signatures are base64."""

    name: str
    signed_at: DateTime
    key_id: ID
    public_key: str
    certificate: str
    statement: str
    signature: str


@strawberry.type
class RolloutCounty:
    """A county in a ring, and how its cases on the version fare; counts are for the service team alone."""

    county: Annotated[Tenant, strawberry.lazy("kreisbund_api.graphql.catalogue")]
    has_released: bool | None
    cases: int | None
    incidents: int | None
    overdue: int | None
    measured_at: DateTime | None


@strawberry.type
class RolloutRing:
    """Counties that come in together, watched before the next ring opens."""

    number: int
    waiting_hours: int
    counties: list[RolloutCounty]


@strawberry.type
class Rollout:
    """How far a version is let into the counties that release it automatically."""

    status: RolloutStatus
    current_ring: int
    ring_opened_at: DateTime
    started_at: DateTime
    started_by: str
    reason: str | None = strawberry.field(description="INCIDENTS or OVERDUE where it halted by itself, else in words")
    changed_at: DateTime
    changed_by: str
    version: int
    rings: list[RolloutRing]


@strawberry.type
class TemplateHistoryEntry:
    """One line of a template's audit trail; `type` is a code."""

    at: DateTime
    type: str
    actor: str
    county: Annotated[Tenant, strawberry.lazy("kreisbund_api.graphql.catalogue")] | None
    content_hash: str | None
    body: JSON


@strawberry.type
class ReleaseSettings:
    """Which classes of change a county lets through without asking again."""

    automatic_classes: list[str]
    version: int
    changed_at: DateTime


@strawberry.type
class TemplateRelease(Node):
    """A county released a version for itself."""

    version: Annotated[TemplateVersion, strawberry.lazy("kreisbund_api.graphql.catalogue")]
    released_at: DateTime
    automatic: bool
    change_classes: list[str]
    reason: str | None
