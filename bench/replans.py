"""What is planned or compiled once more although it was known: by the database, and by the product.

The database says of each prepared statement of a session how often it made a plan for one execution alone
(`pg_prepared_statements.custom_plans`). It does not say how often it built the lasting plan anew because statistics or
tables had changed. A statement that a session has put away and prepares again, and a document, a reading or a
statement's text that the process makes again, are counted where the product does it.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from kreisbund_api.graphql import compiled, execution
from kreisbund_api.graphql.operation import viewpoint_of
from kreisbund_platform.database import prepared
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.policy import audiences_of

CUSTOM_PLANS = "SELECT coalesce(sum(custom_plans), 0)::bigint FROM pg_prepared_statements"


@dataclass
class Again:
    """How often something was made that had been made before; `prepared` or `compiled`."""

    times: Counter[str] = field(default_factory=Counter)
    _made: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, *made: Hashable) -> None:
        with self._lock:
            self.times[what] += made in self._made
            self._made.add(made)


@contextmanager
def watched() -> Iterator[Again]:
    """Counts while this lasts; what was made before it began is not known."""
    again = Again()
    watchers: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (prepared.Statement, "call", _call),
        (execution, "_prepare", _document),
        (compiled, "_reading_of", _reading),
        (compiled._Reading, "_plan", _plan),
    )
    with ExitStack() as undone:
        for owner, name, watching in watchers:
            original = getattr(owner, name)
            undone.callback(setattr, owner, name, original)
            setattr(owner, name, _noting(watching, again, original))
        yield again


def _noting(watching: Callable[..., Any], again: Again, original: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function, so that it is bound as a method where it replaces one."""

    def noting(*given: Any) -> Any:
        return watching(again, original, *given)

    return noting


def _call(again: Again, original: Callable[..., Any], statement: Any, connection: Any, *values: object) -> Any:
    prepared._prepared(connection)  # asks the server where it is not known which statements are left
    is_new = not statement.is_prepared(connection)
    made = original(statement, connection, *values)
    if is_new:
        again.note("prepared", connection.info.backend_pid, statement.text)
    return made


def _document(again: Again, original: Callable[..., Any], text: str) -> Any:
    again.note("compiled", "document", text)
    return original(text)


def _reading(again: Again, original: Callable[..., Any], asked: Any, variables: Any, principal: Any) -> Any:
    decided = tuple(sorted(each for each in variables.coerced.items() if isinstance(each[1], bool)))
    reader = audiences_of(principal), viewpoint_of(principal)
    again.note("compiled", "reading", id(asked.operation), reader, decided)
    return original(asked, variables, principal)


def _plan(again: Again, original: Callable[..., Any], reading: Any, *given: Any) -> Any:
    made = original(reading, *given)
    again.note("compiled", "plan", id(reading), made.statement.text)
    return made


def custom_plans(database: Database) -> int:
    """Plans for one execution alone, of all sessions of this process that are not in use."""
    found = 0
    with ExitStack() as held:
        for login, pool in list(database._idle.items()):
            for _session in range(len(pool)):
                connection = held.enter_context(database.connection(login))
                found += connection.execute(CUSTOM_PLANS, prepare=False).fetchone()[0]
    return found
