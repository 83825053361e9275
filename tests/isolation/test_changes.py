"""Every mutation by everybody with others' ids: nothing changes there, and the ids might as well not exist."""

from tests.isolation.attempts import of_others
from tests.isolation.changes import about, document, result
from tests.isolation.harvest import fingerprint
from tests.isolation.judging import Judge
from tests.isolation.world import COUNTY, OTHER, World

A_DOCUMENT = 40


def test_nobody_changes_what_is_not_theirs(world: World, judge: Judge) -> None:
    unlike, leaks, surprises, made = [], [], [], 0
    for person in world.people:
        elsewhere = f"county_{OTHER if person.county == COUNTY else COUNTY}"
        before = fingerprint(world.deployment, elsewhere)
        changes = list(about(of_others(person, judge.own)))
        for start in range(0, len(changes), A_DOCUMENT):
            some = changes[start : start + A_DOCUMENT]
            one, two = world.ask(person, [document([pair[side] for pair in some]) for side in (0, 1)])
            leaks += [(person.name, leak) for leak in judge.leaks(person, one)]
            surprises += [(person.name, code) for code in one.codes + two.codes]
            for number, (foreign, _never) in enumerate(some):
                made += len(foreign.fields)
                if result(one, number) != result(two, number) or not result(one, number)[0]:
                    unlike.append((person.name, foreign.name, result(one, number), result(two, number)))
        assert fingerprint(world.deployment, elsewhere) == before, person.name
    assert leaks == []
    assert surprises == []
    assert unlike == []
    assert made > 5_000
