"""Random queries over the whole schema: aliases, fragments, directives, variables, pages behind cursors."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from kreisbund_platform.ids import Kind
from tests.isolation.asking import LEIKA_KEY, type_of_kind, wanted_kind
from tests.isolation.generator import QUERY, SCHEMA
from tests.isolation.harvest import Own

MOST_ROOTS, MOST_FIELDS, DEEPEST = 3, 6, 4
WORDS = ("Nordhausen", "schule", "%", "_", "", " ", "2026", "Łucja", "nobody knows this")
# counts each try
LEFT_OUT = frozenset({"guestStatus"})


@dataclass
class Draft:
    """A document under construction. `cursors`: those that answers gave out, by type of connection."""

    choice: random.Random
    own: Own
    templates: Sequence[str]
    allowed: Callable[[str], bool]
    cursors: Sequence[str]
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def document(self) -> tuple[str, dict[str, Any]]:
        """Text and variables."""
        roots = [name for name in QUERY.fields if name not in LEFT_OUT and self.allowed(f"Query.{name}")]
        chosen = self.choice.choices(roots, k=self.choice.randint(1, MOST_ROOTS))
        body = " ".join(self._field(QUERY, name, DEEPEST, f"r{number}") for number, name in enumerate(chosen))
        declared = ", ".join(f"${name}: {kind}" for name, kind in self.declared.items())
        head = f"query Asked({declared})" if declared else "query Asked"
        return f"{head} {{ {body} }} {' '.join(self.fragments)}", self.variables

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int, alias: str = "") -> str:
        declared = parent.fields[name]
        parts = [self._argument(name if parent is QUERY else "", *each) for each in declared.args.items()]
        given = f"({', '.join(part for part in parts if part)})" if any(parts) else ""
        below = self._set(get_named_type(declared.type), depth - 1)
        if not alias and self.choice.random() < 0.15:
            alias = f"{name}_{self.choice.randint(1, 3)}"
        directive = self._directive() if self.choice.random() < 0.1 else ""
        return f"{alias + ': ' if alias else ''}{name}{given}{directive}{below}"

    def _directive(self) -> str:
        word = self.choice.choice(("include", "skip"))
        if self.choice.random() < 0.5:
            return f" @{word}(if: {self.choice.choice(('true', 'false'))})"
        return f" @{word}(if: {self._variable('Boolean!', self.choice.random() < 0.5)})"

    def _set(self, named: GraphQLNamedType, depth: int) -> str:
        if isinstance(named, GraphQLInterfaceType):
            kinds = self.choice.sample(SCHEMA.get_possible_types(named), 3)
            kinds += [found for kind in Kind if (found := type_of_kind(kind)) and self.choice.random() < 0.3]
            parts = [f"... on {each.name} {self._set(each, depth)}" for each in kinds if named in each.interfaces]
            return " { __typename id " + " ".join(parts) + " }"
        if not isinstance(named, GraphQLObjectType):
            return ""
        is_wrapper = named.name.endswith(("Connection", "Edge"))
        names = [
            name
            for name, declared in named.fields.items()
            if self.allowed(f"{named.name}.{name}")
            and ((depth > -4 and is_wrapper) or depth > 0 or not hasattr(get_named_type(declared.type), "fields"))
        ]
        chosen = self.choice.sample(names, min(len(names), self.choice.randint(1, MOST_FIELDS)))
        parts = [self._field(named, name, depth) for name in chosen]
        if not parts or self.choice.random() < 0.2:
            parts.append(self.choice.choice(("__typename", "kind_of_it: __typename")))
        if self.choice.random() < 0.15:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {named.name} {{ {' '.join(parts)} }}")
            return f" {{ ...{name} }}"
        return f" {{ {' '.join(parts)} }}"

    def _argument(self, root: str, name: str, declared: GraphQLArgument) -> str:
        if not is_required_argument(declared) and self.choice.random() < 0.5:
            return ""
        value = self._value(root, name, declared)
        if self.choice.random() < 0.5:
            return f"{name}: {self._variable(str(declared.type), value)}"
        return f"{name}: {_literal(value)}"

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self.declared)}"
        self.declared[name] = kind
        self.variables[name] = value
        return f"${name}"

    def _value(self, root: str, name: str, declared: GraphQLArgument) -> Any:
        named = get_named_type(declared.type)
        if name == "first":
            return self.choice.choice((None, 0, 1, 2, 3, 20))
        if name == "after":
            return self.choice.choice((None, *self.cursors[-20:], "bad"))
        if name == "filter":
            return self._filter(named)
        if named.name == "Int":
            return self.choice.randint(1, 2)
        if named.name == "ID":
            return self._id(root, name)
        if named.name == "Date":
            return self.choice.choice((None, "2026-01-01", "2026-10-01"))
        return LEIKA_KEY if name == "leikaKey" else self.choice.choice((*self.templates, *WORDS))

    def _filter(self, named: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, declared in named.fields.items():
            if self.choice.random() < 0.3:
                inner = get_named_type(declared.type)
                is_enum = isinstance(inner, GraphQLEnumType)
                found[name] = self.choice.sample(list(inner.values), 2) if is_enum else self._value("", name, declared)
        return found

    def _id(self, root: str, name: str) -> str:
        kind = wanted_kind(root, name) if root else None
        known = sorted(self.own.ids.get(kind or self.choice.choice(list(Kind)), ()))
        return self.choice.choice(known) if known and self.choice.random() < 0.9 else "nothing"


class _Name(str):
    """An enum's value stands bare in a document."""


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "{" + ", ".join(f"{name}: {_literal(_bare(name, each))}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _Name():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _bare(name: str, value: Any) -> Any:
    return [_Name(each) for each in value] if name == "status" and value else value
