"""Which column of an altered row was altered: the old value is guessed until the row's hash fits again.

Found are a changed byte in any column, a value exchanged for another that occurs in the log, another small version,
a value set where there was none, and a time that no longer agrees with the event's id. Anything else is altered,
too, but its column stays unknown.
"""

from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import queries
from kreisbund_platform.audit.chain import COLUMNS, Event, hashed_text
from kreisbund_platform.audit.queries import Rows

POSTGRES_EPOCH = 946_684_800_000_000
HIGHEST_VERSION = 10_000
UUIDS, TEXTS = ("id", "case_id", "task_id"), ("type", "actor", "body")
NULLABLE = ("case_id", "case_version", "actor", "task_id")


def altered_column(connection: Rows, previous: bytes, event: Event) -> str | None:
    """The column whose old value makes the row fit its own hash; None where none does."""
    for column in COLUMNS[1:]:
        if _fits(previous, event, column, _bytes_changed(event, column)):
            return column
    for column in COLUMNS[1:]:
        if _fits(previous, event, column, _likely(connection, event, column)):
            return column
    return None


def _fits(previous: bytes, event: Event, column: str, values: Iterator[str | None]) -> bool:
    """Whether one of the values in this column gives the row's hash; what stands around it is hashed once."""
    place, texts = COLUMNS.index(column), [str(event.seq), *event[1:9]]
    before = sha256(previous + (hashed_text(texts[:place]) + ",").encode())
    rest = f",{hashed_text(texts[place + 1 :])}" if texts[place + 1 :] else ""
    for value in values:
        made = before.copy()
        made.update((hashed_text((value,)) + rest).encode())
        if made.digest() == event.hash:
            return True
    return False


def _bytes_changed(event: Event, column: str) -> Iterator[str]:
    """Every value that differs from the present one in one byte, as the column is stored."""
    present: str | None = getattr(event, column)
    if present is None:
        return
    if column in UUIDS:
        yield from (str(UUID(bytes=each)) for each in _neighbours(UUID(present).bytes))
    elif column == "at":
        stored = (int(present) - POSTGRES_EPOCH).to_bytes(8, "big", signed=True)
        yield from (str(int.from_bytes(each, "big", signed=True) + POSTGRES_EPOCH) for each in _neighbours(stored))
    elif column == "case_version":
        stored = int(present).to_bytes(4, "big", signed=True)
        yield from (str(int.from_bytes(each, "big", signed=True)) for each in _neighbours(stored))
    else:
        yield from (text for each in _neighbours(present.encode()) if (text := _text(each)) is not None)


def _neighbours(stored: bytes) -> Iterator[bytes]:
    for place in range(len(stored)):
        for value in range(256):
            if value != stored[place]:
                yield stored[:place] + bytes((value,)) + stored[place + 1 :]


def _text(stored: bytes) -> str | None:
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return None


def _likely(connection: Rows, event: Event, column: str) -> Iterator[str | None]:
    """Values that the column may well have had."""
    if column in NULLABLE:
        yield None
    if column == "case_version":
        yield from map(str, range(1, HIGHEST_VERSION))
    elif column == "at":
        milliseconds = ids.milliseconds_of(UUID(event.id))
        yield from (str(milliseconds * 1000 + rest) for rest in range(1000))
    elif column != "id":
        yield from queries.values_in_use(connection, column)
