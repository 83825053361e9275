"""What goes to the client, made by the database: a document's selections as one statement that answers bytes.

Between the signs of the answer stand marks, control characters that JSON itself never holds: whose personal data an
object shows, where null stands that may not, and values to be written as the interpreter would write them. They are
read and removed here.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.pq.abc import PGresult

from kreisbund_platform.database import prepared
from kreisbund_platform.database.joining import concat, literal
from kreisbund_platform.database.object_types import Column, Field, Key
from kreisbund_platform.database.selection import (
    NAME,
    VALUE,
    Catalogue,
    Members,
    Selection,
    Statement,
    page_values,
)

Reads = dict[UUID, frozenset[str]]
READ = re.compile(rb"\x01([^\x02]*)\x02")
WRITTEN = re.compile(rb"\x04([^\x05]*)\x05")
MADE = "made"  # a root's own value: its JSON, made already
MISSING = b"\x03"


@dataclass(frozen=True)
class Root:
    """A root field of a document: what it reads, what is selected of it, and the values that are its own.

    Without `read` it is what was made before (`MADE`), else null.
    """

    read: Field | None
    selection: Selection
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shown:
    """An answer's bytes, and kinds of personal data in it by case."""

    body: bytes
    reads: Reads


class UnansweredError(Exception):
    """The database refuses a value or the statement itself."""


class Wire(Statement):
    """The statement of a whole document."""

    def __init__(self, catalogue: Catalogue, arguments: Callable[[Selection], Mapping[str, Any]]) -> None:
        super().__init__(catalogue)
        self._arguments = arguments
        self._root: tuple[int, frozenset[str]] = 0, frozenset()
        self.has_written = self.has_reads = False

    def plan(self, roots: Sequence[Root]) -> "Plan":
        """`SELECT` of one text: `{"data":{…}}` with marks."""
        own = {root.selection.key: (number, root) for number, root in enumerate(roots)}

        def value(child: Selection) -> str:
            number, root = own[child.key]
            self._root = number, root.own
            if MADE in root.own:
                return f"{self._bound(f'r{number}_{MADE}')}::text"
            return self._null(child) if root.read is None else self._value(root.read, "", child)

        made = self._made("Query", self._members("Query", [root.selection for root in roots], value))
        return Plan(self, "SELECT " + concat([literal('{"data":'), made, literal("}")]))

    def _has_after(self, selection: Selection) -> bool:
        return self._arguments(selection).get("after") is not None

    def _fill(self, template: str, alias: str, parent: str = "") -> str:
        number, own = self._root
        mine = VALUE.sub(lambda found: f"{{r{number}_{found[1]}}}" if found[1] in own else found[0], template)
        return super()._fill(mine, alias, parent)

    def _bound(self, name: str) -> str:
        self.names.setdefault(name)
        return f"${list(self.names).index(name) + 1}"

    def _null(self, selection: Selection) -> str:
        return literal("\x03") if selection.required else "'null'"

    def _value(self, read: Field, alias: str, selection: Selection) -> str:
        value = super()._value(read, alias, selection)
        if not (selection.written and isinstance(read, Column)):
            return value
        self.has_written = True
        return concat([literal("\x04"), value, literal("\x05")])

    def _made(self, type_name: str, members: Members, reads: Sequence[str] = ()) -> str:
        parts = []
        if reads:
            self.has_reads = True
            parts += [literal(f"\x01{reads[0]} "), reads[1], literal("\x02")]
        opening = "{"
        for child, value in members:
            assert NAME.fullmatch(child.key), "a response key is a GraphQL name"
            parts += [literal(f'{opening}"{child.key}":'), value]
            opening = ","
        return concat([*parts, literal("}" if members else "{}")])


class Plan:
    """A document's statement for one shape of request, prepared once on each connection."""

    def __init__(self, wire: Wire, text: str) -> None:
        self.statement = prepared.Remembered(hashlib.sha256(text.encode()).hexdigest()[:24], text)
        self._names = tuple(wire.names)
        self._pages: tuple[tuple[Selection, Sequence[Key]], ...] = tuple(wire.pages)
        self._has_reads, self._has_written = wire.has_reads, wire.has_written

    def bound(self, values: Mapping[str, Any], arguments: Callable[[Selection], Mapping[str, Any]]) -> "Bound":
        """The statement for one request. `values`: those of the request, and each root's own as `r<number>_<name>`.

        Raises cursors.BadPageError.
        """
        known = dict(values)
        for number, (page, order) in enumerate(self._pages):
            given = arguments(page)
            known |= page_values(number, given.get("first"), given.get("after"), order)
        return Bound(self, tuple(known[name] for name in self._names))

    def shown(self, result: PGresult) -> Shown | None:
        """What the statement answered; None where a null stands that may not."""
        body = result.get_value(0, 0)
        assert body is not None, "concat is never null"
        if MISSING in body:
            return None
        reads = {}
        if self._has_reads:
            reads = _reads(READ.findall(body))
            body = READ.sub(b"", body)
        if self._has_written:
            body = WRITTEN.sub(lambda found: orjson.dumps(orjson.loads(found[1])), body)
        return Shown(body, reads)


@dataclass(frozen=True)
class Bound:
    """A plan with the values of one request."""

    plan: Plan
    values: tuple[object, ...]

    def run(self, connection: psycopg.Connection[Any]) -> Shown | None:
        """The answer; None where a null stands that may not. Raises UnansweredError."""
        try:
            return self.plan.shown(self.plan.statement.run(connection, *self.values))
        except (psycopg.DataError, psycopg.ProgrammingError) as problem:
            raise UnansweredError from problem


def _reads(marks: Sequence[bytes]) -> Reads:
    found: Reads = {}
    for mark in marks:
        *kinds, quoted = mark.decode().split(" ")
        if quoted != "null":
            case_id = UUID(quoted[1:-1])
            found[case_id] = found.get(case_id, frozenset()) | frozenset(kinds)
    return found
