"""Where sealed packages and receipts wait for their county: a folder each below `<home>/files/_transfers`.

Writing twice is fine: a letter's name is its transfer and kind, and the same letter has the same bytes.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from kreisbund_platform import durable
from kreisbund_platform.settings import Settings

PACKAGE, RECEIPT = "package", "receipt"


@dataclass(frozen=True)
class Letter:
    """One sealed letter that waits."""

    path: Path

    @property
    def kind(self) -> str:
        """`package` or `receipt`."""
        return self.path.suffix[1:]

    def content(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()

    def done(self) -> None:
        """It was taken in."""
        self.path.unlink(missing_ok=True)

    def refused(self) -> None:
        """It stays for a person to look at, out of the way."""
        self.path.replace(self.path.with_suffix(self.path.suffix + ".refused"))


def put(settings: Settings, receiver: UUID, transfer_id: UUID, kind: str, content: bytes) -> None:
    """Stores durably: before its transaction ends it lies there."""
    folder = _folder(settings, receiver)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with durable.written(folder / f"{transfer_id}.{kind}") as file:
        file.write(content)


def waiting(settings: Settings, county: UUID) -> list[Letter]:
    """What waits for a county, in the order of names."""
    return _letters(_folder(settings, county))


def receivers(settings: Settings) -> set[str]:
    """The ids of the counties for which something waits; of folders that are no county's, their names."""
    root = _root(settings)
    return {each.name for each in root.iterdir() if _letters(each)} if root.is_dir() else set()


def _letters(folder: Path) -> list[Letter]:
    try:
        found = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):  # a county may go at any moment
        return []
    return [Letter(path) for path in found if path.suffix[1:] in (PACKAGE, RECEIPT) and not path.name.startswith(".")]


def count(settings: Settings, county: UUID) -> int:
    """How many letters lie in a county's folder, refused ones too."""
    folder = _folder(settings, county)
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def clear(settings: Settings, county: UUID) -> None:
    """Takes away a county's folder, when the county goes."""
    folder = _folder(settings, county)
    if folder.is_dir():
        shutil.rmtree(folder)


def _root(settings: Settings) -> Path:
    return settings.home / "files" / "_transfers"


def _folder(settings: Settings, county: UUID) -> Path:
    return _root(settings) / str(county)
