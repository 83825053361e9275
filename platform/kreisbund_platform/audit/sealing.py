"""Writes checkpoints and checks what earlier ones sealed, a bounded piece at a time. The worker calls this.

Before a stretch of events is sealed its chain is checked: nothing is signed that does not follow.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from kreisbund_platform import telemetry
from kreisbund_platform.audit import queries
from kreisbund_platform.audit.checkpoints import (
    FIRST,
    Checkpoint,
    CheckpointDamagedError,
    decode,
    encode,
    fingerprint,
    mark,
    signing_key,
)
from kreisbund_platform.audit.findings import Change, Finding
from kreisbund_platform.audit.models import AuditWatch
from kreisbund_platform.audit.stores import CheckpointExistsError, CheckpointStore
from kreisbund_platform.audit.verifying import stretch
from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.identity.context import WorkContext

EVERY_EVENTS = 500
EVERY = timedelta(minutes=10)
MOST_EVENTS = 5_000  # under one checkpoint, and checked at once


@dataclass(frozen=True)
class Sealer:
    """One county's checkpoints, written and checked inside the caller's transaction."""

    work: WorkContext
    store: CheckpointStore

    def seal(self, *, now_or_never: bool = False) -> bool:
        """Writes the next checkpoint if it is due; whether it did. Due: 500 events, or any for ten minutes.

        `now_or_never`: any event makes it due. Of several workers the first writes, the others find nothing due.
        The checkpoint stands in the store before the database knows of it. Raises CheckpointStoreError.
        """
        connection, now = self.work.connection, self.work.clock.now()
        head = queries.head(connection)
        if head is None or not _is_due(queries.watch(connection), head[0], now, now_or_never):
            return False
        watch = queries.watch(connection, lock=True)
        if not _is_due(watch, head[0], now, now_or_never):
            return False
        try:
            before, previous = self._newest(watch.number)
        except CheckpointDamagedError:
            return self._alarm(Finding(Change.CHECKPOINT_ALTERED, watch.number))
        if before is None and watch.number:
            return self._alarm(Finding(Change.CHECKPOINT_MISSING, watch.number))
        made = self._next(before, previous, min(head[0], watch.seq + MOST_EVENTS), now)
        if made is None:
            return False
        try:
            self.store.put(made.county, made.number, encode(made, signing_key(self.work.settings)))
        except CheckpointExistsError:  # written by a worker that did not live to note it
            made, _previous = self._newest(made.number)
            assert made is not None, "it exists"
        queries.sealed(connection, made.number, made.seq, now)
        return True

    def check(self) -> Finding | None:
        """Checks the events of one checkpoint, the next in turn, against it; what is wrong is noted and logged."""
        connection = self.work.connection
        watch = queries.watch(connection, lock=True)
        if watch.number == 0:
            return None
        number = watch.checked_number % watch.number + 1
        finding = self._check(number)
        queries.checked(connection, number, self.work.clock.now(), None)
        if finding is not None:
            self._alarm(finding)
        return finding

    def _check(self, number: int) -> Finding | None:
        try:
            before, previous = self._newest(number - 1)
            found, _print = self._newest(number)
        except CheckpointDamagedError:
            return Finding(Change.CHECKPOINT_ALTERED, number)
        if found is None or (before is None and number > 1):
            return Finding(Change.CHECKPOINT_MISSING, number)
        if found.previous != previous:
            return Finding(Change.CHECKPOINT_ALTERED, number)
        seen = b""
        for event, follows in stretch(self.work.connection, before, found.seq):
            seen += mark(event.hash)
            if not follows or not found.marks.startswith(seen):
                return Finding(Change.ALTERED_ROW if not follows else Change.REHASHED, event.seq, event.id)
        if seen != found.marks:
            return Finding(Change.DELETED_ROW, found.first + len(seen) // len(mark(found.hash)))
        return None

    def _newest(self, number: int) -> tuple[Checkpoint | None, str]:
        """A checkpoint and its fingerprint; before the first stands none. Raises CheckpointDamagedError."""
        content = self.store.get(self.work.tenant.id, number) if number else None
        if content is None:
            return None, FIRST
        public_key = deployment_keys.public_bytes(signing_key(self.work.settings))
        return decode(content, public_key), fingerprint(content)

    def _next(self, before: Checkpoint | None, previous: str, last: int, now: datetime) -> Checkpoint | None:
        """What the next checkpoint says; None where the events do not follow from one another."""
        marks, newest = b"", None
        for event, follows in stretch(self.work.connection, before, last):
            if not follows:
                self._alarm(Finding(Change.ALTERED_ROW, event.seq, event.id))
                return None
            marks += mark(event.hash)
            newest = event
        if newest is None:
            return None
        number = before.number + 1 if before else 1
        county = self.work.tenant.id
        return Checkpoint(county, number, newest.seq, newest.hash, newest.seq, now, previous, marks)

    def _alarm(self, finding: Finding) -> bool:
        """Notes and logs what is wrong; False, since nothing was sealed."""
        checked = queries.watch(self.work.connection).checked_number
        queries.checked(self.work.connection, checked, self.work.clock.now(), f"{finding.change} {finding.seq}")
        slug = self.work.tenant.slug
        telemetry.log("event_log_broken", level=logging.ERROR, change=finding.change, seq=finding.seq, tenant=slug)
        return False


def _is_due(watch: AuditWatch, head: int, now: datetime, now_or_never: bool) -> bool:
    new = head - watch.seq
    waited = watch.sealed_at is None or now - watch.sealed_at >= EVERY
    return new > 0 and (now_or_never or new >= EVERY_EVENTS or waited)
