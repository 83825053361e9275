"""Questions: each root of Query with arguments, for one person, in documents that the guard lets pass.

What is asked about travels in variables, so that the product parses and validates a document once for everybody who
may ask it, about whatever.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type

from kreisbund_platform.ids import Kind
from tests.isolation.generator import QUERY, SCHEMA, Selection, select, value_of
from tests.isolation.harvest import Own

LEIKA_KEY = "99088011039001"  # of school transport; figures alone are none of the harvested texts
NAMED_TEXT = re.compile(r'(\w+): ("(?:[^"\\]|\\.)*")')
MOST_FIELDS, MOST_ALIASES = 2_500, 60
ID_IN = {"version": Kind.TEMPLATE_VERSION, "draft": Kind.TEMPLATE_DRAFT, "template": Kind.PROCESS_TEMPLATE,
         "case": Kind.CASE_RECORD, "variantComparison": Kind.TEMPLATE_VARIANT,
         "rebasePreview": Kind.VARIANT_REBASE}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One call of a root: its arguments as text, what is selected, and whom or what it is about."""

    root: str
    arguments: str
    selection: Selection
    target: str = ""

    def text(self, alias: str) -> str:
        return f"{alias}: {self.root}{self.arguments} {self.selection.text}"

    def bound(self, alias: str, document: "Document") -> str:
        """The same with each text in a variable of the document."""

        def bind(found: re.Match[str]) -> str:
            name = f"{alias}_{found[1]}"
            document.declared.append(f"${name}: {_type_of(self.root, found[1])}!")
            document.variables[name] = json.loads(found[2])
            return f"{found[1]}: ${name}"

        return f"{alias}: {self.root}{NAMED_TEXT.sub(bind, self.arguments)} {self.selection.text}"

    @property
    def fields(self) -> frozenset[str]:
        return self.selection.fields | {f"Query.{self.root}"}

    @property
    def can_be_null(self) -> bool:
        """Whether a refusal of this root leaves its neighbours in the document alone."""
        return not isinstance(QUERY.fields[self.root].type, GraphQLNonNull)


@dataclass
class Document:
    """One request under construction: the variables that it declares, and their values."""

    declared: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def of(self, questions: Sequence[Question]) -> dict[str, Any]:
        """The request's body."""
        below = " ".join(each.bound(f"a{number}", self) for number, each in enumerate(questions))
        head = f"query ({', '.join(self.declared)}) " if self.declared else ""
        return {"query": f"{head}{{ {below} }}", "variables": self.variables}


def _type_of(root: str, name: str) -> str:
    """The name of an argument's type, or of that of a field in an argument's input."""
    declared = QUERY.fields[root].args
    inside = (getattr(get_named_type(each.type), "fields", {}) for each in declared.values())
    found = declared.get(name) or next(fields[name] for fields in inside if name in fields)
    return get_named_type(found.type).name


def kind_of_type(name: str) -> Kind | None:
    """The kind of ids of a type."""
    snake = "".join(f"_{sign}" if sign.isupper() else sign.upper() for sign in name).lstrip("_")
    return Kind[snake] if snake in Kind.__members__ else None


def type_of_kind(kind: Kind) -> GraphQLObjectType | None:
    """The type that has ids of this kind."""
    named = SCHEMA.type_map.get("".join(word.capitalize() for word in kind.name.split("_")))
    named = named or (SCHEMA.type_map["CaseEvent"] if kind is Kind.EVENT else None)
    return named if isinstance(named, GraphQLObjectType) else None


def wanted_kind(root: str, argument: str) -> Kind | None:
    """What kind of id a root's argument asks for; None where the schema does not say."""
    by_name = ID_IN.get(root) or ID_IN.get(argument)
    return by_name or kind_of_type(get_named_type(QUERY.fields[root].type).name)


def arguments(root: str, given: Mapping[str, str]) -> str:
    """The argument list with those values that are given, as literals by argument name or `Input.field`."""
    parts = []
    for name, argument in QUERY.fields[root].args.items():
        text = value_of(argument, lambda type_name, where: given.get(where.rpartition(".")[2]), name)
        if text is not None and text != "{}":
            parts.append(f"{name}: {text}")
    return f"({', '.join(parts)})" if parts else ""


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def by_id(kind: Kind, identifier: str, depth: int, allowed: Callable[[str], bool]) -> Question | None:
    """`node(id)` for an id of this kind."""
    named = type_of_kind(kind)
    if named is None or "Node" not in {each.name for each in named.interfaces}:
        return None
    inner = select(named, depth, allowed)
    text = f"{{ __typename ... on {named.name} {inner.text} }}"
    return Question("node", f"(id: {quoted(identifier)})", Selection(text, inner.fields), identifier)


def documents(questions: Sequence[Question]) -> Iterator[tuple[dict[str, Any], list[Question]]]:
    """As few documents as the guard allows; a root that cannot be null stands alone."""
    batch: list[Question] = []
    for question in questions:
        if not question.can_be_null:
            yield Document().of([question]), [question]
            continue
        # occurrences, not coordinates, are what the guard counts
        size = sum(each.selection.text.count(" ") for each in batch)
        if batch and (size + question.selection.text.count(" ") > MOST_FIELDS or len(batch) >= MOST_ALIASES):
            yield Document().of(batch), batch
            batch = []
        batch.append(question)
    if batch:
        yield Document().of(batch), batch


def given_for(root: str, own: Own, templates: list[str], each: int) -> list[dict[str, str]]:
    """What a root can be asked about of these rows; nothing where it needs what the rows do not say."""
    names = {name for name, argument in QUERY.fields[root].args.items() if str(argument.type).endswith("!")}
    if "id" in names or "version" in names or "draft" in names:
        name = next(iter(names))
        kind = wanted_kind(root, name)
        return [{name: quoted(value)} for value in spread(own.ids.get(kind, set()), each)] if kind else []
    if "template" in names:
        numbers = {"old": "1", "new": "2"} if "old" in names else {}
        return [{"template": quoted(slug)} | numbers for slug in templates]
    if "slug" in names:
        return [{"slug": quoted(slug)} for slug in templates]
    if "leikaKey" in names:
        return [{"leikaKey": quoted(LEIKA_KEY)}]
    return [] if names else [{"first": "50"}]


def spread(ids: set[str], most: int) -> list[str]:
    """At most so many of them, evenly over time."""
    ordered = sorted(ids)
    return ordered[:: max(1, -(-len(ordered) // most))]
