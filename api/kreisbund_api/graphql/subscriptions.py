"""The roots of subscriptions; the endpoint polls the event log and renders each event like a read."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseEvent
from kreisbund_api.graphql.reading import Info


@strawberry.type
class Subscription:
    """What happens, as it happens."""

    @strawberry.subscription
    async def case_events(self, info: Info, case: ID | None = None) -> AsyncGenerator[CaseEvent, None]:
        """New events of one case, or of all that the viewer may see."""
        async for event in info.context.events(case):
            yield event
