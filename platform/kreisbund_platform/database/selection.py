"""Turns a GraphQL selection into ONE SQL statement that answers JSON keyed by response key.

No row is touched in Python and nothing is asked twice. The text depends on the shape of the selection only,
every value is bound, so that a prepared statement serves all requests of one document. What `fetch` answers says of
each object which type it is, for GraphQL's interpreter; `wire.py` makes of the same selection what goes to the client.
"""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import psycopg

from kreisbund_platform.database import cursors
from kreisbund_platform.database.joining import Short, concat, literal
from kreisbund_platform.database.object_types import (
    Column,
    Connection,
    Embedded,
    Field,
    Key,
    Many,
    ObjectType,
    One,
    Plain,
)

NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
VALUE = re.compile(r"\{(\w+)\}")
READ_KEY = "#"  # kinds of personal data in a JSON object, and their case
RECORDED = ("staff", "invited")  # viewpoints whose reads go into the read log
TYPENAME = "__typename"
OPENED = {"citizen": frozenset({"MESSAGES"})}  # what else is noted: that an applicant has opened a message
BEHIND = frozenset({"hasNextPage", "startCursor", "endCursor"})
TYPE_KEY = ""  # says which type a JSON object is; no response key can be empty


@dataclass(frozen=True)
class Selection:
    """One selected field: response key, name, arguments, and what is selected of each concrete type below.

    `required`: null would be a fault; `written`: JSON or a number of any length, as the database writes it; `number`:
    nothing of it needs a quote.
    """

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    children: Mapping[str, tuple["Selection", ...]] = field(default_factory=dict)
    required: bool = False
    written: bool = False
    number: bool = False


Members = Sequence[tuple[Selection, str]]


@dataclass(frozen=True)
class Catalogue:
    """All object types, and who reads: `viewpoint` picks row rules, `in_county` the county's own fields."""

    types: Mapping[str, ObjectType]
    viewpoint: str
    in_county: bool

    def field(self, type_name: str, name: str) -> Field:
        """How a field is read here."""
        declared = self.types[type_name]
        return (not self.in_county and declared.elsewhere.get(name)) or declared.fields[name]

    def rows(self, type_name: str) -> str:
        """Which rows of a type are seen here."""
        rules = self.types[type_name].rows
        return "true" if rules is None else rules.get(self.viewpoint, "false")

    def read_kinds(self, type_name: str, children: Sequence[Selection]) -> list[str]:
        """The kinds of personal data among selected fields, as far as it is noted that this reader saw them."""
        personal = self.types[type_name].personal
        kinds = {personal[child.name] for child in children if child.name in personal}
        return sorted(kinds if self.viewpoint in RECORDED else kinds & OPENED.get(self.viewpoint, frozenset()))


def reads_in(answer: Any, selection: Selection) -> dict[UUID, frozenset[str]]:
    """Kinds of personal data that an answer shows, by case. Follows the selection, never what people wrote."""
    found: dict[UUID, frozenset[str]] = {}
    waiting = [(answer, selection)]
    while waiting:
        value, asked = waiting.pop()
        if isinstance(value, list):
            waiting += [(each, asked) for each in value]
        elif isinstance(value, dict):
            if (read := value.get(READ_KEY)) and read[1]:
                case_id = UUID(read[1])
                found[case_id] = found.get(case_id, frozenset()) | frozenset(read[0].split())
            children = asked.children.get(value[TYPE_KEY], ())
            waiting += [(value[child.key], child) for child in children if child.children]
    return found


