"""The attempts on reading: every root and everything below it, by everybody, aimed at what is not theirs."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphql import get_named_type

from kreisbund_platform.identity.policy import SHARED_TYPES
from kreisbund_platform.ids import Kind, new_id
from tests.isolation import rights
from tests.isolation.asking import Question, arguments, by_id, documents, quoted, spread, wanted_kind
from tests.isolation.generator import QUERY, select
from tests.isolation.harvest import SHARED, Own
from tests.isolation.world import COUNTY, OTHER, Person, Said

A_KIND, DEEP, SHALLOW, TEXTS_TRIED = 3, 1, 0, 4
TEXTS = {"text", "search", "assignee", "role", "template", "slug", "caseNumber", "secret", "lifeSituation", "leikaKey"}


@dataclass
class Tally:
    """Attempts made: one for each field, person, fault and target."""

    made: set[tuple[str, str, str, str]] = field(default_factory=set)

    def count(self, question: Question, person: Person, fault: str = "") -> None:
        for coordinate in question.fields:
            self.made.add((coordinate, person.name, fault, question.target))


@dataclass(frozen=True)
class Pair:
    """The same question about something of others and about something that never was."""

    foreign: Question
    never: Question


def of_others(person: Person, own: Mapping[str, Own]) -> Own:
    """What a county that is not this person's has alone: neither shared nor in the person's own county."""
    theirs = own[OTHER if person.county == COUNTY else COUNTY]
    public = [own[SHARED]] + ([own[person.county]] if person.county else [])
    left = Own(texts=theirs.texts.difference(*(each.texts for each in public)), of_case=theirs.of_case)
    for kind, ids in theirs.ids.items():
        left.ids[kind] = ids.difference(*(each.ids.get(kind, set()) for each in public))
    return left


def never_was(kind: Kind) -> str:
    return str(new_id(kind, datetime.now(UTC)))


def pairs(person: Person, own: Mapping[str, Own]) -> Iterator[Pair]:
    """Every root with every argument aimed at another county's ids, names and numbers."""
    foreign = of_others(person, own)
    for root, declared in QUERY.fields.items():
        inner_type = get_named_type(declared.type)
        for kind, identifier in _ids(foreign):
            yield from _by_ids(person, root, kind, identifier, inner_type)
        for text in _texts(foreign):
            # a search in what everybody reads finds by the words asked for, whoever has them too
            names = [name for name in _argument_names(root) if name in TEXTS and inner_type.name not in SHARED_TYPES]
            inner = select(inner_type, 1, lambda coordinate: rights.may(person, coordinate))
            for name in names:
                unknown = secrets.token_hex(8)
                two = [_given(root, name, each) for each in (text, unknown)]
                yield Pair(*(Question(root, given, inner, text) for given in two))


def _by_ids(person: Person, root: str, kind: Kind, identifier: str, named: object) -> Iterator[Pair]:
    def allowed(coordinate: str) -> bool:
        return rights.may(person, coordinate)

    never = never_was(kind)
    if root == "node":
        two = [by_id(kind, each, DEEP, allowed) for each in (identifier, never)]
        if two[0] and two[1]:
            yield Pair(two[0], Question("node", two[1].arguments, two[1].selection, identifier))
        return
    for name, is_id in _argument_names(root).items():
        if is_id:
            depth = DEEP if wanted_kind(root, name) is kind else SHALLOW
            inner = select(named, depth, allowed)  # type: ignore[arg-type]
            yield Pair(*(Question(root, _given(root, name, x), inner, identifier) for x in (identifier, never)))


def _given(root: str, name: str, value: str) -> str:
    others = {"template": "schuelerbefoerderung", "slug": "x", "caseNumber": "x", "secret": "x", "leikaKey": "x"}
    given = {other: quoted(text) for other, text in others.items() if other in _required(root)}
    return arguments(root, given | {"old": "1", "new": "1", name: quoted(value)})


def _required(root: str) -> set[str]:
    return {name for name, argument in QUERY.fields[root].args.items() if str(argument.type).endswith("!")}


def _argument_names(root: str) -> dict[str, bool]:
    """Arguments, those inside of inputs too, and whether they are ids."""
    found: dict[str, bool] = {}
    for name, argument in QUERY.fields[root].args.items():
        named = get_named_type(argument.type)
        inside = getattr(named, "fields", None)
        if inside is None:
            found[name] = named.name == "ID"
        else:
            found |= {key: get_named_type(each.type).name == "ID" for key, each in inside.items()}
    return found


def _ids(foreign: Own) -> Iterator[tuple[Kind, str]]:
    for kind, ids in sorted(foreign.ids.items()):
        for identifier in spread(ids, A_KIND)[:A_KIND]:
            yield kind, identifier


def _texts(foreign: Own) -> list[str]:
    """A few names, numbers and subjects of another county's cases."""
    case = next(iter(sorted(foreign.of_case)))
    return sorted(text for text in foreign.of_case[case] & foreign.texts if 8 <= len(text) <= 40 and "{" not in text)[
        :TEXTS_TRIED
    ]


def alike(question: Question, said: Said, number: int) -> object:
    """What an answer says to one question, with neither id nor place in it."""
    mine = f"a{number}"
    data = (said.body.get("data") or {}).get(mine)
    errors = [
        (error["message"], error["extensions"].get("code"), list(error.get("path", ()))[1:])
        for error in said.body.get("errors", ())
        if error.get("path", [mine])[:1] == [mine]
    ]
    return said.status, data, errors


Documents = list[tuple[dict[str, Any], list[Question]]]


def asked(pairs_: list[Pair]) -> tuple[Documents, Documents]:
    """The documents of all foreign and of all unknown targets, in step with each other."""
    return list(documents([each.foreign for each in pairs_])), list(documents([each.never for each in pairs_]))
