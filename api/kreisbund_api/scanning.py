"""The worker's second thread: scans what is in quarantine, so that a slow scanner holds up no case.

Each file is taken in the database, so any number of workers may do this; who is killed leaves it to the next.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kreisbund_platform import telemetry
from kreisbund_platform.cases import quarantine
from kreisbund_platform.clock import BERLIN, Clock
from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.documents.scanning.clamd import scanner_of
from kreisbund_platform.documents.scanning.quarantine import queue_unscanned
from kreisbund_platform.documents.scanning.scanner import NoVerdictError
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import attention
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry

ROUND_SECONDS = 5.0  # most files are scanned while their sender waits
AWAY_SECONDS = 10.0
MOST_A_ROUND = 50  # of one county, then the others
IN_TURN = 20  # counties a round


class Scanning:
    """Serves all counties of a deployment until `stopping` is set."""

    def __init__(
        self, settings: Settings, connections: Connections, registry: Registry, clock: Clock, stopping: threading.Event
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._registry = registry
        self._clock = clock
        self._stopping = stopping
        self._scanner = scanner_of(settings)
        self._queued: dict[str, str] = {}
        self._turns = attention.Turns(IN_TURN)

    def run(self) -> None:
        """Rounds until `stopping` is set."""
        while not self._stopping.is_set():
            try:
                pause = 0.01 if self.serve_all() else ROUND_SECONDS
            except NoVerdictError:
                pause = AWAY_SECONDS
            except DatabaseUnavailableError:
                pause = ROUND_SECONDS  # the other thread logs it
            except Exception as problem:  # nobody would see this thread end
                telemetry.log("scan_round_failed", problem=problem)
                pause = ROUND_SECONDS
            self._stopping.wait(pause)

    def serve_all(self) -> bool:
        """One round over the counties whose turn it is; whether anything was scanned. Raises NoVerdictError: the
        scanner is away.
        """
        served = [tenant for tenant in self._registry.all() if tenant.status in ("ACTIVE", "SUSPENDED")]
        return sum(self._guarded(tenant) for tenant in self._turns.next(served, self._clock.now())) > 0

    def _guarded(self, tenant: TenantContext) -> bool:
        self._turns.looks_at(tenant.id)
        try:
            found = self._serve(tenant)
        except (NoVerdictError, DatabaseUnavailableError):
            self._turns.rests(tenant.id, self._clock.now())
            raise
        except Exception as problem:
            telemetry.log("scan_round_failed", problem=problem, tenant=tenant.slug)
            return False
        self._turns.rests(tenant.id, self._clock.now() if found else None)
        return found

    def _serve(self, tenant: TenantContext) -> bool:
        self._queue_daily(tenant)
        for count in range(MOST_A_ROUND):
            if self._stopping.is_set() or not quarantine.scan_next(lambda: self._begin(tenant), self._scanner):
                return count > 0
        return True

    def _queue_daily(self, tenant: TenantContext) -> None:
        """What came while there was no scanner, once a day and after a start."""
        today = self._clock.now().astimezone(BERLIN).date().isoformat()
        if self._queued.get(tenant.slug) != today:
            with self._begin(tenant) as work:
                queue_unscanned(work)
            self._queued[tenant.slug] = today

    @contextmanager
    def _begin(self, tenant: TenantContext) -> Iterator[WorkContext]:
        with self._connections.for_tenant(tenant) as connection, connection.transaction():
            yield WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
