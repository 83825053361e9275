"""Where a case's tokens stand: a small JSON value that does not grow with the case's age.

{"next": 7, "ended": false,
 "tokens": {"6": ["review", 1, {"reminder": 2}]},      waiting tokens: element, scope, timers that fired (how often)
 "joins": {"1|join": {"flow_a": 1}},                  tokens before a joining gateway, by scope and flow
 "scopes": {"1": ["process", null, null, 2]}}         container, outer scope, host token, tokens alive in it
"""

from dataclasses import dataclass, field
from typing import Any

Joins = dict[str, int]


@dataclass
class Resting:
    """A waiting token; `fired` counts its timers' firings."""

    element_id: str
    scope: int
    fired: dict[str, int] = field(default_factory=dict)


@dataclass
class Scope:
    """The process or a running sub-process; `live` counts tokens in it, moving, waiting and before joins."""

    container: str
    outer: int | None
    host: int | None
    live: int


@dataclass
class Marking:
    """A working copy of a state."""

    next: int = 1
    ended: bool = False
    tokens: dict[int, Resting] = field(default_factory=dict)
    joins: dict[tuple[int, str], Joins] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)

    def number(self) -> int:
        """A new number for a token or scope."""
        self.next += 1
        return self.next - 1


def read_state(state: dict[str, Any]) -> Marking:
    """A copy to work on; the state itself stays as it is."""
    return Marking(
        state["next"],
        state["ended"],
        {int(token): Resting(at, scope, dict(fired)) for token, (at, scope, fired) in state["tokens"].items()},
        {_join_key(key): dict(flows) for key, flows in state["joins"].items()},
        {int(scope): Scope(*values) for scope, values in state["scopes"].items()},
    )


def _join_key(text: str) -> tuple[int, str]:
    scope, _bar, element_id = text.partition("|")
    return int(scope), element_id


def written(marking: Marking) -> dict[str, Any]:
    """The state as JSON holds it."""
    return {
        "next": marking.next,
        "ended": marking.ended,
        "tokens": {str(token): [at.element_id, at.scope, at.fired] for token, at in marking.tokens.items()},
        "joins": {f"{scope}|{element}": flows for (scope, element), flows in marking.joins.items()},
        "scopes": {str(key): [s.container, s.outer, s.host, s.live] for key, s in marking.scopes.items()},
    }


def initial_state() -> dict[str, Any]:
    """A case that has not started."""
    return written(Marking())


def waiting(state: dict[str, Any]) -> list[tuple[int, str]]:
    """Tokens at rest and their elements, oldest first; sub-processes count by what waits inside them."""
    hosts = {host for _container, _outer, host, _live in state["scopes"].values()}
    return sorted((int(token), at[0]) for token, at in state["tokens"].items() if int(token) not in hosts)
