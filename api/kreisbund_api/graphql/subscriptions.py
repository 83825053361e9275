"""The roots of subscriptions, declared. events.py serves them: it polls the log and renders each event like a read."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseEvent
from kreisbund_api.graphql.reading import Info
from kreisbund_api.graphql.refusals import bad_input
from kreisbund_platform.texts import _


@strawberry.type
class Subscription:
    """What happens, as it happens."""

    @strawberry.subscription
    def case_events(self, info: Info, case: ID | None = None) -> AsyncGenerator[CaseEvent, None]:
        """New events of one case, or of all that the viewer may see."""
        raise bad_input(_("Ereignisse gibt es nur als text/event-stream."))
