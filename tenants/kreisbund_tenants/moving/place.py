"""Where a county is moved from or to: a deployment, as the command line holds it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kreisbund_platform.clock import Clock
from kreisbund_platform.database.session import Database
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_tenants.moving.errors import RefusedError


@dataclass(frozen=True)
class Place:
    """A deployment. `database` must know the owner's login."""

    settings: Settings
    database: Database
    connections: Connections
    clock: Clock


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One restore or deletion at a time, since each takes back files by the county's slug. Raises RefusedError."""
    with (settings.home / "moving.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise RefusedError("another restore or deletion is under way here") from problem
        yield
