"""Whatever is wrong with a token: 401 with one code, no word about anybody, and no question to any issuer."""

from graphql import get_named_type

from tests.isolation.asking import Question, arguments
from tests.isolation.attempts import Tally
from tests.isolation.faults import faulty
from tests.isolation.generator import QUERY, select
from tests.isolation.judging import Judge
from tests.isolation.world import World

ENOUGH = 50_000


def test_no_faulty_token_opens_anything(world: World, judge: Judge, told) -> None:
    everything = [Question(root, arguments(root, {"first": "50"}), select(get_named_type(field.type), 1), "all")
                  for root, field in QUERY.fields.items()]  # fmt: skip
    document = "{ " + " ".join(question.text(f"a{n}") for n, question in enumerate(everything)) + " }"
    tally, opened = Tally(), []
    for person in (each for each in world.people if not each.is_guest):
        for fault, header in faulty(world.settings, person).items():
            (said,) = world.send({"Authorization": header} if header is not None else {}, [document])
            if said.status != 401 or said.codes != ["UNAUTHENTICATED"] or "data" in said.body:
                opened.append((person.name, fault, said.status, said.text[:200]))
            assert judge.leaks(person, said) == set()
            for question in everything:
                tally.count(question, person, fault)
    told(f"{len(tally.made)} attempts with faulty tokens")
    assert opened == []
    assert len(tally.made) >= ENOUGH
