"""Where the bytes of documents and uploads lie: named by their content, so nothing is ever overwritten."""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kreisbund_platform import durable, telemetry
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
        """Writes beside, syncs and renames: a killed process leaves no half file under a key.

        What lies there damaged is replaced, so that whoever sends it again can read it.
        """
        key = _name(content)
        target = self._path(tenant, key)
        with self._watched(tenant, key):
            if not _is_whole(target, key):
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with durable.written(target) as file:
                    file.write(content)
        return key

    def get(self, tenant: TenantContext, key: str) -> bytes:
        """The bytes whose hash is the key."""
        path = self._path(tenant, key)
        with self._watched(tenant, key):
            try:
                content = path.read_bytes()
            except FileNotFoundError as fault:
                raise FileDamagedError("a stored file is missing") from fault
            if _name(content) != key:
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

    @contextmanager
    def _watched(self, tenant: TenantContext, key: str) -> Iterator[None]:
        """A file that cannot be used is named in the log: whoever asked is told no more than that it failed."""
        try:
            yield
        except (OSError, FileDamagedError) as problem:
            telemetry.log("file_failed", level=logging.ERROR, problem=problem, tenant=tenant.slug, stored=key)
            raise

    def _path(self, tenant: TenantContext, key: str) -> Path:
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
            raise FileDamagedError("not a key of this store")
        return self._root / tenant.slug / key[:2] / key


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_whole(path: Path, key: str) -> bool:
    try:
        return _name(path.read_bytes()) == key
    except OSError:
        return False


def store_of(settings: Settings) -> FileStore:
    """The store of this deployment."""
    return LocalFileStore(settings.home)
