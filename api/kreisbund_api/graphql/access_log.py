"""Who of the county's staff was shown a citizen's data."""

from __future__ import annotations

import strawberry

from kreisbund_api.graphql.catalogue import Unit
from kreisbund_api.graphql.relay import PageInfo
from kreisbund_api.graphql.scalars import DateTime


@strawberry.type
class AccessLogEntry:
    """One request that showed data of the case; `kinds` and `roles` are codes."""

    at: DateTime
    roles: list[str]
    unit: Unit | None
    kinds: list[str] = strawberry.field(
        description="NAME, DATA, PARTIES, DOCUMENTS, FILE, MESSAGES, NOTES, DECISIONS; never a value"
    )
    listed: bool = strawberry.field(description="Shown in a list among other cases")
    operation: str = strawberry.field(description="The page, or the fields that were asked for")
    basis: str = strawberry.field(description="OFFICE, or from outside of the county: INVITATION, EMERGENCY")
    subject: str
    name: str | None


@strawberry.type
class AccessLogEntryEdge:
    """An edge."""

    cursor: str
    node: AccessLogEntry


@strawberry.type
class AccessLogEntryConnection:
    """A page of the log, newest first."""

    edges: list[AccessLogEntryEdge]
    page_info: PageInfo
    total_count: int | None
