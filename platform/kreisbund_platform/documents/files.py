"""Where the bytes of documents and uploads lie: named by their content, so nothing is ever overwritten."""

import hashlib
import shutil
from pathlib import Path
from typing import Protocol

from kreisbund_platform import durable
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext


class FileDamagedError(Exception):
    """The stored bytes are gone or are not those that were stored."""


class FileStore(Protocol):
    """Stores bytes for one county each; keys are made by the store and mean nothing elsewhere."""

    def put(self, tenant: TenantContext, content: bytes) -> str:
        """Stores `content` durably and answers its key."""
        ...

    def get(self, tenant: TenantContext, key: str) -> bytes:
        """The bytes under `key`, checked; raises FileDamagedError."""
        ...

    def remove(self, tenant: TenantContext, key: str) -> None:
        """Forgets the bytes under `key`; not being there is fine."""
        ...

    def remove_all(self, tenant: TenantContext) -> None:
        """Forgets everything of the county."""
        ...

    def count(self, tenant: TenantContext) -> int:
        """How many files of the county there are, referred to or not."""
        ...


class LocalFileStore:
    """Files below `<home>/files/<county>/<first two hex digits>/<sha256>`."""

    def __init__(self, home: Path) -> None:
        self._root = home / "files"

    def put(self, tenant: TenantContext, content: bytes) -> str:
        """Writes beside, syncs and renames: a killed process leaves no half file under a key."""
        key = hashlib.sha256(content).hexdigest()
        target = self._path(tenant, key)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with durable.written(target) as file:
                file.write(content)
        return key

    def get(self, tenant: TenantContext, key: str) -> bytes:
        """The bytes whose hash is the key."""
        try:
            content = self._path(tenant, key).read_bytes()
        except FileNotFoundError as fault:
            raise FileDamagedError("a stored file is missing") from fault
        if hashlib.sha256(content).hexdigest() != key:
            raise FileDamagedError("a stored file was changed")
        return content

    def remove(self, tenant: TenantContext, key: str) -> None:
        """Deletes the file."""
        self._path(tenant, key).unlink(missing_ok=True)

    def remove_all(self, tenant: TenantContext) -> None:
        """Deletes the county's folder."""
        folder = self._root / tenant.slug
        if folder.exists():
            shutil.rmtree(folder)

    def count(self, tenant: TenantContext) -> int:
        """All files in the county's folder."""
        return sum(path.is_file() for path in (self._root / tenant.slug).rglob("*"))

    def _path(self, tenant: TenantContext, key: str) -> Path:
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
            raise FileDamagedError("not a key of this store")
        return self._root / tenant.slug / key[:2] / key


def store_of(settings: Settings) -> FileStore:
    """The store of this deployment."""
    return LocalFileStore(settings.home)
