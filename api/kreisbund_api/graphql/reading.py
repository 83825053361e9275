"""From GraphQL's AST to a neutral selection, and from the answer back to fields.

Aliases, fragments, @skip and @include are graphql-core's business (`collect_subfields`). Fields that the
person may not use are left out of the statement; their resolver then finds nothing and answers FORBIDDEN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.refusals import bad_input, forbidden
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.object_types import Field, One
from kreisbund_platform.database.selection import TYPE_KEY, Selection
from kreisbund_platform.identity.policy import may
from kreisbund_platform.identity.principals import Principal

Info = strawberry.Info[Operation, None]


class NotCompiledError(Exception):
    """A request that goes the long way; `reason` is a code that is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Asked:
    """An operation of a document, as graphql-core collects its fields."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDetails]
    operation: OperationDefinitionNode


@dataclass(frozen=True)
class RootInfo:
    """As much as a root's resolver may know of its field where not the interpreter asks."""

    context: Any
    parent_type: GraphQLObjectType
    selection: Selection

    @property
    def field_name(self) -> str:
        """The field's name in the schema."""
        return self.selection.name


class SelectionReader:
    """Reads what is selected below a root field. `variables` decide about directives and arguments."""

    def __init__(self, asked: Asked, variables: VariableValues, principal: Principal) -> None:
        self._asked = asked
        self._variables = variables
        self._principal = principal

    def root(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        """The root field itself."""
        return self._selection(parent, key, details)

    def _below(self, output: Any, details: list[FieldDetails]) -> dict[str, tuple[Selection, ...]]:
        named = get_named_type(output)
        if is_object_type(named):
            return {named.name: self._children(named, details)}
        if is_abstract_type(named):
            return {kind.name: self._children(kind, details) for kind in self._asked.schema.get_possible_types(named)}
        return {}

    def _children(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> tuple[Selection, ...]:
        asked = self._asked
        found = collect_subfields(
            asked.schema, asked.fragments, self._variables, asked.operation, type_, details
        ).grouped_field_set
        kept = (self._child(type_, key, below) for key, below in found.items())
        return tuple(each for each in kept if each is not None)

    def _child(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection | None:
        """A field below; None where there is nothing to read."""
        name = details[0].node.name.value
        if name.startswith("__"):
            return self._meta(key)
        if not may(self._principal, f"{type_.name}.{name}"):
            return self._denied()
        return self._selection(type_, key, details)

    def _meta(self, _key: str) -> Selection | None:
        """`__typename`, which the interpreter knows by itself."""
        return None

    def _denied(self) -> Selection | None:
        """A field that the person may not use."""
        return None

    def _selection(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        node = details[0].node
        field = type_.fields[node.name.value]
        return Selection(key, node.name.value, self._arguments(field, node), self._below(field.type, details))

    def _arguments(self, field: GraphQLField, node: FieldNode) -> Mapping[str, Any]:
        return get_argument_values(field, node, self._variables)


def selection_of(info: Info, operation: Operation | None = None) -> Selection:
    """The selection that a root resolver is asked for, as the person of `operation` may see it."""
    raw = info._raw_info
    if isinstance(raw, RootInfo):
        return raw.selection
    return _selection(raw, (operation or info.context).principal)


def _selection(raw: GraphQLResolveInfo[Operation], principal: Principal) -> Selection:
    fragments = {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()}
    reader = SelectionReader(Asked(raw.schema, fragments, raw.operation), raw.variable_values, principal)
    return reader.root(raw.parent_type, str(raw.path.key), [FieldDetails(node, None) for node in raw.field_nodes])


def read(info: Info, field: Field, **values: Any) -> Any:
    """Answers a root field of the schema from one statement; denied by policy: FORBIDDEN."""
    require(info)
    try:
        return info.context.read(field, lambda: selection_of(info), values)
    except BadPageError:
        raise bad_input() from None


def read_through(look: Operation, info: Info, field: Field, **values: Any) -> Any:
    """The same through another operation: what its person may not use is left out and FORBIDDEN."""
    if isinstance(info._raw_info, RootInfo):
        return info.context.read_through(look, field, values)
    try:
        return look.read(field, lambda: selection_of(info, look), values)
    except BadPageError:
        raise bad_input() from None


def require(info: Info) -> None:
    """Raises FORBIDDEN where the person may not use the field."""
    raw = info._raw_info
    if not may(info.context.principal, f"{raw.parent_type.name}.{raw.field_name}"):
        raise forbidden()


def resolve_by_key(source: dict[str, Any], info: GraphQLResolveInfo[Operation], **_arguments: Any) -> Any:
    """A field's value in what the statement answered; what was left out of it was forbidden."""
    key = str(info.path.key)
    if key not in source:
        raise forbidden()
    return source[key]


def type_of(source: dict[str, Any], _info: GraphQLResolveInfo[Operation], _type: Any) -> str:
    """The concrete type of what stands where an interface or a union is declared."""
    return str(source[TYPE_KEY])


class UnseenEventError(Exception):
    """An event that this person may not see; no frame is sent for it."""


def resolve_event(event_id: UUID, info: GraphQLResolveInfo[Operation], **_arguments: Any) -> Any:
    """A subscription's field for one event of the log."""
    read_event = One("CaseEvent", "{a}.id = {id}::uuid")
    found = info.context.read(read_event, lambda: _selection(info, info.context.principal), {"id": event_id})
    if found is None:
        raise UnseenEventError
    return found
