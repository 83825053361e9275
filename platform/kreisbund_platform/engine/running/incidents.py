"""Stopped tokens that try again or are led past what stopped them."""

from typing import Any

from kreisbund_platform.engine.plan.model import Element
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.catching import raise_error
from kreisbund_platform.engine.running.closing import remove
from kreisbund_platform.engine.running.instances import COMPLETION, OUTPUT, finish_instance
from kreisbund_platform.engine.running.leaving import LEAVING, leave, stop
from kreisbund_platform.engine.running.marking import Incident
from kreisbund_platform.engine.running.run import Run, Trouble

ERROR, JOB = "ERROR", "JOB"
_OWN = (*LEAVING, COMPLETION, OUTPUT)


def raised(run: Run, token: int, code: str) -> None:
    """An error behind a token: caught, or an incident."""
    if not raise_error(run, token, code):
        failed(run, token, ERROR)


def failed(run: Run, token: int, reason: str) -> None:
    """The work behind a token is given up; trying again asks for it again."""
    at = remove(run, token, "failed")
    trouble = Trouble(JOB if reason in _OWN else reason)
    stop(run, run.plan.elements[at.element_id], at.scope, trouble, at.instance)


def retry(run: Run, token: int, variables: dict[str, Any], flow_id: str | None) -> None:
    """Merges variables and tries again, or leaves by a flow; an instance led past its trouble counts as done."""
    incident = run.marking.incidents.pop(token, None)
    if incident is None:
        raise e.StaleToken(f"token {token} is no incident")
    run.effects.append(e.IncidentClosed(token))
    run.merge(variables, incident.scope, incident.instance)
    element = run.plan.elements[incident.element_id]
    if flow_id is not None:
        _leave_by(run, element, incident, flow_id)
    elif incident.reason in LEAVING:
        leave(run, element, incident.scope)
    elif incident.reason in (COMPLETION, OUTPUT) and incident.instance is not None:
        finish_instance(run, element, incident.scope, incident.instance)
    else:
        run.moving.append((element, incident.scope, None, incident.instance))


def _leave_by(run: Run, element: Element, incident: Incident, flow_id: str) -> None:
    flow = next((flow for flow in element.outgoing if flow.flow_id == flow_id), None)
    if flow is None:
        raise e.EngineFault(element.element_id, "no such outgoing flow")
    if incident.instance is not None:
        finish_instance(run, element, incident.scope, incident.instance)
        return
    run.effects.append(e.Passed(element.element_id))
    run.moving.append((run.plan.elements[flow.target], incident.scope, flow_id, None))
