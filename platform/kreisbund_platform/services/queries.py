"""SQL of the catalogue of public services."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform import ids

Rows = Connection[Any]


@dataclass(frozen=True)
class Counts:
    """How an upsert ended."""

    added: int
    changed: int
    unchanged: int


def _put(connection: Rows, sql: str, arrays: Sequence[Any], total: int) -> Counts:
    """Runs an upsert that answers one row a change, true where the row is new."""
    flags = [row[0] for row in connection.execute(sql, arrays)] if total else []
    added = sum(flags)
    return Counts(added, len(flags) - added, total - len(flags))


def _columns(rows: Sequence[dict[str, Any]], *names: str) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in names]


def put_situations(connection: Rows, rows: Sequence[dict[str, Any]]) -> Counts:
    """Upserts life situations by name."""
    return _put(
        connection,
        "INSERT INTO shared.life_situation AS l (name, subject) SELECT * FROM unnest(%s::text[], %s::text[])"
        " ON CONFLICT (name) DO UPDATE SET subject = excluded.subject"
        " WHERE l.subject IS DISTINCT FROM excluded.subject RETURNING xmax = 0",
        _columns(rows, "name", "subject"),
        len(rows),
    )


def known_situations(connection: Rows) -> set[str]:
    """All life situations by name."""
    return {row[0] for row in connection.execute("SELECT name FROM shared.life_situation")}


def put_ozg_services(connection: Rows, rows: Sequence[dict[str, Any]]) -> Counts:
    """Upserts OZG services by key."""
    return _put(
        connection,
        "INSERT INTO shared.ozg_service AS o (ozg_key, name, life_situation)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])"
        " ON CONFLICT (ozg_key) DO UPDATE SET name = excluded.name, life_situation = excluded.life_situation"
        " WHERE (o.name, o.life_situation) IS DISTINCT FROM (excluded.name, excluded.life_situation)"
        " RETURNING xmax = 0",
        _columns(rows, "ozg_key", "name", "life_situation"),
        len(rows),
    )


def known_ozg_keys(connection: Rows) -> set[str]:
    """All OZG services by key."""
    return {row[0] for row in connection.execute("SELECT ozg_key FROM shared.ozg_service")}


def put_services(connection: Rows, rows: Sequence[dict[str, Any]], now: datetime) -> Counts:
    """Upserts public services by LeiKa key."""
    columns = ("leika_key", "name", "leika_type", "legal_basis", "ozg_key", "responsible")
    fresh = [ids.new_id(ids.Kind.PUBLIC_SERVICE, now) for _ in rows]
    return _put(
        connection,
        "INSERT INTO shared.public_service AS s (id, leika_key, name, leika_type, legal_basis, ozg_key, responsible,"
        " updated_at) SELECT x.*, %s FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],"
        " %s::text[], %s::text[]) x ON CONFLICT (leika_key) DO UPDATE SET"
        " name = excluded.name, leika_type = excluded.leika_type,"
        " legal_basis = excluded.legal_basis, ozg_key = excluded.ozg_key, responsible = excluded.responsible,"
        " updated_at = excluded.updated_at"
        " WHERE (s.name, s.leika_type, s.legal_basis, s.ozg_key, s.responsible) IS DISTINCT FROM"
        " (excluded.name, excluded.leika_type, excluded.legal_basis, excluded.ozg_key, excluded.responsible)"
        " RETURNING xmax = 0",
        [now, fresh, *_columns(rows, *columns)],
        len(rows),
    )


@dataclass(frozen=True)
class IndexedService:
    """The texts under which a service can be found."""

    id: UUID
    name: str
    ozg_name: str | None
    life_situation: str | None


def services_to_index(connection: Rows) -> list[IndexedService]:
    """Every service with its OZG service and life situation."""
    with connection.cursor(row_factory=class_row(IndexedService)) as cursor:
        return cursor.execute(
            "SELECT s.id, s.name, o.name AS ozg_name, o.life_situation FROM shared.public_service s"
            " LEFT JOIN shared.ozg_service o USING (ozg_key)"
        ).fetchall()


def replace_terms(connection: Rows, terms: Iterable[tuple[str, UUID, float]]) -> None:
    """Writes the whole search index anew."""
    connection.execute("DELETE FROM shared.public_service_term")
    with connection.cursor() as cursor:
        with cursor.copy("COPY shared.public_service_term (term, service_id, weight) FROM STDIN") as copy:
            for row in terms:
                copy.write_row(row)


def set_synonyms(connection: Rows, synonyms: Sequence[tuple[UUID, list[str]]]) -> None:
    """Shows with each service what citizens call it."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE shared.public_service SET synonyms = %s WHERE id = %s AND synonyms IS DISTINCT FROM %s",
            [(words, service, words) for service, words in synonyms],
        )


def index_state(connection: Rows) -> tuple[int, datetime | None]:
    """Changes whenever the catalogue does."""
    row = connection.execute("SELECT count(*), max(updated_at) FROM shared.public_service").fetchone()
    assert row is not None
    return row[0], row[1]


def term_counts(connection: Rows) -> dict[str, int]:
    """Each term of the index and in how many services it stands."""
    return dict(
        connection.execute("SELECT term, count(*)::integer FROM shared.public_service_term GROUP BY term").fetchall()
    )


def rank(
    connection: Rows, terms: list[str], words: list[int], factors: list[float], limit: int
) -> list[tuple[UUID, float]]:
    """Services by score: per asked word the best term counts; what matches more of the words comes first.

    Among equals the one that can be applied for online goes before.
    """
    return connection.execute(
        "SELECT s.id, sum(p.best) * power(count(*)::float / %s, 2) * CASE WHEN EXISTS"
        " (SELECT FROM shared.process_template t WHERE t.leika_key = s.leika_key) THEN 1.05 ELSE 1 END AS score FROM ("
        " SELECT t.service_id AS id, q.word, max(t.weight * q.factor) AS best"
        " FROM unnest(%s::text[], %s::integer[], %s::float[]) q (term, word, factor)"
        " JOIN shared.public_service_term t USING (term) GROUP BY t.service_id, q.word) p"
        " JOIN shared.public_service s ON s.id = p.id GROUP BY s.id"
        " ORDER BY score DESC, length(s.name), s.leika_key LIMIT %s",
        (max(words, default=0) + 1, terms, words, factors, limit),
    ).fetchall()
