"""Which process templates a county refers to, and which are the same ones in another deployment.

The catalogue is common property and does not travel with a county: the export names each version by slug, number and
content hash, and the restore looks for the same content.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_tenants.moving.errors import RefusedError

Rows = psycopg.Connection[Any]
# Every column of these names refers to the catalogue; a test compares the pattern with the migrated schema.
REFERRING = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.atttypid = 'uuid'::regtype
    AND a.attname ~ '(^|_)version_id$' ORDER BY 1, 2
"""
VERSIONS = """
SELECT p.id::text AS template_id, p.slug, v.id::text AS version_id, v.number, v.content_hash
FROM shared.template_version v JOIN shared.process_template p ON p.id = v.template_id
WHERE v.id = ANY(%s) ORDER BY p.slug, v.number
"""
SAME = """
SELECT p.id::text, v.id::text FROM shared.template_version v JOIN shared.process_template p ON p.id = v.template_id
WHERE p.slug = %s AND v.content_hash = %s
"""
FIELDS = ("template_id", "slug", "version_id", "number", "content_hash")


def versions_used(connection: Rows, schema: str) -> list[dict[str, Any]]:
    """Every published version that a row of the county names."""
    used: set[Any] = set()
    for table, column in connection.execute(REFERRING, (f'"{schema}"',)).fetchall():
        query = sql.SQL("SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL").format(
            sql.Identifier(column), sql.Identifier(schema, table)
        )
        used.update(row[0] for row in connection.execute(query))
    return [dict(zip(FIELDS, row, strict=True)) for row in connection.execute(VERSIONS, (list(used),))]


def same_here(connection: Rows, versions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """From ids of the export to ids of this catalogue. Raises RefusedError that names what is missing."""
    ids: dict[str, str] = {}
    missing = []
    for version in versions:
        row = connection.execute(SAME, (version["slug"], version["content_hash"])).fetchone()
        if row is None:
            missing.append(f"{version['slug']} {version['number']} ({version['content_hash'][:12]})")
        else:
            ids |= {version["template_id"]: row[0], version["version_id"]: row[1]}
    if missing:
        raise RefusedError(f"missing in this catalogue: {_listed(missing)}")
    return ids


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
