"""Nearly all fields have been seen with a value by somebody who may; what has not is named here."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_named_type

from tests.isolation import rights
from tests.isolation.asking import Question, arguments, by_id, documents, given_for, spread
from tests.isolation.coverage import seen, with_interfaces
from tests.isolation.doing import Doing
from tests.isolation.generator import COORDINATES, MUTATION, QUERY, SCHEMA, select
from tests.isolation.harvest import SHARED, Own, rows
from tests.isolation.hearing import heard
from tests.isolation.judging import Judge
from tests.isolation.life_of_templates import SCHOOL
from tests.isolation.world import COUNTY, OTHER, Person, World

ENOUGH = 0.95
READERS = {"caseworker", "team_lead", "county_admin", "data_protection_officer", "citizen", "guest",
           "service_team_lead", "granting_authority", "operator"}  # fmt: skip
TEMPLATES = [SCHOOL, "jagdschein"]
A_KIND, DEPTH = 4, 2
OF_ITS_OWN = {"party": "name", "note": "text", "message": "text", "case_upgrade": "legal_basis",
              "template_release": "reason", "template_variant": "content_hash"}  # fmt: skip
# mutations that nobody can complete in this world: what is erased has been kept ten years, and the year is one
NOT_DONE = {"eraseCase", "eraseAccount"}
OF_ERASURES = ("EraseSuccess", "Erasure", "ErasureRun")
# What nothing fills here. It counts as missing all the same.
NOT_FILLED = {
    "RebasePreview.problems": "each decision is judged when it is made; nothing here fails only together",
    **dict.fromkeys((f"VariantProblem.{name}" for name in ("path", "code", "message")), "see RebasePreview.problems"),
    **dict.fromkeys(
        (c for c in COORDINATES if c.startswith(tuple(f"{name}." for name in OF_ERASURES))), "see NOT_DONE"
    ),
    **dict.fromkeys(("Query.erasures", "Query.erasureRuns"), "see NOT_DONE"),
}


def test_every_mutation_has_succeeded_once(world: World) -> None:
    assert set(MUTATION.fields) - world.done == NOT_DONE, "let somebody do it in life_of_….py, or name it here"


def test_nearly_every_field_has_been_seen(world: World, judge: Judge, told) -> None:
    found = set(world.shown) | _heard(world)
    for person in world.people:
        if person.role in READERS:
            texts = list(_texts(person, _things(judge, person)))
            for text, said in zip(texts, world.ask(person, texts), strict=True):
                assert "errors" not in said.body, (person.name, said.body["errors"][:3])
                found |= seen(text, said.body)
    missing = COORDINATES - with_interfaces(found)
    told(f"{len(COORDINATES) - len(missing)} of {len(COORDINATES)} fields seen, not: {sorted(missing)}")
    assert NOT_FILLED.keys() <= missing, "filled meanwhile, take them from the table"
    assert len(missing) <= (1 - ENOUGH) * len(COORDINATES), sorted(missing - NOT_FILLED.keys())


@pytest.mark.parametrize(("table", "column"), sorted(OF_ITS_OWN.items()))
def test_each_county_has_names_and_texts_of_its_own(world: World, table: str, column: str) -> None:
    with world.deployment.database.owner() as owner:
        one, other = ({row[column] for row in rows(owner, f"county_{slug}", table)} for slug in (COUNTY, OTHER))
    assert one - other
    assert other - one


def _things(judge: Judge, person: Person) -> Own:
    """What there is around a person; of a county's rows only their own where the person is a citizen."""
    own = judge.around(person.county)
    if person.role == "citizen":
        theirs = judge.own[person.county or ""].of_person(person.claims["sub"]) | judge.own[SHARED].texts
        for kind in own.ids:
            own.ids[kind] &= theirs
    return own


def _texts(person: Person, own: Own) -> Iterator[dict[str, Any]]:
    """Every root that the person may use, and every kind of thing by its id, everything allowed selected."""

    def allowed(coordinate: str) -> bool:
        return rights.may(person, coordinate)

    questions = []
    for root, field in QUERY.fields.items():
        if root != "node" and allowed(f"Query.{root}"):
            inner = select(get_named_type(field.type), DEPTH, allowed)
            given = given_for(root, own, TEMPLATES, A_KIND)
            questions += [Question(root, arguments(root, each), inner) for each in given]
    for kind, ids in own.ids.items():
        questions += [q for each in spread(ids, A_KIND) if (q := by_id(kind, each, DEPTH, allowed))]
    yield from (text for text, _questions in documents(questions))


def _heard(world: World) -> set[str]:
    """The events that a caseworker hears of while a case is worked."""
    doing, clerk = Doing(world), world.person("caseworker")
    cases = doing.read(clerk, "{ cases(first: 1) { edges { node { id } } } }")["cases"]["edges"]
    event = select(SCHEMA.type_map["CaseEvent"], 1, lambda coordinate: rights.may(clerk, coordinate)).text
    document = f"subscription {{ caseEvents {event} }}"
    note = {"case": cases[0]["node"]["id"], "text": "Während jemand zuhört."}
    answers = heard(world, clerk, document, lambda: doing.do(clerk, "addNote", **note))
    return set().union(*(seen(document, each) for each in answers))
