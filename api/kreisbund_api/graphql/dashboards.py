"""What the state sees; never a case."""

import strawberry

from kreisbund_api.graphql.catalogue import Tenant
from kreisbund_api.graphql.scalars import Date, DateTime


@strawberry.type
class DashboardRow:
    """One county's month; figures over all services."""

    county: Tenant
    month: Date
    applications: int
    decisions: int
    median_days: float | None = strawberry.field(description="Closed months only, n >= 10, rounded; else null")
    online_share: float | None


@strawberry.type
class StateDashboard:
    """Counties times months."""

    rows: list[DashboardRow]
    generated_at: DateTime
