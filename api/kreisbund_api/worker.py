"""The worker: fires timers, collects figures, closes months, seals event logs, erases, tidies up, one round a second;
scans files beside that.

A round looks at the counties in which something is due, and at a few others in turn (tenancy/attention.py). Each is
served by itself: one whose database refuses waits for a later round, the others go on.
Run with `python -m kreisbund_api.worker`.
"""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

from kreisbund_api.scanning import Scanning
from kreisbund_platform import telemetry
from kreisbund_platform.audit import reads, sealing
from kreisbund_platform.audit.stores import CheckpointStore, CheckpointStoreError, store_of
from kreisbund_platform.cases import rollout_health
from kreisbund_platform.cases.transfers import exchange, mailbox
from kreisbund_platform.cases.upgrading import batches
from kreisbund_platform.cases.waits import correlation, jobs, timers
from kreisbund_platform.cases.waits.upcoming import upcoming
from kreisbund_platform.clock import BERLIN, Clock, SystemClock
from kreisbund_platform.dashboards import collector, periods
from kreisbund_platform.database.failures import Failure, classify
from kreisbund_platform.database.session import Database, DatabaseUnavailableError, LoginRefusedError
from kreisbund_platform.documents import uploads
from kreisbund_platform.identity import retention, sessions
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from kreisbund_platform.privacy import ledger
from kreisbund_platform.privacy import service as privacy
from kreisbund_platform.rights import retention as rights_retention
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates.life_cycle import releases, rollouts
from kreisbund_platform.tenancy import attention
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry

ROUND_SECONDS = 1.0
CONNECTIONS = 16  # sessions of counties are opened as their turn comes
AFTER_FAILURE = timedelta(seconds=10)
MOST_A_ROUND = 200
UNCLAIMED_FOR = timedelta(days=1)
# what moves cases without a person; each does one thing in one transaction and says whether it found any
STEPS = (timers.fire_next, jobs.run_next, correlation.deliver_next, exchange.send_next)
LOOK_EVERY = timedelta(seconds=10)
MOST_CHECKPOINTS = 20  # of one county a look
STORE_RESTS = timedelta(minutes=1)  # after it could not be reached


