"""Calls of function values: those of the model, those of an expression, built-in ones, and those outside."""

from collections.abc import Sequence
from typing import Any

from kreisbund_platform.engine.feel.functions import Builtin, call_builtin
from kreisbund_platform.engine.feel.types import MISFIT, coerced, fitted
from kreisbund_platform.engine.feel.values import Defined, Env, Lambda


def invoke(function: Any, arguments: Sequence[Any], names: tuple[str, ...] | None, env: Env) -> Any:
    """The function's value; null for anything that is no function and for arguments that do not fit."""
    env.meter.step()
    if isinstance(function, Builtin):
        return call_builtin(function, arguments, names, env)
    if isinstance(function, Lambda):
        return _call_lambda(function, arguments, names, env)
    return _call_defined(function, arguments, names) if isinstance(function, Defined) else None


def _call_lambda(function: Lambda, arguments: Sequence[Any], names: tuple[str, ...] | None, env: Env) -> Any:
    given = _given([name for name, _ in function.parameters], arguments, names)
    if given is None:
        return None
    for name, type_ in function.parameters:
        value = fitted(given[name], type_, env.meter)
        if value is MISFIT:
            return None
        given[name] = value
    result = function.body(Env(given, function.env, env.meter))
    return coerced(result, function.result, env.meter)


def _call_defined(function: Defined, arguments: Sequence[Any], names: tuple[str, ...] | None) -> Any:
    given = _given(list(function.parameters), arguments, names)
    return None if given is None else function.body(given)


def _given(parameters: list[str], arguments: Sequence[Any], names: tuple[str, ...] | None) -> dict[str, Any] | None:
    if len(arguments) != len(parameters) or (names is not None and sorted(names) != sorted(parameters)):
        return None
    return dict(zip(names or parameters, arguments, strict=True))
