"""The real API completes tasks, pgbench does the very same, and a round notices where either did not."""

from contextlib import closing

import pytest

from bench import contenders, mutations
from bench.deployed import Deployment


@pytest.fixture(scope="module")
def measure():
    with pytest.MonkeyPatch.context() as changed:
        for name, value in {"CASES": 20, "CLIENTS": 4, "OURS": 6, "FLOORS": 4}.items():
            changed.setattr(mutations, name, value)
        changed.setattr(contenders, "CLIENTS", 4)
        site = Deployment(1, durable=False)
        changed.setenv("KREISBUND_BENCH_PGBENCH", str(site.server.binaries.folder / "pgbench"))
        with closing(mutations.Mutations(site)) as made:
            yield made


def test_what_is_run_by_the_floor_is_a_whole_mutation(measure):
    texts = [text for text, _values in measure._replay.recorded.calls]
    assert texts.count("BEGIN") == texts.count("COMMIT") == 1
    inside = texts[texts.index("BEGIN") : texts.index("COMMIT")]
    for part in ("INSERT INTO idempotency", "take_case", "finish_task", "write_step", "UPDATE idempotency"):
        assert sum(part in text for text in inside) == 1, part
    assert any("account_block" in text for text in texts), "where the person stands"


def test_a_round_compares_the_api_with_the_floor(measure):
    before = measure._counted()
    figures = measure.round()
    done = mutations.CLIENTS * (mutations.OURS + 2 * mutations.FLOORS)
    assert [now - then for now, then in zip(measure._counted(), before, strict=True)] == [done] * 3
    assert figures["mutation_vs_floor"] == pytest.approx(
        figures["mutation_per_second"] / figures["mutation_floor_per_second"]
    )
    assert 0 < figures["mutation_p50_ms"] <= figures["mutation_p99_ms"]
    assert figures.keys() >= {f"mutation_{part}_cpu_us" for part in ("server", "database", "client")}


def test_what_is_missing_or_different_is_noticed(measure):
    before, here = measure._counted(), measure._here
    tasks = measure._copies.make(next(measure._batches), 2)
    with pytest.raises(AssertionError, match="were acknowledged"):
        measure._check(before, tasks)
    recorded = measure._replay.recorded
    wanted = mutations.left(here, recorded.case_id, recorded.task_id)
    assert [row["status"] for row in wanted["tasks"]] == ["COMPLETED", "OPEN"]
    (answer,) = wanted["answer"]
    assert (answer["mutation"], answer["is_empty"]) == ("completeTask", False)
    assert answer["holders"] == [f"account/{answer['subject']}"]
    assert mutations.left(here, measure._case_of(tasks[0]), tasks[0]) != wanted
