"""What dashboards cost is counted over lines that the real collector has brought into the figure, each once."""

import pytest

from bench import dashboards
from bench.dashboards import Dashboards
from kreisbund_platform.dashboards import queries

APPLICATIONS, ALONE = 12, 3


@pytest.fixture
def measure(bench_office, monkeypatch):
    monkeypatch.setattr(dashboards, "LINES", 500)
    return Dashboards(bench_office, APPLICATIONS, ALONE)


def test_writing_and_collecting_are_counted(bench_office, measure):
    before = measure._figure()
    figures = measure.round()
    assert measure._figure() == before + APPLICATIONS + ALONE
    assert bench_office.connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    assert figures["dashboard_write_us"] > 0
    assert figures["dashboard_collect_us"] > 0
    assert figures["dashboard_collect_one_by_one_us"] > 0
    assert 1 <= figures["dashboard_lines_a_round"] <= APPLICATIONS


def test_a_collector_that_loses_lines_is_not_measured(measure, monkeypatch):
    monkeypatch.setattr(queries, "add_counts", lambda *_given: None)
    with pytest.raises(AssertionError, match="not exact"):
        measure.round()
