"""Content that one receiver alone can open: X25519 (RFC 7748), HKDF-SHA256 (RFC 5869), AES-256-GCM in blocks.

`KBSEAL1` and a line feed, the sender's one-time public key (32 bytes), then blocks of 64 KiB, each with its tag
(16 bytes). A block's nonce is its number (11 bytes) and whether it is the last (1 byte), so that blocks cannot be
swapped, repeated or cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). Who sealed it,
it does not say: sign what is inside.
"""

from collections.abc import Iterator
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.settings import Settings

MAGIC = b"KBSEAL1\n"
KEY_BYTES, TAG_BYTES, BLOCK_BYTES = 32, 16, 64 * 1024


class NotForUsError(Exception):
    """Sealed for another receiver, changed, or cut off."""


class Target(Protocol):
    """Where sealed bytes go."""

    def write(self, content: bytes, /) -> object:
        """Takes bytes."""
        ...


def private_key(settings: Settings, purpose: bytes) -> X25519PrivateKey:
    """The deployment's receiving key for this purpose, always the same."""
    return X25519PrivateKey.from_private_bytes(deployment_keys.derived(settings, purpose))


def public_bytes(key: X25519PrivateKey) -> bytes:
    """The public half: 32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Sealing:
    """Writes to `target` what `receiver` (32 bytes) can open; `end` writes the last block."""

    def __init__(self, target: Target, receiver: bytes) -> None:
        once = X25519PrivateKey.generate()
        self._target, self._number, self._waiting = target, 0, bytearray()
        self._key = _key(once.exchange(X25519PublicKey.from_public_bytes(receiver)), public_bytes(once), receiver)
        target.write(MAGIC + public_bytes(once))

    def write(self, content: bytes) -> int:
        """Seals what fills a block; the last block waits for the end."""
        self._waiting += content
        while len(self._waiting) > BLOCK_BYTES:
            self._block(bytes(self._waiting[:BLOCK_BYTES]), last=False)
            del self._waiting[:BLOCK_BYTES]
        return len(content)

    def flush(self) -> None:
        """Nothing can be written before its block is full."""

    def end(self) -> None:
        """Writes the last block."""
        self._block(bytes(self._waiting), last=True)

    def _block(self, content: bytes, *, last: bool) -> None:
        self._target.write(self._key.encrypt(_nonce(self._number, last), content, None))
        self._number += 1


def is_sealed(file: IO[bytes]) -> bool:
    """Whether a file begins as a sealed one does; leaves it at its beginning."""
    begins = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    return begins


def opened(file: IO[bytes], key: X25519PrivateKey) -> Iterator[bytes]:
    """What is inside, block by block. Raises NotForUsError, at the end at the latest: use nothing before."""
    head = file.read(len(MAGIC) + KEY_BYTES)
    if not head.startswith(MAGIC) or len(head) != len(MAGIC) + KEY_BYTES:
        raise NotForUsError
    sender = head[len(MAGIC) :]
    try:
        opening = _key(key.exchange(X25519PublicKey.from_public_bytes(sender)), sender, public_bytes(key))
        number, block = 0, file.read(BLOCK_BYTES + TAG_BYTES)
        while True:
            following = file.read(BLOCK_BYTES + TAG_BYTES)
            yield opening.decrypt(_nonce(number, not following), block, None)
            if not following:
                return
            number, block = number + 1, following
    except (InvalidTag, ValueError) as problem:
        raise NotForUsError from problem


def _key(shared: bytes, sender: bytes, receiver: bytes) -> AESGCM:
    derived = HKDF(hashes.SHA256(), KEY_BYTES, salt=sender + receiver, info=b"kreisbund sealed box, 1").derive(shared)
    return AESGCM(derived)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
