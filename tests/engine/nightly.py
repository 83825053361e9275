"""`python -m tests.engine.nightly --steps 1000000 [--seed N]`: random models until so many steps were compared.

Prints the seed of a divergence and how to see it again; exit status 1 then. `--once SEED` walks that model alone.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from os import cpu_count

from tests.engine.walk import DivergenceError, Walk

MOVES = 60
CASES = 10
BATCH = 50


def steps_of(seeds: range) -> tuple[int, list[tuple[int, str]]]:
    """How many steps these seeds' walks compared, and which diverged."""
    steps, found = 0, []
    for seed in seeds:
        try:
            steps += Walk(seed).cases(CASES, MOVES)
        except Exception as error:
            found.append((seed, f"{type(error).__name__}: {error}"))
    return steps, found


def batches(first: int) -> Iterator[range]:
    """Seeds without end, in portions."""
    while True:
        yield range(first, first + BATCH)
        first += BATCH


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--once", type=int, metavar="SEED")
    parser.add_argument("--minutes", type=float, default=24 * 60)
    args = parser.parse_args()
    if args.once is not None:
        try:
            print(f"{Walk(args.once).cases(CASES, MOVES)} steps, no divergence")
        except DivergenceError as error:
            print(error)
            return 1
        return 0
    return _many(args.steps, args.seed, time.monotonic() + args.minutes * 60)


def _many(wanted: int, first: int, until: float) -> int:
    began, steps, models, faults = time.monotonic(), 0, 0, 0
    seeds = batches(first)
    with ProcessPoolExecutor(cpu_count()) as pool:
        running = {pool.submit(steps_of, next(seeds)) for _ in range(2 * (cpu_count() or 1))}
        while steps < wanted and time.monotonic() < until and running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                compared, found = future.result()
                steps, models, faults = steps + compared, models + BATCH, faults + len(found)
                for seed, told in found:
                    print(f"seed {seed}: python -m tests.engine.nightly --once {seed}\n{told}\n", flush=True)
                running.add(pool.submit(steps_of, next(seeds)))
            if faults > 20:
                break
        pool.shutdown(cancel_futures=True)
    took = time.monotonic() - began
    print(
        f"{steps} steps in {models} models, {CASES} cases each, seeds from {first}, {faults} divergences, {took:.0f} s"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
