"""Wraps short secrets with AES-256-GCM (NIST SP 800-38D): 12 random bytes, then ciphertext and tag."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def wrap(key: bytes, secret: bytes, *, bound_to: bytes) -> bytes:
    """The secret under `key` (32 bytes); it opens only for the same `bound_to`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, bound_to)


def unwrap(key: bytes, wrapped: bytes, *, bound_to: bytes) -> bytes:
    """The secret again. Raises cryptography's InvalidTag for anything that was not wrapped so."""
    if len(wrapped) <= NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)