class Statement:
    """One statement under construction. `names`: what it binds, in order; `pages`: its connections, in order."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._aliases = 0
        self.names: dict[str, None] = {}
        self.pages: list[tuple[Selection, Sequence[Key]]] = []

    def root(self, read: Field, selection: Selection) -> str:
        """The statement's text for a field that hangs on no row."""
        return f"SELECT {self._value(read, '', selection)}"

    def _has_after(self, selection: Selection) -> bool:
        """Whether a page begins behind a cursor."""
        return selection.arguments.get("after") is not None

    def _bound(self, name: str) -> str:
        self.names[name] = None
        return f"%({name})s"

    def _member(self, child: Selection, value: str) -> str:
        """A child's value as it stands in its object."""
        return value

    def _null(self, _selection: Selection) -> str:
        """What stands for a row that is not there."""
        return "'null'"

    def _made(self, type_name: str, members: "Members", reads: Sequence[str] = ()) -> str:
        """An object of these members. `reads`: kinds of personal data in it, and the expression of their case."""
        parts: list[str] = [literal(f'{{"{TYPE_KEY}":"{type_name}"')]
        if reads:
            parts += [literal(f',"{READ_KEY}":["{reads[0]}",'), reads[1], literal("]")]
        for child, value in members:
            assert NAME.fullmatch(child.key), "a response key is a GraphQL name"
            parts += [literal(f',"{child.key}":'), value]
        return concat([*parts, literal("}")])

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def _fill(self, template: str, alias: str, parent: str = "") -> str:
        def replacement(found: re.Match[str]) -> str:
            name = found[1]
            if name in ("a", "p"):
                return alias if name == "a" else parent
            return self._bound(name)

        return VALUE.sub(replacement, template)

    def _value(self, read: Field, alias: str, selection: Selection) -> str:
        match read:
            case Column():
                text = f"coalesce({self._json(read, alias, selection)}, {self._null(selection)})"
                return Short(text) if selection.number or not selection.written else text
            case Embedded():
                made = self._object(read.type, alias, selection)
                if read.present == Embedded.present:
                    return made
                return f"CASE WHEN {self._fill(read.present, alias)} THEN {made} ELSE {self._null(selection)} END"
            case One():
                return self._one(read, alias, selection)
            case Many():
                return self._many(read, alias, selection)
            case Connection():
                return self._page(read, alias, selection)

    def _json(self, read: Column, alias: str, selection: Selection) -> str:
        """A column's value, null where it is. `to_json` looks for what it is each time: two or three times as dear."""
        value = self._fill(read.sql, alias)
        if selection.number:
            return f"({value})::text"
        return f"""'"' || {value} || '"'""" if isinstance(read, Plain) else f"to_json({value})::text"

    def _object(self, type_name: str, alias: str, selection: Selection) -> str:
        children = selection.children.get(type_name, ())
        reads: tuple[str, ...] = ()
        if kinds := self._catalogue.read_kinds(type_name, children):
            case_id = self._fill(self._catalogue.types[type_name].case_id, alias)
            reads = " ".join(kinds), Short(f"coalesce(to_json({case_id})::text, 'null')")

        def value(child: Selection) -> str:
            return self._member(child, self._value(self._catalogue.field(type_name, child.name), alias, child))

        return self._made(type_name, self._members(type_name, children, value), reads)

    @staticmethod
    def _members(type_name: str, children: Sequence[Selection], value: Callable[[Selection], str]) -> "Members":
        return [(child, literal(f'"{type_name}"') if child.name == TYPENAME else value(child)) for child in children]

    def _from(self, read: One | Many | Connection, alias: str, parent: str) -> str:
        own = None if isinstance(read, Many) else read.source
        source = self._fill(own or self._catalogue.types[read.type].source, alias, parent)
        condition = self._fill(read.condition, alias, parent)
        return f"{source} WHERE ({condition}) AND ({self._fill(self._catalogue.rows(read.type), alias)})"

    def _one(self, read: One, parent: str, selection: Selection) -> str:
        alias = self._alias()
        made = self._object(read.type, alias, selection)
        order = f" ORDER BY {self._fill(read.order, alias)} LIMIT 1" if read.order else ""
        return f"coalesce((SELECT {made} FROM {self._from(read, alias, parent)}{order}), {self._null(selection)})"

    def _many(self, read: Many, parent: str, selection: Selection) -> str:
        alias = self._alias()
        made = self._object(read.type, alias, selection)
        rows = f"SELECT {alias}.* FROM {self._from(read, alias, parent)} ORDER BY {self._fill(read.order, alias)}"
        # rows of a subquery in order are aggregated in this order
        return f"(SELECT concat('[', string_agg({made}, ','), ']') FROM ({rows} LIMIT {int(read.most)}) {alias})"

    def _page(self, read: Connection, parent: str, selection: Selection) -> str:
        alias, connection = self._alias(), f"{read.type}Connection"
        number = len(self.pages)
        self.pages.append((selection, read.order))
        first = f"{self._bound(f'first_{number}')}::int"
        children = selection.children.get(connection, ())
        page = _Page(read, alias, parent, first, self._has_after(selection), number, _looks_on(children))
        members = self._members(connection, children, lambda child: self._page_part(page, child))
        # HAVING makes it one row, whatever is selected
        return f"(SELECT {self._made(connection, members)} FROM {self._rows(page)} {alias} HAVING true)"

    def _rows(self, page: "_Page") -> str:
        """The page's rows in order with the values of their cursors; numbered, with one more, where it is asked what
        comes behind them.
        """
        read, alias = page.read, page.alias
        keys = [self._fill(key.sql, alias) for key in read.order]
        direction = "DESC" if read.descending else "ASC"
        past = f" AND {self._past(page, keys)}" if page.is_later else ""
        named = ", ".join(f"{key} AS kb_k{n}" for n, key in enumerate(keys))
        order = ", ".join(f"{key} {direction}" for key in keys)
        rows = f"SELECT {alias}.*, {named} FROM {self._from(read, alias, page.parent)}{past} ORDER BY {order}"
        if not page.parent:
            # a number that is bound says nothing to a lasting plan: it would reckon with a tenth of all and sort them
            rows = f"SELECT kb_l.* FROM ({rows} LIMIT {cursors.LARGEST_PAGE + 1}) kb_l"
        if not page.looks_on:
            return f"({rows} LIMIT {page.first})"
        kept = ", ".join(f"kb_k{n} {direction}" for n in range(len(keys)))
        return (
            f"(SELECT kb_i.*, row_number() OVER kb_w AS kb_n, lead(1) OVER kb_w IS NULL AS kb_last"
            f" FROM ({rows} LIMIT {page.first} + 1) kb_i WINDOW kb_w AS (ORDER BY {kept}))"
        )

    def _past(self, page: "_Page", keys: Sequence[str]) -> str:
        order = page.read.order
        bound = [f"{self._bound(f'after_{page.number}_{n}')}::{key.cast}" for n, key in enumerate(order)]
        return f"({', '.join(keys)}) {'<' if page.read.descending else '>'} ({', '.join(bound)})"

    def _page_part(self, page: "_Page", child: Selection) -> str:
        if child.name == "edges":
            edge = self._edge(page, child)
            shown = f" FILTER (WHERE {page.alias}.kb_n <= {page.first})" if page.looks_on else ""
            return f"concat('[', string_agg({edge}, ','){shown}, ']')"
        if child.name == "totalCount":
            return f"(SELECT count(*)::text FROM {self._from(page.read, self._alias(), page.parent)})"
        return self._page_info(page, child)

    def _edge(self, page: "_Page", selection: Selection) -> str:
        edge = f"{page.read.type}Edge"
        children = selection.children.get(edge, ())
        return self._made(edge, self._members(edge, children, lambda child: self._edge_part(page, child)))

    def _edge_part(self, page: "_Page", child: Selection) -> str:
        if child.name == "cursor":
            return f"to_json({page.cursor})::text"
        return self._object(page.read.type, page.alias, child)

    def _page_info(self, page: "_Page", selection: Selection) -> str:
        alias, first = page.alias, page.first
        last = f"max({page.cursor}) FILTER (WHERE {alias}.kb_n = {first} OR {alias}.kb_last AND {alias}.kb_n < {first})"
        start = f"max({page.cursor}) FILTER (WHERE {alias}.kb_n = 1 AND {first} > 0)"
        answers = {
            "hasNextPage": f"(count({alias}.kb_n) > {first})::text",
            "hasPreviousPage": "'true'" if page.is_later else "'false'",
            "startCursor": f"coalesce(to_json({start})::text, 'null')",
            "endCursor": f"coalesce(to_json({last})::text, 'null')",
        }
        children = selection.children.get("PageInfo", ())
        return self._made("PageInfo", self._members("PageInfo", children, lambda child: answers[child.name]))


