"""At least 50,000 attempts to read what belongs to others; not one text, id or count of theirs comes back."""

from tests.isolation.attempts import Tally, alike, asked, pairs
from tests.isolation.judging import Judge
from tests.isolation.world import World

ENOUGH = 50_000


def test_nobody_reads_what_is_not_theirs(world: World, judge: Judge, told) -> None:
    tally, leaks, unlike = Tally(), [], []
    for person in world.people:
        todo = list(pairs(person, judge.own))
        foreign, never = asked(todo)
        answers = [world.ask(person, [text for text, _q in each]) for each in (foreign, never)]
        for (_text, questions_), (_other, _q), one, two in zip(foreign, never, *answers, strict=True):
            leaks += [(person.name, questions_[0].root, leak) for leak in judge.leaks(person, one)]
            for number, question in enumerate(questions_):
                tally.count(question, person)
                if alike(question, one, number) != alike(question, two, number):
                    unlike.append((person.name, question.root, question.arguments, one.text[:300], two.text[:300]))
    told(f"{len(tally.made)} attempts with good tokens")
    assert leaks == []
    assert unlike == []
    assert len(tally.made) >= ENOUGH
