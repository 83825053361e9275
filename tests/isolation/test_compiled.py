"""A query's ways, the interpreter, one statement, and that without a thread, answer the same bytes and record the same
reads; so do a change's two ways.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_api.graphql.quick import QuickReads
from kreisbund_platform import telemetry
from kreisbund_platform.audit import reads
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.policy import may
from kreisbund_platform.identity.principals import Principal, guest_of
from tests.isolation.judging import Judge
from tests.isolation.random_documents import Draft
from tests.isolation.world import Person, World

DOCUMENTS_EACH = 25
SEED = 20261127
STRICT = 10  # one document of so many asks for what the person may not use
MOST_CURSORS = 40


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would go into the read log; it does not, since the next answer could show it."""
    found: list[Any] = []
    written = reads.recorded

    def noted(person: Any, now: Any, operation: Any, shown: Any, *, listed: bool) -> Any:
        found.append((operation, dict(shown), listed))
        return written(person, now, operation, {}, listed=listed)

    monkeypatch.setattr(reads, "recorded", noted)
    return found


def principal_of(world: World, person: Person) -> Principal:
    if person.is_guest:
        county = world.deployment.registry.by_slug(person.county or "")
        assert county is not None
        return guest_of(county)
    return world.services.tokens.check(person.token)


def cursors_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if "ursor" in key and isinstance(item, str):
                yield item
            yield from cursors_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from cursors_in(item)


def test_all_ways_answer_the_same(world: World, judge: Judge, recorded: list[Any], monkeypatch, told) -> None:
    executor = world.services.execute
    assert isinstance(executor, Executor)
    clock = ManualClock(executor.now())
    monkeypatch.setattr(executor, "_clock", clock)
    quick = QuickReads(executor, world.services.connections, clock)
    loop = asyncio.Runner()
    choice, ways, unlike = random.Random(SEED), Counter[str](), []
    monkeypatch.setattr(telemetry.interpreted, "add", lambda number, why: ways.update({why["reason"]: number}))
    templates = ["schuelerbefoerderung", "jagdschein"]
    for person in world.people:
        principal, cursors = principal_of(world, person), ["bad"]
        own = judge.own[person.county or "shared"]
        for number in range(DOCUMENTS_EACH):
            allowed = partial(may, principal) if number % STRICT else lambda _coordinate: True
            text, variables = Draft(choice, own, templates, allowed, cursors).document()
            answers, seen = [], []
            for long_way in (True, False):
                recorded.clear()
                answers.append(executor.run(principal, Request(text, variables), long_way=long_way))
                seen.append([*recorded])
            ways["compiled"] += answers[1].was_compiled
            recorded.clear()
            request = Request(text, variables)
            known = executor.known(request)
            assert known is not None, text
            if (answer := loop.run(quick.answer(principal, request, known))) is not None:
                ways["quick"] += 1
                answers.append(answer)
                seen.append([*recorded])
            cursors = [*cursors, *cursors_in(answers[0].data)][-MOST_CURSORS:]
            if len({each.body for each in answers}) > 1 or any(_told(each) != _told(seen[0]) for each in seen):
                unlike.append((person.name, text, variables, [each.body for each in answers], seen))
    loop.close()
    told(f"queries by their way: {dict(ways)}")
    assert unlike[:3] == []
    assert ways["compiled"] > len(world.people) * DOCUMENTS_EACH / 2
    assert ways["quick"] > len(world.people) * DOCUMENTS_EACH / 4  # of counties' people alone


def test_a_change_has_one_answer_either_way(world: World, recorded: list[Any], monkeypatch, told) -> None:
    """What was changed, once more under its key in other words: nothing happens, and the answer is written anew."""
    executor = world.services.execute
    assert isinstance(executor, Executor)
    ways, unlike = Counter[str](), []
    monkeypatch.setattr(telemetry.interpreted, "add", lambda number, why: ways.update({why["reason"]: number}))
    for person, document, variables in world.said:
        text = document.replace("{ __typename", "{ again: __typename", 1)
        answers, seen = [], []
        for long_way in (True, False):
            recorded.clear()
            answers.append(executor.run(principal_of(world, person), Request(text, variables), long_way=long_way))
            seen.append(_told([*recorded]))
        ways["compiled"] += answers[1].was_compiled
        gone = all(each.errors for each in answers)  # what was made is not there any more
        if seen[0] != seen[1] or not (gone or answers[0].body == answers[1].body):
            unlike.append((person.name, text, [each.body for each in answers], seen))
    told(f"changes by their way: {dict(ways)}")
    assert unlike[:3] == []
    assert ways["compiled"] > 0.9 * len(world.said)


def _told(seen: list[Any]) -> list[Any]:
    """Who was shown, in any order."""
    return [(purpose, sorted(cases.items()), how) for purpose, cases, how in seen if cases]
