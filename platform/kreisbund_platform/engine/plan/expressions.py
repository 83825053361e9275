"""Expressions of a model, compiled once: FEEL, and in a broad reading what other tools write instead of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kreisbund_platform.engine.feel import FeelError, compile_expression

_BRACES = re.compile(r"[$#]\{([^{}]*)\}")
_FOREIGN = re.compile(
    r"(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign>&&|\|\||==|!=)"
    r"|(?P<negated>(?:!|\bnot\b)\s*(?:(?P<open>\()|(?P<name>[A-Za-z_][\w.]*)))|(?P<word>\b[A-Za-z_]\w*\b)"
)
_SIGNS = {"&&": " and ", "||": " or ", "==": " = ", "!=": " != "}
_WORDS = {"eq": "=", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "True": "true", "False": "false"}
_WORDS |= {"None": "null", "AND": "and", "OR": "or"}


class Expression(Protocol):
    """FEEL ready to run; calling it raises FeelError at a limit, or where nobody can read it."""

    @property
    def text(self) -> str:
        """As the model writes it."""

    @property
    def names(self) -> frozenset[str]:
        """The variables it reads."""

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """Its value."""


@dataclass(frozen=True)
class Unreadable:
    """An expression in another language: a choice that nobody can make when the case runs."""

    text: str
    names: frozenset[str] = frozenset()

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """Raises FeelError."""
        raise FeelError("not FEEL")


@dataclass(frozen=True)
class OneAtLeast:
    """A collection that a broad reading found: where it is missing when the case runs, one instance is run."""

    expression: Expression

    @property
    def text(self) -> str:
        """As the model writes it."""
        return self.expression.text

    @property
    def names(self) -> frozenset[str]:
        """The variables it reads."""
        return self.expression.names

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """A list."""
        try:
            found = self.expression(variables)
        except FeelError:
            found = None
        return found if isinstance(found, list) else [found]


def read_expression(text: str, *, lenient: bool = False) -> Expression:
    """FEEL; raises FeelError where it is none, in a broad reading tries other languages' spellings and never raises."""
    try:
        return compile_expression(text)
    except FeelError:
        if not lenient:
            raise
    try:
        return compile_expression(_as_feel(text))
    except FeelError:
        return Unreadable(text)


def _as_feel(text: str) -> str:
    text = text.strip().removeprefix("return ").rstrip(";")
    return _FOREIGN.sub(_translated, _BRACES.sub(r"(\1)", text))


def _translated(match: "re.Match[str]") -> str:
    found = match.group(0)
    if match["text"]:
        return '"' + found[1:-1].replace('"', "") + '"'
    if match["sign"]:
        return _SIGNS[found]
    if match["negated"]:
        return "not(" if match["open"] else f"not({match['name']})"
    return _WORDS.get(found, found)
