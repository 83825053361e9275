"""Where a county is moved from or to: a deployment, as the command line holds it."""

from dataclasses import dataclass

from kreisbund_platform.clock import Clock
from kreisbund_platform.database.session import Database
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections


@dataclass(frozen=True)
class Place:
    """A deployment. `database` must know the owner's login."""

    settings: Settings
    database: Database
    connections: Connections
    clock: Clock
