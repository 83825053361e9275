"""A document as it is read once for all its requests, for each kind of reader."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    Node,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Asked, NotCompiledError, SelectionReader
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_platform.database.selection import TYPENAME, Selection
from kreisbund_platform.identity.policy import audiences_of
from kreisbund_platform.identity.principals import Principal

MOST_READINGS = 64  # kinds of readers of one document
LATER = "later"  # stands for arguments that variables decide
WRITTEN = frozenset({"JSON", "Float"})  # the interpreter writes these its own way
NUMBERS = frozenset({"Int", "Float"})
NEW = "NEW"  # asked the first time
NO_VARIABLES = VariableValues({}, {})
R = TypeVar("R")


class Reader(SelectionReader):
    """Reads a document once for all its requests: arguments that variables decide stay open."""

    def __init__(self, asked: Asked, variables: VariableValues, principal: Principal) -> None:
        super().__init__(asked, variables, principal)
        self.behind: list[Selection] = []

    def bare(self, parent: GraphQLObjectType, key: str, node: FieldNode) -> Selection:
        """A root without what is selected of it."""
        required = isinstance(parent.fields[node.name.value].type, GraphQLNonNull)
        return Selection(key, node.name.value, required=required)

    def _meta(self, key: str) -> Selection:
        return Selection(key, TYPENAME)

    def _denied(self) -> Selection:
        raise NotCompiledError("FORBIDDEN")

    def _selection(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        made = super()._selection(type_, key, details)
        output = type_.fields[made.name].type
        kind, is_single = get_named_type(output).name, is_leaf_type(get_nullable_type(output))
        made = replace(
            made,
            required=isinstance(output, GraphQLNonNull),
            written=kind in WRITTEN,
            number=kind in NUMBERS and is_single,
        )
        if LATER in made.arguments and any(each.name.value == "after" for each in details[0].node.arguments or ()):
            self.behind.append(made)
        return made

    def _arguments(self, field: GraphQLField, node: FieldNode) -> Mapping[str, Any]:
        if any(variables_in(each) for each in node.arguments or ()):
            return {LATER: partial(get_argument_values, field, node)}
        return get_argument_values(field, node, self._variables) if field.args else {}


class Readings(Generic[R]):
    """What one document asks of each kind of reader. Thread-safe: at worst something is read twice."""

    def __init__(self, document: DocumentNode, read: Callable[[Asked, VariableValues, Principal], R]) -> None:
        self._fragments = {
            each.name.value: FragmentDetails(each)
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._deciding = _deciding_variables(document)
        self._read = read
        self._known: dict[Any, R | NotCompiledError] = {}

    def of(
        self, operation: Operation, asked: OperationDefinitionNode, variables: VariableValues, *, known: bool = False
    ) -> R:
        """What is asked of this reader. `known`: only if it was read before. Raises NotCompiledError."""
        principal = operation.principal
        decided = tuple(variables.coerced.get(name) for name in self._deciding)
        key = asked.name and asked.name.value, audiences_of(principal), operation.catalogue.viewpoint, decided
        found = self._known.get(key)
        if found is None and known:
            raise NotCompiledError(NEW)
        if found is None:
            if len(self._known) >= MOST_READINGS:
                self._known.clear()
            try:
                found = self._read(Asked(SCHEMA._schema, self._fragments, asked), variables, principal)
            except NotCompiledError as reason:
                found = reason
            self._known[key] = found
        if isinstance(found, NotCompiledError):
            raise found
        return found


def coerced(asked: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
    """An operation's variables. Raises NotCompiledError."""
    if not asked.variable_definitions:
        return NO_VARIABLES
    found = get_variable_values(SCHEMA._schema, asked.variable_definitions, dict(given), hide_suggestions=True)
    if isinstance(found, list):
        raise NotCompiledError("REFUSED")
    return found


class _Named(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: dict[str, None] = {}

    def enter_variable(self, node: VariableNode, *_where: Any) -> None:
        """One use."""
        self.variables[node.name.value] = None


def variables_in(node: Node) -> tuple[str, ...]:
    """Names of the variables that are used."""
    named = _Named()
    visit(node, named)
    return tuple(named.variables)


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_where: Any) -> None:
        """`@skip` or `@include`."""
        self.variables |= dict.fromkeys(variables_in(node))


def _deciding_variables(document: DocumentNode) -> tuple[str, ...]:
    """Variables that decide what is collected at all."""
    found = _Directives()
    visit(document, found)
    return tuple(found.variables)
