"""The load goes round all counties of a deployment, each deployment alone; here of two counties and of three."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from bench import rotating
from bench.site import descendants


@pytest.fixture
def small(monkeypatch):
    changes = {"COUNTIES": (2, 3), "CASES": 60, "PER_SECOND": 5, "SECONDS": 6, "LEAD_SECONDS": 2}
    for name, value in changes.items():
        monkeypatch.setattr(rotating, name, value)
    with closing(rotating.Rotating(durable=False)) as made:
        yield made


def test_each_deployment_is_asked_the_same_and_looked_at(small):
    found = small.round()
    assert found["p99_3_vs_2"] == pytest.approx(found["rotating_p99_ms_3"] / found["rotating_p99_ms_2"])
    for number in rotating.COUNTIES:
        assert found[f"rotating_refused_{number}"] == 0
        assert found[f"rotating_sessions_{number}"] >= 0
        parts = [found[f"rotating_{part}_mb_{number}"] for part in rotating.PARTS]
        assert min(parts) > 1
        assert found[f"rotating_memory_mb_{number}"] == pytest.approx(sum(parts))
    assert found["memory_3_vs_2"] > 0
    for number, crowd in small._crowds.items():
        assert _states(crowd.site) == {"T"}
        crowd.site.wake()
        assert "T" not in _states(crowd.site)
        reads = _reads(crowd)
        assert sum(reads) == 36 + 2 * number  # and two of everybody at first
        assert max(reads) - min(reads) <= 6, "every county has its turn"
        assert crowd.completed() == crowd.sent == 4 + number  # of forty requests, and everybody one at first


def _reads(crowd):
    """How often somebody was shown something, by county: the read log has one moment for each request."""
    with crowd.site.database.owner() as owner:
        query = "SELECT count(DISTINCT at) FROM {}.case_read"
        return [owner.execute(query.format(county.schema_name)).fetchone()[0] for county in crowd.site.counties]


def _states(site):
    pids = [pid for name in rotating.PARTS for pid in descendants(site.pid(name))]
    return {Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids}


def test_a_ratio_stands_beside_what_it_was_made_of():
    few = {"p99_ms": 10.0, "p50_ms": 4.0, "memory_mb": 200.0, "sessions": 0.0}
    many = {"p99_ms": 15.0, "p50_ms": 4.0, "memory_mb": 500.0, "sessions": 90.0}
    figures = rotating.compared(few, many, 4, 400)
    assert (figures["p99_400_vs_4"], figures["memory_400_vs_4"]) == (1.5, 2.5)
    assert (figures["rotating_sessions_4"], figures["rotating_sessions_400"]) == (0.0, 90.0)


def test_memory_of_a_process_counts_shared_pages_once():
    own = rotating.pss_mb(os.getpid())
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert 1 < own < resident * 1.2
    assert rotating.pss_mb(2**22 + 1) == 0