class Worker:
    """Serves all counties of a deployment until it is stopped."""

    def __init__(self, settings: Settings, connections: Connections, registry: Registry, clock: Clock) -> None:
        self._settings = settings
        self._connections = connections
        self._registry = registry
        self._clock = clock
        self._tidied: dict[str, str] = {}
        self._looked_at: dict[str, datetime] = {}
        self._watched_at: dict[str, datetime] = {}
        self._checkpoints: CheckpointStore = store_of(settings)
        self._ledgers: CheckpointStore = ledger.outside(settings)
        self._copied: dict[str, int] = {}
        self._erasing: set[str] = set()
        self._turns = attention.Turns()
        self.stopping = threading.Event()

    def run(self) -> None:
        """Rounds until `stopping` is set; waits while the database is away or its disk is full."""
        while not self.stopping.is_set():
            try:
                busy = self.serve_all()
            except Exception as problem:
                if classify(problem) is not Failure.UNAVAILABLE:
                    raise
                telemetry.log("worker_waits_for_database", problem=problem)
                busy = False
            self.stopping.wait(0.01 if busy else ROUND_SECONDS)
        self.seal_all()

    def serve_all(self) -> bool:
        """One round over the counties whose turn it is; whether anything was done."""
        served = [tenant for tenant in self._registry.all() if tenant.status in ("ACTIVE", "SUSPENDED")]
        self._tidy_shared_daily()
        self._advance_rollouts()
        now = self._clock.now()
        with self._connections.for_workspace("registry") as registry:
            self._turns.hint(attention.take(registry))
        receivers = mailbox.receivers(self._settings)
        self._turns.hint({each.id: now for each in served if str(each.id) in receivers})
        return sum(self._guarded(tenant) for tenant in self._turns.next(served, now)) > 0

    def _guarded(self, tenant: TenantContext) -> bool:
        try:
            return self.serve(tenant)
        except LoginRefusedError as problem:
            telemetry.log("county_login_refused", problem=problem, tenant=tenant.slug)
        except DatabaseUnavailableError:
            self._turns.rests(tenant.id, self._clock.now())
            raise
        except Exception as problem:
            telemetry.log("worker_round_failed", problem=problem, tenant=tenant.slug)
        self._turns.rests(tenant.id, self._clock.now() + AFTER_FAILURE)
        return False

    def serve(self, tenant: TenantContext) -> bool:
        """One round of one county."""
        self._turns.looks_at(tenant.id)
        done = self._release_now_and_then(tenant) + self._take_in_letters(tenant)
        self._tidy_daily(tenant)
        due_at = self._upcoming(tenant)
        if due_at is not None and due_at <= self._clock.now():
            done += sum(self._repeat(tenant, step) for step in STEPS)
            done += self._collect(tenant) + self._upgrade(tenant)
        self._watch_now_and_then(tenant)
        done += self._erase_now_and_then(tenant)
        self._turns.rests(tenant.id, self._clock.now() if done else due_at)
        return done > 0

    def _upcoming(self, tenant: TenantContext) -> datetime | None:
        with self._connections.for_tenant(tenant) as connection:
            return upcoming(connection, self._clock.now())

    def _upgrade(self, tenant: TenantContext) -> int:
        """One batch of a case upgrade a round, so that other counties are served between; one that fails is stopped.

        It is staff's work that goes on by itself, so it rests while the county is suspended; timers do not.
        """
        if tenant.status != "ACTIVE":
            return 0
        try:
            return self._repeat(tenant, batches.next_batch, most=1)
        except DatabaseUnavailableError:
            raise
        except Exception as problem:
            telemetry.log("case_upgrade_failed", problem=problem, tenant=tenant.slug)
            return self._repeat(tenant, batches.stop_failing, most=1)

    def _repeat(self, tenant: TenantContext, step: Callable[[WorkContext], bool], most: int = MOST_A_ROUND) -> int:
        for count in range(most):
            with self._connections.for_tenant(tenant) as connection:
                work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
                with connection.transaction():
                    if not step(work):
                        return count
        return most

    def _release_now_and_then(self, tenant: TenantContext) -> int:
        """Releases what a rollout has brought and tells how its cases fare; a county that is suspended waits."""
        if tenant.status != "ACTIVE" or not self._is_time_for(tenant.slug):
            return 0
        released = self._repeat(tenant, releases.release_next)
        with self._connections.for_tenant(tenant) as connection, connection.transaction():
            work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
            return released + rollout_health.tell(work)

    def _erase_now_and_then(self, tenant: TenantContext) -> int:
        """Erases what is past its time, a batch a round while there is any, and removes the files."""
        if tenant.slug not in self._erasing and not self._is_time_for(f"erasure/{tenant.slug}"):
            return 0
        done = self._repeat(tenant, privacy.erase_next, most=1) + self._repeat(tenant, privacy.remove_files, most=1)
        (self._erasing.add if done else self._erasing.discard)(tenant.slug)
        return done

    def _take_in_letters(self, tenant: TenantContext) -> int:
        """Cases and receipts from other counties; each in a transaction of its own, put away after its commit."""
        letters = mailbox.waiting(self._settings, tenant.id)
        for letter in letters:
            with self._connections.for_tenant(tenant) as connection, connection.transaction():
                work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
                taken = exchange.take_in(work, letter)
            if taken:
                letter.done()
            else:
                letter.refused()
        return len(letters)

    def _watch_now_and_then(self, tenant: TenantContext) -> None:
        """Seals the event log where that is due and checks one sealed stretch of it."""
        now = self._clock.now()
        if now - self._watched_at.get(tenant.slug, datetime.min.replace(tzinfo=UTC)) < LOOK_EVERY:
            return
        self._watched_at[tenant.slug] = now
        try:
            self._seal(tenant)
            with self._connections.for_tenant(tenant) as connection, connection.transaction():
                self._sealer(connection, tenant).check()
                self._copy_ledger(connection, tenant)
        except CheckpointStoreError as problem:
            # the counties' work does not wait for the store
            telemetry.log("checkpoint_not_written", level=logging.WARNING, problem=problem, tenant=tenant.slug)
            later = now + STORE_RESTS
            self._watched_at = {each.slug: later for each in self._registry.all()}

    def _seal(self, tenant: TenantContext, *, now_or_never: bool = False) -> None:
        """Writes what checkpoints are due, each in a transaction of its own."""
        for _count in range(MOST_CHECKPOINTS):
            with self._connections.for_tenant(tenant) as connection, connection.transaction():
                if not self._sealer(connection, tenant).seal(now_or_never=now_or_never):
                    return

    def _copy_ledger(self, connection: Any, tenant: TenantContext) -> None:
        """Copies new erasures out of the database; asks the store only where there are any."""
        newest = ledger.newest(connection)
        if newest > self._copied.get(tenant.slug, 0):
            work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
            ledger.copy_out(work, self._ledgers)
            self._copied[tenant.slug] = newest

    def _sealer(self, connection: Any, tenant: TenantContext) -> sealing.Sealer:
        work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
        return sealing.Sealer(work, self._checkpoints)

    def seal_all(self) -> None:
        """Seals every event there is, before the worker ends; ends at once where database or store are away."""
        try:
            for tenant in self._registry.all():
                self._seal(tenant, now_or_never=True)
        except (DatabaseUnavailableError, CheckpointStoreError) as problem:
            telemetry.log("checkpoint_not_written", level=logging.WARNING, problem=problem)

    def _advance_rollouts(self) -> None:
        if self._is_time_for(""):
            with self._connections.for_workspace("catalogue") as connection, connection.transaction():
                rollouts.advance(connection, self._clock.now())

    def _is_time_for(self, slug: str) -> bool:
        """Whether this county, or with no slug the service team, was looked at longer ago than a while."""
        now = self._clock.now()
        if now - self._looked_at.get(slug, datetime.min.replace(tzinfo=UTC)) < LOOK_EVERY:
            return False
        self._looked_at[slug] = now
        return True

    def _collect(self, tenant: TenantContext) -> int:
        with self._connections.for_tenant(tenant) as county, self._connections.for_workspace("collector") as shared:
            return collector.collect(county, shared, tenant.id, self._clock.now())

    def _tidy_daily(self, tenant: TenantContext) -> None:
        """Closes months and removes what has had its time, once a day and after a start."""
        if not self._is_due(tenant.slug):
            return
        now = self._clock.now()
        with self._connections.for_tenant(tenant) as connection, connection.transaction():
            work = WorkContext(connection, tenant, system_of(tenant), self._clock, self._settings)
            periods.close_months(work)
            uploads.remove_unclaimed(work, now - UNCLAIMED_FOR)
            retention.forget_answers(work)
            privacy.destroy_idle_keys(work)
            reads.forget_old(connection, now)
            rights_retention.forget_old(work)
        self._tidied[tenant.slug] = self._today()

    def _tidy_shared_daily(self) -> None:
        """Sessions that ended and what operators' keys answered."""
        if not self._is_due(""):
            return
        with self._connections.for_workspace("registry") as connection:
            sessions.remove_old_sessions(connection, self._clock)
        with self._connections.for_workspace("operations") as connection:
            retention.forget_shared_answers(connection, self._clock.now())
        self._tidied[""] = self._today()

    def _is_due(self, slug: str) -> bool:
        return self._tidied.get(slug) != self._today()

    def _today(self) -> str:
        return self._clock.now().astimezone(BERLIN).date().isoformat()


def main() -> None:
    """Serves until SIGTERM."""
    settings = Settings.from_environment()
    telemetry.setup("worker", settings.otlp_endpoint)
    database = Database(settings, CONNECTIONS)
    connections = Connections(database, settings)
    registry = Registry(connections)
    worker = Worker(settings, connections, registry, SystemClock())

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if settings.clamd:
        scanning = Scanning(settings, connections, registry, SystemClock(), worker.stopping)
        threading.Thread(target=scanning.run, daemon=True).start()
    telemetry.log("worker_started")
    worker.run()
    telemetry.log("worker_stopped")


if __name__ == "__main__":
    main()
