"""Product and peer move the same cases to the same version, and a difference between them stops the measurement."""

import pytest

from bench import upgrades
from bench.upgrades import Upgrades

CASES, SOME, AGED = 20, 10, range(0, 4, 2)


@pytest.fixture
def measure(bench_office):
    return Upgrades(bench_office, CASES, SOME, AGED)


def test_all_cases_are_moved_on_both_sides_and_taken_back(bench_office, measure):
    figures = measure.round()
    assert {"upgrade_cases_per_s_vs_spiff", "upgrade_cases_per_s_vs_spiff_helper"} < figures.keys()
    assert figures["upgrade_cases_per_s_vs_spiff"] > 0
    assert measure._on_the_new_version() == 0
    counted = "SELECT type, count(*) FROM event WHERE type LIKE 'CASE_UPGRADE%' GROUP BY 1"
    told = dict(bench_office.connection.execute(counted).fetchall())
    assert told["CASE_UPGRADED"] == told["CASE_UPGRADE_UNDONE"] == 2 * CASES, "the round thrown away and this one"


def test_every_life_goes_on_through_the_added_task(measure):
    measure._ours()
    walks = measure._walks()
    assert len(walks) == len(upgrades.lives(AGED)) == 8
    assert all(walk[-1] == ("countersign",) for walk in walks)
    assert {walk[0] for walk in walks} == {
        ("check",), ("assess",), ("finance", "police", "register"), ("finance", "register"),
    }  # fmt: skip
    measure._theirs()
    assert measure.their_walks == walks


def test_another_way_of_the_peer_is_an_error(measure, monkeypatch):
    monkeypatch.setattr(measure._peer, "walks", lambda _lives: [[("check",)]])
    with pytest.raises(AssertionError, match="different tasks"):
        measure.round()
