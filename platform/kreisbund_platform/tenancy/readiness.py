"""Whether this program can serve on the shared schema as it stands. Asked without the owner's login."""

from kreisbund_platform.database.migrate import SHARED, migrations_of
from kreisbund_platform.tenancy.connections import Connections


def fits_shared(connections: Connections) -> bool:
    """Every migration that this program brings for `shared` has run, as it stands in its files.

    Newer ones may have run, too: while a version replaces another, the old program goes on with the new schema. Raises
    `DatabaseUnavailableError`.
    """
    with connections.for_workspace("registry") as connection:
        applied = dict(connection.execute("SELECT version, checksum FROM shared.schema_migration").fetchall())
    return all(applied.get(each.version) == each.checksum for each in migrations_of(SHARED))
