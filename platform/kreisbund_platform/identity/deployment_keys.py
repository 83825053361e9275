"""Ed25519 keys that a deployment signs with, each for one purpose.

They are derived from the deployment's secret and lie in no database: whoever can write every table still cannot
make a signature that others accept.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kreisbund_platform.settings import Settings


def derived(settings: Settings, purpose: bytes) -> bytes:
    """The deployment's secret for this purpose, 32 bytes, always the same (HKDF-SHA256, RFC 5869)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose).derive(settings.wrapping_key)


def private_key(settings: Settings, purpose: bytes) -> Ed25519PrivateKey:
    """The deployment's key for this purpose, always the same."""
    return Ed25519PrivateKey.from_private_bytes(derived(settings, purpose))


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The public half: 32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def is_signed(public_key: bytes, signature: bytes, content: bytes) -> bool:
    """Whether the holder of `public_key` (32 bytes) signed exactly this content."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
