"""Each single check of the policy and of the row rules, taken out in turn, is missed by an attempt."""

from typing import Any

import anyio
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from kreisbund_api.graphql.operation import TYPES
from kreisbund_platform.ids import Kind
from tests.isolation import rights
from tests.isolation.asking import Question, arguments, documents, quoted
from tests.isolation.changes import about, document
from tests.isolation.generator import MUTATION, QUERY, SCHEMA, Selection
from tests.isolation.harvest import Own
from tests.isolation.judging import Judge
from tests.isolation.mutants import (
    all_open,
    field_refused,
    holds,
    leaf,
    outsiders,
    questions_to,
    recorded,
)
from tests.isolation.world import COUNTY, Person, World

MOST_WAYS = 12
TEMPLATES = ["schuelerbefoerderung", "jagdschein"]
NOT_SHOWN = {
    "TemplateHistoryEntry": "in a county the one list that leads to it is empty, whatever the rule says",
    "Erasure": "nothing here has been kept long enough to be erased",
    "ErasureRun": "see Erasure",
}
REFUSED = '"INTERNAL"'  # a county's login has no right to the table
ROOTS = {"Query", "Mutation", "Subscription"}


def checked() -> list[str]:
    """Lines that keep somebody out. Interfaces are judged by what implements them."""
    objects = {name for name, each in SCHEMA.type_map.items() if isinstance(each, GraphQLObjectType)}
    return sorted(c for c, who in rights.RIGHTS.items() if not who >= rights.ANYONE and c.split(".")[0] in objects)


@pytest.fixture(scope="module")
def mine(judge: Judge) -> Own:
    return judge.around(COUNTY)


def test_the_policy_is_the_list_that_was_reviewed() -> None:
    assert rights.LIST.read_text() == rights.as_policy_says(), "python -m tests.isolation.rights, and have it reviewed"


def test_each_line_of_the_policy_is_missed(world: World, judge: Judge, mine: Own, told) -> None:
    answered, read, escaped = 0, 0, []
    for coordinate in checked():
        type_name = coordinate.split(".")[0]
        how = _caught_root(world, judge, coordinate) if type_name in ROOTS else _caught(world, mine, coordinate)
        answered, read = answered + (how == "answer"), read + (how == "statement")
        if how is None:
            escaped.append(coordinate)
    told(f"{answered + read} lines removed in turn: {answered} seen in the answer, {read} in the statement")
    assert escaped == []


def _outside(world: World, coordinate: str) -> list[Person]:
    groups = {person: rights.groups_of(person) for person in world.people}
    here = [person for person in world.people if person.county in (COUNTY, None)]
    return outsiders(here, groups, rights.RIGHTS[coordinate])


def _caught(world: World, mine: Own, coordinate: str) -> str | None:
    """`answer`: FORBIDDEN before, not after; `statement`: left out of the statement before, not after."""
    type_name, name = coordinate.split(".")
    declared = SCHEMA.type_map[type_name]
    assert isinstance(declared, GraphQLObjectType)
    ways = questions_to(declared, leaf(declared, name), mine, TEMPLATES)[:MOST_WAYS]
    texts = [text for text, _q in documents(ways)] or _by_mutation(type_name, leaf(declared, name))
    last = None
    for person in _outside(world, coordinate)[:6]:
        with all_open(but=coordinate), recorded() as before:
            kept = world.ask(person, texts)
        with all_open(), recorded() as after:
            removed = world.ask(person, texts)
        if any(field_refused(said, name) for said in kept) and not any(field_refused(said, name) for said in removed):
            return "answer"
        if not holds(before, coordinate) and holds(after, coordinate):
            last = "statement"
    return last


def _by_mutation(type_name: str, last: str) -> list[dict[str, Any]]:
    """A call of a mutation whose result can be this type; none where nothing leads there."""
    names = {n for n, f in MUTATION.fields.items() if type_name in {t.name for t in f.type.of_type.types}}
    changes = [one for one, _other in about(_anything()) if one.name in names][:1]
    below = f"... on {type_name} {{ {last} }}"
    if not changes:
        return []
    asked = document(changes)
    return [asked | {"query": asked["query"].replace("... on Problem { code message }", below)}]


def _anything() -> Own:
    own = Own()
    own.ids[Kind.CASE_RECORD].add("019cadc6-9a80-8008-8b99-26ec2fc86b79")
    return own


