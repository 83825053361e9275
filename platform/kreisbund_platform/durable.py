"""Files that are whole or not there: written beside, synced, and named last, so that a kill leaves no half of one."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written(target: Path, *, once: bool = False, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A file that takes its name when the block ends without a failure; both are durable then.

    `once`: raises FileExistsError where the name is taken; else what was there goes. `mode` as for open(2).
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if once:
            os.link(beside, target)
        else:
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
