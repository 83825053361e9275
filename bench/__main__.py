"""Runs the figures asked for in interleaved rounds and writes medians; nothing here asserts a speed."""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from bench import step
from bench.noisy import Noisy
from bench.office import Office, office
from bench.reads import Reads
from bench.wide import Wide

# A measure makes its data first and answers named figures for one round.
MEASURES: Mapping[str, Callable[[Office], step.Measure]] = {
    "step": step.StepAndFloor,
    "spiff": step.StepAndSpiff,
    "age": step.OldAndYoung,
}
ALONE: Mapping[str, Callable[[], Noisy | Reads | Wide]] = {
    "noisy": Noisy,
    "reads": Reads,
    "wide": Wide,
}  # with a deployment of their own
NAMES = sorted((*MEASURES, *ALONE))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="kreisbund bench", allow_abbrev=False)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    given = parser.parse_args(arguments)
    with ExitStack() as held:
        measures = _made(given.only, held)
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


def _made(names: Sequence[str], held: ExitStack) -> list[step.Measure]:
    """The measures by name; what they need lasts as long as `held`."""
    measures: list[step.Measure] = [held.enter_context(closing(ALONE[name]())) for name in names if name in ALONE]
    if any(name in MEASURES for name in names):
        here = held.enter_context(office())
        measures += [MEASURES[name](here) for name in names if name in MEASURES]
    return measures


def _round(number: int, measures: Sequence[step.Measure]) -> dict[str, float]:
    """Measures take turns at going first."""
    found: dict[str, float] = {}
    for measure in measures if number % 2 == 0 else reversed(measures):
        found |= measure.round()
    print(f"round {number + 1}: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()), flush=True)
    return found


def _medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """A figure that some rounds do not have, as of answers of one status, is 0 in them."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.median(run.get(name, 0.0) for run in runs) for name in names}


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "database": os.environ["KREISBUND_BENCH_FOUND"],
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
