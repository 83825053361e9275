"""Where a case's tokens stand: a small JSON value that does not grow with the case's age.

{"next": 7, "ended": false,
 "tokens": {"6": ["review", 1, {"reminder": 2}]},      waiting tokens: element, scope, timers that fired (how often)
 "joins": {"1|join": {"flow_a": 1}},                  tokens before a joining gateway, by scope and flow
 "scopes": {"1": ["process", null, null, 2]},         container, outer scope, host token, tokens alive in it
 "listeners": {"4": ["objection", 1, {}]},            event sub-processes that may still start: like tokens, not alive
 "incidents": {"5": ["split", 1, null, "NO_OPEN_FLOW"]}}  stopped tokens: element, scope, flow, reason; alive

A multi-instance activity's host token has a fourth value, its instances [total, started, completed]; the scope it
hosts has the container `<element id>#`. The token of one instance there has its number, from 1, as fourth value; an
instance's incident has it as fifth. `listeners` and `incidents` are left out where there are none.
"""

from dataclasses import dataclass, field
from typing import Any

Joins = dict[str, int]
INSTANCES = "#"


@dataclass(slots=True)
class Resting:
    """A waiting token; `fired` counts its timers' firings and is replaced, never changed."""

    element_id: str
    scope: int
    fired: dict[str, int] = field(default_factory=dict)
    instance: int | None = None
    instances: tuple[int, int, int] | None = None


@dataclass(slots=True)
class Scope:
    """A process or sub-process that runs; `live` counts tokens in it: moving, waiting, stopped, before joins."""

    container: str
    outer: int | None
    host: int | None
    live: int


@dataclass(slots=True)
class Incident:
    """A stopped token; `flow_id` is the flow whose condition failed, `reason` a code."""

    element_id: str
    scope: int
    flow_id: str | None
    reason: str
    instance: int | None = None


@dataclass(slots=True)
class Marking:
    """A working copy of a state."""

    next: int = 1
    ended: bool = False
    tokens: dict[int, Resting] = field(default_factory=dict)
    joins: dict[tuple[int, str], Joins] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)
    listeners: dict[int, Resting] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)

    def number(self) -> int:
        """A new number for a token or scope."""
        self.next += 1
        return self.next - 1


def read_state(state: dict[str, Any]) -> Marking:
    """A copy to work on; the state itself stays as it is."""
    return Marking(
        state["next"],
        state["ended"],
        {int(token): _resting(*entry) for token, entry in state["tokens"].items()},
        {_join_key(key): dict(flows) for key, flows in state["joins"].items()},
        {int(scope): Scope(*entry) for scope, entry in state["scopes"].items()},
        {int(token): Resting(*entry) for token, entry in state.get("listeners", {}).items()},
        {int(token): Incident(*entry) for token, entry in state.get("incidents", {}).items()},
    )


def _resting(at: str, scope: int, fired: dict[str, int], more: int | list[int] | None = None) -> Resting:
    if isinstance(more, list):
        return Resting(at, scope, fired, None, (more[0], more[1], more[2]))
    return Resting(at, scope, fired, more)


def _join_key(text: str) -> tuple[int, str]:
    scope, _bar, element_id = text.partition("|")
    return int(scope), element_id


def written(marking: Marking) -> dict[str, Any]:
    """The state as JSON holds it."""
    state: dict[str, Any] = {
        "next": marking.next,
        "ended": marking.ended,
        "tokens": {str(token): _entry(at) for token, at in marking.tokens.items()},
        "joins": {f"{scope}|{element}": flows for (scope, element), flows in marking.joins.items()},
        "scopes": {str(key): [s.container, s.outer, s.host, s.live] for key, s in marking.scopes.items()},
    }
    if marking.listeners:
        state["listeners"] = {str(token): _entry(at) for token, at in marking.listeners.items()}
    if marking.incidents:
        state["incidents"] = {str(token): _stopped(incident) for token, incident in marking.incidents.items()}
    return state


def _entry(at: Resting) -> list[Any]:
    if at.instances is not None:
        return [at.element_id, at.scope, at.fired, list(at.instances)]
    if at.instance is not None:
        return [at.element_id, at.scope, at.fired, at.instance]
    return [at.element_id, at.scope, at.fired]


def _stopped(incident: Incident) -> list[Any]:
    entry = [incident.element_id, incident.scope, incident.flow_id, incident.reason]
    return entry if incident.instance is None else [*entry, incident.instance]


def initial_state() -> dict[str, Any]:
    """A case that has not started."""
    return written(Marking())


def waiting(state: dict[str, Any]) -> list[tuple[int, str]]:
    """Tokens at rest and their elements, oldest first; sub-processes count by what waits inside them."""
    hosts = {host for _container, _outer, host, _live in state["scopes"].values()}
    return sorted((int(token), at[0]) for token, at in state["tokens"].items() if int(token) not in hosts)


def has_instances(state: dict[str, Any]) -> bool:
    """Whether a multi-instance activity runs."""
    return any(container.endswith(INSTANCES) for container, *_more in state["scopes"].values())


def incidents(state: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Stopped tokens, their elements and reason codes, oldest first."""
    return sorted((int(token), entry[0], entry[3]) for token, entry in state.get("incidents", {}).items())
