"""Statements heard on the wire as a script of pgbench: the same texts, values bound as ever, sent together where they
were, on copies of a case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from bench import floor
from bench.office import Office
from bench.wire import Sent

VARIABLE = re.compile(r"(?<!:):\w")  # what pgbench would take for one of its own
PLACE = re.compile(r"\$(\d+)")


@dataclass(frozen=True)
class Replay:
    """`types`: of each statement's parameters, as the database names them; `batches`: which went out together."""

    recorded: floor.Recorded
    types: Sequence[Sequence[str]]
    batches: Sequence[int]

    def script(self, batch: int, each: int) -> tuple[str, dict[str, str]]:
        """For the copies of a batch, `each` of every connection, and the values that pgbench binds."""
        own = self.recorded.ids(batch)
        bound: dict[str, str] = {"turn": "0"}
        lines = ["\\set turn :turn + 1", f"\\set i :client_id * {each} + :turn"]
        statements = []
        for (text, values), types in zip(self.recorded.calls, self.types, strict=True):
            signs = [f"({_sign(value, own, bound)})::{kind}" for value, kind in zip(values, types, strict=True)]
            statements.append(PLACE.sub(lambda place, signs=signs: signs[int(place[1]) - 1], text) + ";")
        for _batch, group in groupby(zip(statements, self.batches, strict=True), key=itemgetter(1)):
            together = [statement for statement, _batch in group]
            lines += together if len(together) == 1 else ["\\startpipeline", *together, "\\endpipeline"]
        return "\n".join(lines) + "\n", bound

    @property
    def waits(self) -> int:
        """How often the client waited."""
        return sum(1 for _batch in groupby(self.batches))


def _sign(value: object, own: Mapping[str, str], bound: dict[str, str]) -> str:
    """A value as SQL: what is the case's own is made of its number, the rest is bound."""
    if value is None:
        return "NULL"
    written = str(value)
    if written in own:
        return own[written]
    name = f"v{len(bound)}"
    bound[name] = written
    sql = f":{name}"
    for made, expression in own.items():
        if made in written:
            sql = f"replace({sql}, '{made}', ({expression})::text)"
    return sql


def replay_of(here: Office, said: Sequence[Sent], case_id: UUID, task_id: UUID) -> Replay:
    """Of what was said of one case and its task."""
    for sent in said:
        assert not VARIABLE.search(sent.text), f"pgbench would read a variable in: {sent.text}"
    recorded = floor.Recorded([(sent.text, sent.values) for sent in said], case_id, task_id)
    return Replay(recorded, [_types(here, sent) for sent in said], [sent.batch for sent in said])


def _types(here: Office, sent: Sent) -> list[str]:
    """The database's own names for what a statement's parameters are."""
    if not sent.values:
        return []
    server = here.connection.pgconn
    made = server.prepare(b"", sent.text.encode(), sent.types)
    told = server.describe_prepared(b"")
    assert told.nparams == len(sent.values), made.error_message
    oids = [told.param_type(place) for place in range(told.nparams)]
    return [here.connection.execute("SELECT format_type(%s, NULL)", (oid,)).fetchone()[0] for oid in oids]
