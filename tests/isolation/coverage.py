"""Which fields of the schema anybody has seen with a value: by what was selected, and by what came back."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
)

from tests.isolation.generator import SCHEMA, types


def seen(document: str | dict[str, Any], body: Any) -> set[str]:
    """The coordinates `Type.field` that this answer shows: neither null nor an empty list."""
    text = document if isinstance(document, str) else document["query"]
    (operation,) = (each for each in _parsed(text).definitions if isinstance(each, OperationDefinitionNode))
    root = SCHEMA.get_root_type(operation.operation)
    assert root is not None
    return set(_object(root.name, operation.selection_set, body.get("data") or {}))


@lru_cache(maxsize=64)
def _parsed(text: str) -> DocumentNode:
    return parse(text, no_location=True)


def with_interfaces(coordinates: Iterable[str]) -> set[str]:
    """The same and the fields of interfaces that these implement."""
    found = set(coordinates)
    for named in types():
        if isinstance(named, GraphQLInterfaceType):
            below = [each.name for each in SCHEMA.get_implementations(named).objects]
            found |= {f"{named.name}.{f}" for f in named.fields if any(f"{name}.{f}" in found for name in below)}
    return found


def _object(type_name: str, selection: SelectionSetNode, value: dict[str, Any]) -> Iterator[str]:
    type_name = value.get("__typename", type_name)
    declared = SCHEMA.type_map[type_name]
    for node in _fields(type_name, selection):
        name = node.name.value
        below = value.get(node.alias.value if node.alias else name)
        if name.startswith("__") or below is None or below == []:
            continue
        assert isinstance(declared, GraphQLObjectType)
        yield f"{type_name}.{name}"
        if node.selection_set:
            inner = get_named_type(declared.fields[name].type).name
            for each in below if isinstance(below, list) else [below]:
                yield from _object(inner, node.selection_set, each or {})


def _fields(type_name: str, selection: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields that apply to an object of this type."""
    for node in selection.selections:
        assert not isinstance(node, FragmentDefinitionNode)
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode) and _applies(node, type_name):
            yield from _fields(type_name, node.selection_set)


def _applies(node: InlineFragmentNode, type_name: str) -> bool:
    on = node.type_condition.name.value if node.type_condition else type_name
    named = SCHEMA.type_map[on]
    is_above = isinstance(named, GraphQLInterfaceType) and SCHEMA.is_sub_type(named, SCHEMA.type_map[type_name])  # type: ignore[arg-type]
    return on == type_name or is_above
