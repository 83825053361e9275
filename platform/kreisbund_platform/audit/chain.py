"""The event log's hash chain, computed outside of the database: what `digest_of_event` computes, over the same text."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

GENESIS = sha256(b"kreisbund").digest()
COLUMNS = ("seq", "id", "case_id", "case_version", "at", "type", "actor", "task_id", "body")


class Event(NamedTuple):
    """One row as text, in the order in which it is hashed. `at`: microseconds since 1970; `hash`: 32 bytes."""

    seq: int
    id: str
    case_id: str | None
    case_version: str | None
    at: str
    type: str
    actor: str | None
    task_id: str | None
    body: str
    hash: bytes


def digest(previous: bytes, event: Event) -> bytes:
    """The hash that this row must have after a row whose hash is `previous`."""
    return sha256(previous + hashed_text((str(event.seq), *event[1:9])).encode()).digest()


def hashed_text(columns: Sequence[str | None]) -> str:
    """What is hashed: each column with its length in characters, `-` for NULL."""
    return ",".join(["-" if text is None else f"{len(text)}:{text}" for text in columns])
