"""Database secrets: random with an epoch, wrapped by the deployment's key (AES-256-GCM, bound to role and epoch)."""

import hmac
import secrets
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
SALT_BYTES = 16
ITERATIONS = 1  # more would stretch what people think up; 256 random bits need none, and each new session pays (0033)


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


def verifier(secret: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL keeps instead of the secret (SCRAM-SHA-256, RFC 7677), so that no server log can hold it."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    salted = pbkdf2_hmac("sha256", secret.encode(), salt, iterations)
    stored = sha256(hmac.digest(salted, b"Client Key", sha256)).digest()
    server = hmac.digest(salted, b"Server Key", sha256)
    salt_text, stored_text, server_text = (b64encode(each).decode() for each in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt_text}${stored_text}:{server_text}"


def _bound_to(role: str, epoch: int) -> bytes:
    return f"{role}/{epoch}".encode()
