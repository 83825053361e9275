"""Control flow as a small net that soundness folds and explores: nodes that join and split, arcs with a token at most.

An element is one node or a few: a boundary event is an exit of its host, a non-interrupting one an extra branch that
may start, a condition a free choice. Several tokens in threads that never meet the main one do no harm (van der Aalst
1997 asks for one token at most on each flow): `parts` sets such threads apart, each a net of its own.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.plan.model import Container, Element, Flow


class Join(Enum):
    """When a node fires: for each token, for one on every arc, or as BPMN 2.0.2's table 13.4 has it."""

    ANY = auto()
    ALL = auto()
    INCLUSIVE = auto()


class Split(Enum):
    """Where a node's tokens go: one arc, all, some (at least one), nowhere, or nowhere with all others."""

    ONE = auto()
    ALL = auto()
    SOME = auto()
    END = auto()
    CLEAR = auto()


@dataclass
class Node:
    """`ids` are what a person sees passed when it fires; an `optional` split may also send nothing."""

    element_id: str
    join: Join = Join.ANY
    split: Split = Split.ALL
    optional: bool = False
    ids: tuple[str, ...] = ()


@dataclass
class Arc:
    """A flow, or a step inside an element; `trail` are the flows and folded elements on it, in order.

    On a `harmless` one a second token is no fault.
    """

    source: int | None
    target: int
    trail: tuple[str, ...] = ()
    harmless: bool = False


@dataclass
class Net:
    """`marked` arcs hold the first tokens. An arc without source and token stands for one that never comes."""

    nodes: dict[int, Node] = field(default_factory=dict)
    arcs: dict[int, Arc] = field(default_factory=dict)
    ins: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    outs: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    marked: set[int] = field(default_factory=set)

    def node(self, node: Node) -> int:
        """Adds a node."""
        self.nodes[len(self.nodes)] = node
        return len(self.nodes) - 1

    def arc(self, source: int | None, target: int, *trail: str) -> int:
        """Adds an arc."""
        number = len(self.arcs)
        self.arcs[number] = Arc(source, target, trail)
        self.ins[target].append(number)
        if source is not None:
            self.outs[source].append(number)
        return number


def mark_harmless(net: Net) -> Net:
    """Marks the arcs whose tokens take all others with them, or vanish first."""
    clearing = _clearing(net)
    for arc in net.arcs.values():
        arc.harmless = arc.target in clearing
    return net


def _clearing(net: Net) -> set[int]:
    found = {n for n, node in net.nodes.items() if node.split is Split.CLEAR and node.join is Join.ANY}
    pending = list(found)
    while pending:
        for number in net.ins[pending.pop()]:
            name = net.arcs[number].source
            if name is not None and name not in found and _surely(net, name, found):
                found.add(name)
                pending.append(name)
    return found


def _surely(net: Net, name: int, clearing: set[int]) -> bool:
    outs = net.outs[name]
    return net.nodes[name].join is Join.ANY and bool(outs) and all(net.arcs[n].target in clearing for n in outs)


@dataclass(frozen=True)
class Part:
    """Elements whose tokens may meet. `sides` are the non-interrupting boundary events that lead back into them."""

    members: frozenset[str]
    sides: frozenset[str]


Elements = Mapping[str, Element]


def ends(element: Element) -> bool:
    """Whether a token's way ends here."""
    return element.behaviour is Behaviour.END or not element.outgoing


def _onward(elements: Elements, name: str) -> Iterator[str]:
    if elements[name].behaviour is not Behaviour.END:
        yield from (flow.target for flow in elements[name].outgoing)


def reach(elements: Elements, roots: Iterable[str], *, sides: bool, without: str | None = None) -> set[str]:
    """Elements that tokens at the roots can come to, not by one of them; non-interrupting events only with `sides`."""
    found: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name in found or name == without:
            continue
        found.add(name)
        pending += _onward(elements, name)
        pending += (other for other in elements[name].boundaries if sides or elements[other].interrupting)
    return found


def part(elements: Elements, roots: Iterable[str]) -> Part:
    """What belongs to tokens at the roots, with every side thread that leads back into it."""
    members, sides = reach(elements, roots, sides=False), set[str]()
    while True:
        meeting = {name for name in side_starts(elements, members) - sides if _meets(elements, name, members)}
        if not meeting:
            return Part(frozenset(members), frozenset(sides))
        sides |= meeting
        members |= reach(elements, meeting, sides=False)


def side_starts(elements: Elements, members: Iterable[str]) -> set[str]:
    """The non-interrupting boundary events at the members."""
    return {other for name in members for other in elements[name].boundaries if not elements[other].interrupting}


def _meets(elements: Elements, boundary: str, members: set[str]) -> bool:
    """Sharing an end event is no meeting."""
    both = members & reach(elements, [boundary], sides=True)
    return any(elements[name].behaviour is not Behaviour.END for name in both)


def threads(elements: Elements, container: Container) -> Iterator[tuple[tuple[str, ...], Part]]:
    """The main thread from a container's starts, then each side thread that never meets the one it comes from."""
    pending, seen = deque([container.starts]), set[tuple[str, ...]]()
    while pending:
        roots = pending.popleft()
        if roots not in seen:
            seen.add(roots)
            thread = part(elements, roots)
            yield roots, thread
            pending += ((name,) for name in sorted(side_starts(elements, thread.members) - thread.sides))


