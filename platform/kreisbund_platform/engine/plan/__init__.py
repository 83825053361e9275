"""BPMN and DMN compiled once, when published, into an immutable plan that cases run on for years."""

from kreisbund_platform.engine.plan.compiling import (
    Behaviour,
    CalledModel,
    Container,
    Element,
    Flow,
    ModelRefused,
    MultiInstance,
    Plan,
    build_plan,
    compile_plan,
    content_hash,
)

__all__ = [
    "Behaviour",
    "CalledModel",
    "Container",
    "Element",
    "Flow",
    "ModelRefused",
    "MultiInstance",
    "Plan",
    "build_plan",
    "compile_plan",
    "content_hash",
]
