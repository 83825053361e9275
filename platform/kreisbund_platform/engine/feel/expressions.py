"""FEEL (DMN 1.5, chapter 10): text to closures, bounded in length, depth, steps and size of values.

Model text is never executed as Python; errors while running are null, limits raise FeelError.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from kreisbund_platform.engine.feel import (
    functions_lists,
    functions_numbers,
    functions_ranges,
    functions_temporal,
    functions_texts,
    syntax,
)
from kreisbund_platform.engine.feel.build import Builder
from kreisbund_platform.engine.feel.functions import FUNCTIONS
from kreisbund_platform.engine.feel.parser import parse_expression, parse_unary_tests
from kreisbund_platform.engine.feel.syntax import FeelError
from kreisbund_platform.engine.feel.types import Type
from kreisbund_platform.engine.feel.values import (
    Defined,
    Env,
    Evaluator,
    Meter,
    Variables,
    exported,
    plain,
    read,
)

__all__ = ["Compiled", "Defined", "FeelError", "UnaryTests", "compile_expression", "compile_unary_tests", "evaluate"]

# Imported for what they declare.
FAMILIES = (
    functions_lists,
    functions_numbers,
    functions_ranges,
    functions_temporal,
    functions_texts,
)
TOO_DEEP = "recursion too deep"


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run. `names` are the variables it reads, functions of the model included."""

    text: str
    names: frozenset[str]
    run: Evaluator = field(repr=False, compare=False)

    def __call__(self, variables: Mapping[str, Any], now: datetime | None = None) -> Any:
        """The value: None, bool, Decimal, str, date, datetime, timedelta, list, dict; raises FeelError at a limit."""
        meter = Meter(now=now)
        try:
            return exported(self.run(Env(Variables(variables), None, meter)), meter)
        except RecursionError as error:
            raise FeelError(TOO_DEEP) from error


@dataclass(frozen=True)
class UnaryTests:
    """A decision table's cell ready to run; the value under test is `?`."""

    text: str
    names: frozenset[str]
    run: Evaluator = field(repr=False, compare=False)

    def __call__(self, subject: Any, variables: Mapping[str, Any], now: datetime | None = None) -> bool | None:
        """Whether the subject passes; None where it cannot be compared."""
        env = Env(Variables(variables), None, Meter(now=now))
        try:
            return self.test(read(subject), env)
        except RecursionError as error:
            raise FeelError(TOO_DEEP) from error

    def test(self, subject: Any, env: Env) -> bool | None:
        """The same for a FEEL value where names are already known."""
        result = self.run(env.inner({"?": subject}))
        return result if isinstance(result, bool) else None


def compile_expression(
    text: str,
    *,
    names: Iterable[str] = (),
    functions: Iterable[str] = (),
    members: Iterable[str] = (),
    types: Mapping[str, Type] | None = None,
) -> Compiled:
    """Reads one expression; a leading `=` is the modeller's mark and dropped.

    `names` are variables whose names hold blanks, `functions` those a model defines, `members` names with blanks
    that may follow a dot, `types` the model's own. Raises FeelError.
    """
    text = text.strip().removeprefix("=").strip()
    known = [*names, *functions]
    node = parse_expression(text, [*FUNCTIONS, *known], members, types or ())
    refuse_unknown_calls(node, frozenset(known))
    return Compiled(text, syntax.free_names(node) - FUNCTIONS.keys(), Builder(types).build(node))


def compile_unary_tests(
    text: str,
    *,
    names: Iterable[str] = (),
    functions: Iterable[str] = (),
    members: Iterable[str] = (),
    types: Mapping[str, Type] | None = None,
) -> UnaryTests:
    """Reads a cell; `-` and an empty cell pass anything. Raises FeelError."""
    if text.strip() in ("", "-"):
        return UnaryTests("-", frozenset(), lambda _env: True)
    known = [*names, *functions]
    nodes, negated = parse_unary_tests(text, [*FUNCTIONS, *known], members, types or ())
    for node in nodes:
        refuse_unknown_calls(node, frozenset(known))
    found = frozenset[str]().union(*(syntax.free_names(node) for node in nodes)) - {"?"} - FUNCTIONS.keys()
    return UnaryTests(text, found, Builder(types).any_test(None, nodes, negated=negated))


def refuse_unknown_calls(node: Any, known: frozenset[str]) -> None:
    """Raises FeelError for a call of a name that is neither built in nor in scope."""
    if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Name):
        name = node.function.text
        if name not in FUNCTIONS and name not in known:
            raise FeelError(f"unknown function {name!r}")
    inner = known | syntax.bound_names(node)
    for part in syntax.parts(node):
        refuse_unknown_calls(part, inner)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Compiled:
    return compile_expression(text)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """An expression's value as JSON holds it, for forms; raises FeelError."""
    compiled = _compiled(expression)
    try:
        return plain(compiled.run(Env(Variables(variables), None, Meter())))
    except RecursionError as error:
        raise FeelError(TOO_DEEP) from error
