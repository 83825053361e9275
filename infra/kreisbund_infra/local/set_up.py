"""Schemas, counties, catalogue and demonstration data: made at the first start, and again where it may matter.

A stamp says from what the last whole set-up followed: program, settings, database. While it holds, a start after a
kill does without the set-up, which takes longer than all the rest.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from kreisbund_infra.local import python_environment
from kreisbund_infra.local.home import CHECKOUT, SET_UP, Home
from kreisbund_infra.local.postgres import Server
from kreisbund_infra.local.problem import Problem, say, step

PROGRAM = ("platform", "tenants")


def was_whole(home: Home) -> bool:
    """Whether there was a set-up that ended well, whatever has changed since."""
    return (home.root / SET_UP).exists()


def is_current(home: Home, server: Server | None, environment: Mapping[str, str]) -> bool:
    """Whether another set-up would find nothing to do; never sure of a database that is not ours."""
    if server is None or not was_whole(home):
        return False
    return (home.root / SET_UP).read_text() == _stamp(server, environment)


def run(home: Home, server: Server | None, environment: Mapping[str, str]) -> None:
    """Sets up and shows the program's own progress; raises Problem with its last words."""
    stamp = _stamp(server, environment) if server else ""
    command = [str(python_environment.python_of(home.venv)), "-m", "kreisbund_tenants.command", "setup"]
    log = home.logs / "setup.log"
    with step("schemas, counties, catalogue, data"), log.open("ab") as file:
        status = _told(
            subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, text=True
            )
        )
    if status:
        words = [line for line in log.read_text("utf-8", "replace").splitlines() if line.startswith("kreisbund:")]
        reason = words[-1].removeprefix("kreisbund: ") if words else "set-up stopped"
        raise Problem(f"{reason}; see {log}; 'kreisbund up' tries again from where it stopped")
    aside = home.root / f".{SET_UP}"
    aside.write_text(stamp)
    aside.replace(home.root / SET_UP)


def _told(running: "subprocess.Popen[str]") -> int:
    """Its exit status, after it has said all it says."""
    with running:
        for line in running.stdout or ():
            say(f"    {line.rstrip()}")
    return running.returncode


def _stamp(server: Server, environment: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in _program():
        digest.update(os.fsencode(path) + b"\0" + path.read_bytes())
    told = {key: value for key, value in environment.items() if key.startswith("KREISBUND_") or key == "DATABASE_URL"}
    made = (server.data / "PG_VERSION").stat()  # another data directory has another one
    digest.update(repr((sorted(told.items()), made.st_ino, made.st_mtime_ns)).encode())
    return digest.hexdigest()


def _program() -> Iterator[Path]:
    """Migrations, counties, catalogue and what reads them."""
    for package in PROGRAM:
        for path in sorted((CHECKOUT / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
