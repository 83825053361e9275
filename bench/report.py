"""What a run leaves: lines to read, a JSON report, one more line of history."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.goals import GOALS
from bench.site import CHECKOUT

Report = Mapping[str, Any]


def made(runs: Sequence[Mapping[str, float]], missing: Sequence[str]) -> Report:
    """`figures` are medians over the rounds; `missing` names peers that could not be had, and why."""
    return {"figures": medians(runs), "runs": list(runs), "machine": _machine(), "missing": list(missing)}


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """A figure that some rounds do not have, as of answers of one status, is 0 in them."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.median(run.get(name, 0.0) for run in runs) for name in names}


def lines(report: Report) -> Iterator[str]:
    """Figures with their goals, then what this run does not tell."""
    figures = report["figures"]
    for name, value in figures.items():
        yield f"{name:<44} {value:12.3f}{_judged(name, value)}"
    if unasked := [name for name in GOALS if name not in figures]:
        yield f"goals that this run did not measure: {', '.join(unasked)}"
    for name in report["missing"]:
        yield f"missing: {name}"


def _judged(name: str, value: float) -> str:
    goal = GOALS.get(name)
    return f"   goal {goal!s:<7} {'yes' if goal.reached(value) else 'no'}" if goal else ""


def remember(report: Report, file: Path) -> None:
    """Appends one line: date, commit, figures, machine, missing."""
    line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit()}
    line |= {name: report[name] for name in ("figures", "machine", "missing")}
    with file.open("a") as history:
        history.write(json.dumps(line) + "\n")


def commit() -> str:
    """The commit that was measured, `+` where files differ from it; `unknown` outside of a clone."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip()


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "database": os.environ.get("KREISBUND_BENCH_FOUND", "unknown"),
        "load": os.getloadavg(),
    }