def _caught_root(world: World, judge: Judge, coordinate: str) -> str | None:
    type_name, name = coordinate.split(".")
    if type_name == "Subscription":
        return _caught_stream(world, coordinate)
    if type_name == "Query":
        ((text, _questions),) = documents(_root_questions(name))
    else:
        text = document([next(one for one, _other in about(_anything()) if one.name == name)])
    for person in _outside(world, coordinate)[:6]:
        with all_open(but=coordinate):
            (kept,) = world.ask(person, [text])
        with all_open():
            (removed,) = world.ask(person, [text])
        if '"FORBIDDEN"' in kept.text and '"FORBIDDEN"' not in removed.text:
            return "answer"
    return None


def _root_questions(name: str) -> list[Question]:
    values = {"id": quoted("019cadc6-9a80-8008-8b99-26ec2fc86b79"), "old": "1", "new": "1"}
    given = values | {each: quoted("x") for each in ("template", "slug", "caseNumber", "secret", "leikaKey")}
    given |= dict.fromkeys(("version", "draft", "invitation", "county", "access"), values["id"])
    needed = {n: given[n] for n, a in QUERY.fields[name].args.items() if str(a.type).endswith("!")}
    below = "" if is_leaf_type(get_named_type(QUERY.fields[name].type)) else "{ __typename }"
    return [Question(name, arguments(name, needed), Selection(below, frozenset()))]


def _caught_stream(world: World, coordinate: str) -> str | None:
    person = _outside(world, coordinate)[0]

    async def first() -> str:
        headers = {"Authorization": f"Bearer {person.token}", "Accept": "text/event-stream"}
        async with world.client() as client:
            with anyio.move_on_after(2):
                body = {"query": "subscription { caseEvents { id } }"}
                return (await client.post("/graphql", json=body, headers=headers)).text
        return "a stream that stays open"

    with all_open(but=coordinate):
        kept = anyio.run(first)
    with all_open():
        removed = anyio.run(first)
    return "answer" if "FORBIDDEN" in kept and "FORBIDDEN" not in removed else None


RULED = sorted((name, viewpoint) for name, each in TYPES.items() if each.rows for viewpoint in ("citizen", "guest"))


def test_each_row_rule_is_missed(world: World, mine: Own, told) -> None:
    """All fields stand open, all other rules too: this rule alone keeps another's rows from citizens and guests.

    Of the service team's own tables (drafts, reviews, proposals) the database keeps every county out as well: there
    the rule's removal leads to an error, not to a row.
    """
    people = {"citizen": [p for p in world.of_county(COUNTY) if p.role == "citizen"][-1],
              "guest": world.person("guest")}  # fmt: skip
    kept = {name: dict(each.rows) for name, each in TYPES.items() if each.rows}
    caught, doubly, missed = [], [], []
    for name, viewpoint in RULED:
        if kept[name].get(viewpoint) == "true":
            continue
        declared = SCHEMA.type_map[name]
        assert isinstance(declared, GraphQLObjectType)
        ways = questions_to(declared, "__typename", mine, TEMPLATES)[: 3 * MOST_WAYS]
        texts = [text for text, _q in documents(ways)]
        answers = []
        for removed in (False, True):
            for each in TYPES.values():
                if each.rows is not None:
                    each.rows[viewpoint] = "true"  # type: ignore[index]
            if not removed:
                TYPES[name].rows[viewpoint] = kept[name].get(viewpoint, "false")  # type: ignore[index]
            with all_open():
                said = world.ask(people[viewpoint], texts)
            answers.append("".join(each.text for each in said))
            for other, rules in kept.items():
                TYPES[other].rows.clear()  # type: ignore[union-attr]
                TYPES[other].rows.update(rules)  # type: ignore[union-attr]
        seen = [f'"__typename":"{name}"' in answer for answer in answers]
        shown = caught if seen == [False, True] else doubly if REFUSED in answers[1] and not seen[1] else missed
        shown.append(f"{name} {viewpoint}")
    told(f"{len(caught)} row rules removed in turn and missed, {len(doubly)} held by the database: {doubly}")
    assert {rule.split()[0] for rule in missed} <= NOT_SHOWN.keys(), f"without a row, or of no effect: {missed}"
