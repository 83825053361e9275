"""Signed checkpoints of a county's event log, kept outside of the database.

A checkpoint says: so many events, the last with this hash, at this time. It holds the first four bytes of each
hash since the one before (`marks`), so that a log that was rewritten with a correct chain is caught at the very
row where the rewriting began. Checkpoints form a chain of their own: each holds the hash of the one before.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.settings import Settings

PURPOSE = b"kreisbund checkpoints of the event log, 1"
MARK_BYTES = 4
FIRST = "0" * 64


class CheckpointDamagedError(Exception):
    """Not a checkpoint that this deployment signed."""


@dataclass(frozen=True)
class Checkpoint:
    """`number` from 1 without gaps; `seq` = `count`: the log has no gaps. `previous`: SHA-256, hexadecimal."""

    county: UUID
    number: int
    seq: int
    hash: bytes
    count: int
    at: datetime
    previous: str
    marks: bytes

    @property
    def first(self) -> int:
        """The first event under this checkpoint that is not under the one before."""
        return self.seq - len(self.marks) // MARK_BYTES + 1


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The deployment's key for checkpoints."""
    return deployment_keys.private_key(settings, PURPOSE)


def mark(digest: bytes) -> bytes:
    """What a checkpoint keeps of an event's hash."""
    return digest[:MARK_BYTES]


def encode(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """The checkpoint as it is stored: one line of JSON, signed."""
    said = {
        "county": str(checkpoint.county),
        "number": checkpoint.number,
        "seq": checkpoint.seq,
        "hash": checkpoint.hash.hex(),
        "count": checkpoint.count,
        "at": checkpoint.at.isoformat(),
        "previous": checkpoint.previous,
        "marks": base64.b64encode(checkpoint.marks).decode(),
    }
    return _written({**said, "signature": key.sign(_written(said)).hex()}) + b"\n"


def decode(content: bytes, public_key: bytes) -> Checkpoint:
    """The checkpoint in these bytes; raises CheckpointDamagedError."""
    try:
        said = json.loads(content)
        signature = bytes.fromhex(said.pop("signature"))
        found = Checkpoint(
            county=UUID(said["county"]),
            number=int(said["number"]),
            seq=int(said["seq"]),
            hash=bytes.fromhex(said["hash"]),
            count=int(said["count"]),
            at=datetime.fromisoformat(said["at"]),
            previous=str(said["previous"]),
            marks=base64.b64decode(said["marks"], validate=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CheckpointDamagedError from problem
    if not deployment_keys.is_signed(public_key, signature, _written(said)):
        raise CheckpointDamagedError
    if content != _written({**said, "signature": signature.hex()}) + b"\n":
        raise CheckpointDamagedError
    return found


def fingerprint(content: bytes) -> str:
    """What the next checkpoint says of this one."""
    return sha256(content).hexdigest()


def _written(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()
