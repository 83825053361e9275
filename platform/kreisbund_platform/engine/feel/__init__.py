"""FEEL (DMN 1.5, chapter 10): text to closures, bounded in length, depth, steps and size of values."""

from kreisbund_platform.engine.feel.expressions import (
    Compiled,
    Defined,
    FeelError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    evaluate,
)

__all__ = [
    "Compiled",
    "Defined",
    "FeelError",
    "UnaryTests",
    "compile_expression",
    "compile_unary_tests",
    "evaluate",
]
