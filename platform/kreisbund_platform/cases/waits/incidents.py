"""Incidents: an authorised person lets a stopped token try again, puts data right, or shows it the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kreisbund_platform import telemetry
from kreisbund_platform.cases import access, recording, steps
from kreisbund_platform.cases.holding import Held, hold
from kreisbund_platform.cases.models import Incident
from kreisbund_platform.cases.waits import queries
from kreisbund_platform.engine.advance import EngineFault, IncidentRetried, StaleToken
from kreisbund_platform.errors import Conflict, FieldError, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.texts import _

MOST_REPAIRED = 20
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Resolve:
    """How to go on: `variables` are put right first; `flow_id` names the way out, None tries again."""

    incident: str
    expected_version: int
    variables: Mapping[str, Any]
    flow_id: str | None = None


def resolve(work: WorkContext, order: Resolve) -> UUID | Refusal:
    """Lets the token of an open incident go on; answers the case's id. Who may do so is policy's matter."""
    identifier = parse_id(order.incident, Kind.INCIDENT)
    found = queries.incident(work.connection, identifier) if identifier else None
    held = hold(work, found.case_id) if found else None
    found = queries.incident(work.connection, found.id) if found else None
    if found is None or held is None:
        return refusals.not_found()
    return access.suspended(work) or _refusal(held, found, order) or _resolve(work, held, found, order)


def _refusal(held: Held, found: Incident, order: Resolve) -> Conflict | Invalid | None:
    if found.version != order.expected_version or found.resolved_at is not None:
        return Conflict("STALE_VERSION", _("Die Störung wurde inzwischen bearbeitet."), found.version)
    ways = {flow.flow_id for flow in held.template.plan.elements[found.element_id].outgoing}
    if order.flow_id is not None and order.flow_id not in ways:
        problem = FieldError("flow", "UNKNOWN_FLOW", _("Diesen Weg gibt es von hier nicht."))
        return Invalid("INVALID_REPAIR", _("Bitte prüfen Sie die Eingabe."), (problem,))
    known = held.case.data or {}
    bad = [name for name, value in order.variables.items() if name not in known or not isinstance(value, PLAIN)]
    if bad or len(order.variables) > MOST_REPAIRED:
        problem = FieldError("data", "UNKNOWN_FIELD", _("Nur vorhandene einfache Angaben können berichtigt werden."))
        return Invalid("INVALID_REPAIR", _("Bitte prüfen Sie die Eingabe."), (problem,))
    return None


def _resolve(work: WorkContext, held: Held, found: Incident, order: Resolve) -> UUID | Refusal:
    event = IncidentRetried(found.token, dict(order.variables), order.flow_id)
    try:
        settled = steps.settle(work, held, event)
    except (StaleToken, EngineFault) as fault:
        telemetry.log("incident_fault", problem=fault, case=held.case.id, element=found.element_id)
        return Conflict("PROCESS_FAULT", _("Der Vorgang lässt diesen Schritt so nicht zu."), found.version)
    body = {"element": found.element_id, "token": found.token, "repaired": bool(order.variables), "way": order.flow_id}
    recording.record(work, held, settled, type="INCIDENT_RESOLVED", body=body)
    return held.case.id
