"""A case's marking: the sign that groups it with others, and its translation to another plan's elements."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.engine.plan.model import Plan
from kreisbund_platform.texts import _

INSTANCES = "#"
State = dict[str, Any]
Mapped = Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """Why a marking has no place in the new plan; `element_id` is the old plan's, `reason` German."""

    element_id: str
    kind: str
    reason: str


# --- groups


def signature(state: State) -> str:
    """The marking without token numbers: cases alike in it move alike.

    How often a timer fired counts as once, equal instances of a multi-instance activity as one.
    """
    hosted: dict[int | None, list[str]] = defaultdict(list)
    inside: dict[int, list[str]] = defaultdict(list)
    for key, scope in reversed(state["scopes"].items()):
        hosted[scope[2]].append(key)
    for key, entry in state["tokens"].items():
        inside[entry[1]].append(key)
    others = _others(state)
    return "".join(_scope(state, key, hosted, inside, others) for key in sorted(hosted[None], key=int))


def _scope(
    state: State,
    key: str,
    hosted: Mapping[int | None, list[str]],
    inside: Mapping[int, list[str]],
    others: Mapping[int, list[str]],
) -> str:
    number, container = int(key), state["scopes"][key][0]
    found = list(others.get(number, ()))
    for token in inside.get(number, ()):
        name, _scope_of, fired, *_more = state["tokens"][token]
        sign = f"{name}+{'+'.join(sorted(k for k in fired if fired[k]))}" if fired else name
        found.append(
            sign + "".join(sorted(_scope(state, k, hosted, inside, others) for k in hosted.get(int(token), ())))
        )
    return f"{container}({' '.join(sorted(set(found) if container.endswith(INSTANCES) else found))})"


def _others(state: State) -> Mapping[int, list[str]]:
    """Signs of what does not rest at an element, by scope."""
    found: dict[int, list[str]] = defaultdict(list)
    for key, flows in state["joins"].items():
        scope, _bar, name = key.partition("|")
        found[int(scope)].append(f"{name}<{','.join(f'{flow}*{flows[flow]}' for flow in sorted(flows))}")
    for entry in state.get("incidents", {}).values():
        found[entry[1]].append(f"{entry[0]}!{entry[2] or ''}")
    for entry in state.get("listeners", {}).values():
        found[entry[1]].append(f"{entry[0]}?")
    return found


# --- translation


class _Gone(Exception):  # noqa: N818  becomes a Problem
    def __init__(self, element_id: str) -> None:
        super().__init__(element_id)
        self.element_id = element_id


def translate(old: Plan, new: Plan, state: State, mapping: Mapped) -> State | Problem:
    """The same tokens at the new plan's elements; `mapping` leads from old to new ids, flows too, where they differ.

    Listeners of event sub-processes that are gone go, those of new ones come, with new numbers.
    """
    try:
        return _Translation(old, new, state, mapping).state()
    except _Gone as gone:
        return Problem(gone.element_id, "GONE", _("Dieses Element gibt es in der neuen Fassung nicht mehr."))


class _Translation:
    def __init__(self, old: Plan, new: Plan, state: State, mapping: Mapped) -> None:
        self._old, self._new, self._state = old, new, state
        self._mapping = {**mapping, old.process_id: new.process_id}

    def state(self) -> State:
        old = self._state
        tokens = {key: self._resting(entry) for key, entry in old["tokens"].items()}
        joins = dict(self._join(key, flows) for key, flows in old["joins"].items())
        scopes = {key: [self._container(entry[0]), *entry[1:]] for key, entry in old["scopes"].items()}
        moved = {**old, "tokens": tokens, "joins": joins, "scopes": scopes}
        incidents = {key: self._stopped(entry) for key, entry in old.get("incidents", {}).items()}
        return self._with_listeners(moved | ({"incidents": incidents} if incidents else {}))

    def _name(self, name: str) -> str:
        return self._mapping.get(name, name)

    def _element(self, name: str) -> str:
        if self._name(name) not in self._new.elements:
            raise _Gone(name)
        return self._name(name)

    def _container(self, name: str) -> str:
        base = name.removesuffix(INSTANCES)
        if self._name(base) not in (self._new.elements if base != name else self._new.containers):
            raise _Gone(base)
        return self._name(base) + name[len(base) :]

    def _resting(self, entry: list[Any]) -> list[Any]:
        name, scope, fired, *more = entry
        kept = {self._name(event): count for event, count in fired.items() if self._name(event) in self._new.elements}
        return [self._element(name), scope, kept, *more]

    def _join(self, key: str, flows: Mapping[str, int]) -> tuple[str, dict[str, int]]:
        scope, _bar, name = key.partition("|")
        return f"{scope}|{self._element(name)}", {self._name(flow): count for flow, count in flows.items()}

    def _stopped(self, entry: list[Any]) -> list[Any]:
        name, scope, flow, *more = entry
        here = self._element(name)
        leaving = {f.flow_id for f in (*self._new.elements[here].outgoing, *self._new.elements[here].incoming)}
        return [here, scope, self._name(flow) if flow and self._name(flow) in leaving else None, *more]

    # --- listeners

    def _with_listeners(self, state: State) -> State:
        state.pop("listeners", None)
        heard = {
            key: e for key, e in self._state.get("listeners", {}).items() if self._name(e[0]) in self._new.elements
        }
        listeners = {key: self._resting(entry) for key, entry in heard.items()}
        number = state["next"]
        for scope, name in self._unheard(state):
            listeners[str(number)] = [name, scope, {}]
            number += 1
        return {**state, "next": number, "listeners": listeners} if listeners else state

    def _unheard(self, state: State) -> Iterator[tuple[int, str]]:
        """Event sub-processes that the old plan did not have, in each scope that none has interrupted."""
        known = {self._name(name) for c in self._old.containers.values() for name in c.event_sub_processes}
        stopped = {entry[1] for entry in state["scopes"].values() if self._interrupts(entry[0])}
        for key, entry in state["scopes"].items():
            if int(key) not in stopped:
                yield from ((int(key), name) for name in self._event_sub_processes(entry[0]) if name not in known)

    def _event_sub_processes(self, container: str) -> Iterable[str]:
        return self._new.containers[container].event_sub_processes if container in self._new.containers else ()

    def _interrupts(self, container: str) -> bool:
        known = any(container in other.event_sub_processes for other in self._new.containers.values())
        return known and self._new.elements[self._new.containers[container].start].interrupting
