"""Walks a county's whole event log against itself, its head and its checkpoints, and names the first bad place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.audit import queries
from kreisbund_platform.audit.chain import GENESIS, Event, digest
from kreisbund_platform.audit.checkpoints import (
    FIRST,
    MARK_BYTES,
    Checkpoint,
    CheckpointDamagedError,
    decode,
    fingerprint,
    mark,
    signing_key,
)
from kreisbund_platform.audit.classifying import Marks, Place, missing, unfitting
from kreisbund_platform.audit.findings import Change, Finding, Report
from kreisbund_platform.audit.stores import CheckpointStore
from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext


@dataclass(frozen=True)
class Sealed:
    """The checkpoints of a county as far as they are good, and what is wrong with the first that is not."""

    checkpoints: tuple[Checkpoint, ...]
    finding: Finding | None

    @property
    def marks(self) -> Marks:
        """All marks, from event 1 on."""
        return Marks(b"".join(each.marks for each in self.checkpoints))


def verify(connection: Connection[Any], settings: Settings, store: CheckpointStore, tenant: TenantContext) -> Report:
    """Reads the log in batches under one snapshot; a log that is written to meanwhile is no finding.

    A bad row is told before a bad checkpoint. Raises CheckpointStoreError.
    """
    written = queries.watch(connection).number
    sealed = read_checkpoints(store, settings, tenant.id, written)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return walk(connection, sealed, tenant)


def walk(connection: Connection[Any], sealed: Sealed, tenant: TenantContext) -> Report:
    """The walk itself, in the caller's transaction."""
    walking = Walk(connection, sealed)
    finding = walking.run()
    last = sealed.checkpoints[-1].seq if sealed.checkpoints else 0
    return Report(tenant.slug, walking.events, len(sealed.checkpoints), last, finding or sealed.finding)


def read_checkpoints(store: CheckpointStore, settings: Settings, county: UUID, written: int) -> Sealed:
    """Reads them one after the other; `written`: how many there are at least, as the database remembers."""
    public_key = deployment_keys.public_bytes(signing_key(settings))
    present = store.numbers(county)
    good: list[Checkpoint] = []
    previous = FIRST
    for number in range(1, max([written, *present]) + 1):
        content = store.get(county, number) if number in present else None
        if content is None:
            return Sealed(tuple(good), Finding(Change.CHECKPOINT_MISSING, number))
        try:
            found = decode(content, public_key)
        except CheckpointDamagedError:
            return Sealed(tuple(good), Finding(Change.CHECKPOINT_ALTERED, number))
        if not _follows(found, good[-1] if good else None, county, number, previous):
            return Sealed(tuple(good), Finding(Change.CHECKPOINT_ALTERED, number))
        good.append(found)
        previous = fingerprint(content)
    return Sealed(tuple(good), None)


def _follows(found: Checkpoint, before: Checkpoint | None, county: UUID, number: int, previous: str) -> bool:
    """Whether a signed checkpoint belongs at this place: an old one put there is signed, too."""
    return (
        (found.county, found.number, found.previous) == (county, number, previous)
        and found.first == (before.seq if before else 0) + 1
        and len(found.marks) % MARK_BYTES == 0
    )


class Walk:
    """One walk over a log; `events` says how many rows were seen."""

    def __init__(self, connection: Connection[Any], sealed: Sealed) -> None:
        self._connection = connection
        self._marks = sealed.marks
        self._full = {each.seq: each.hash for each in sealed.checkpoints}
        self.events = 0

    def run(self) -> Finding | None:
        """The first bad place of the log or its head."""
        previous, last = GENESIS, None
        for expected, event in enumerate(queries.events(self._connection), start=1):
            self.events = expected
            finding = self._judge(expected, previous, event)
            if finding is not None:
                return finding
            previous, last = event.hash, event
        return self._stray() or self._end(previous, last)

    def _judge(self, expected: int, previous: bytes, event: Event) -> Finding | None:
        if event.seq != expected:
            return missing(Place(self._connection, self._marks, expected, previous, event))
        if digest(previous, event) != event.hash:
            return unfitting(Place(self._connection, self._marks, expected, previous, event))
        known = self._marks.of(expected)
        if (known is not None and known != mark(event.hash)) or self._full.get(expected, event.hash) != event.hash:
            return Finding(Change.REHASHED, expected, event.id)
        return None

    def _stray(self) -> Finding | None:
        """A row with an impossible number: the last one, moved there, or one that never was."""
        stray = next(iter(queries.strays(self._connection)), None)
        if stray is None:
            return None
        head = queries.head(self._connection)
        if (head and head[0] > self.events) or self._marks.last > self.events:
            return Finding(Change.ALTERED_ROW, self.events + 1, stray.id, "seq")
        return Finding(Change.INSERTED_ROW, stray.seq, stray.id)

    def _end(self, last_hash: bytes, last: Event | None) -> Finding | None:
        """Whether the log ends where head and checkpoints say."""
        head, seq = queries.head(self._connection), self.events
        if self._marks.last > seq:
            return Finding(Change.TAIL_CUT, seq + 1, other_seq=max(self._marks.last, head[0] if head else 0))
        if head == (seq, last_hash):
            return None
        if head is None or head[0] == seq or head[1] == last_hash:
            return Finding(Change.HEAD_ALTERED, seq, last.id if last else None)
        if head[0] > seq:
            return Finding(Change.TAIL_CUT, seq + 1, other_seq=head[0])
        return self._past_head(*head)

    def _past_head(self, seq: int, hashed: bytes) -> Finding:
        """Rows stand behind the head: they were added past it, unless a checkpoint knows them."""
        at_head = dict(queries.hashes(self._connection, max(seq, 1), max(seq, 1) + 1))
        if self._marks.last <= seq and at_head.get(seq, GENESIS if seq == 0 else None) == hashed:
            first = next(iter(queries.events(self._connection, seq + 1, seq + 1)), None)
            return Finding(Change.INSERTED_ROW, seq + 1, first.id if first else None)
        return Finding(Change.HEAD_ALTERED, self.events)


def stretch(connection: Connection[Any], before: Checkpoint | None, last: int) -> Iterator[tuple[Event, bool]]:
    """The events behind a checkpoint up to number `last`, each with whether it follows from the one before."""
    previous, expected = (before.hash, before.seq + 1) if before else (GENESIS, 1)
    for event in queries.events(connection, expected, last):
        yield event, event.seq == expected and digest(previous, event) == event.hash
        previous, expected = event.hash, event.seq + 1
