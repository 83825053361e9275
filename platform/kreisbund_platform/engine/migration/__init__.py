"""A running case moves from one plan to another: where its tokens come to stand, and whether it can still finish."""

from kreisbund_platform.engine.migration.judging import (
    Judgement,
    Problem,
    Wait,
    differences_of_waits,
    judge,
    signature,
    suggest_mapping,
    translate,
)

__all__ = [
    "Judgement",
    "Problem",
    "Wait",
    "differences_of_waits",
    "judge",
    "signature",
    "suggest_mapping",
    "translate",
]