class Builder:
    """Draws each element of a part as nodes, then the flows between them."""

    def __init__(self, elements: Elements, of: Part) -> None:
        self.net = Net()
        self._elements = elements
        self._part = of
        self._inside: dict[str, int] = {}
        self._beside: dict[str, int] = {}
        self._entry = {name: self._enter(elements[name]) for name in sorted(of.members)}
        self.flows: dict[str, int] = {}
        for name in self._entry:
            self._never(elements[name])
            self._leave(elements[name])

    # --- first tokens

    def begin(self, roots: Iterable[str], *, together: bool = False) -> Net:
        """One token at any of the roots, or one at each."""
        choice = self.net.node(Node("", split=Split.ALL if together else Split.ONE))
        self.net.marked.add(self.net.arc(None, choice))
        for name in roots:
            self.net.arc(choice, self._entry[name])
        return mark_harmless(self.net)

    def go_on(self, resting: Iterable[str], arrived: Iterable[str], started: frozenset[str]) -> Net:
        """A token inside each element and on each flow before a join; sides that have `started` start no more."""
        for name in resting:
            over = any(side in started for side in self._elements[name].boundaries if side in self._part.sides)
            self.net.marked.add(self.net.arc(None, (self._beside if over else self._inside)[name]))
        self.net.marked.update(self.flows[flow_id] for flow_id in arrived)
        return mark_harmless(self.net)

    # --- elements

    def _enter(self, element: Element) -> int:
        """The node that flows lead to; a token at rest stands before `_inside`, behind the join."""
        name = element.element_id
        if not element.joins:
            self._inside[name] = self.net.node(Node(name, ids=(name,)))
            return self._inside[name]
        kind = Join.ALL if element.behaviour is Behaviour.PARALLEL else Join.INCLUSIVE
        entry = self.net.node(Node(name, kind, ids=(name,)))
        self._inside[name] = self._after(entry, element)
        return entry

    def _never(self, element: Element) -> None:
        """Flows into a join from where no token can be."""
        for flow in element.incoming if element.joins else ():
            if flow.source not in self._part.members or self._elements[flow.source].behaviour is Behaviour.END:
                self.flows[flow.flow_id] = self.net.arc(None, self._entry[element.element_id], flow.flow_id)

    def _leave(self, element: Element) -> None:
        at = self._inside[element.element_id]
        if _clears(self._elements, element):
            self.net.nodes[at].split = Split.CLEAR
        elif ends(element):
            self.net.nodes[self._after(at, element)].split = Split.END
        else:
            self._split(self._past_boundaries(at, element), element)

    def _after(self, at: int, element: Element, split: Split = Split.ALL, *, optional: bool = False) -> int:
        node = self.net.node(Node(element.element_id, split=split, optional=optional))
        self.net.arc(at, node)
        return node

    def _past_boundaries(self, at: int, element: Element) -> int:
        """Branches for the boundary events; answers the node that leaves the element as it should be left."""
        sides = [name for name in element.boundaries if name in self._part.sides]
        exits = [name for name in element.boundaries if self._elements[name].interrupting]
        for name in sides:
            gate = self._after(at, element, Split.ONE, optional=True)
            self.net.arc(gate, self._entry[name])
        if sides:
            at = self._beside[element.element_id] = self._after(at, element)
        for name in exits:
            self.net.nodes[at].split = Split.ONE
            self.net.arc(at, self._entry[name])
        return self._after(at, element) if exits else at

    # --- flows

    def _split(self, at: int, element: Element) -> None:
        default = [flow for flow in element.outgoing if flow.flow_id == element.default]
        others = [flow for flow in element.outgoing if flow.flow_id != element.default]
        if element.behaviour in (Behaviour.EXCLUSIVE, Behaviour.EVENT_GATEWAY):
            self._draw(at, Split.ONE, element.outgoing)
        elif element.behaviour is Behaviour.PARALLEL or len(element.outgoing) == 1:
            self._draw(at, Split.ALL, element.outgoing)
        elif default:
            self._draw(at, Split.ONE, default)
            self._draw(self._after(at, element), Split.SOME, others)
        elif element.behaviour is Behaviour.INCLUSIVE:
            self._draw(at, Split.SOME, others)
        else:
            self._split_task(at, element, others)

    def _split_task(self, at: int, element: Element, flows: Iterable[Flow]) -> None:
        """Flows of a task: those without condition always, the others perhaps."""
        free = [flow for flow in flows if flow.condition is not None]
        always = [flow for flow in flows if flow.condition is None]
        if always and free:
            self._draw(self._after(at, element, optional=True), Split.SOME, free)
            self.net.nodes[at].split = Split.ALL
        elif free:
            self.net.nodes[at].split = Split.SOME
        for flow in always or free:
            self._flow(at, flow)

    def _draw(self, at: int, split: Split, flows: Iterable[Flow]) -> None:
        self.net.nodes[at].split = split
        for flow in flows:
            self._flow(at, flow)

    def _flow(self, at: int, flow: Flow) -> None:
        self.flows[flow.flow_id] = self.net.arc(at, self._entry[flow.target], flow.flow_id)


def _clears(elements: Elements, element: Element) -> bool:
    """Whether all other tokens go too: terminate, error, and an escalation that interrupts a host further out."""
    kind = element.event.type if element.event and element.behaviour is Behaviour.END else None
    if kind == "escalation":
        return any(_catches_escalation(elements[name]) for name in _around(elements, element))
    return kind in ("terminate", "error")


def _around(elements: Elements, element: Element) -> Iterator[str]:
    """Boundary events and event sub-processes' starts, from within outward."""
    while True:
        beside = (e for e in elements.values() if e.container == element.container and e.awaits)
        yield from (e.awaits[0] for e in beside if e.behaviour is Behaviour.EVENT_SUB_PROCESS)
        if element.container not in elements:
            return
        element = elements[element.container]
        yield from element.boundaries


def _catches_escalation(event: Element) -> bool:
    return event.interrupting and event.event is not None and event.event.type == "escalation"
