"""Two versions of a template compared, in words that a caseworker understands, in the order of the process."""

from kreisbund_platform.templates.differences.comparing import (
    ChangeClass,
    Difference,
    DifferenceKind,
    DifferencePart,
    differences,
    marks,
)

__all__ = [
    "ChangeClass",
    "Difference",
    "DifferenceKind",
    "DifferencePart",
    "differences",
    "marks",
]
