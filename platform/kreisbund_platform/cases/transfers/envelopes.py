"""What one county writes and one other can read: signed by the sender's key, sealed for the receiver's.

Each county has a key pair for each, derived from the deployment's secret and the county's id, so that neither lies in
a database. A restored copy under another id has other keys and opens nothing that was meant for the original.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kreisbund_platform.identity import deployment_keys, sealed_boxes
from kreisbund_platform.settings import Settings

SIGNS, RECEIVES = b"kreisbund county signs transfers, 1/", b"kreisbund county receives transfers, 1/"
SIGNATURE_BYTES = 64


class EnvelopeRefusedError(Exception):
    """Not for this county, not by the county it names, or changed; the text is a code for the log."""


def seal(settings: Settings, sender: UUID, receiver: UUID, said: Mapping[str, Any]) -> bytes:
    """The statement, signed by the sender and readable for the receiver alone."""
    content = orjson.dumps({**said, "from": str(sender), "to": str(receiver)})
    target = BytesIO()
    sealing = sealed_boxes.Sealing(target, sealed_boxes.public_bytes(_receiving_key(settings, receiver)))
    sealing.write(_signing_key(settings, sender).sign(content) + content)
    sealing.end()
    return target.getvalue()


def opened(settings: Settings, receiver: UUID, sealed: bytes) -> dict[str, Any]:
    """What another county says to this one. Raises EnvelopeRefusedError."""
    try:
        plain = b"".join(sealed_boxes.opened(BytesIO(sealed), _receiving_key(settings, receiver)))
    except sealed_boxes.NotForUsError as problem:
        raise EnvelopeRefusedError("NOT_FOR_US") from problem
    signature, content = plain[:SIGNATURE_BYTES], plain[SIGNATURE_BYTES:]
    try:
        said = orjson.loads(content)
        sender, named = UUID(said["from"]), UUID(said["to"])
    except (orjson.JSONDecodeError, ValueError, KeyError, TypeError) as problem:
        raise EnvelopeRefusedError("UNREADABLE") from problem
    public_key = deployment_keys.public_bytes(_signing_key(settings, sender))
    if not deployment_keys.is_signed(public_key, signature, content):
        raise EnvelopeRefusedError("SIGNATURE")
    if named != receiver:
        raise EnvelopeRefusedError("OTHER_RECEIVER")
    return dict(said)


def _signing_key(settings: Settings, county: UUID) -> Ed25519PrivateKey:
    return deployment_keys.private_key(settings, SIGNS + county.bytes)


def _receiving_key(settings: Settings, county: UUID) -> X25519PrivateKey:
    return sealed_boxes.private_key(settings, RECEIVES + county.bytes)
