"""The order in which a worker looks at counties, and the hints that it goes by."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from kreisbund_platform.tenancy import attention
from kreisbund_platform.tenancy.attention import Changed, Turns
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import START, Deployment

SECOND = timedelta(seconds=1)


def counties(number: int) -> list[TenantContext]:
    names = [f"k{n:03}" for n in range(number)]
    return [TenantContext(uuid4(), name, name, None, "COUNTY", "ACTIVE", name, name, {}) for name in names]


@dataclass
class Watched:
    """Rounds in which nothing is found to do; a round takes a second."""

    turns: Turns
    counties: list[TenantContext]
    rounds: int = 0

    def round(self) -> list[str]:
        chosen = self.turns.next(self.counties, START + self.rounds * SECOND)
        self.rounds += 1
        for county in chosen:
            self.turns.looks_at(county.id)
            self.turns.rests(county.id, None)
        return [county.slug for county in chosen]


def test_what_was_never_looked_at_comes_first_and_then_everybody_has_a_turn() -> None:
    watched = Watched(Turns(in_turn=4, most_due=20), counties(50))
    beginning = [watched.round() for _round in range(3)]
    assert all(20 <= len(each) <= 21 for each in beginning[:2])
    assert {slug for each in beginning for slug in each} == {each.slug for each in watched.counties}
    rounds = [watched.round() for _round in range(100)]
    assert all(len(each) == 1 for each in rounds)
    for begun in range(50):
        assert {slug for each in rounds[begun : begun + 50] for slug in each} == {c.slug for c in watched.counties}


@pytest.mark.parametrize(("number", "a_second"), [(5, 1), (420, 1), (421, 2), (1_680, 4), (9_000, 4)])
def test_so_many_have_their_turn_that_it_takes_seven_minutes_at_most_or_four(number: int, a_second: int) -> None:
    turns, many = Turns(), counties(number)
    for county in many:
        turns.looks_at(county.id)
    assert [len(turns.next(many, START + tick * SECOND)) for tick in range(3)] == [a_second] * 3


def test_a_few_are_all_looked_at_in_each_round() -> None:
    watched = Watched(Turns(), counties(4))
    assert [len(watched.round()) for _round in range(5)] == [4] * 5


def test_a_county_with_something_due_comes_at_its_moment() -> None:
    watched = Watched(Turns(in_turn=0), counties(9))
    watched.round()
    one, other = watched.counties[3], watched.counties[7]
    watched.turns.rests(one.id, START + 3 * SECOND)
    watched.turns.hint({other.id: START + 2 * SECOND})
    watched.turns.hint({one.id: START + 5 * SECOND})  # says less than what is known
    assert [watched.round() for _round in range(4)] == [[], [other.slug], [one.slug], []]


def test_more_than_a_round_holds_all_have_their_turn() -> None:
    """Who always has more to do comes behind those who waited."""
    turns, many, seen = Turns(in_turn=0, most_due=3), counties(10), set()
    for second in range(4):
        now = START + second * SECOND
        for county in turns.next(many, now):
            turns.looks_at(county.id)
            turns.rests(county.id, now)
            seen.add(county.slug)
    assert seen == {each.slug for each in many}


def test_rounds_that_follow_at_once_do_not_bring_the_others_more_often() -> None:
    turns, many = Turns(in_turn=4), counties(10)
    for county in many:
        turns.looks_at(county.id)
    busy = many[9]
    rounds = []
    for tick in range(20):
        now = START + tick * SECOND / 10
        turns.rests(busy.id, now)
        rounds.append([county.slug for county in turns.next(many, now)])
        turns.looks_at(busy.id)
    assert [len(each) for each in rounds] == ([2] + [1] * 9) * 2
    assert all(each[0] == busy.slug for each in rounds)


def test_a_hint_during_a_look_brings_another_look() -> None:
    turns, (county,) = Turns(in_turn=0), counties(1)
    turns.looks_at(county.id)
    turns.hint({county.id: START})
    turns.rests(county.id, START + SECOND)
    assert turns.next([county], START) == [county]


def test_counties_that_are_gone_have_no_turn() -> None:
    watched = Watched(Turns(in_turn=2), counties(6))
    watched.round()
    watched.turns.hint({watched.counties[0].id: START})
    watched.counties = watched.counties[1:3]
    assert set(watched.round()) == {"k001", "k002"}
    watched.counties = []
    assert watched.round() == []


def test_changes_are_gathered_once_with_their_earliest_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "GATHERED_SECONDS", 0.0)
    changed, one, other = Changed(), uuid4(), uuid4()
    for county, seconds in ((one, 3), (other, 2), (one, 1), (one, 2)):
        changed.note(county, START + seconds * SECOND)
    assert changed.gathered() == {one: START + SECOND, other: START + 2 * SECOND}
    later = threading.Timer(0.05, changed.note, (one, START))
    later.start()
    assert changed.gathered() == {one: START}


def test_hints_reach_the_worker_once(deployment: Deployment, county: TenantContext) -> None:
    with deployment.connections.for_workspace("registry") as registry:
        attention.take(registry)
        attention.tell(registry, {county.id: START, UUID(int=0): START})
        attention.tell(registry, {county.id: START + SECOND})
        assert attention.take(registry) == {county.id: START}
        attention.tell(registry, {county.id: START + SECOND})
        attention.tell(registry, {county.id: START - SECOND})
        assert attention.take(registry) == {county.id: START - SECOND}
        assert attention.take(registry) == {}


def test_counties_know_nothing_of_hints(deployment: Deployment, county: TenantContext) -> None:
    for statement in ("SELECT * FROM shared.county_hint", "DELETE FROM shared.county_hint"):
        with (
            deployment.connections.for_tenant(county) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
