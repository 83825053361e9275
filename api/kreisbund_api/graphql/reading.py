"""From GraphQL's AST to a neutral selection, and from the answer back to fields.

Aliases, fragments, @skip and @include are graphql-core's business (`collect_subfields`). Fields that the
person may not use are left out of the statement; their resolver then finds nothing and answers FORBIDDEN.
"""

from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo, get_named_type, is_abstract_type, is_object_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import get_argument_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.refusals import bad_input, forbidden
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.object_types import Field, One
from kreisbund_platform.database.selection import TYPE_KEY, Selection
from kreisbund_platform.identity.policy import may

Info = strawberry.Info[Operation, None]


class SelectionReader:
    """Reads the selection below one resolved field."""

    def __init__(self, info: GraphQLResolveInfo[Operation], operation: Operation | None = None) -> None:
        self._info = info
        self._operation = operation or info.context
        self._fragments = {name: FragmentDetails(fragment) for name, fragment in info.fragments.items()}

    def root(self) -> Selection:
        """The resolved field itself."""
        info = self._info
        field = info.parent_type.fields[info.field_name]
        arguments = get_argument_values(field, info.field_nodes[0], info.variable_values)
        details = [FieldDetails(node, None) for node in info.field_nodes]
        return Selection(str(info.path.key), info.field_name, arguments, self._below(field.type, details))

    def _below(self, output: Any, details: list[FieldDetails]) -> dict[str, tuple[Selection, ...]]:
        named = get_named_type(output)
        if is_object_type(named):
            return {named.name: self._children(named, details)}
        if is_abstract_type(named):
            return {kind.name: self._children(kind, details) for kind in self._info.schema.get_possible_types(named)}
        return {}

    def _children(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> tuple[Selection, ...]:
        info = self._info
        found = collect_subfields(
            info.schema, self._fragments, info.variable_values, info.operation, type_, details
        ).grouped_field_set
        return tuple(
            self._selection(type_, key, below)
            for key, below in found.items()
            if not below[0].node.name.value.startswith("__")
            and may(self._operation.principal, f"{type_.name}.{below[0].node.name.value}")
        )

    def _selection(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        node = details[0].node
        field = type_.fields[node.name.value]
        arguments = get_argument_values(field, node, self._info.variable_values)
        return Selection(key, node.name.value, arguments, self._below(field.type, details))


def selection_of(info: Info, operation: Operation | None = None) -> Selection:
    """The selection that a root resolver is asked for, as the person of `operation` may see it."""
    return SelectionReader(info._raw_info, operation).root()


def read(info: Info, field: Field, **values: Any) -> Any:
    """Answers a root field of the schema from one statement; denied by policy: FORBIDDEN."""
    require(info)
    try:
        return info.context.read(field, selection_of(info), values)
    except BadPageError:
        raise bad_input() from None


def read_through(look: Operation, info: Info, field: Field, **values: Any) -> Any:
    """The same through another operation: what its person may not use is left out and FORBIDDEN."""
    try:
        return look.read(field, SelectionReader(info._raw_info, look).root(), values)
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
    selection = SelectionReader(info).root()
    found = info.context.read(One("CaseEvent", "{a}.id = {id}::uuid"), selection, {"id": event_id})
    if found is None:
        raise UnseenEventError
    return found
