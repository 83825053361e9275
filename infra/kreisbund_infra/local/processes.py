"""Long-lived processes by pid file. A pid counts only with its start time, so a reused number is never killed."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem

STOP_SECONDS = 15


def started_at(pid: int) -> int | None:
    """The process's start in clock ticks since boot; None for one that is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def running(home: Home, name: str) -> int | None:
    """The pid of our process of this name, if it lives."""
    try:
        noted = json.loads((home.run / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    alive = noted["started_at"] is not None and started_at(noted["pid"]) == noted["started_at"]
    return int(noted["pid"]) if alive else None


def start(home: Home, name: str, command: list[str], environment: Mapping[str, str]) -> int:
    """Starts a process that outlives us: own session, nothing of our terminal, output into its log."""
    with (home.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=home.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    note(home, name, process.pid)
    return process.pid


def note(home: Home, name: str, pid: int) -> None:
    """Remembers a process."""
    aside = home.run / f".{name}.json"
    aside.write_text(json.dumps({"pid": pid, "started_at": started_at(pid)}))
    aside.replace(home.run / f"{name}.json")


def stop(home: Home, name: str) -> bool:
    """Ends a process, first kindly; whether it ran."""
    pid = running(home, name)
    if pid is None:
        return False
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
        end = time.monotonic() + STOP_SECONDS
        while running(home, name) is not None and time.monotonic() < end:
            _reap(pid)
            time.sleep(0.05)
        if running(home, name) is None:
            return True
    raise Problem(f"{name} (pid {pid}) does not end")


def _reap(pid: int) -> None:
    """A child of ours that ended stays a zombie until it is waited for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def last_words(home: Home, name: str) -> str:
    """Where to look, and the last line of the log."""
    log = home.logs / f"{name}.log"
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return f"see {log}" + (f" ({lines[-1][:300]})" if lines else "")
