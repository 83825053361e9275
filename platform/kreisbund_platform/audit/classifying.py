"""What happened at the first row that does not follow from the one before.

All judging is by hashes: a row whose content fits a place, by its own hash or by the checkpoint's mark, was there.
"""

from dataclasses import dataclass

from kreisbund_platform.audit import queries
from kreisbund_platform.audit.altered import altered_column
from kreisbund_platform.audit.chain import Event, digest
from kreisbund_platform.audit.checkpoints import MARK_BYTES, mark
from kreisbund_platform.audit.findings import Change, Finding
from kreisbund_platform.audit.queries import Rows

MOST_RENUMBERED = 1_000


@dataclass(frozen=True)
class Marks:
    """The marks of all checkpoints, side by side: that of event 1 first."""

    content: bytes

    def of(self, seq: int) -> bytes | None:
        """What the event's hash must begin with; None past the last checkpoint."""
        return self.content[(seq - 1) * MARK_BYTES : seq * MARK_BYTES] or None

    @property
    def last(self) -> int:
        """The last event that has a mark."""
        return len(self.content) // MARK_BYTES


@dataclass(frozen=True)
class Place:
    """Where the walk stopped: `seq` is due after a good row with hash `previous`; `row` stands there instead."""

    connection: Rows
    marks: Marks
    seq: int
    previous: bytes
    row: Event


def missing(place: Place) -> Finding:
    """The row of this number is not there: it got another number, or is gone."""
    moved = _belonging(place, None)
    if moved is not None:
        return Finding(Change.ALTERED_ROW, place.seq, moved.id, "seq")
    return Finding(Change.DELETED_ROW, place.seq, other_seq=place.row.seq - 1)


def unfitting(place: Place) -> Finding:
    """A row stands here, but its hash does not follow from the one before."""
    row, expected = place.row, digest(place.previous, place.row)
    if _is_true(place, expected):
        return Finding(Change.ALTERED_ROW, place.seq, row.id, "hash")
    other = _belonging(place, row)
    if other is not None:
        return _exchanged(place, other)
    if gone := _renumbered(place):
        return Finding(Change.DELETED_ROW, place.seq, other_seq=place.seq + gone - 1)
    column = altered_column(place.connection, place.previous, row)
    head = queries.head(place.connection)
    if column is None and head is not None and head[0] < place.seq and place.marks.last < place.seq:
        return Finding(Change.INSERTED_ROW, place.seq, row.id)
    return Finding(Change.ALTERED_ROW, place.seq, row.id, column)


def _is_true(place: Place, expected: bytes) -> bool:
    """Whether the row's content was never changed: the checkpoint, the next row or the head say so."""
    known = place.marks.of(place.seq)
    if known is not None:
        return known == mark(expected)
    following = _at(place.connection, place.seq + 1)
    if following is not None:
        return digest(expected, following) == following.hash
    return queries.head(place.connection) == (place.seq, expected)


def _belonging(place: Place, here: Event | None) -> Event | None:
    """The row elsewhere whose content belongs here."""
    known = place.marks.of(place.seq)
    for event in [*queries.strays(place.connection), *queries.events(place.connection, place.seq + 1)]:
        made = digest(place.previous, event._replace(seq=place.seq))
        if made == event.hash or (here and made == here.hash) or known == mark(made):
            return event
    return None


def _exchanged(place: Place, other: Event) -> Finding:
    """Another row's content belongs here: the two changed places, or this one was put before it."""
    here = digest(place.previous, other._replace(seq=place.seq))
    following = _at(place.connection, place.seq + 1)
    assert following is not None, "the other row is past this one"
    if other.seq == place.seq + 1:
        made = digest(here, place.row._replace(seq=other.seq))
        swapped = made in (place.row.hash, other.hash)
    else:
        swapped = digest(here, following) == following.hash
    if swapped:
        return Finding(Change.SWAPPED_ROWS, place.seq, place.row.id, other_seq=other.seq)
    return Finding(Change.INSERTED_ROW, place.seq, place.row.id)


def _renumbered(place: Place) -> int:
    """How many rows are gone from here, those behind them having been given their numbers; 0 for none."""
    row, following = place.row, _at(place.connection, place.seq + 1)
    for gone in range(1, MOST_RENUMBERED + 1):
        if following is not None:
            if digest(row.hash, following._replace(seq=following.seq + gone)) == following.hash:
                return gone
        elif place.marks.of(place.seq + gone) == mark(row.hash):
            return gone
    return 0


def _at(connection: Rows, seq: int) -> Event | None:
    return next(iter(queries.events(connection, seq, seq)), None)