@dataclass(frozen=True)
class _Page:
    read: Connection
    alias: str
    parent: str
    first: str
    is_later: bool
    number: int
    looks_on: bool

    @property
    def cursor(self) -> str:
        """A row's cursor."""
        return cursors.cursor_sql([f"{self.alias}.kb_k{n}" for n in range(len(self.read.order))])


def _looks_on(children: Sequence[Selection]) -> bool:
    """Whether a connection is asked what comes behind the page, or where it begins and ends."""
    asked = [child.children.get("PageInfo", ()) for child in children if child.name == "pageInfo"]
    return any(each.name in BEHIND for each in itertools.chain(*asked))


def page_values(number: int, first: object, after: str | None, order: Sequence[Key]) -> dict[str, Any]:
    """What a page binds. Raises cursors.BadPageError for a bad cursor or page size."""
    found: dict[str, Any] = {f"first_{number}": cursors.page_size(first)}
    if after is not None:
        found |= {f"after_{number}_{n}": value for n, value in enumerate(cursors.read(after, order))}
    return found


def fetch(
    connection: psycopg.Connection[Any],
    catalogue: Catalogue,
    read: Field,
    selection: Selection,
    values: Mapping[str, Any],
) -> Any:
    """Runs a selection and answers its parsed JSON. Raises cursors.BadPageError for a bad cursor or page size."""
    statement = Statement(catalogue)
    text = statement.root(read, selection)
    known = dict(values)
    for number, (page, order) in enumerate(statement.pages):
        known |= page_values(number, page.arguments.get("first"), page.arguments.get("after"), order)
    row = connection.execute(text.encode(), {name: known[name] for name in statement.names}).fetchone()
    assert row is not None, "a SELECT without FROM answers one row"
    return orjson.loads(row[0])
