"""Selections and arguments, generated from api/schema.graphql alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_enum_type,
)

SCHEMA = build_schema((Path(__file__).parents[2] / "api" / "schema.graphql").read_text())
LIMITED = "first: 20"
Allowed = Callable[[str], bool]


@dataclass(frozen=True)
class Selection:
    """The text of a selection set and the coordinates `Type.field` in it."""

    text: str
    fields: frozenset[str]


def types() -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    """The schema's object types and interfaces."""
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            yield named


COORDINATES = frozenset(f"{each.name}.{field}" for each in types() for field in each.fields)
QUERY, MUTATION = SCHEMA.query_type, SCHEMA.mutation_type
assert QUERY is not None
assert MUTATION is not None


def select(named: GraphQLNamedType, depth: int, allowed: Allowed = lambda _coordinate: True) -> Selection:
    """Everything allowed of a type, `depth` levels of objects deep; no type twice on one way down."""
    fields: set[str] = set()
    text = _set(named, depth, allowed, (), fields)
    return Selection(text, frozenset(fields))


def _set(named: GraphQLNamedType, depth: int, allowed: Allowed, above: tuple[str, ...], seen: set[str]) -> str:
    if isinstance(named, GraphQLUnionType):
        parts = [f"... on {each.name} {_set(each, depth, allowed, above, seen)}" for each in named.types]
        return "{ __typename " + " ".join(parts) + " }"
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    parts = ["__typename"]
    for name, field in named.fields.items():
        below = get_named_type(field.type)
        is_object = isinstance(below, GraphQLObjectType)
        # a page's edges and nodes are no levels of their own
        level = depth if named.name.endswith(("Connection", "Edge")) else depth - 1
        if not allowed(f"{named.name}.{name}") or (is_object and (level < 0 or below.name in above)):
            continue
        arguments = f"({LIMITED})" if "first" in field.args else ""
        inner = _set(below, level, allowed, (*above, named.name), seen) if is_object else ""
        if inner == "{ __typename }":
            continue
        seen.add(f"{named.name}.{name}")
        parts.append(f"{name}{arguments}{' ' + inner if inner else ''}")
    return "{ " + " ".join(parts) + " }"


def value_of(argument: GraphQLArgument, given: Callable[[str, str], str | None], name: str) -> str | None:
    """A literal for an argument; `given(type, name)` decides leaves, None leaves an optional one out."""
    return _value(argument.type, name, given)


def _value(declared: object, name: str, given: Callable[[str, str], str | None]) -> str | None:
    if isinstance(declared, GraphQLNonNull):
        return _value(declared.of_type, name, given)
    if isinstance(declared, GraphQLList):
        inner = _value(declared.of_type, name, given)
        return None if inner is None else f"[{inner}]"
    if isinstance(declared, GraphQLInputObjectType):
        parts = {key: _value(each.type, f"{declared.name}.{key}", given) for key, each in declared.fields.items()}
        return "{" + ", ".join(f"{key}: {text}" for key, text in parts.items() if text is not None) + "}"
    named = get_named_type(declared)  # type: ignore[arg-type]
    said = given(named.name, name)
    if said is None and is_enum_type(named):
        return str(next(iter(named.values)))
    return said
