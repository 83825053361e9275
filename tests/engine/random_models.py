"""Random models, block-structured with unstructured parts nested in: every construct the token game knows.

A signal, error or escalation is thrown right after a task, so that nothing else moves at that moment.
"""

from random import Random

from tests.engine.models import definitions, flows, message, node, timer

PLAIN = ("task", "sequence", "exclusive", "parallel", "inclusive", "loop", "sub", "boundary", "side", "events", "stop")
BLOCKS = (
    *PLAIN,
    *("sequence", "sequence", "sequence", "sequence", "parallel", "parallel", "sub", "signal", "signal", "listening"),
    *(
        "job",
        "guarded_job",
        "fragile",
        "implicit",
        "net",
        "many",
        "many_inside",
        "failing",
        "raise_error",
        "escalating",
    ),
    *("escalate", "signal", "link", "catch", "listening", "call"),
)
SOUND = tuple(block for block in BLOCKS if block not in ("net", "call"))
"""Of one file; without nets every model can finish: then no branch ends at a thrown signal or escalation either."""
SIGNALS = ("s1", "s2")
EVENTS = ("message", "timer", "signal")


class Model:
    """`xml`, the `called` files by slug, and the `variables` that conditions ask for.

    `blocks` narrows the choice; `codes` are errors that somebody outside catches.
    """

    def __init__(
        self,
        seed: int,
        depth: int = 4,
        blocks: tuple[str, ...] = BLOCKS,
        codes: tuple[str, ...] = (),
        prefix: str = "",
        events: tuple[str, ...] = EVENTS,
    ) -> None:
        self.random, self.blocks, self.prefix, self.events = Random(seed), blocks, prefix, events
        self.count = 0
        self.messages: list[str] = []
        self.variables: list[str] = []
        self.codes: list[str] = list(codes)
        self.escalations: list[str] = []
        self.lists: list[str] = []
        self.many: list[str] = []
        self.called: dict[str, bytes] = {}
        self.xml = self._file(depth)

    def _file(self, depth: int) -> bytes:
        parts: list[str] = []
        first, last = self._block(parts, depth)
        if "listening" in self.blocks and self.random.random() < 0.2:
            self._event_sub_process(parts, 1)
        body = self._closed(parts, first, last)
        codes = sorted({f"E{number}" for number in range(self.count + 1)} | set(self.codes))
        before = "".join(f'<bpmn:message id="{name}" name="{name}"/>' for name in self.messages)
        before += "".join(f'<bpmn:signal id="{name}" name="{name}"/>' for name in SIGNALS)
        before += "".join(f'<bpmn:error id="{code}" errorCode="{code}"/>' for code in codes if code in body)
        before += "".join(
            f'<bpmn:escalation id="C{number}" escalationCode="C{number}"/>'
            for number in range(self.count + 1)
            if f'"C{number}"' in body
        )
        return definitions(body, before)

    def _name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _closed(self, parts, first, last):
        start, end = self._name("start"), self._name("end")
        return (
            node("startEvent", start)
            + "".join(parts)
            + node("endEvent", end)
            + flows(f"{start}>{first}", f"{last}>{end}")
        )

    def _condition(self) -> str:
        if self.many and self._chance(0.3):
            return f"{self.random.choice(self.many)} < {self.random.randint(1, 6)}"
        self.variables.append(self._name("v"))
        return f"{self.variables[-1]} < {self.random.randint(2, 7)}"

    def _block(self, parts, depth):
        often = ("sequence", *self.blocks) if depth > 2 else self.blocks
        kind = self.random.choice(often) if depth > 0 else "task"
        return getattr(self, f"_{kind}")(parts, depth - 1)

    # --- activities

    def _task(self, parts, _depth):
        name = self._name("task")
        parts.append(node("userTask", name))
        return name, name

    def _job(self, parts, _depth):
        name = self._name("job")
        kind = self.random.choice(("serviceTask", "sendTask", "intermediateThrowEvent"))
        inner = ""
        if kind == "intermediateThrowEvent":
            self.messages.append(f"m_{name}")
            inner = message(f"m_{name}")
        parts.append(node(kind, name, inner, kb_operation="message"))
        return name, name

    def _guarded_job(self, parts, depth):
        """A service task whose error a boundary event catches."""
        name, event, join = self._name("job"), self._name("event"), self._name("merge")
        parts.append(node("serviceTask", name, kb_operation="message") + node("exclusiveGateway", join))
        parts.append(node("boundaryEvent", event, "<bpmn:errorEventDefinition/>", attachedToRef=name))
        a, b = self._block(parts, depth)
        parts.append(flows(f"{name}>{join}", f"{event}>{a}", f"{b}>{join}"))
        return name, join

    def _sequence(self, parts, depth):
        (a, b), (c, d) = self._block(parts, depth), self._block(parts, depth)
        parts.append(flows(f"{b}>{c}"))
        return a, d

    # --- gateways

    def _split(self, parts, depth, kind, conditional, spare=True):
        split, join = self._name("split"), self._name("join")
        branches = [self._block(parts, depth) for _ in range(self.random.randint(2, 3))]
        for a, b in branches[1:] if spare else branches:
            parts.append(flows(f"{split}>{a}" + (f": {self._condition()}" if conditional else ""), f"{b}>{join}"))
        a, b = branches[0]
        if spare:
            parts.append(flows(f"{split}>{a}", f"{b}>{join}"))
        default = {"default": f"{split}_{a}"} if conditional and spare else {}
        parts.append(node(kind, split, **default) + node(kind, join))
        return split, join

    def _exclusive(self, parts, depth):
        return self._split(parts, depth, "exclusiveGateway", True)

    def _parallel(self, parts, depth):
        return self._split(parts, depth, "parallelGateway", False)

    def _inclusive(self, parts, depth):
        return self._split(parts, depth, "inclusiveGateway", True)

    def _fragile(self, parts, depth):
        """A split without a default: an incident where nothing holds."""
        return self._split(
            parts, depth, self.random.choice(("exclusiveGateway", "inclusiveGateway")), True, spare=False
        )

    def _implicit(self, parts, depth):
        """A task splits by itself; an inclusive gateway joins."""
        split, join = self._name("task"), self._name("join")
        branches = [self._block(parts, depth) for _ in range(2)]
        for number, (a, b) in enumerate(branches):
            parts.append(flows(f"{split}>{a}" + (f": {self._condition()}" if number else ""), f"{b}>{join}"))
        default = {"default": f"{split}_{branches[0][0]}"} if self._chance(0.5) else {}
        parts.append(node("userTask", split, **default) + node("inclusiveGateway", join))
        return split, join

    def _loop(self, parts, depth):
        join, split, task = self._name("again"), self._name("done"), self._name("task")
        a, b = self._block(parts, depth)
        parts.append(node("exclusiveGateway", join) + node("userTask", task))
        after = self._name("after")
        parts.append(node("exclusiveGateway", split, default=f"{split}_{after}") + node("exclusiveGateway", after))
        parts.append(flows(f"{join}>{a}", f"{b}>{task}", f"{task}>{split}", f"{split}>{after}"))
        parts.append(flows(f"{split}>{join}: {self._condition()}"))
        return join, after

    def _net(self, parts, _depth):
        """A sub-process with an acyclic net in it: joins in positions that no block has; may never finish."""
        name = self._name("net")
        parts.append(node("subProcess", name, self._acyclic()))
        return name, name

    def _acyclic(self) -> str:
        size = self.random.randint(3, 8)
        kinds = ["inclusiveGateway"] * 4 + ["userTask"] * 3 + ["exclusiveGateway", "parallelGateway"]
        names = [self._name("n") for _ in range(size)]
        start, end = self._name("start"), self._name("end")
        arrows = {(start, names[0])}
        for position, later in enumerate([*names[1:], end], 1):
            arrows |= {(self.random.choice(names[:position]), later) for _ in range(self.random.randint(1, 2))}
        for position, source in enumerate(names):
            if not any(a == source for a, _ in arrows):
                arrows.add((source, self.random.choice([*names[position + 1 :], end])))
        chosen = {name: self.random.choice(kinds) for name in names}
        drawn = self._drawn(chosen, sorted(arrows))
        return node("startEvent", start) + node("endEvent", end) + drawn + flows(f"{start}>{names[0]}")

    def _drawn(self, kinds: dict[str, str], arrows: list[tuple[str, str]]) -> str:
        text = ""
        for name, kind in kinds.items():
            out = [target for source, target in arrows if source == name]
            choosing = kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1
            text += node(kind, name, **({"default": f"{name}_{out[0]}"} if choosing else {}))
            for target in out:
                condition = f": {self._condition()}" if choosing and target != out[0] else ""
                text += flows(f"{name}>{target}{condition}")
        return text

    # --- sub-processes and calls

    def _sub(self, parts, depth):
        name = self._name("sub")
        parts.append(node("subProcess", name, self._inside(depth)))
        return (name, name) if self._chance(0.5) else self._with_boundary(parts, depth, name)

    def _inside(self, depth) -> str:
        inner: list[str] = []
        a, b = self._block(inner, depth)
        return self._closed(inner, a, b)

    def _call(self, parts, depth):
        """A call activity; its errors come out like a sub-process's."""
        name = self._name("call")
        slug = self.prefix + name
        model = Model(self.random.randint(0, 10**9), depth, self.blocks, tuple(self.codes), f"{slug}-", self.events)
        self.called |= {slug: model.xml, **model.called}
        self.variables += model.variables
        self.lists += model.lists
        parts.append(node("callActivity", name, calledElement=slug, kb_version="1"))
        return name, name

    # --- several instances

    def _loop_characteristics(self) -> tuple[str, list[str]]:
        """The marker, and what conditions inside may ask for."""
        name, known, own = self._name("v"), ["loopCounter"], ""
        count = f"<bpmn:loopCardinality>{self.random.randint(0, 3)}</bpmn:loopCardinality>"
        if self._chance(0.3):
            self.variables.append(name)
            count = f"<bpmn:loopCardinality>{name}</bpmn:loopCardinality>"
        elif self._chance(0.4):
            self.lists.append(f"list_{name}")
            known, count = ["loopCounter", f"item_{name}"], ""
            own = f' kb:collection="list_{name}" kb:elementVariable="item_{name}"'
        sequential = str(self._chance(0.5)).lower()
        marker = f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}"{own}>{count}'
        return f"{marker}{self._enough()}</bpmn:multiInstanceLoopCharacteristics>", known

    def _enough(self) -> str:
        if self._chance(0.6):
            return ""
        self.many, many = ["numberOfActiveInstances", "numberOfInstances", *self.many], self.many
        condition = self._condition().replace("<", "&lt;")
        self.many = many
        return f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>"

    def _many(self, parts, depth):
        """Several instances of a task or job."""
        name = self._name("many")
        marker, _known = self._loop_characteristics()
        parts.append(node(self.random.choice(("userTask", "serviceTask")), name, marker))
        return (name, name) if self._chance(0.5) else self._with_boundary(parts, depth, name)

    def _many_inside(self, parts, depth):
        """Several instances of a sub-process."""
        name = self._name("many")
        marker, known = self._loop_characteristics()
        self.many, many = known, self.many
        parts.append(node("subProcess", name, marker + self._inside(depth)))
        self.many = many
        return (name, name) if self._chance(0.5) else self._with_boundary(parts, depth, name)

    # --- events

    def _definition(self, name: str) -> str:
        kind = self.random.choice(self.events)
        if kind == "timer":
            return timer("PT1H")
        if kind == "signal":
            return f'<bpmn:signalEventDefinition signalRef="{self.random.choice(SIGNALS)}"/>'
        self.messages.append(f"m_{name}")
        return message(f"m_{name}")

    def _event(self, parts, kind, **attributes):
        name = self._name("event")
        parts.append(node(kind, name, self._definition(name), **attributes))
        return name

    def _with_boundary(self, parts, depth, host):
        join = self._name("merge")
        event = self._event(parts, "boundaryEvent", attachedToRef=host, cancelActivity="true")
        a, b = self._block(parts, depth)
        parts.append(node("exclusiveGateway", join) + flows(f"{host}>{join}", f"{event}>{a}", f"{b}>{join}"))
        return host, join

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

    def _catch(self, parts, _depth):
        if self._chance(0.6):
            name = self._event(parts, "intermediateCatchEvent")
            return name, name
        name = self._name("receive")
        self.messages.append(f"m_{name}")
        parts.append(node("receiveTask", name, messageRef=f"m_{name}"))
        return name, name

    def _link(self, parts, depth):
        a, b = self._block(parts, depth)
        c, d = self._block(parts, depth)
        throw, catch = self._name("jump"), self._name("land")
        link = f'<bpmn:linkEventDefinition name="{throw}"/>'
        parts.append(node("intermediateThrowEvent", throw, link) + node("intermediateCatchEvent", catch, link))
        parts.append(flows(f"{b}>{throw}", f"{catch}>{c}"))
        # the block goes on behind the catch; nothing else leads there
        return a, d

    def _signal(self, parts, _depth):
        task, throw = self._task(parts, 0)[0], self._name("throw")
        definition = f'<bpmn:signalEventDefinition signalRef="{self.random.choice(SIGNALS)}"/>'
        if "net" in self.blocks and self._chance(0.3):
            return self._way_out(parts, task, task, definition)
        parts.append(node("intermediateThrowEvent", throw, definition) + flows(f"{task}>{throw}"))
        return task, throw

    # --- ends

    def _way_out(self, parts, first, last, definition):
        """At a choice the block ends with this event, or goes on."""
        choice, after, end = self._name("choice"), self._name("after"), self._name("end")
        parts.append(node("exclusiveGateway", choice, default=f"{choice}_{after}") + node("exclusiveGateway", after))
        parts.append(node("endEvent", end, definition))
        parts.append(flows(f"{last}>{choice}", f"{choice}>{end}: {self._condition()}", f"{choice}>{after}"))
        return first, after

    def _stop(self, parts, depth):
        return self._way_out(parts, *self._block(parts, depth), "<bpmn:terminateEventDefinition/>")

    def _raise_error(self, parts, _depth):
        task = self._task(parts, 0)[0]
        if not self.codes:
            return task, task
        definition = f'<bpmn:errorEventDefinition errorRef="{self.random.choice(self.codes)}"/>'
        return self._way_out(parts, task, task, definition)

    def _failing(self, parts, depth):
        """A sub-process whose error is caught at its border or by an event sub-process in it."""
        name, event, join, code = self._name("sub"), self._name("event"), self._name("merge"), self._name("E")
        self.codes.append(code)
        inner: list[str] = []
        a, b = self._raise_error(inner, 0)
        c, d = self._block(inner, depth)
        inner.append(flows(f"{b}>{c}"))
        self.codes.remove(code)
        caught = (
            f'<bpmn:errorEventDefinition errorRef="{code}"/>' if self._chance(0.6) else "<bpmn:errorEventDefinition/>"
        )
        if self._chance(0.4):
            self._event_sub_process(inner, depth, caught)
            parts.append(node("subProcess", name, self._closed(inner, a, d)))
            return name, name
        parts.append(node("subProcess", name, self._closed(inner, a, d)) + node("exclusiveGateway", join))
        parts.append(node("boundaryEvent", event, caught, attachedToRef=name))
        a, b = self._block(parts, depth)
        parts.append(flows(f"{name}>{join}", f"{event}>{a}", f"{b}>{join}"))
        return name, join

    def _escalate(self, parts, _depth):
        """Thrown on the way or at an end; nobody needs to catch it."""
        task = self._task(parts, 0)[0]
        code = self.random.choice(self.escalations) if self.escalations else "C0"
        definition = f'<bpmn:escalationEventDefinition escalationRef="{code}"/>'
        if "net" in self.blocks and self._chance(0.5):
            return self._way_out(parts, task, task, definition)
        throw = self._name("throw")
        parts.append(node("intermediateThrowEvent", throw, definition) + flows(f"{task}>{throw}"))
        return task, throw

    def _escalating(self, parts, depth):
        """A sub-process whose escalation is caught, interrupting or not."""
        name, event, code = self._name("sub"), self._name("event"), self._name("C")
        inner: list[str] = []
        self.escalations.append(code)
        a, b = self._escalate(inner, 0)
        c, d = self._block(inner, depth)
        self.escalations.remove(code)
        inner.append(flows(f"{b}>{c}"))
        exact = f'<bpmn:escalationEventDefinition escalationRef="{code}"/>'
        caught = exact if self._chance(0.6) else "<bpmn:escalationEventDefinition/>"
        if self._chance(0.4):
            self._event_sub_process(inner, depth, caught)
            parts.append(node("subProcess", name, self._closed(inner, a, d)))
            return name, name
        parts.append(node("subProcess", name, self._closed(inner, a, d)))
        interrupting = self._chance(0.5)
        parts.append(node("boundaryEvent", event, caught, attachedToRef=name, cancelActivity=str(interrupting).lower()))
        a, b = self._block(parts, depth)
        last = self._name("merge" if interrupting else "end")
        parts.append(node("exclusiveGateway" if interrupting else "endEvent", last))
        parts.append(flows(f"{event}>{a}", f"{b}>{last}", *([f"{name}>{last}"] if interrupting else [])))
        return name, last if interrupting else name

    def _listening(self, parts, depth):
        """A sub-process with one or two event sub-processes."""
        name = self._name("sub")
        inner: list[str] = []
        a, b = self._block(inner, depth)
        for _ in range(self.random.randint(1, 2)):
            self._event_sub_process(inner, depth)
        if self._chance(0.4):
            c, d = self._signal(inner, 0)
            inner.append(flows(f"{b}>{c}"))
            b = d
        parts.append(node("subProcess", name, self._closed(inner, a, b)))
        return (name, name) if self._chance(0.6) else self._with_boundary(parts, depth, name)

    def _event_sub_process(self, parts, depth, caught: str | None = None) -> None:
        name, start, end = self._name("handler"), self._name("start"), self._name("end")
        interrupting = "errorEvent" in (caught or "") or self._chance(0.5)
        self.codes, codes = [], self.codes
        inner: list[str] = []
        a, b = self._block(inner, depth)
        self.codes = codes
        definition = caught or self._definition(start)
        inner.append(node("startEvent", start, definition, isInterrupting=str(interrupting).lower()))
        inner.append(node("endEvent", end) + flows(f"{start}>{a}", f"{b}>{end}"))
        parts.append(node("subProcess", name, "".join(inner), triggeredByEvent="true"))
