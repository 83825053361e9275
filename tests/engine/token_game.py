"""A naive token game for BPMN, the second oracle: keeps tokens on flows and fires them in random order.

It shares no code with the engine and reads the XML itself. Conditions are of the one form `name < number`. Where the
order of moves matters (a race), any order is right: whoever compares asks again with another seed.
"""

from dataclasses import dataclass, field, replace
from random import Random

from tests.engine.token_game_reading import Node, read

THROWN_AS_WORK = ("intermediateThrowEvent", "endEvent")
WORK = ("serviceTask", "sendTask")
TASKS = ("userTask", "manualTask", "task")
WAITED_FOR = ("message", "timer", "signal")


@dataclass
class Rest:
    """A token at rest; a listener is an event sub-process that waits to be triggered."""

    number: int
    at: str
    scope: int
    instance: int = 0
    listener: bool = False
    stuck: str = ""  # "leaving": no way on is open; "working": its work is given up
    fired: set[str] = field(default_factory=set)
    total: int = 0
    started: int = 0
    done: int = 0
    items: list | None = None


class Game:
    def __init__(self, xml: bytes, random: Random, called: dict[str, bytes] | None = None) -> None:
        self.random, self.variables = random, {}
        model = read(xml, called or {})
        self.nodes, self.flows, self.inside = model.nodes, model.flows, model.inside
        self.out = {name: [key for key, flow in self.flows.items() if flow[0] == name] for name in self.nodes}
        self.into = {name: [key for key, flow in self.flows.items() if flow[1] == name] for name in self.nodes}
        self.borders = {name: [n for n in self.nodes.values() if n.host == name] for name in self.nodes}
        self.reach = {key: self._before(key) for key, flow in self.flows.items() if self._joins(flow[1], "inclusive")}
        self.on_flows: list[tuple[str, int]] = []
        self.resting: list[Rest] = []
        self.scopes: dict[int, tuple[str, int | None]] = {}
        self.own: dict[tuple[int, int], dict] = {}  # what one of several instances keeps to itself
        self.last, self.ended = 0, False

    def copy(self, random: Random) -> "Game":
        """The same game, to be played on in another order."""
        twin = Game.__new__(Game)
        twin.__dict__.update(self.__dict__)
        twin.random, twin.variables, twin.scopes = random, dict(self.variables), dict(self.scopes)
        twin.on_flows = list(self.on_flows)
        twin.own = {key: dict(values) for key, values in self.own.items()}
        twin.resting = [replace(rest, fired=set(rest.fired)) for rest in self.resting]
        return twin

    # --- what happens from outside

    def start(self, variables: dict) -> None:
        self.variables = dict(variables)
        self._open("process", None)
        self.settle()

    def complete(self, number: int, change: dict) -> None:
        """A person or a machine is done."""
        rest = self._rest(number)
        self._merge(change, rest.scope, rest.instance)
        self._done(rest)
        self.settle()

    def receive(self, number: int, event: str) -> None:
        """A message, signal or timer comes to one token."""
        self._happens(self._rest(number), self.nodes[event])
        self.settle()

    def fail(self, number: int, code: str | None) -> None:
        """A job ends with an error, or is given up."""
        rest = self._rest(number)
        if code is None:
            rest.stuck = "working"
        else:
            self._raise("error", code, rest)
        self.settle()

    def repair(self, number: int, change: dict, flow: str | None) -> None:
        """A stuck token tries again, or leaves by a flow."""
        rest = self._rest(number)
        self._merge(change, rest.scope, rest.instance)
        why, rest.stuck = rest.stuck, ""
        if flow is not None:
            self.resting.remove(rest)
            self.on_flows.append((flow, rest.scope))
        elif why == "leaving":
            self.resting.remove(rest)
            self._emit(rest.at, rest.scope)
        self.settle()

    # --- what is seen from outside, each as (id, number), older scopes first

    def waiting(self) -> list[tuple[str, int]]:
        hosts = {host for _, host in self.scopes.values()}
        return self._seen(r for r in self.resting if not (r.listener or r.stuck or r.number in hosts))

    def incidents(self) -> list[tuple[str, int]]:
        return self._seen(r for r in self.resting if r.stuck)

    def expected(self) -> list[tuple[str, int]]:
        """Events waited for, with the token that waits."""
        found = [
            (event.name, self._path(rest), rest.number)
            for rest in self.resting
            for event in self._awaited(rest)
            if event.event in WAITED_FOR
        ]
        return [(name, number) for name, _path, number in sorted(found)]

    def _seen(self, rests) -> list[tuple[str, int]]:
        found = sorted((rest.at, self._path(rest), rest.number) for rest in rests)
        return [(name, number) for name, _path, number in found]

    def _path(self, rest: Rest) -> tuple[int, ...]:
        """Older scopes first, instances by their number."""
        host = self.scopes[rest.scope][1]
        return (*(() if host is None else self._path(self._rest(host))), rest.instance or rest.number)

    # --- asking

    def _rest(self, number: int) -> Rest:
        return next(rest for rest in self.resting if rest.number == number)

    def _number(self) -> int:
        self.last += 1
        return self.last

    def _joins(self, name: str, kind: str) -> bool:
        return self.nodes[name].kind == kind + "Gateway" and len(self.into[name]) > 1

    def _is_work(self, node: Node) -> bool:
        return node.kind in WORK or (node.kind in THROWN_AS_WORK and node.event == "message")

    def _homes(self, scope: int, instance: int) -> list[tuple[int, int]]:
        """The instances around a place, innermost first."""
        here = [(scope, instance)] if instance else []
        host = self.scopes[scope][1]
        if host is None:
            return here
        return here + self._homes(self._rest(host).scope, self._rest(host).instance)

    def _merge(self, change: dict, scope: int, instance: int) -> None:
        homes = self._homes(scope, instance)
        (self.own.setdefault(homes[0], {}) if homes else self.variables).update(change)

    def _value(self, name: str, scope: int, instance: int) -> float:
        homes = self._homes(scope, instance)
        if name == "loopCounter":
            return homes[0][1] if homes else 10**9
        for home in homes:
            host = self._rest(self.scopes[home[0]][1])
            if host.items is not None and self.nodes[host.at].multi.item == name:
                return host.items[home[1] - 1]
        known = [self.own[home] for home in homes if home in self.own] + [self.variables]
        return next((values[name] for values in known if name in values), 10**9)

    def _holds(self, text: str | None, scope: int, instance: int = 0, figures: dict | None = None) -> bool:
        if text is None:
            return True
        name, number = (part.strip() for part in text.split("<"))
        return (figures or {}).get(name, self._value(name, scope, instance)) < int(number)

    def _awaited(self, rest: Rest) -> list[Node]:
        """Every event that this token may be moved by."""
        node = self.nodes[rest.at]
        if rest.stuck:
            return []
        if rest.listener:
            start = next(self.nodes[n] for n in self.inside[node.name] if self.nodes[n].kind == "startEvent")
            found = [start]
        else:
            found = [] if rest.instance else list(self.borders[node.name])
            if node.kind in ("intermediateCatchEvent", "receiveTask") and not rest.total:
                found.append(node)
            elif node.kind == "eventBasedGateway":
                found += [self.nodes[self.flows[key][1]] for key in self.out[node.name]]
        return [event for event in found if event.name not in rest.fired]

    def _before(self, key: str) -> set[str]:
        """Where a token may still come from on its way to this flow of a join."""
        source, join, _ = self.flows[key]
        found, pending = set(), [source]
        while pending:
            name = pending.pop()
            if name == join or name in found:
                continue
            found.add(name)
            pending += [self.flows[k][0] for k in self.into[name]]
            if host := self.nodes[name].host:
                pending.append(host)
        return found

    def _may_join(self, name: str, scope: int) -> bool:
        full = [key for key in self.into[name] if (key, scope) in self.on_flows]
        places = {self.flows[k][1] for k, s in self.on_flows if s == scope} - {name}
        places |= {rest.at for rest in self.resting if rest.scope == scope}
        covered = set().union(*(self.reach[key] for key in full))
        empty = [key for key in self.into[name] if key not in full]
        return not any(places & (self.reach[key] - covered) for key in empty)

    # --- moving

    def settle(self) -> None:
        """Until nothing moves; that an empty scope ends is a move like others."""
        for _ in range(5000):
            moves = [*self._enabled(), *(("", "", scope) for scope in self._empty_scopes())]
            if not moves:
                return
            key, target, scope = self.random.choice(moves)
            if target:
                self._move(key, target, scope)
            else:
                self._leave(scope)
        raise RuntimeError("the game does not settle")

    def _enabled(self) -> list[tuple[str, str, int]]:
        found = set()
        for key, scope in set(self.on_flows):
            target = self.flows[key][1]
            if self._joins(target, "parallel"):
                if all((k, scope) in self.on_flows for k in self.into[target]):
                    found.add(("", target, scope))
            elif self._joins(target, "inclusive"):
                if self._may_join(target, scope):
                    found.add(("", target, scope))
            else:
                found.add((key, target, scope))
        return sorted(found)

    def _move(self, key: str, target: str, scope: int) -> None:
        taken = [key] if key else [k for k in self.into[target] if (k, scope) in self.on_flows]
        for k in taken:
            self.on_flows.remove((k, scope))
        self._arrive(target, scope)

    def _arrive(self, name: str, scope: int) -> None:
        node = self.nodes[name]
        if node.multi:
            self._arrive_at_many(node, scope)
        elif node.inside:
            rest = self._put(name, scope)
            self._open(node.inside, rest.number)
        elif (
            self._is_work(node)
            or node.kind in (*TASKS, "receiveTask", "eventBasedGateway")
            or (node.kind == "intermediateCatchEvent" and node.event != "link")
        ):
            self._put(name, scope)
        elif node.kind in ("endEvent", "intermediateThrowEvent"):
            self._throw(node, scope)
        else:
            self._emit(name, scope)

    def _put(self, name: str, scope: int, **more) -> Rest:
        self.resting.append(Rest(self._number(), name, scope, **more))
        return self.resting[-1]

    def _open(self, container: str, host: int | None) -> None:
        scope = self._number()
        self.scopes[scope] = (container, host)
        inside = [self.nodes[name] for name in self.inside[container]]
        for node in inside:
            if node.listens:
                self._put(node.name, scope, listener=True)
        start = next(node for node in inside if node.kind == "startEvent")
        self._emit(start.name, scope)

    def _emit(self, name: str, scope: int) -> None:
        node, out = self.nodes[name], self.out[name]
        choosing = node.kind not in ("parallelGateway", "eventBasedGateway") and (
            node.default or any(self.flows[key][2] for key in out)
        )
        if choosing:
            holding = [key for key in out if key != node.default and self._holds(self.flows[key][2], scope)]
            out = holding[:1] if node.kind == "exclusiveGateway" else holding
            out = out or [key for key in [node.default] if key]
            if not out:
                self._put(name, scope, stuck="leaving")
        self.on_flows += [(key, scope) for key in out]

    def _done(self, rest: Rest) -> None:
        self.resting.remove(rest)
        if rest.instance:
            self._one_of_many_done(rest)
        elif self.nodes[rest.at].kind == "endEvent" or self.nodes[rest.at].listens:
            pass
        else:
            self._emit(rest.at, rest.scope)

    def _empty_scopes(self) -> list[int]:
        busy = {scope for _, scope in self.on_flows} | {r.scope for r in self.resting if not r.listener}
        return [s for s, (container, _) in self.scopes.items() if s not in busy and not container.endswith("#")]

    def _leave(self, scope: int) -> None:
        host = self.scopes[scope][1]
        self._clear(scope)
        del self.scopes[scope]
        if host is None:
            self.ended = True
        else:
            self._done(self._rest(host))

    # --- several instances

    def _arrive_at_many(self, node: Node, scope: int) -> None:
        items = self.variables[node.multi.items] if node.multi.items else None
        total = len(items) if items is not None else self._count(node.multi.count, scope)
        if total == 0:
            self._emit(node.name, scope)
            return
        rest = self._put(node.name, scope, total=total, items=items)
        inner = self._number()
        self.scopes[inner] = (node.name + "#", rest.number)
        for _ in range(1 if node.multi.sequential else total):
            self._start_one(rest, inner)

    def _count(self, text: str, scope: int) -> int:
        return int(text) if text.isdigit() else int(self._value(text, scope, 0))

    def _start_one(self, host: Rest, scope: int) -> None:
        host.started += 1
        rest = self._put(host.at, scope, instance=host.started)
        if self.nodes[host.at].inside:
            self._open(host.at, rest.number)

    def _one_of_many_done(self, rest: Rest) -> None:
        host, multi = self._rest(self.scopes[rest.scope][1]), self.nodes[rest.at].multi
        host.done += 1
        figures = {"numberOfActiveInstances": host.started - host.done, "numberOfInstances": host.total}
        enough = multi.enough is not None and self._holds(multi.enough, rest.scope, rest.instance, figures)
        self._merge(self.own.pop((rest.scope, rest.instance), {}), host.scope, host.instance)
        if enough or host.done == host.total:
            self._clear(rest.scope)
            del self.scopes[rest.scope]
            self.resting.remove(host)
            self._emit(host.at, host.scope)
        elif multi.sequential:
            self._start_one(host, rest.scope)

    # --- events

    def _throw(self, node: Node, scope: int) -> None:
        if node.kind == "intermediateThrowEvent" and node.event != "escalation":
            self._emit(node.name, scope)
        if node.event == "terminate":
            self._clear(scope)
        elif node.event == "signal":
            self._broadcast(node.key)
        elif node.event == "error":
            thrower = self._put(node.name, scope)
            self._raise("error", node.key or "", thrower)
            if thrower in self.resting and not thrower.stuck:
                self.resting.remove(thrower)
        elif node.event == "escalation":
            thrower = self._put(node.name, scope)
            self._raise("escalation", node.key or "", thrower)
            if thrower in self.resting:
                self._done(thrower)

    def _broadcast(self, name: str | None) -> None:
        hearing = [(r, e) for r in self.resting for e in self._awaited(r) if e.event == "signal" and e.key == name]
        self.random.shuffle(hearing)
        for rest, event in hearing:
            if rest in self.resting:
                self._happens(rest, event)

    def _raise(self, kind: str, code: str, thrower: Rest) -> None:
        """Outward from a token until somebody catches; an error that nobody catches stops the token."""
        at: Rest | None = thrower
        while at is not None:
            own = [] if at.instance else [(at, border) for border in self.borders[at.at]]
            if self._caught(kind, code, own):
                return
            others = [r for r in self.resting if r.listener and r.scope == at.scope and r.at != at.at]
            if self._caught(kind, code, [(r, event) for r in others for event in self._awaited(r)]):
                return
            host = self.scopes[at.scope][1]
            at = None if host is None else self._rest(host)
        if kind == "error":
            thrower.stuck = "working"

    def _caught(self, kind: str, code: str, candidates: list[tuple[Rest, Node]]) -> bool:
        for wanted in (code, None):
            for rest, event in candidates:
                if event.event == kind and event.key == wanted:
                    self._happens(rest, event)
                    return True
        return False

    def _happens(self, rest: Rest, event: Node) -> None:
        if rest.listener:
            self._trigger(rest, event)
        elif event.host:
            if event.interrupting:
                self._kill(rest)
            elif not event.repeats:
                rest.fired.add(event.name)
            self._emit(event.name, rest.scope)
        elif rest.at == event.name:
            self._done(rest)
        else:
            self.resting.remove(rest)
            self._emit(event.name, rest.scope)

    def _trigger(self, listener: Rest, event: Node) -> None:
        if event.interrupting:
            self._clear(listener.scope)
        elif not event.repeats:
            listener.fired.add(event.name)
        rest = self._put(listener.at, listener.scope)
        self._open(listener.at, rest.number)

    # --- ending

    def _clear(self, scope: int) -> None:
        self.on_flows = [t for t in self.on_flows if t[1] != scope]
        for rest in [r for r in self.resting if r.scope == scope]:
            self._kill(rest)

    def _kill(self, rest: Rest) -> None:
        self.resting.remove(rest)
        self.own.pop((rest.scope, rest.instance), None)
        for inner in [s for s, (_, host) in self.scopes.items() if host == rest.number]:
            self._clear(inner)
            del self.scopes[inner]
