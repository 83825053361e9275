"""Database secrets: random with an epoch, wrapped by the deployment's key (AES-256-GCM, bound to role and epoch)."""

import hmac
import secrets
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def new_secret() -> str:
    """A fresh password of 256 bits."""
    return secrets.token_urlsafe(32)


def wrap(key: bytes, role: str, epoch: int, secret: str) -> bytes:
    """The secret as it may lie in the database; opens only with the same role and epoch."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), _bound_to(role, epoch))


def unwrap(key: bytes, role: str, epoch: int, wrapped: bytes) -> str:
    """The secret; raises `cryptography.exceptions.InvalidTag` for another key, role or epoch."""
    return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(role, epoch)).decode()


def registry_secret(key: bytes, role: str) -> str:
    """The registry's own secret. It reads all the others, so it cannot lie among them: derived from the key."""
    return hmac.digest(key, b"kreisbund registry login " + role.encode(), sha256).hex()


def _bound_to(role: str, epoch: int) -> bytes:
    return f"{role}/{epoch}".encode()
