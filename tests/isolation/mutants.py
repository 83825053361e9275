"""One check removed at a time: everything else stands open, so that this check alone is between person and field."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type

from kreisbund_api.graphql import readers
from kreisbund_api.graphql.reading import SelectionReader
from kreisbund_platform.database.selection import Selection
from kreisbund_platform.identity.policy import POLICY
from kreisbund_platform.identity.policy_terms import ANYONE, Who
from tests.isolation.asking import Question, arguments, by_id, given_for, spread, type_of_kind
from tests.isolation.generator import QUERY
from tests.isolation.generator import Selection as Text
from tests.isolation.harvest import Own
from tests.isolation.world import Person

TABLE = cast("dict[str, Who]", POLICY)
# who looks on from outside, those first who can stand beside the data
OUTSIDERS = ("treasurer", "cashier", "caseworker", "template_author", "county_admin", "none", "citizen", "guest",
             "topic_lead", "funding_auditor")  # fmt: skip
NEAREST = 6


@contextmanager
def all_open(but: str = "") -> Iterator[None]:
    """Every line of the policy lets everybody pass; `but` stays as it is."""
    kept, audiences = dict(TABLE), readers.audiences_of
    TABLE.update({name: ANYONE for name in kept if name != but})
    # what documents mean was remembered by kind of reader: these are of a kind of their own
    kind = object()
    readers.audiences_of = lambda principal: (kind, audiences(principal))  # type: ignore[assignment, return-value]
    try:
        yield
    finally:
        TABLE.update(kept)
        readers.audiences_of = audiences


@contextmanager
def recorded() -> Iterator[list[Selection]]:
    """What was read of the documents that run meanwhile: the fields that statements are made of."""
    found: list[Selection] = []
    read = SelectionReader.root

    def root(self: SelectionReader, *asked: Any) -> Selection:
        made = read(self, *asked)
        found.append(made)
        return made

    SelectionReader.root = root  # type: ignore[method-assign]
    try:
        yield found
    finally:
        SelectionReader.root = read  # type: ignore[method-assign]


def holds(selections: list[Selection], coordinate: str) -> bool:
    """Whether a field got into what a statement is made of."""
    return any(_holds(each.children, coordinate) for each in selections)


def _holds(children: Mapping[str, tuple[Selection, ...]], coordinate: str) -> bool:
    return any(
        f"{type_name}.{child.name}" == coordinate or _holds(child.children, coordinate)
        for type_name, below in children.items()
        for child in below
    )


def outsiders(people: list[Person], groups: Mapping[Person, frozenset[str]], who: frozenset[str]) -> list[Person]:
    """Those whom a line does not let pass, in the order of OUTSIDERS."""
    outside = [person for person in people if not groups[person] & who]
    return sorted((p for p in outside if p.role in OUTSIDERS), key=lambda person: OUTSIDERS.index(person.role))


def way(start: GraphQLObjectType, end: str) -> list[str] | None:
    """The shortest way down from one type to another, as field names."""
    queue: deque[tuple[GraphQLObjectType, list[str]]] = deque([(start, [])])
    seen = {start.name}
    while queue:
        here, names = queue.popleft()
        if here.name == end:
            return names
        for name, field in here.fields.items():
            below = get_named_type(field.type)
            if isinstance(below, GraphQLObjectType) and below.name not in seen:
                seen.add(below.name)
                queue.append((below, [*names, name]))
    return None


def path_text(names: list[str], start: GraphQLObjectType, last: str) -> str:
    """A selection that goes down by these names and ends in `last`."""
    here, opening = start, ""
    for name in names:
        field = here.fields[name]
        opening += f"{{ __typename {name}{'(first: 50)' if 'first' in field.args else ''} "
        here = cast("GraphQLObjectType", get_named_type(field.type))
    return f"{opening}{{ __typename {last} }}" + " }" * len(names)


def leaf(type_: GraphQLObjectType, name: str) -> str:
    """A field with the least that can be selected below it."""
    field = type_.fields[name]
    below = get_named_type(field.type)
    return f"{name}{' { __typename }' if isinstance(below, GraphQLObjectType | GraphQLUnionType) else ''}"


def questions_to(target: GraphQLObjectType, last: str, own: Own, templates: list[str], each: int = 8) -> list[Question]:
    """The nearest ways from a root or a node to a field of a type."""
    found: list[tuple[int, Question]] = []
    for root, field in QUERY.fields.items():
        start = get_named_type(field.type)
        names = way(start, target.name) if isinstance(start, GraphQLObjectType) else None
        if names is not None:
            text = Text(path_text(names, start, last), frozenset())
            found += [
                (len(names), Question(root, arguments(root, g), text)) for g in given_for(root, own, templates, 3)
            ]
    for kind, ids in own.ids.items():
        start_ = type_of_kind(kind)
        names = way(start_, target.name) if start_ is not None else None
        if start_ is None or names is None or by_id(kind, "", 0, lambda _c: True) is None:
            continue
        # the newest has what the lives before the attempts led to
        chosen = [max(ids), *spread(ids, each)]
        text = Text(f"{{ ... on {start_.name} {path_text(names, start_, last)} }}", frozenset())
        found += [(len(names), Question("node", f'(id: "{one}")', text)) for one in chosen]
    return [question for _steps, question in sorted(found, key=lambda pair: pair[0])]


def field_refused(said: Any, name: str) -> bool:
    """Whether the field itself was forbidden."""
    return any(
        error["extensions"].get("code") == "FORBIDDEN" and error.get("path", [""])[-1] == name
        for error in said.body.get("errors", ())
    )
