"""The syntax tree of FEEL (DMN 1.3, chapter 10.3) and its words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 4000
DEEPEST = 40
DEEPEST_TREE = 80


class FeelError(ValueError):
    """The expression cannot be read, or it outgrew its limits."""


@dataclass(frozen=True)
class Literal:
    """A number, text, boolean or null."""

    value: Any


@dataclass(frozen=True)
class Name:
    """A variable; `?` is the value under test."""

    text: str


@dataclass(frozen=True)
class Negation:
    """Arithmetic minus."""

    operand: "Node"


@dataclass(frozen=True)
class Operation:
    """Arithmetic or comparison of two."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Logic:
    """`and` or `or` of two or more, three-valued."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """if … then … else."""

    condition: "Node"
    chosen: "Node"
    otherwise: "Node"


@dataclass(frozen=True)
class RangeOf:
    """From low to high; an end that is None is open without limit."""

    low: "Node | None"
    high: "Node | None"
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True)
class UnlikeTest:
    """The unary test `!= value`."""

    operand: "Node"


@dataclass(frozen=True)
class Membership:
    """`subject in tests`: true when any test holds."""

    subject: "Node"
    tests: tuple["Node", ...]


@dataclass(frozen=True)
class ListOf:
    """A list literal."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class ContextOf:
    """A context literal; later entries see earlier ones."""

    entries: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True)
class Path:
    """`source.name`."""

    source: "Node"
    name: str


@dataclass(frozen=True)
class Filter:
    """`source[condition]`: by position or by condition."""

    source: "Node"
    condition: "Node"


@dataclass(frozen=True)
class Call:
    """A function by name with positional arguments."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Iteration:
    """`for`, `some` or `every` over one or more lists."""

    kind: str
    variables: tuple[tuple[str, "Node"], ...]
    body: "Node"


Node = (
    Literal
    | Name
    | Negation
    | Operation
    | Logic
    | Choice
    | RangeOf
    | UnlikeTest
    | Membership
    | ListOf
    | ContextOf
    | Path
    | Filter
    | Call
    | Iteration
)


def refuse_depth(node: Node) -> None:
    """Raises FeelError for a tree deeper than `DEEPEST_TREE`; long chains of operators are deep, too."""
    level: list[Any] = [node]
    for _depth in range(DEEPEST_TREE):
        level = [part for item in level for part in _parts(item)]
        if not level:
            return
    raise FeelError("expression too deep")


def _parts(node: Any) -> list[Any]:
    values = [getattr(node, name) for name in getattr(node, "__dataclass_fields__", ())]
    while any(isinstance(value, tuple) for value in values):
        values = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return [value for value in values if hasattr(value, "__dataclass_fields__")]


KEYWORDS = frozenset(
    {
        *("and", "or", "in", "between", "if", "then", "else", "true", "false", "null"),
        *("some", "every", "satisfies", "for", "return"),
    }
)
_WORD = r"[^\W\d][\w]*"
_SYMBOLS = r"\*\*|\.\.|<=|>=|!=|[-+*/=<>()\[\],.?{}:]"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


@dataclass(frozen=True)
class Token:
    """One word: kind is number, text, name, keyword, symbol or end."""

    kind: str
    text: str


def tokens(text: str, spaced_names: Iterable[str]) -> list[Token]:
    """Splits an expression; names that contain blanks or signs must be known beforehand, the longest wins."""
    if len(text) > LONGEST_TEXT:
        raise FeelError("expression too long")
    pattern = _pattern(spaced_names)
    position, found = 0, []
    text = text.rstrip()
    while position < len(text):
        match = pattern.match(text, position)
        if match is None or match.lastgroup is None:
            raise FeelError(f"unreadable at position {position}")
        found.append(_token(match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return [*found, Token("end", "")]


def _token(kind: str, text: str) -> Token:
    if kind == "text":
        return Token(kind, re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text[1:-1]))
    if kind == "known":
        return Token("name", " ".join(text.split()))
    if kind == "name" and text in KEYWORDS:
        return Token("keyword", text)
    return Token(kind, text)


def _pattern(spaced_names: Iterable[str]) -> re.Pattern[str]:
    known = sorted((name for name in spaced_names if not re.fullmatch(_WORD, name)), key=len, reverse=True)
    parts = [r"\s+".join(re.escape(part) for part in name.split()) for name in known if name.strip()]
    spaced = "|".join(parts) or r"(?!)"
    return re.compile(
        rf"\s*(?:(?P<known>(?:{spaced})(?!\w))|(?P<number>\d+(?:\.\d+)?|\.\d+)"
        rf'|(?P<text>"(?:[^"\\]|\\.)*")|(?P<name>{_WORD})|(?P<symbol>{_SYMBOLS}))'
    )
