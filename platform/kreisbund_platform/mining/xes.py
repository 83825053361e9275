"""A county's event log as XES (IEEE 1849-2016), streamed: activities, transitions, moments and roles; no person.

A case is named by a pseudonym that only the county's own wrapping key leads back to; who did something is never
written, only the role that may (org:role).
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID
from xml.sax.saxutils import quoteattr

from kreisbund_platform.audit import log
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.plan import Plan
from kreisbund_platform.errors import NotFound
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.mining import queries
from kreisbund_platform.mining.periods import Period
from kreisbund_platform.mining.queries import Line
from kreisbund_platform.templates.plans import plan_of
from kreisbund_platform.texts import _

MEDIA_TYPE = "application/xml"
EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
)
# the standard's lifecycle: what a line of the log means for the task it names
TRANSITIONS = {
    "TASK_OPENED": "schedule",
    "TASK_CLAIMED": "start",
    "TASK_RELEASED": "suspend",
    "TASK_COMPLETED": "complete",
    "TASK_CANCELLED": "ate_abort",
    "TIMER_FIRED": "complete",
    "MESSAGE_RECEIVED": "complete",
    "SIGNAL_RECEIVED": "complete",
}
# what the platform did by itself on the way; gateways are no activities
AUTOMATIC = frozenset({Behaviour.JOB, Behaviour.RULE})
SYSTEM = "system"


@dataclass(frozen=True)
class LogOrder:
    """Which log: of one template's cases or of all, received in a period."""

    period: Period
    template: str | None = None


def event_log(work: WorkContext, order: LogOrder) -> Iterator[bytes] | NotFound:
    """The log in pieces, while the caller's transaction lasts; that it was drawn stands in the county's own log."""
    template = queries.template_id(work.connection, order.template) if order.template else None
    if order.template and template is None:
        return NotFound("NOT_FOUND", _("Diese Prozessvorlage gibt es nicht."))
    body = {"template": order.template, "from": str(order.period.first), "to": str(order.period.last)}
    log.append(work, type="EVENT_LOG_EXPORTED", case_id=None, case_version=None, body=body)
    return _document(work, queries.lines(work.connection, template, order.period))


def _document(work: WorkContext, lines: Iterator[Line]) -> Iterator[bytes]:
    yield "\n".join(_head()).encode()
    for case_id, found in groupby(lines, key=lambda line: line.case_id):
        yield _trace(work, case_id, list(found)).encode()
    yield b"</log>\n"


def _head() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">'
    for name, prefix, address in EXTENSIONS:
        yield f'<extension name="{name}" prefix="{prefix}" uri="{address}"/>'
    yield '<global scope="trace"><string key="concept:name" value=""/></global>'
    yield (
        '<global scope="event"><string key="concept:name" value=""/>'
        '<string key="lifecycle:transition" value="complete"/>'
        '<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/></global>'
    )
    yield '<classifier name="Activity" keys="concept:name"/>'
    yield '<classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>'
    yield '<string key="lifecycle:model" value="standard"/>\n'


def pseudonym(work: WorkContext, case_id: UUID) -> str:
    """The case's name in the county's logs: the same in each, and no way back without the deployment's key."""
    key = work.settings.wrapping_key + b"event log" + work.tenant.id.bytes
    return hmac.new(key, case_id.bytes, hashlib.sha256).hexdigest()[:24]


def _trace(work: WorkContext, case_id: UUID, lines: list[Line]) -> str:
    template = plan_of(work.connection, lines[0].version_id, lines[0].variant_id)
    inner = "".join(event for line in lines for event in _events(template.plan, line))
    return (
        f"<trace>{_string('concept:name', pseudonym(work, case_id))}{_string('kreisbund:template', template.slug)}"
        f'<int key="kreisbund:version" value="{template.number}"/>{inner}</trace>\n'
    )


def _events(plan: Plan, line: Line) -> Iterator[str]:
    transition = TRANSITIONS.get(line.type)
    if line.type == "APPLICATION_RECEIVED":
        yield _event(line, _("Antrag eingegangen"), "complete", "citizen")
    elif line.type == "WITHDRAWN":
        yield _event(line, _("Antrag zurückgenommen"), "complete", "citizen")
    elif transition and line.element_id:
        yield _event(line, _name(plan, line.element_id), transition, line.role or SYSTEM)
    for name in line.passed or ():
        element = plan.elements.get(name)
        if element is not None and name != line.element_id and element.behaviour in AUTOMATIC:
            yield _event(line, element.name or name, "complete", SYSTEM)


def _name(plan: Plan, element_id: str) -> str:
    element = plan.elements.get(element_id)
    return (element.name if element else None) or element_id


def _event(line: Line, name: str, transition: str, role: str) -> str:
    moment = line.at.astimezone(BERLIN).isoformat(timespec="milliseconds")
    return (
        f"<event>{_string('concept:name', name)}{_string('lifecycle:transition', transition)}"
        f'<date key="time:timestamp" value="{moment}"/>{_string("org:role", role)}</event>'
    )


def _string(key: str, value: str) -> str:
    return f'<string key="{key}" value={quoteattr(value)}/>'
