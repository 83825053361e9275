"""What a document may ask at most, judged in one memoised walk that stops at the first excess.

Every document of up to 1,000 fields, depth 12 and pages of 100 passes. Limits are counted over the expanded
document: a fragment counts wherever it is spread, but is walked once. Page sizes that only variables know
count as 100.
"""

from collections import Counter
from dataclasses import dataclass, replace
from operator import is_
from typing import TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)
from graphql.error import GraphQLSyntaxError

from kreisbund_api.graphql import lexing, signs
from kreisbund_api.graphql.refusals import bad_input, too_complex
from kreisbund_api.graphql.signs import MOST_ALIASES, MOST_ALIKE, MOST_FIELDS

Tidied = TypeVar("Tidied", bound=Node)
LONGEST_DOCUMENT = 100_000
DEEPEST = 20
DEEPEST_NESTING = 60  # fragments counted as levels, too
LARGEST_PAGE = 100
SPREAD = "..."  # counts like a response key: validation compares the fragments of one set in pairs
# three nested full pages of a thousand fields
HIGHEST_COST = 2_000_000_000


@dataclass(frozen=True)
class Weight:
    """What an expanded selection comes to; `depth` counts levels of fields."""

    fields: int = 0
    aliases: int = 0
    cost: int = 0
    depth: int = 0


NOTHING, LEAF, ALIASED_LEAF = Weight(), Weight(1, 0, 1, 1), Weight(1, 1, 1, 1)


class Walk:
    """One walk over a document's operations."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema) -> None:
        definitions = document.definitions
        self._schema = schema
        self._fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
        self._operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        self._known: dict[str, Weight] = {}
        self._keys: dict[str, Counter[str]] = {}
        self._entered: set[str] = set()

    def check(self) -> None:
        """Raises QUERY_TOO_COMPLEX or, for an unknown field and a fragment that spreads itself, BAD_USER_INPUT."""
        for operation in self._operations:
            self._set(operation.selection_set, self._schema.get_root_type(operation.operation), 0, Counter())
        for name in self._fragments:
            self._fragment(name, 0, Counter())

    def _set(
        self, selected: SelectionSetNode, parent: GraphQLNamedType | None, level: int, beside: Counter[str]
    ) -> Weight:
        if level > DEEPEST_NESTING:
            raise too_complex()
        fields = aliases = cost = depth = 0
        for selection in selected.selections:
            one = self._one(selection, parent, level, beside)
            fields, aliases, cost = fields + one.fields, aliases + one.aliases, cost + one.cost
            depth = max(depth, one.depth)
            if fields > MOST_FIELDS or aliases > MOST_ALIASES or cost > HIGHEST_COST or depth > DEEPEST:
                raise too_complex()
        return Weight(fields, aliases, cost, depth)

    def _one(
        self, selection: SelectionNode, parent: GraphQLNamedType | None, level: int, beside: Counter[str]
    ) -> Weight:
        if isinstance(selection, FieldNode):
            return self._field(selection, parent, level, beside)
        if isinstance(selection, FragmentSpreadNode):
            return self._fragment(selection.name.value, level, beside)
        assert isinstance(selection, InlineFragmentNode)
        named = selection.type_condition
        inner = self._schema.get_type(named.name.value) if named else parent
        return self._set(selection.selection_set, inner, level + 1, beside)

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None, level: int, beside: Counter[str]) -> Weight:
        declared = self._declared(field, parent)
        if field.selection_set or field.arguments or field.directives:
            _count((field.alias or field.name).value, beside)
        if field.selection_set is None:
            return LEAF if field.alias is None else ALIASED_LEAF
        below = self._set(field.selection_set, declared, level + 1, Counter())
        aliases = below.aliases + (field.alias is not None)
        return Weight(1 + below.fields, aliases, 1 + _page(field) * below.cost, 1 + below.depth)

    def _declared(self, field: FieldNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        """The type of a field; refused here where there is no such field, since validation costs far more."""
        if not is_composite_type(parent):
            return None
        declared = self._schema.get_field(parent, field.name.value)
        if declared is None:
            raise bad_input(f"Cannot query field '{field.name.value}' on type '{parent.name}'.")
        return get_named_type(declared.type)

    def _fragment(self, name: str, level: int, beside: Counter[str]) -> Weight:
        """What a fragment holds lies beside what stands where it is spread."""
        if name in self._entered:
            raise bad_input()
        if name not in self._known and name in self._fragments:
            self._entered.add(name)
            self._keys[name] = Counter()
            fragment = self._fragments[name]
            inner = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self._set(fragment.selection_set, inner, level + 1, self._keys[name])
            self._entered.discard(name)
        for key, number in (*self._keys.get(name, {}).items(), (SPREAD, 1)):
            _count(key, beside, number)
        return self._known.get(name, NOTHING)


def _count(key: str, beside: Counter[str], number: int = 1) -> None:
    """Validation compares all fields of one response key with each other; plain leaves are made one before."""
    beside[key] += number
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


def read_document(text: str, schema: GraphQLSchema) -> DocumentNode:
    """The parsed document within its limits. Raises GraphQLError with a code."""
    if len(text) > LONGEST_DOCUMENT:
        raise too_complex()
    signs.check(text, signs.names_of(schema))
    try:
        document = lexing.parsed(text)
    except GraphQLSyntaxError as problem:
        raise (too_complex() if "nested too deeply" in problem.message else problem) from None
    except RecursionError:
        raise too_complex() from None
    Walk(document, schema).check()
    return replace(document, definitions=tuple(_tidied(each) for each in document.definitions))
