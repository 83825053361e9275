"""The demo issuer's signing keys: RSA-2048, one per realm, made at first use and kept in the home.

Two processes (the API and the command line) may ask for a new realm's key at once: one file wins, both read it.
"""

import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

from joserfc.jwk import RSAKey

from kreisbund_platform.settings import Settings

REALM_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
KEY_BITS = 2048


def signing_key(settings: Settings, realm: str) -> RSAKey:
    """The private key of an existing realm; its `kid` is its thumbprint (RFC 7638)."""
    if not REALM_NAME.fullmatch(realm):
        raise ValueError("not a realm's name")
    return _key_in(settings.home / "secrets" / "demo-issuer" / f"{realm}.pem")


@lru_cache(maxsize=1024)
def _key_in(path: Path) -> RSAKey:
    if not path.exists():
        _create(path)
    key = RSAKey.import_key(path.read_bytes(), {"use": "sig", "alg": "RS256"})
    key.ensure_kid()
    return key


def _create(path: Path) -> None:
    """Writes aside and links into place: nobody ever reads half a key or gets a second one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = RSAKey.generate_key(KEY_BITS).as_pem(private=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        aside.unlink()
