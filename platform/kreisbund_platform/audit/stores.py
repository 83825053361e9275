"""Where checkpoints lie: a folder or S3. Append-only: what is there is never written again."""

from pathlib import Path
from typing import Protocol
from uuid import UUID

from kreisbund_platform import durable
from kreisbund_platform.settings import Settings

ENDING = ".json"
S3 = "s3://"


class CheckpointExistsError(Exception):
    """There is a checkpoint of this number already."""


class CheckpointStoreError(Exception):
    """The store cannot be reached or is set up wrongly; the text is one line."""


class CheckpointStore(Protocol):
    """Checkpoints of all counties, by county and number. Raises CheckpointStoreError."""

    def put(self, county: UUID, number: int, content: bytes) -> None:
        """Stores durably; raises CheckpointExistsError."""
        ...

    def get(self, county: UUID, number: int) -> bytes | None:
        """The bytes, or None where there are none."""
        ...

    def numbers(self, county: UUID) -> list[int]:
        """Which there are, in order."""
        ...


def name_of(number: int) -> str:
    """A checkpoint's name within its county's folder: names sort as numbers do."""
    return f"{number:012d}{ENDING}"


def number_in(name: str) -> int | None:
    """The number that a name says; None where it is no checkpoint's."""
    digits = name.removesuffix(ENDING)
    return int(digits) if name.endswith(ENDING) and digits.isascii() and digits.isdigit() else None


class FolderStore:
    """Files below `<root>/<county's id>/`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, county: UUID, number: int, content: bytes) -> None:
        """Writes beside, syncs and links into place, so that of two writers one wins and none leaves half a file."""
        folder = self._root / str(county)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with durable.written(folder / name_of(number), once=True) as file:
                file.write(content)
        except FileExistsError as problem:
            raise CheckpointExistsError from problem
        except OSError as problem:
            raise CheckpointStoreError(f"checkpoints cannot be written: {problem.strerror}") from problem

    def get(self, county: UUID, number: int) -> bytes | None:
        """The file's bytes."""
        try:
            return (self._root / str(county) / name_of(number)).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise CheckpointStoreError(f"checkpoints cannot be read: {problem.strerror}") from problem

    def numbers(self, county: UUID) -> list[int]:
        """The numbers of all files."""
        folder = self._root / str(county)
        found = [number_in(path.name) for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(number for number in found if number is not None)


def store_of(settings: Settings, kind: str = "") -> CheckpointStore:
    """The store that KREISBUND_CHECKPOINTS names; without it a folder in the home. `kind`: one of its own beside it."""
    place = (settings.checkpoints or str(settings.home / "files" / "_checkpoints")).rstrip("/")
    place += f"-{kind}" if kind else ""
    if not place.startswith(S3):
        return FolderStore(Path(place))
    from kreisbund_platform.audit.stores_s3 import S3Store  # noqa: PLC0415  the client takes 0.3 s to import

    bucket, _slash, prefix = place.removeprefix(S3).partition("/")
    return S3Store(bucket, prefix, settings.s3_endpoint)
