"""DMN 1.5 decisions: requirement graphs, business knowledge, decision services and imported models evaluated."""

from kreisbund_platform.engine.dmn.decisions import (
    DecisionFault,
    Decisions,
    Evaluation,
    Outcome,
    decide,
    read_decisions,
    serve,
)

__all__ = [
    "DecisionFault",
    "Decisions",
    "Evaluation",
    "Outcome",
    "decide",
    "read_decisions",
    "serve",
]
