"""Runs the figures asked for in interleaved rounds and writes medians; nothing here asserts a speed."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from bench import chart, report, step
from bench.dashboards import Dashboards
from bench.mutations import Mutations
from bench.noisy import Noisy
from bench.office import Office, office
from bench.operaton_peer import StepAndOperaton
from bench.pages import Pages
from bench.reads import Reads
from bench.rotating import Rotating
from bench.upgrades import Upgrades
from bench.wide import Wide

# A measure makes its data first and answers named figures for one round.
MEASURES: Mapping[str, Callable[[Office], step.Measure]] = {
    "step": step.StepAndFloor,
    "spiff": step.StepAndSpiff,
    "age": step.OldAndYoung,
    "java": StepAndOperaton,
    "upgrades": Upgrades,
    "dashboards": Dashboards,
}
ALONE: Mapping[str, Callable[[], step.Measure]] = {
    "mutations": Mutations,
    "noisy": Noisy,
    "pages": Pages,
    "reads": Reads,
    "rotating": Rotating,
    "wide": Wide,
}  # with a deployment of their own
NAMES = sorted((*MEASURES, *ALONE))


def main(arguments: Sequence[str]) -> int:
    given = _given(arguments)
    with ExitStack() as held:
        measures = _made(given.only, held)
        runs = [_round(number, measures) for number in range(max(1, given.rounds))]
        found = report.made(runs, [name for measure in measures for name in measure.missing])
    for line in report.lines(found):
        print(line)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    if given.history:
        report.remember(found, given.history)
    if given.svg:
        given.svg.write_bytes(chart.drawn(found["figures"], f"Commit {report.commit()}, {len(runs)} rounds."))
    return 0


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kreisbund bench", allow_abbrev=False)
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes figures, rounds, machine and missing peers")
    parser.add_argument("--history", type=Path, metavar="FILE", help="appends the figures as one line of JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draws each figure beside its goal")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    return parser.parse_args(arguments)


def _made(names: Sequence[str], held: ExitStack) -> list[step.Measure]:
    """The measures by name; what they need lasts as long as `held`."""
    measures: list[step.Measure] = []
    for name in names:
        if name in ALONE:
            with _told(f"{name} is made"):
                measures.append(held.enter_context(closing(ALONE[name]())))
                measures[-1].rest()
    if any(name in MEASURES for name in names):
        here = held.enter_context(office())
        for name in names:
            if name in MEASURES:
                with _told(f"{name} is made"):
                    measures.append(held.enter_context(closing(MEASURES[name](here))))
    return measures


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Long work says that it goes on."""
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def _round(number: int, measures: Sequence[step.Measure]) -> dict[str, float]:
    """Measures take turns at going first."""
    found: dict[str, float] = {}
    for measure in measures if number % 2 == 0 else reversed(measures):
        with _told(f"round {number + 1}, {type(measure).__name__}"):
            os.sync()  # what the one before wrote is on the disk
            measure.wake()
            found |= measure.round()
            measure.rest()
    print(f"round {number + 1}: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
