"""What a compiled process is made of; `plan.py` makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kreisbund_platform.engine.bpmn.model import Behaviour, EventDefinition
from kreisbund_platform.engine.dmn import Decisions
from kreisbund_platform.engine.plan.expressions import Expression
from kreisbund_platform.engine.plan.timers import Timer


@dataclass(frozen=True)
class Flow:
    """A sequence flow; one without condition is always open. `<throw>~<catch>` joins two link events."""

    flow_id: str
    source: str
    target: str
    condition: Expression | None


@dataclass(frozen=True)
class MultiInstance:
    """How often an activity runs: once for each item of `collection`, or `cardinality` times."""

    sequential: bool
    cardinality: Expression | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    completion: Expression | None = None
    output_collection: str | None = None
    output_element: Expression | None = None


@dataclass(frozen=True)
class Element:
    """A flow node. `kind` is BPMN's name for it, `attributes` are the `kb:*` ones without prefix.

    `boundaries` are the events at its border, `awaits` those that a token here waits for of its own: a catch event
    itself, the events behind an event gateway, the start of an event sub-process. `chooses` says that its outgoing
    flows depend on conditions. A multi-instance activity's boundaries belong to it as a whole.
    """

    element_id: str
    name: str | None
    kind: str
    attributes: Mapping[str, str]
    incoming: tuple[Flow, ...]
    outgoing: tuple[Flow, ...]
    behaviour: Behaviour
    container: str
    default: str | None
    event: EventDefinition | None
    timer: Timer | None
    host: str | None
    interrupting: bool
    boundaries: tuple[str, ...]
    multi: MultiInstance | None = None
    called: str | None = None
    correlation: Expression | None = None
    awaits: tuple[str, ...] = ()
    chooses: bool = False
    joins: bool = False
    instantiates: bool = False


@dataclass(frozen=True)
class Container:
    """The process, a sub-process, an event sub-process or a called process: what lies directly in it.

    `starts` are its start events, of which one begins it; where it has none (`implicit`), they are the elements that
    nothing leads to, and all of them begin together.
    """

    container_id: str
    starts: tuple[str, ...]
    element_ids: tuple[str, ...]
    event_sub_processes: tuple[str, ...] = ()
    implicit: bool = False

    @property
    def start(self) -> str:
        """The first start; raises IndexError for a container without any."""
        return self.starts[0]


@dataclass(frozen=True)
class Plan:
    """What cases run on. `upstream[join][flow]` are the elements that reach an inclusive join by that flow.

    `called_decisions` are those of called templates, by the prefix that their ids have in this plan.
    """

    content_hash: str
    process_id: str
    attributes: Mapping[str, str]
    elements: Mapping[str, Element]
    containers: Mapping[str, Container]
    decisions: Decisions
    upstream: Mapping[str, Mapping[str, frozenset[str]]]
    called_decisions: Mapping[str, Decisions] = field(default_factory=dict)

    def decisions_for(self, decision_id: str) -> tuple[Decisions, str]:
        """The decisions that hold one, and its id there: `slug:fee` is `fee` of the called template `slug`."""
        prefix, _colon, name = decision_id.rpartition(":")
        return (
            (self.called_decisions[prefix], name) if prefix in self.called_decisions else (self.decisions, decision_id)
        )


@dataclass(frozen=True)
class CalledModel:
    """A published template that a call activity runs, with those that it calls itself."""

    bpmn_xml: bytes
    decisions: Mapping[str, bytes] = field(default_factory=dict)
    called: Mapping[str, "CalledModel"] = field(default_factory=dict)
