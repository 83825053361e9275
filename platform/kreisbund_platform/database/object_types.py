"""How a GraphQL object type lies in the database, declared once per type.

SQL fragments are templates: `{a}` is the row's alias, `{p}` the parent row's, any other `{name}` a bound value
of the request (`{subject}`, `{base_url}`, …). They are constants of the product; nothing of a request ever
becomes part of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A value of the row itself; whatever PostgreSQL's `to_json` makes of it."""

    sql: str


@dataclass(frozen=True)
class Plain(Column):
    """A text of which nothing needs to be escaped in JSON, as the table's own rules hold: slugs, codes."""


@dataclass(frozen=True)
class Embedded:
    """An object made of the same row, null where `present` does not hold."""

    type: str
    present: str = "true"


@dataclass(frozen=True)
class One:
    """Another row or null; with `order` the first of several. `source` stands in for that of the type."""

    type: str
    condition: str
    order: str = ""
    source: str | None = None


@dataclass(frozen=True)
class Many:
    """A plain list, for what is few by nature; `most` is the end of patience."""

    type: str
    condition: str
    order: str
    most: int = 500


@dataclass(frozen=True)
class Key:
    """One part of an order: expression and the type its cursor value is read back as."""

    sql: str
    cast: str


@dataclass(frozen=True)
class Connection:
    """A Relay connection, paged by keyset over `order` (unique as a whole, one direction)."""

    type: str
    condition: str
    order: tuple[Key, ...]
    descending: bool = True
    source: str | None = None


Field = Column | Embedded | One | Many | Connection


@dataclass(frozen=True)
class ObjectType:
    """A type: where its rows are, what its fields are, who sees which rows.

    `source` is a FROM item ending in the alias `{a}`. `elsewhere` replaces fields for callers outside of any
    county, whose login roles know no county's tables. `rows` maps a viewpoint to a condition; a viewpoint that
    is not named sees none; None: every caller whose role may read the table sees every row.
    `personal`: fields that tell of a citizen, each with its kind in the read log; `case_id`: whose case.
    """

    name: str
    source: str
    fields: Mapping[str, Field]
    elsewhere: Mapping[str, Field] = field(default_factory=dict)
    rows: Mapping[str, str] | None = None
    case_id: str = ""
    personal: Mapping[str, str] = field(default_factory=dict)


def newest_first(moment: str) -> tuple[Key, ...]:
    """The usual order: by a moment, ties by id."""
    return (Key(f"{{a}}.{moment}", "timestamptz"), Key("{a}.id", "uuid"))
