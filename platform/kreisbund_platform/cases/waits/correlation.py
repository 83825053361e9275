"""Messages and signals find the cases that wait for them: by name, a message also by its correlation key.

One message moves one token of one case, exactly once. A signal reaches everybody who waits when it passes; how far
it has come is kept, so that a crash repeats nothing.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kreisbund_platform import telemetry
from kreisbund_platform.cases import access, form_data, intake, recording, steps
from kreisbund_platform.cases.holding import Held, hold
from kreisbund_platform.cases.models import OutboundEvent, Subscription
from kreisbund_platform.cases.waits import queries
from kreisbund_platform.engine.advance import EngineFault, MessageReceived, SignalReceived, StaleToken
from kreisbund_platform.errors import Conflict, NotFound, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

BATCH = 50
EVENTS: Mapping[str, tuple[type[MessageReceived] | type[SignalReceived], str]] = {
    "message": (MessageReceived, "MESSAGE_RECEIVED"),
    "signal": (SignalReceived, "SIGNAL_RECEIVED"),
}


def deliver_next(work: WorkContext) -> bool:
    """Delivers the oldest event between cases in the running transaction; False when nobody waits for any."""
    event = queries.next_outbound(work.connection, work.clock.now())
    if event is None:
        return False
    waiting = queries.awaiting(work.connection, event, 1 if event.kind == "message" else BATCH)
    for subscription in waiting:
        _deliver(work, subscription)
    if event.kind == "signal" and len(waiting) == BATCH:
        queries.mark_reached(work.connection, event.id, waiting[-1])
    else:
        queries.remove_outbound(work.connection, event.id)
    return True


def _deliver(work: WorkContext, subscription: Subscription) -> None:
    held = hold(work, subscription.case_id)
    if held is not None and queries.lock_subscription(work.connection, subscription):
        _move(work, held, subscription, {})


def receive(work: WorkContext, name: str, key: str | None, data: dict[str, Any]) -> UUID | Refusal:
    """A message from outside the cases, brought by staff or by a system; answers the case's id.

    It goes to the case that waits for it; where none does, it opens one of the template that begins with it. The
    event's `kb:form` says which data it brings; without one it brings none.
    """
    now = work.clock.now()
    asked = OutboundEvent(id=0, kind="message", name=name, correlation_key=key, created_at=now, expires_at=now)
    found = queries.awaiting(work.connection, asked, 1)
    held = hold(work, found[0].case_id) if found else None
    if refusal := access.suspended(work):
        return refusal
    if held is None or not queries.lock_subscription(work.connection, found[0]):
        return intake.open_by_message(work, name, data) or NotFound(
            "NOT_FOUND", _("Auf diese Nachricht wartet kein Vorgang.")
        )
    form = held.template.plan.elements[found[0].element_id].attributes.get("form", "")
    checked = form_data.check(work, held.template.forms.get(form), data, known=held.case.data or {})
    if not isinstance(checked, form_data.Checked):
        return checked
    if taken := form_data.claim_uploads(work, checked, held.case.id):
        return taken
    if not _move(work, held, found[0], checked.data):
        return Conflict("PROCESS_FAULT", _("Der Vorgang lässt diesen Schritt so nicht zu."), held.case.version)
    return held.case.id


def _move(work: WorkContext, held: Held, to: Subscription, data: dict[str, Any]) -> bool:
    event, type_ = EVENTS[to.kind]
    try:
        settled = steps.settle(work, held, event(to.token, to.element_id, data))
    except (StaleToken, EngineFault) as fault:
        telemetry.log("delivery_fault", problem=fault, case=to.case_id, element=to.element_id)
        return False
    recording.record(work, held, settled, type=type_, body={"element": to.element_id, "token": to.token})
    return True
