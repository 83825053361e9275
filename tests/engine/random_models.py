"""Random block-structured models: every construct the token game knows, nested."""

from random import Random

from tests.engine.models import definitions, flows, message, node

BLOCKS = ("task", "sequence", "exclusive", "parallel", "inclusive", "loop", "sub", "boundary", "side", "events", "stop")


class Model:
    def __init__(self, seed: int, depth: int = 4) -> None:
        self.random = Random(seed)
        self.count = 0
        self.messages: list[str] = []
        self.variables: list[str] = []
        parts: list[str] = []
        first, last = self._block(parts, depth)
        body = self._closed(parts, first, last)
        before = "".join(f'<bpmn:message id="{name}" name="{name}"/>' for name in self.messages)
        self.xml = definitions(body, before)

    def _name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def _closed(self, parts, first, last):
        start, end = self._name("start"), self._name("end")
        return (
            node("startEvent", start)
            + "".join(parts)
            + node("endEvent", end)
            + flows(f"{start}>{first}", f"{last}>{end}")
        )

    def _condition(self) -> str:
        self.variables.append(self._name("v"))
        return f"{self.variables[-1]} < {self.random.randint(2, 7)}"

    def _block(self, parts, depth):
        kind = self.random.choice(BLOCKS) if depth > 0 else "task"
        return getattr(self, f"_{kind}")(parts, depth - 1)

    def _task(self, parts, _depth):
        name = self._name("task")
        parts.append(node("userTask", name))
        return name, name

    def _sequence(self, parts, depth):
        (a, b), (c, d) = self._block(parts, depth), self._block(parts, depth)
        parts.append(flows(f"{b}>{c}"))
        return a, d

    def _split(self, parts, depth, kind, conditional):
        split, join = self._name("split"), self._name("join")
        branches = [self._block(parts, depth) for _ in range(self.random.randint(2, 3))]
        for a, b in branches[1:]:
            parts.append(flows(f"{split}>{a}" + (f": {self._condition()}" if conditional else ""), f"{b}>{join}"))
        a, b = branches[0]
        parts.append(flows(f"{split}>{a}", f"{b}>{join}"))
        default = {"default": f"{split}_{a}"} if conditional else {}
        parts.append(node(kind, split, **default) + node(kind, join))
        return split, join

    def _exclusive(self, parts, depth):
        return self._split(parts, depth, "exclusiveGateway", True)

    def _parallel(self, parts, depth):
        return self._split(parts, depth, "parallelGateway", False)

    def _inclusive(self, parts, depth):
        return self._split(parts, depth, "inclusiveGateway", True)

    def _loop(self, parts, depth):
        join, split, task = self._name("again"), self._name("done"), self._name("task")
        a, b = self._block(parts, depth)
        parts.append(node("exclusiveGateway", join) + node("userTask", task))
        after = self._name("after")
        parts.append(node("exclusiveGateway", split, default=f"{split}_{after}") + node("exclusiveGateway", after))
        parts.append(flows(f"{join}>{a}", f"{b}>{task}", f"{task}>{split}", f"{split}>{after}"))
        parts.append(flows(f"{split}>{join}: {self._condition()}"))
        return join, after

    def _sub(self, parts, depth):
        inner: list[str] = []
        a, b = self._block(inner, depth)
        name = self._name("sub")
        parts.append(node("subProcess", name, self._closed(inner, a, b)))
        if self.random.random() < 0.5:
            return name, name
        return self._with_boundary(parts, depth, name)

    def _with_boundary(self, parts, depth, host):
        join = self._name("merge")
        event = self._event(parts, "boundaryEvent", attachedToRef=host, cancelActivity="true")
        a, b = self._block(parts, depth)
        parts.append(node("exclusiveGateway", join) + flows(f"{host}>{join}", f"{event}>{a}", f"{b}>{join}"))
        return host, join

    def _event(self, parts, kind, **attributes):
        name = self._name("event")
        self.messages.append(f"m_{name}")
        parts.append(node(kind, name, message(f"m_{name}"), **attributes))
        return name

    def _boundary(self, parts, depth):
        return self._with_boundary(parts, depth, self._task(parts, 0)[0])

    def _side(self, parts, depth):
        task, end = self._task(parts, 0)[0], self._name("end")
        event = self._event(parts, "boundaryEvent", attachedToRef=task, cancelActivity="false")
        a, b = self._block(parts, depth)
        parts.append(node("endEvent", end) + flows(f"{event}>{a}", f"{b}>{end}"))
        return task, task

    def _events(self, parts, depth):
        gateway, join = self._name("wait"), self._name("merge")
        parts.append(node("eventBasedGateway", gateway) + node("exclusiveGateway", join))
        for _ in range(2):
            event = self._event(parts, "intermediateCatchEvent")
            a, b = self._block(parts, depth)
            parts.append(flows(f"{gateway}>{event}", f"{event}>{a}", f"{b}>{join}"))
        return gateway, join

    def _stop(self, parts, depth):
        a, b = self._block(parts, depth)
        choice, after, end = self._name("choice"), self._name("after"), self._name("end")
        parts.append(node("exclusiveGateway", choice, default=f"{choice}_{after}") + node("exclusiveGateway", after))
        parts.append(node("endEvent", end, "<bpmn:terminateEventDefinition/>"))
        parts.append(flows(f"{b}>{choice}", f"{choice}>{end}: {self._condition()}", f"{choice}>{after}"))
        return a, after
