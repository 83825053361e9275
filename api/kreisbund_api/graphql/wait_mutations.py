"""Changes to what a case waits for: incidents resolved, messages brought."""

from typing import Any, cast

import strawberry

from kreisbund_api.graphql import changes
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.cases.waits import correlation, incidents
from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.texts import _


def _object(data: object) -> dict[str, Any] | Invalid:
    if data is None or isinstance(data, dict):
        return cast("dict[str, Any]", data or {})
    problem = FieldError("data", "NOT_AN_OBJECT", _("Die Angaben müssen ein Objekt mit Feldern sein."))
    return Invalid("INVALID_DATA", _("Bitte prüfen Sie Ihre Angaben."), (problem,))


def _resolve(operation: Operation, given: changes.ResolveIncidentInput) -> Outcome:
    data = _object(given.data)
    if isinstance(data, Invalid):
        return data
    order = incidents.Resolve(given.incident, given.expected_version, data, given.flow)
    return done("ResolveIncidentSuccess", incidents.resolve(operation.work, order))


def _receive(operation: Operation, given: changes.ReceiveMessageInput) -> Outcome:
    data = _object(given.data)
    if isinstance(data, Invalid):
        return data
    moved = correlation.receive(operation.work, given.name, given.correlation_key, data)
    return done("ReceiveMessageSuccess", moved)


@strawberry.type
class WaitMutations:
    """Letting cases go on that wait for something else than a task."""

    @strawberry.mutation
    def resolve_incident(self, info: Info, input: changes.ResolveIncidentInput) -> changes.ResolveIncidentResult:
        """Lets a stopped token try again, with data put right, or shows it the way."""
        act = lambda: _resolve(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def receive_message(self, info: Info, input: changes.ReceiveMessageInput) -> changes.ReceiveMessageResult:
        """Brings a message to the case that waits for it, or opens one of the template that begins with it."""
        act = lambda: _receive(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
