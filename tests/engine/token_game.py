"""A naive token game for BPMN, the second oracle: reads the XML itself, keeps tokens on flows, fires in random order.

It shares no code with the engine. Conditions are of the one form `name < number`.
"""

from random import Random
from xml.etree import ElementTree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
RESTING = {"userTask", "serviceTask", "eventBasedGateway", "intermediateCatchEvent", "subProcess"}


class Game:
    def __init__(self, xml: bytes, variables: dict[str, int], random: Random) -> None:
        self.random, self.variables = random, dict(variables)
        self.nodes, self.flows, self.inside = {}, {}, {}
        self._read(next(ElementTree.fromstring(xml).iter(BPMN + "process")))
        self.parent = {child: scope for scope, names in self.inside.items() for child in names}
        self.on_flows: list[tuple[str, int]] = []
        self.resting: list[tuple[int, str, int]] = []
        self.scopes: dict[int, tuple[str, int | None]] = {}
        self.last, self.ended = 0, False
        self._open("process", None)
        self.settle()

    def _read(self, container):
        name = container.get("id")
        self.inside[name] = []
        for element in container:
            kind = element.tag.removeprefix(BPMN)
            if kind == "sequenceFlow":
                text = element.findtext(BPMN + "conditionExpression")
                self.flows[element.get("id")] = (element.get("sourceRef"), element.get("targetRef"), text)
                continue
            event = next((c for c in element if c.tag.endswith("EventDefinition")), None)
            self.nodes[element.get("id")] = (kind, element.attrib, event)
            self.inside[name].append(element.get("id"))
            if kind == "subProcess":
                self._read(element)

    def out_of(self, name):
        return [key for key, flow in self.flows.items() if flow[0] == name]

    def into(self, name):
        return [key for key, flow in self.flows.items() if flow[1] == name]

    def _number(self):
        self.last += 1
        return self.last

    def _open(self, container, host):
        scope = self._number()
        self.scopes[scope] = (container, host)
        start = next(n for n in self.inside[container] if self.nodes[n][0] == "startEvent")
        self.on_flows += [(key, scope) for key in self.out_of(start)]

    def _holds(self, key):
        text = self.flows[key][2]
        if text is None:
            return True
        name, number = text.split("<")
        return self.variables.get(name.strip(), 9) < int(number)

    def _emit(self, name, scope):
        kind, attributes, _event = self.nodes[name]
        out, default = self.out_of(name), attributes.get("default")
        if kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1:
            holding = [key for key in out if key != default and self._holds(key)]
            out = (holding[:1] if kind == "exclusiveGateway" else holding) or [default]
        self.on_flows += [(key, scope) for key in out]

    def _before(self, join, key):
        found, pending = set(), [self.flows[key][0]]
        while pending:
            name = pending.pop()
            if name == join or name in found:
                continue
            found.add(name)
            pending += [self.flows[k][0] for k in self.into(name)]
            if host := self.nodes[name][1].get("attachedToRef"):
                pending.append(host)
        return found

    def _may_join(self, name, scope):
        full = [key for key in self.into(name) if (key, scope) in self.on_flows]
        places = {self.flows[k][1] for k, s in self.on_flows if s == scope} - {name}
        places |= {at for _, at, s in self.resting if s == scope}
        covered = set().union(*(self._before(name, key) for key in full))
        empty = [key for key in self.into(name) if key not in full]
        return not any(places & (self._before(name, key) - covered) for key in empty)

    def _enabled(self):
        found = []
        for key, scope in set(self.on_flows):
            target = self.flows[key][1]
            kind = self.nodes[target][0]
            joining = len(self.into(target)) > 1
            if kind == "parallelGateway" and joining:
                if all((k, scope) in self.on_flows for k in self.into(target)):
                    found.append(("join", target, scope))
            elif kind == "inclusiveGateway" and joining:
                if self._may_join(target, scope):
                    found.append(("join", target, scope))
            else:
                found.append((key, target, scope))
        return sorted(set(found))

    def settle(self):
        for _ in range(3000):
            enabled = self._enabled()
            if enabled:
                self._fire(*self.random.choice(enabled))
            elif not self._complete_scope():
                return
        raise RuntimeError("the game does not settle")

    def _fire(self, key, target, scope):
        if key == "join":
            for k in self.into(target):
                if (k, scope) in self.on_flows:
                    self.on_flows.remove((k, scope))
            self._emit(target, scope)
            return
        self.on_flows.remove((key, scope))
        kind, _attributes, event = self.nodes[target]
        if kind in RESTING:
            token = self._number()
            self.resting.append((token, target, scope))
            if kind == "subProcess":
                self._open(target, token)
        elif kind != "endEvent":
            self._emit(target, scope)
        elif event is not None:
            self._clear(scope)

    def _clear(self, scope):
        self.on_flows = [t for t in self.on_flows if t[1] != scope]
        for rest in [r for r in self.resting if r[2] == scope]:
            self._kill(rest)

    def _kill(self, rest):
        self.resting.remove(rest)
        for inner in [s for s, (_, host) in self.scopes.items() if host == rest[0]]:
            self._clear(inner)
            del self.scopes[inner]

    def _complete_scope(self):
        for scope, (_container, host) in list(self.scopes.items()):
            busy = any(t[1] == scope for t in self.on_flows) or any(r[2] == scope for r in self.resting)
            if busy:
                continue
            del self.scopes[scope]
            if host is None:
                self.ended = True
                return False
            rest = next(r for r in self.resting if r[0] == host)
            self.resting.remove(rest)
            self._emit(rest[1], rest[2])
            return True
        return False

    def waiting(self):
        return sorted(at for _, at, _ in self.resting if self.nodes[at][0] != "subProcess")

    def tasks(self):
        return sorted(at for _, at, _ in self.resting if self.nodes[at][0] == "userTask")

    def expected(self):
        """Names of events waited for."""
        found = []
        for _, at, _ in self.resting:
            if self.nodes[at][0] == "eventBasedGateway":
                found += [self.flows[key][1] for key in self.out_of(at)]
            found += [name for name, (_, attributes, _) in self.nodes.items() if attributes.get("attachedToRef") == at]
        return sorted(found)

    def complete(self, name, variables):
        rest = min(r for r in self.resting if r[1] == name)
        self.variables |= variables
        self.resting.remove(rest)
        self._emit(name, rest[2])
        self.settle()

    def receive(self, event):
        host = self.nodes[event][1].get("attachedToRef")
        place = host or self.flows[self.into(event)[0]][0]
        rest = min(r for r in self.resting if r[1] == place)
        if host is None or self.nodes[event][1].get("cancelActivity") != "false":
            self._kill(rest)
        self._emit(event, rest[2])
        self.settle()
