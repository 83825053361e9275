"""The syntax tree of FEEL (DMN 1.5, chapter 10.3)."""

from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 10_000
DEEPEST = 40
DEEPEST_TREE = 80


class FeelError(ValueError):
    """The expression cannot be read, or it outgrew its limits."""


@dataclass(frozen=True)
class Literal:
    """A number, text, boolean, null, date, time or duration."""

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
class Between:
    """`subject between low and high`."""

    subject: "Node"
    low: "Node"
    high: "Node"


@dataclass(frozen=True)
class Membership:
    """`subject in tests`: true when any test holds."""

    subject: "Node"
    tests: tuple["Node", ...]


@dataclass(frozen=True)
class InstanceOf:
    """`subject instance of type`."""

    subject: "Node"
    type: "TypeNode"


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
    """A call; `names` are the arguments' names, or None where they go by position."""

    function: "Node"
    arguments: tuple["Node", ...]
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FunctionOf:
    """A function literal; one declared `external` has no body."""

    parameters: tuple[tuple[str, "TypeNode | None"], ...]
    body: "Node | None"


@dataclass(frozen=True)
class Steps:
    """The domain `from..to` of a `for`."""

    start: "Node"
    end: "Node"


@dataclass(frozen=True)
class Iteration:
    """`for`, `some` or `every` over one or more lists."""

    kind: str
    variables: tuple[tuple[str, "Node"], ...]
    body: "Node"


@dataclass(frozen=True)
class TypeName:
    """A built-in type or one that the model defines."""

    text: str


@dataclass(frozen=True)
class GenericType:
    """`list<T>`, `range<T>`, `function<T, …> -> R` (the result is the last argument)."""

    kind: str
    arguments: tuple["TypeNode", ...]


@dataclass(frozen=True)
class ContextType:
    """`context<name: T, …>`."""

    fields: tuple[tuple[str, "TypeNode"], ...]


TypeNode = TypeName | GenericType | ContextType
Node = (
    Literal
    | Name
    | Negation
    | Operation
    | Logic
    | Choice
    | RangeOf
    | UnlikeTest
    | Between
    | Membership
    | InstanceOf
    | ListOf
    | ContextOf
    | Path
    | Filter
    | Call
    | FunctionOf
    | Steps
    | Iteration
)


def refuse_depth(node: Node) -> None:
    """Raises FeelError for a tree deeper than `DEEPEST_TREE`; long chains of operators are deep, too."""
    level: list[Any] = [node]
    for _depth in range(DEEPEST_TREE):
        level = [part for item in level for part in parts(item)]
        if not level:
            return
    raise FeelError("expression too deep")


def parts(node: Any) -> list[Any]:
    """The nodes directly below one."""
    values = [getattr(node, name) for name in getattr(node, "__dataclass_fields__", ())]
    while any(isinstance(value, tuple) for value in values):
        values = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return [value for value in values if isinstance(value, Node | TypeNode)]


def free_names(node: Any) -> frozenset[str]:
    """The variables an expression reads, functions included; fields of filtered items count, too."""
    if isinstance(node, Name):
        return frozenset({node.text})
    found = frozenset[str]().union(*(free_names(part) for part in parts(node)))
    return found - bound_names(node)


def bound_names(node: Any) -> frozenset[str]:
    """The names that a node gives to what lies below it."""
    if isinstance(node, Iteration):
        return frozenset({"partial", *(name for name, _ in node.variables)})
    if isinstance(node, ContextOf):
        return frozenset(name for name, _ in node.entries)
    if isinstance(node, FunctionOf):
        return frozenset(name for name, _ in node.parameters)
    return frozenset({"item"}) if isinstance(node, Filter) else frozenset()
