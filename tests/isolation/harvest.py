"""What is in the tables: ids by owner and kind, and the texts that one owner alone has."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from kreisbund_platform.ids import Kind, kind_of
from tests.support.fixtures import Deployment

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"[+-]?[\d:.,TZ +-]*")
SHORTEST = 6  # shorter texts are words such as „Herr“ that say nothing about where they come from
SHARED = "shared"
ANSWERS = "idempotency"  # stored answers repeat what other tables hold, and our own words


@dataclass
class Own:
    """Everything that stands in one schema, and of it what belongs to each case."""

    texts: set[str] = field(default_factory=set)
    ids: dict[Kind, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_case: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_no_case: set[str] = field(default_factory=set)

    def of_person(self, subject: str) -> set[str]:
        """The texts of the cases that name this person."""
        return set().union(*(texts for texts in self.of_case.values() if subject in texts))


def harvest(deployment: Deployment, schema: str) -> Own:
    """Reads every row of a schema as its owner."""
    own = Own()
    with deployment.database.owner() as owner:
        for table in tables(owner, schema):
            if table == ANSWERS:
                continue
            for row in rows(owner, schema, table):
                _take(own, table, row)
    return own


def tables(owner: Connection[Any], schema: str) -> list[str]:
    """The schema's tables by name."""
    found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,))
    return [row[0] for row in found]


def rows(owner: Connection[Any], schema: str, table: str) -> Iterator[dict[str, Any]]:
    """Each row as JSON."""
    query = sql.SQL("SELECT to_json(t) FROM {} t").format(sql.Identifier(schema, table))
    for (row,) in owner.execute(query):
        yield row


def fingerprint(deployment: Deployment, schema: str, without: Iterable[str] = ()) -> dict[str, str]:
    """Table to a hash over all of its rows."""
    made = {}
    with deployment.database.owner() as owner:
        for table in tables(owner, schema):
            if table in without:
                continue
            query = sql.SQL("SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t")
            row = owner.execute(query.format(sql.Identifier(schema, table))).fetchone()
            assert row is not None
            made[table] = hashlib.sha256(f"{table}/{row[0]}".encode()).hexdigest()
    return made


def leaves(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)


def telling(value: Any) -> Iterator[str]:
    """The texts that say where they come from: long enough, and neither day nor moment."""
    for text in leaves(value):
        if len(text) >= SHORTEST and not MOMENT.fullmatch(text):
            yield text


def _take(own: Own, table: str, row: dict[str, Any]) -> None:
    found = set(telling(row))
    own.texts |= found
    case = row.get("id") if table == "case_record" else row.get("case_id")
    (own.of_case[case] if case else own.of_no_case).update(found)
    for text in found:
        for identifier in UUIDS.findall(text):
            kind = kind_of(UUID(identifier))
            if kind is not None:
                own.ids[kind].add(identifier)
