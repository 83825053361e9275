"""What a document may ask at most, judged in one memoised walk that stops at the first excess.

Every document of up to 1,000 fields, depth 12 and pages of 100 passes. Limits are counted over the expanded
document: a fragment counts wherever it is spread, but is walked once. Page sizes that only variables know
count as 100.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from operator import is_
from typing import TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
)
from graphql.error import GraphQLSyntaxError

from kreisbund_api.graphql.refusals import bad_input, too_complex

Tidied = TypeVar("Tidied", bound=Node)
WRITTEN_NUL = re.compile(r"\\u(?:0000|\{0+\})")  # no text of PostgreSQL holds it
# what parsing would read as one token; strings and comments first, so that nothing inside of them counts
TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+"""|"""|"(?:[^"\\\n]++|\\.)*+"|#[^\n]*+|\.\.\.|[A-Za-z_]\w*+|-?\d[\w.+-]*+|[^\s,\ufeff]'
)
UNENDED = frozenset({'"""', '"'})
OPENING, CLOSING = "{[(", "}])"
MOST_TOKENS = 30_000
LONGEST_DOCUMENT = 1_000_000
MOST_FIELDS = 3_000
MOST_ALIASES = 1_500
MOST_ALIKE = 50  # fields of one response key in one selection set
MOST_FRAGMENTS = 500
MOST_OPERATIONS = 50
DEEPEST = 20
DEEPEST_NESTING = 60  # fragments counted as levels, too
MOST_LEVELS = 200  # of brackets of any kind: the parser recurses
MOST_DIRECTIVES = 3_000
MOST_DEFINITIONS = MOST_FRAGMENTS + MOST_OPERATIONS
LARGEST_PAGE = 100
# three nested full pages of a thousand fields
HIGHEST_COST = 2_000_000_000


@dataclass(frozen=True)
class Weight:
    """What an expanded selection comes to; `depth` counts levels of fields."""

    fields: int = 0
    aliases: int = 0
    cost: int = 0
    depth: int = 0

    def beside(self, other: "Weight") -> "Weight":
        """Both in one selection set."""
        return Weight(
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.cost + other.cost,
            max(self.depth, other.depth),
        )

    def check(self) -> "Weight":
        """Itself. Raises QUERY_TOO_COMPLEX where it is too much."""
        if self.fields > MOST_FIELDS or self.aliases > MOST_ALIASES or self.cost > HIGHEST_COST or self.depth > DEEPEST:
            raise too_complex()
        return self


class Walk:
    """One walk over a document's operations."""

    def __init__(self, document: DocumentNode) -> None:
        definitions = document.definitions
        self._fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
        self._operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        self._known: dict[str, Weight] = {}
        self._entered: set[str] = set()

    def check(self) -> None:
        """Raises QUERY_TOO_COMPLEX or, for a fragment that spreads itself, BAD_USER_INPUT."""
        if len(self._fragments) > MOST_FRAGMENTS or len(self._operations) > MOST_OPERATIONS:
            raise too_complex()
        for each in (*self._operations, *self._fragments.values()):
            self._set(each.selection_set)

    def _set(self, selected: SelectionSetNode | None, level: int = 0, keys: Counter[str] | None = None) -> Weight:
        if level > DEEPEST_NESTING:
            raise too_complex()
        total, beside = Weight(), Counter[str]() if keys is None else keys
        for selection in selected.selections if selected else ():
            total = total.beside(self._one(selection, level, beside)).check()
        return total

    def _one(self, selection: SelectionNode, level: int, beside: Counter[str]) -> Weight:
        if isinstance(selection, FieldNode):
            _count_key(selection, beside)
            below = self._set(selection.selection_set, level + 1)
            aliases = below.aliases + (selection.alias is not None)
            return Weight(1 + below.fields, aliases, 1 + _page(selection) * below.cost, 1 + below.depth)
        if isinstance(selection, FragmentSpreadNode):
            return self._fragment(selection.name.value, level)
        assert isinstance(selection, InlineFragmentNode)
        return self._set(selection.selection_set, level + 1, beside)

    def _fragment(self, name: str, level: int) -> Weight:
        if name in self._entered:
            raise bad_input()
        if name not in self._known and name in self._fragments:
            self._entered.add(name)
            self._known[name] = self._set(self._fragments[name].selection_set, level + 1)
            self._entered.discard(name)
        return self._known.get(name, Weight())


def _count_key(field: FieldNode, beside: Counter[str]) -> None:
    """Validation compares all fields of one response key with each other; plain leaves are made one before."""
    if field.selection_set or field.arguments or field.directives:
        key = (field.alias or field.name).value
        beside[key] += 1
        if beside[key] > MOST_ALIKE:
            raise too_complex()


def _page(field: FieldNode) -> int:
    """How often what is below a field is asked for; only an argument named `first` multiplies."""
    for argument in field.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            asked = int(value.value) if isinstance(value, IntValueNode) else LARGEST_PAGE
            return min(max(asked, 1), LARGEST_PAGE)
    return 1


def _without_repeats(selected: SelectionSetNode) -> SelectionSetNode:
    """Drops repeated plain leaves, which say nothing new and would cost validation a square."""
    seen: set[str] = set()
    kept: list[SelectionNode] = []
    for selection in selected.selections:
        tidied = _tidied(selection)
        if isinstance(tidied, FieldNode) and not (tidied.selection_set or tidied.arguments or tidied.directives):
            mark = f"{tidied.alias.value if tidied.alias else ''}:{tidied.name.value}"
            if mark in seen:
                continue
            seen.add(mark)
        kept.append(tidied)
    same = len(kept) == len(selected.selections) and all(map(is_, kept, selected.selections))
    return selected if same else replace(selected, selections=tuple(kept))


def _tidied(node: Tidied) -> Tidied:
    """The same field, fragment or operation, without repeats below it."""
    below = getattr(node, "selection_set", None)
    if below is None:
        return node
    tidied = _without_repeats(below)
    return node if tidied is below else replace(node, selection_set=tidied)  # type: ignore[call-arg]


def _scan(text: str) -> None:
    """Raises QUERY_TOO_COMPLEX where the signs alone show it: parsing costs ten times this look."""
    tokens = level = arguments = aliases = directives = definitions = 0
    for found in TOKEN.finditer(text):
        sign = found[0]
        if sign[0] == "#":
            continue
        if sign in UNENDED:
            return  # the parser stops here, too
        tokens += 1
        if sign in OPENING:
            definitions += sign == "{" and level == 0
            level += 1
            arguments += sign == "("
        elif sign in CLOSING:
            level -= 1
            arguments -= sign == ")"
        elif sign == ":":
            aliases += arguments == 0
        directives += sign == "@"
        if tokens > MOST_TOKENS or level > MOST_LEVELS:
            raise too_complex()
    if aliases > MOST_ALIASES or directives > MOST_DIRECTIVES or definitions > MOST_DEFINITIONS:
        raise too_complex()


def read_document(text: str) -> DocumentNode:
    """The parsed document within its limits. Raises GraphQLError with a code."""
    if len(text) > LONGEST_DOCUMENT:
        raise too_complex()
    if WRITTEN_NUL.search(text):
        raise bad_input()
    _scan(text)
    try:
        document = parse(text, no_location=False, max_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as problem:
        over_limit = str(MOST_TOKENS) in problem.message or "nested too deeply" in problem.message
        raise (too_complex() if over_limit else problem) from None
    except RecursionError:
        raise too_complex() from None
    Walk(document).check()
    return replace(document, definitions=tuple(_tidied(each) for each in document.definitions))
