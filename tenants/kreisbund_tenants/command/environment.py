"""What every verb needs of its environment."""

from dataclasses import dataclass

from kreisbund_platform.clock import Clock, SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry


class CommandError(Exception):
    """The user can do something about it; the text is the one line that says what."""


@dataclass(frozen=True)
class Environment:
    """Settings, database and what follows from them."""

    settings: Settings
    database: Database
    connections: Connections
    registry: Registry
    clock: Clock


def environment() -> Environment:
    """Reads KREISBUND_* and DATABASE_URL; connects nowhere yet."""
    settings = Settings.from_environment()
    database = Database(settings)
    connections = Connections(database, settings)
    return Environment(settings, database, connections, Registry(connections), SystemClock())
