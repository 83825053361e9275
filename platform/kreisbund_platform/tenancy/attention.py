"""Which counties the worker looks at next: a session in each of hundreds, every second, is what it cannot afford.

A county is looked at when something is due in it. The worker knows that from its last look, and from hints: a process
that changed a county tells, after its commit, from when on there is something to do. Hints are not durable; beside
what is due others are looked at in turn, so that a lost hint costs time and nothing else. One a second, where that
suffices: each needs a session of its own, which others notice.
"""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.tenancy.context import TenantContext

IN_TURN = 4  # counties a second at most, beside those in which something is due; so few are all looked at in each round
TURN = timedelta(minutes=7)  # in which everybody is looked at, where so many a second suffice
EVERY = timedelta(seconds=1)
MOST_DUE = 20  # of those a round, so that a later hint need not wait for hundreds
SOON = timedelta(hours=1)  # what is due later is found in its county's turn
GATHERED_SECONDS = 0.25
ALWAYS = datetime.min.replace(tzinfo=UTC)
TELL: LiteralString = """
INSERT INTO shared.county_hint AS h (tenant_id, due_at)
    SELECT t.id, told.due_at FROM unnest(%s::uuid[], %s::timestamptz[]) told(id, due_at) JOIN shared.tenant t USING (id)
ON CONFLICT (tenant_id) DO UPDATE SET due_at = least(h.due_at, excluded.due_at)
"""
TAKE: LiteralString = "DELETE FROM shared.county_hint RETURNING tenant_id, due_at"

Hints = Mapping[UUID, datetime]


class Changed:
    """The counties that this process changed and has not told of yet. Thread-safe."""

    def __init__(self) -> None:
        self._due: dict[UUID, datetime] = {}
        self._any = threading.Event()
        self._lock = threading.Lock()

    def note(self, county: UUID, due_at: datetime) -> None:
        """From this moment on the county has something for the worker; call it after the commit."""
        with self._lock:
            self._due[county] = min(due_at, self._due.get(county, due_at))
        self._any.set()

    def gathered(self) -> Hints:
        """Waits for any, and a moment longer for more; what it answers is not answered again."""
        self._any.wait()
        time.sleep(GATHERED_SECONDS)
        with self._lock:
            found, self._due = self._due, {}
            self._any.clear()
        return found


def tell(registry: Connection[Any], hints: Hints) -> None:
    """Leaves hints for the worker; the connection is the registry's."""
    registry.execute(TELL, (list(hints), list(hints.values())))


def take(registry: Connection[Any]) -> dict[UUID, datetime]:
    """Hints that nobody has taken yet."""
    return dict(registry.execute(TAKE).fetchall())


class Turns:
    """One worker's order of counties. Thread-safe. What was never looked at is due."""

    def __init__(self, in_turn: int = IN_TURN, most_due: int = MOST_DUE) -> None:
        self._in_turn, self._most_due = in_turn, most_due
        self._due: dict[UUID, datetime | None] = {}
        self._last: str = ""  # the slug of whose turn it was,
        self._turned_at = ALWAYS  # and when
        self._lock = threading.Lock()

    def hint(self, hints: Hints) -> None:
        """Something is due in these counties from these moments on, at the latest."""
        with self._lock:
            for county, due_at in hints.items():
                known = self._due.get(county, ALWAYS)
                self._due[county] = due_at if known is None else min(known, due_at)

    def looks_at(self, county: UUID) -> None:
        """From here on only hints and `rests` say when something is due."""
        with self._lock:
            self._due[county] = None

    def rests(self, county: UUID, until: datetime | None) -> None:
        """After a look: when something will be due, None where nothing is known; `now` for what is due already, so that
        it comes behind the others.
        """
        if until is not None:
            self.hint({county: until})

    def next(self, counties: Sequence[TenantContext], now: datetime) -> list[TenantContext]:
        """The counties of the next round, those due longest first."""
        with self._lock:
            due = [(at, each.slug, each) for each in counties if (at := self._due.get(each.id, ALWAYS)) and at <= now]
            chosen = [each for _at, _slug, each in sorted(due)[: self._most_due]]
            names = self._in_their_turn(sorted(each.slug for each in counties), now)
        names -= {each.slug for each in chosen}
        return chosen + [each for each in counties if each.slug in names]

    def _in_their_turn(self, slugs: Sequence[str], now: datetime) -> set[str]:
        """Rounds follow each other at once while there is work: then the others do not come more often."""
        some = self._in_turn
        if len(slugs) > some:
            if now - self._turned_at < EVERY:
                return set()
            some = min(some, math.ceil(len(slugs) * (EVERY / TURN)))
        found = _from(slugs, self._last)[:some]
        self._last, self._turned_at = (found[-1] if found else ""), now
        return set(found)


def _from(slugs: Sequence[str], last: str) -> list[str]:
    """All of them, beginning behind the last."""
    return [slug for slug in slugs if slug > last] + [slug for slug in slugs if slug <= last]
