"""What an operator sees at a glance: the last requests of this process, waiting timers, timers that fail.

Holds addresses and codes, never a query's text, a variable or a name.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from kreisbund_platform.audit import log
from kreisbund_platform.audit.models import AuditWatch
from kreisbund_platform.cases import figures
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry

REMEMBERED = 50


@dataclass(frozen=True)
class RequestLine:
    """One answered request: when, what kind, which county, how it ended, how long it took."""

    at: datetime
    method: str
    route: str
    tenant: str | None
    status: int
    milliseconds: float
    trace_id: str


@dataclass(frozen=True)
class Queue:
    """A county's waiting and failing timers, and how its event log is sealed and checked."""

    tenant: str
    waiting: int
    overdue: int
    failing: int
    log: AuditWatch


class RecentRequests:
    """The last requests of this process, for the operator's page in demo mode."""

    def __init__(self) -> None:
        self._lines: deque[RequestLine] = deque(maxlen=REMEMBERED)
        self._lock = Lock()

    def add(self, line: RequestLine) -> None:
        """Remembers one; the oldest is forgotten."""
        with self._lock:
            self._lines.appendleft(line)

    def newest_first(self) -> list[RequestLine]:
        """What is remembered."""
        with self._lock:
            return list(self._lines)


@dataclass(frozen=True)
class KeyAlarm:
    """A key that signed tokens of a realm although nobody had announced it."""

    realm: str
    kid: str
    first_seen_at: datetime


def key_alarms(connections: Connections) -> list[KeyAlarm]:
    """Alarms that nobody has answered, the oldest first."""
    query = (
        "SELECT i.realm, a.kid, a.first_seen_at FROM shared.key_alarm a JOIN shared.issuer i USING (issuer)"
        " ORDER BY a.first_seen_at"
    )
    with connections.for_workspace("registry") as connection:
        return [KeyAlarm(*row) for row in connection.execute(query)]


def queues(connections: Connections, registry: Registry, now: datetime) -> list[Queue]:
    """Each active county's timers and event log."""
    found = []
    for tenant in registry.all():
        if tenant.status in ("ACTIVE", "SUSPENDED"):
            with connections.for_tenant(tenant) as connection:
                found.append(Queue(tenant.slug, *figures.timers(connection, now), log.watched(connection)))
    return found
