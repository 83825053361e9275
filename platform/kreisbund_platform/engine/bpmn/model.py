"""A BPMN file as frozen data: what stands in it, before anything is compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
KREISBUND = "urn:kreisbund:bpmn:1"


class Behaviour(StrEnum):
    """How a token treats an element. THROW passes at once: thrown signals, links, escalations, scripts."""

    START = "start"
    END = "end"
    TASK = "task"
    JOB = "job"
    CATCH = "catch"
    RULE = "rule"
    THROW = "throw"
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    EVENT_GATEWAY = "event_gateway"
    BOUNDARY = "boundary"
    SUB_PROCESS = "sub_process"
    EVENT_SUB_PROCESS = "event_sub_process"
    CALL = "call"


BEHAVIOURS = {
    "startEvent": Behaviour.START,
    "endEvent": Behaviour.END,
    "task": Behaviour.TASK,
    "userTask": Behaviour.TASK,
    "manualTask": Behaviour.TASK,
    "serviceTask": Behaviour.JOB,
    "sendTask": Behaviour.JOB,
    "receiveTask": Behaviour.CATCH,
    "businessRuleTask": Behaviour.RULE,
    "scriptTask": Behaviour.THROW,
    "callActivity": Behaviour.CALL,
    "exclusiveGateway": Behaviour.EXCLUSIVE,
    "parallelGateway": Behaviour.PARALLEL,
    "inclusiveGateway": Behaviour.INCLUSIVE,
    "eventBasedGateway": Behaviour.EVENT_GATEWAY,
    "intermediateCatchEvent": Behaviour.CATCH,
    "intermediateThrowEvent": Behaviour.THROW,
    "boundaryEvent": Behaviour.BOUNDARY,
    "subProcess": Behaviour.SUB_PROCESS,
}
NESTING = frozenset({Behaviour.SUB_PROCESS, Behaviour.EVENT_SUB_PROCESS, Behaviour.CALL})


@dataclass(frozen=True)
class EventDefinition:
    """What an event reacts to or throws.

    `type` is timer, message, signal, error, escalation, terminate or link; `name` a message's, signal's or link's
    name, an error's or escalation's code (None catches any); `text` a timer's value.
    """

    type: str
    name: str | None = None
    timer_kind: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class MultiInstanceText:
    """A multi-instance marker as written; the expressions are text.

    The `foreign` ones are other tools' or BPMN's own data references, which only a broad reading takes.
    """

    sequential: bool
    cardinality: str | None = None
    collection: str | None = None
    element_variable: str | None = None
    completion: str | None = None
    output_collection: str | None = None
    output_element: str | None = None
    foreign_collection: str | None = None
    foreign_variable: str | None = None


@dataclass(frozen=True)
class FlowNode:
    """A task, event, gateway or sub-process as written; `called` is a call activity's `calledElement`."""

    element_id: str
    name: str | None
    kind: str
    behaviour: Behaviour
    container: str
    attributes: Mapping[str, str]
    default: str | None = None
    event: EventDefinition | None = None
    host: str | None = None
    interrupting: bool = True
    multi: MultiInstanceText | None = None
    called: str | None = None
    instantiates: bool = False


@dataclass(frozen=True)
class SequenceFlow:
    """An arrow; `condition` is the expression's text."""

    flow_id: str
    name: str | None
    source: str
    target: str
    container: str
    condition: str | None


@dataclass(frozen=True)
class Overlooked:
    """What a broad reading lets pass and publishing refuses; `reason` is German, for the author."""

    element_id: str
    reason: str


@dataclass(frozen=True)
class ProcessModel:
    """One process: `containers` are its id and those of its sub-processes, outermost first."""

    process_id: str
    attributes: Mapping[str, str]
    containers: tuple[str, ...]
    nodes: tuple[FlowNode, ...]
    flows: tuple[SequenceFlow, ...]
    overlooked: tuple[Overlooked, ...] = ()
    name: str | None = None
    executable: bool = True


@dataclass(frozen=True)
class Definitions:
    """All processes of a file, in its order; `definitions_id` is the root's id where it has one.

    `source` is the file it was read from, so that an export keeps what the engine does not know.
    """

    processes: tuple[ProcessModel, ...]
    definitions_id: str | None = None
    source: bytes = field(default=b"", repr=False)
