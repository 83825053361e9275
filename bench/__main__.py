"""Runs the figures asked for in interleaved rounds and writes medians; nothing here asserts a speed."""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import step
from bench.office import Office, office

# A measure makes its data in `prepare` and answers named figures for one round.
MEASURES: Mapping[str, Callable[[Office], step.Measure]] = {
    "step": step.StepAndFloor,
    "spiff": step.StepAndSpiff,
    "age": step.OldAndYoung,
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="kreisbund bench", allow_abbrev=False)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASURES), default=sorted(MEASURES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    given = parser.parse_args(arguments)
    with office() as here:
        measures = [MEASURES[name](here) for name in given.only]
        runs = [_round(number, measures) for number in range(max(1, given.rounds))]
    report = {
        "figures": _medians(runs),
        "runs": runs,
        "machine": _machine(),
        "missing": [name for measure in measures for name in measure.missing],
    }
    for name, value in report["figures"].items():
        print(f"{name:<36} {value:10.3f}")
    for name in report["missing"]:
        print(f"missing: {name}")
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def _round(number: int, measures: Sequence[step.Measure]) -> dict[str, float]:
    """Measures take turns at going first."""
    found: dict[str, float] = {}
    for measure in measures if number % 2 == 0 else reversed(measures):
        found |= measure.round()
    print(f"round {number + 1}: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()), flush=True)
    return found


def _medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "database": os.environ["KREISBUND_BENCH_FOUND"],
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
