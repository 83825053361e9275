"""What a run leaves: goals judged, one line of history a run, a picture that is well-formed."""

import json

import pytest
from lxml import etree

from bench import chart, report
from bench.goals import GOALS

SVG = {"s": "http://www.w3.org/2000/svg"}
RUNS = [
    {"list_vs_floor": 0.3, "list_vs_plain": 40.0, "list_per_second": 300.0, "page_fallbacks": 1.0},
    {"list_vs_floor": 0.5, "list_vs_plain": 20.0, "list_per_second": 310.0, "page_fallbacks": 1.0},
    {"list_vs_floor": 0.4, "list_vs_plain": 31.0, "list_per_second": 320.0, "page_fallbacks": 1.0},
]


def test_goals_are_those_of_the_contract():
    assert str(GOALS["list_vs_floor"]) == "≥ 0.7"
    assert str(GOALS["step_statements"]) == "≤ 3"
    assert GOALS["by_id_vs_postgraphile"].reached(7.0)
    assert not GOALS["by_id_vs_postgraphile"].reached(6.99)
    assert GOALS["replans"].reached(0.0)
    assert not GOALS["memory_400_vs_4"].reached(1.51)


def test_lines_say_what_is_reached_and_what_was_not_measured():
    told = list(report.lines(report.made(RUNS, ["postgraphile: no Node"])))
    by_name = {line.split()[0]: line for line in told}
    assert by_name["list_vs_floor"].endswith("no")
    assert by_name["list_vs_plain"].endswith("yes")
    assert "goal" not in by_name["list_per_second"]
    unasked = next(line for line in told if line.startswith("goals that"))
    assert "step_vs_floor" in unasked
    assert "list_vs_floor" not in unasked
    assert told[-1] == "missing: postgraphile: no Node"


def test_each_run_adds_one_line_of_history(tmp_path):
    file = tmp_path / "history.jsonl"
    for _ in range(2):
        report.remember(report.made(RUNS, []), file)
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(kept) == 2
    assert kept[0]["figures"]["list_vs_floor"] == 0.4
    assert kept[0].keys() == {"date", "commit", "figures", "machine", "missing"}
    assert kept[0]["commit"] == report.commit()


def test_the_picture_shows_each_figure_that_has_a_goal_beside_it():
    drawn = etree.fromstring(chart.drawn(report.medians(RUNS), "Commit 0, 3 rounds."))
    texts = [each.text for each in drawn.iterfind(".//s:text", SVG)]
    assert {"list_vs_floor", "list_vs_plain", "page_fallbacks"} <= set(texts)
    assert "list_per_second" not in texts
    assert "0.4 (goal ≥ 0.7): missed" in texts
    assert "31 (goal ≥ 30): reached" in texts
    colours = [each.get("fill") for each in drawn.iterfind(".//s:rect", SVG)]
    assert (colours.count(chart.REACHED), colours.count(chart.MISSED), colours.count(chart.GOAL)) == (1, 2, 3)


def test_ten_times_as_much_is_one_decade_to_the_right():
    scale = chart.Scale([0.2, 30.0])
    assert scale.x(10.0) - scale.x(1.0) == pytest.approx(scale.x(1.0) - scale.x(0.1))
    assert scale.x(1.0) > scale.x(0.1)
    assert scale.x(0.0) == scale.x(0.1) == chart.LABELS
