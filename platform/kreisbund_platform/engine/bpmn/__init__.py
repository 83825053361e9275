"""BPMN 2.0 XML as frozen data: what stands in the file, refused by name where the engine does not know it."""

from kreisbund_platform.engine.bpmn.model import (
    BEHAVIOURS,
    BPMN,
    KREISBUND,
    Behaviour,
    Definitions,
    EventDefinition,
    FlowNode,
    MultiInstanceText,
    Overlooked,
    ProcessModel,
    SequenceFlow,
)
from kreisbund_platform.engine.bpmn.models import read_definitions, read_process

__all__ = [
    "BEHAVIOURS",
    "BPMN",
    "KREISBUND",
    "Behaviour",
    "Definitions",
    "EventDefinition",
    "FlowNode",
    "MultiInstanceText",
    "Overlooked",
    "ProcessModel",
    "SequenceFlow",
    "read_definitions",
    "read_process",
]
