"""Random block-structured models of everything the engine runs, nested, for tests of what must always hold."""

from tests.engine.models import flows, node, timer
from tests.engine.random_models import BLOCKS, Model

MORE = ("several", "handled", "signal", "escalate", "link", "rule", "job", "error", "tasks", "timed")


class FullModel(Model):
    def _block(self, parts, depth):
        if depth <= 0:
            return self._task(parts, 0)
        kind = self.random.choice((*BLOCKS, *MORE, *MORE))
        return getattr(self, f"_{kind}")(parts, depth - 1)

    def _marker(self):
        sequential = self.random.choice(("true", "false"))
        done = self.random.choice(("", f"<bpmn:completionCondition>{self._condition()}</bpmn:completionCondition>"))
        done = done.replace(" <", " &lt;")
        count = f"<bpmn:loopCardinality>{self.random.randint(0, 3)}</bpmn:loopCardinality>"
        return (
            f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">{count}{done}'
            "</bpmn:multiInstanceLoopCharacteristics>"
        )

    def _several(self, parts, depth):
        name = self._name("several")
        kind = self.random.choice(("userTask", "subProcess", "serviceTask"))
        if kind == "subProcess":
            inner = []
            a, b = self._block(inner, depth)
            parts.append(node(kind, name, self._closed(inner, a, b) + self._marker()))
        else:
            parts.append(node(kind, name, self._marker()))
        return self._with_boundary(parts, depth, name) if self.random.random() < 0.4 else (name, name)

    def _trigger(self):
        return self.random.choice(
            (
                timer("P1D"),
                "<bpmn:signalEventDefinition/>",
                "<bpmn:messageEventDefinition/>",
                "<bpmn:escalationEventDefinition/>",
                "<bpmn:errorEventDefinition/>",
            )
        )

    def _handled(self, parts, depth):
        inner, body = [], []
        a, b = self._block(inner, depth)
        c, d = self._block(body, depth)
        on, end = self._name("on"), self._name("end")
        trigger = self._trigger()
        beside = "true" if "error" in trigger else self.random.choice(("true", "false"))
        handler = node("startEvent", on, trigger, name="s", isInterrupting=beside) + "".join(body)
        handler += node("endEvent", end) + flows(f"{on}>{c}", f"{d}>{end}")
        handler = node("subProcess", self._name("handler"), handler, triggeredByEvent="true")
        name = self._name("sub")
        parts.append(node("subProcess", name, self._closed(inner, a, b) + handler))
        return name, name

    def _one(self, parts, kind, inner="", **attributes):
        name = self._name(kind)
        parts.append(node(kind, name, inner, **attributes))
        return name, name

    def _signal(self, parts, depth):
        if self.random.random() < 0.6:
            return self._one(parts, "intermediateThrowEvent", "<bpmn:signalEventDefinition/>", name="s")
        host = self._task(parts, 0)[0]
        event, end = self._name("edge"), self._name("end")
        parts.append(
            node(
                "boundaryEvent",
                event,
                "<bpmn:signalEventDefinition/>",
                name="s",
                attachedToRef=host,
                cancelActivity="false",
            )
        )
        a, b = self._block(parts, depth)
        parts.append(node("endEvent", end) + flows(f"{event}>{a}", f"{b}>{end}"))
        return host, host

    def _escalate(self, parts, _depth):
        return self._one(parts, "intermediateThrowEvent", "<bpmn:escalationEventDefinition/>")

    def _rule(self, parts, _depth):
        return self._one(parts, "scriptTask")

    def _job(self, parts, _depth):
        return self._one(parts, self.random.choice(("serviceTask", "sendTask", "callActivity")))

    def _link(self, parts, _depth):
        throw, catch = self._name("throw"), self._name("catch")
        inner = f'<bpmn:linkEventDefinition name="{throw}"/>'
        parts.append(node("intermediateThrowEvent", throw, inner) + node("intermediateCatchEvent", catch, inner))
        return throw, catch

    def _error(self, parts, depth):
        """A sub-process with an error end behind a condition."""
        inner, name, choice = [], self._name("sub"), self._name("choice")
        a, b = self._block(inner, depth)
        good, bad = self._name("good"), self._name("bad")
        inner.append(node("exclusiveGateway", choice, default=f"{choice}_{good}") + node("endEvent", good))
        inner.append(node("endEvent", bad, "<bpmn:errorEventDefinition/>"))
        inner.append(flows(f"{b}>{choice}", f"{choice}>{good}", f"{choice}>{bad}: {self._condition()}"))
        start = self._name("start")
        parts.append(node("subProcess", name, node("startEvent", start) + "".join(inner) + flows(f"{start}>{a}")))
        edge, join = self._name("edge"), self._name("merge")
        parts.append(node("boundaryEvent", edge, "<bpmn:errorEventDefinition/>", attachedToRef=name))
        parts.append(node("exclusiveGateway", join) + flows(f"{name}>{join}", f"{edge}>{join}"))
        return name, join

    def _tasks(self, parts, depth):
        """A task with conditional flows instead of a gateway."""
        host, join = self._name("task"), self._name("join")
        a, b = self._block(parts, depth)
        c, d = self._block(parts, depth)
        parts.append(node("userTask", host, default=f"{host}_{a}") + node("inclusiveGateway", join))
        parts.append(flows(f"{host}>{a}", f"{host}>{c}: {self._condition()}", f"{b}>{join}", f"{d}>{join}"))
        return host, join

    def _timed(self, parts, _depth):
        return self._one(parts, "intermediateCatchEvent", timer("= wait" if self.random.random() < 0.3 else "P1D"))
