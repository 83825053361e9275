"""SQL of data protection, in one county's schema."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

Rows = Connection[Any]


def adopted_versions(connection: Rows) -> list[dict[str, Any]]:
    """What the county offers now: manifest and forms of each adopted version, its variant's where there is one."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT v.number, coalesce(o.manifest, v.manifest) AS manifest, coalesce(o.forms, v.forms) AS forms"
            " FROM template_adoption a JOIN shared.template_version v ON v.id = a.version_id"
            " LEFT JOIN template_variant o ON o.id = a.variant_id WHERE a.ended_at IS NULL"
            " ORDER BY coalesce(o.manifest, v.manifest) ->> 'title'"
        ).fetchall()
