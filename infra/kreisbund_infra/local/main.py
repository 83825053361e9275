"""The verbs of `./kreisbund`. Exit status: 0 done; 1 with one clear line on stderr; 2 wrong usage."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from kreisbund_infra.local import benching, deployment, home, processes, sbom, serving, synthesising, testing
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem, fail, say

USAGE = """usage: ./kreisbund up [--detach] [--[no-]keycloak] [--[no-]clamav] | down | status [--json] | reset [--yes]
       ./kreisbund test [pytest arguments]
       ./kreisbund prepare | setup [COUNTY …] | serve api|worker | synth DIR | sbom [FILE]
       ./kreisbund tenants | migrate | services | templates | cases | audit | demo …   (each with --help)
       ./kreisbund conformance NAME DIR [--json FILE]
       ./kreisbund bench [--json FILE] [--history FILE] [--svg FILE] [--only NAME …] [--rounds N]"""
PASSED_ON = ("tenants", "migrate", "services", "templates", "cases", "audit", "demo")
ALONE = ("conformance",)  # need no running deployment
ALONE_OF_TEMPLATES = ("test", "pack", "import-xdatenfelder", "-h", "--help")


class Usage(Exception):  # noqa: N818
    """The words do not fit; status 2."""


def main(arguments: list[str]) -> int:
    """Runs one verb."""
    try:
        return _run(arguments)
    except Usage:
        print(USAGE, file=sys.stderr)
        return 2
    except Problem as problem:
        return fail(problem)
    except OSError as problem:
        return fail(Problem(f"{problem.strerror}: {problem.filename}: free space or change rights, then try again"))


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    verb, rest = arguments[0], arguments[1:]
    here = home.from_environment()
    home.take_secrets(here)
    verbs: dict[str, Callable[[Home, list[str]], int]] = {
        "up": _up,
        "down": _down,
        "status": _status,
        "test": _test,
        "reset": _reset,
        "bench": _bench,
        "prepare": _prepare,
        "setup": serving.set_up,
        "serve": _serve,
        "synth": _synth,
        "sbom": _sbom,
    }
    if verb in ALONE or (verb == "templates" and rest[:1] and rest[0] in ALONE_OF_TEMPLATES):
        return deployment.run_alone(here, arguments)
    if verb in PASSED_ON:
        return deployment.run_command(here, arguments)
    if verb not in verbs:
        raise Usage
    return verbs[verb](here, rest)


def _only(rest: list[str], *allowed: str) -> None:
    if any(word not in allowed for word in rest):
        raise Usage


def _up(here: Home, rest: list[str]) -> int:
    _only(rest, "--detach", "--keycloak", "--no-keycloak", "--clamav", "--no-clamav")
    with_keycloak, with_clamav = _chosen(rest, "keycloak"), _chosen(rest, "clamav")
    start = time.monotonic()
    home.prepare(here)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _interrupt)
    try:
        with home.locked(here):
            if with_keycloak is not None:
                deployment.choose_issuer(here, with_keycloak=with_keycloak)
            if with_clamav is not None:
                deployment.choose_scanner(here, with_clamav=with_clamav)
            started = deployment.bring_up(here)
    except KeyboardInterrupt:
        raise Problem("stopped while starting; 'kreisbund up' goes on from here") from None
    say(f"ready after {time.monotonic() - start:.1f} s: {here.base_url}/")
    if "--detach" in rest or not started:
        if not started:
            say("everything was running already")
        return 0
    return _stay(here)


def _chosen(rest: list[str], part: str) -> bool | None:
    """Whether a part is switched on or off; None where nothing is said."""
    on, off = f"--{part}" in rest, f"--no-{part}" in rest
    if on and off:
        raise Usage
    return on if on or off else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stay(here: Home) -> int:
    """In the foreground until Ctrl-C, or until a process ends by itself."""
    say("Ctrl-C stops it.")
    ended: str | None = None
    try:
        while ended is None:
            threading.Event().wait(1)
            ended = next((name for name in deployment.running(here) if processes.running(here, name) is None), None)
    except KeyboardInterrupt:
        say("stopping")
    deployment.bring_down(here)
    if ended:
        raise Problem(f"{ended} ended by itself: {processes.last_words(here, ended)}")
    return 0


def _down(here: Home, rest: list[str]) -> int:
    _only(rest)
    home.prepare(here)
    with home.locked(here):
        stopped = deployment.bring_down(here)
    say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    return 0


def _status(here: Home, rest: list[str]) -> int:
    _only(rest, "--json")
    state = deployment.status(here)
    if "--json" in rest:
        print(json.dumps(state, ensure_ascii=False))
        return 0
    say(f"{'ready' if state['ready'] else 'not ready'}  {state['api']}  {state['database']}")
    for process in state["processes"]:
        say(f"  {process['name']:<10} {process['pid']}")
    return 0


def _test(here: Home, rest: list[str]) -> int:
    home.prepare(here)
    return testing.run(here, rest)


def _bench(here: Home, rest: list[str]) -> int:
    home.prepare(here)
    return benching.run(here, rest)


def _prepare(here: Home, rest: list[str]) -> int:
    _only(rest)
    return serving.prepare(here)


def _serve(here: Home, rest: list[str]) -> int:
    if len(rest) != 1 or rest[0] not in deployment.SERVICES:
        raise Usage
    serving.serve(here, rest[0])


def _synth(here: Home, rest: list[str]) -> int:
    if len(rest) != 1:
        raise Usage
    return synthesising.run(here, Path(rest[0]))


def _sbom(here: Home, rest: list[str]) -> int:
    if len(rest) > 1:
        raise Usage
    sbom.write(Path(rest[0]) if rest else None)
    return 0


def _reset(here: Home, rest: list[str]) -> int:
    """Removes all data; keeps what was downloaded."""
    _only(rest, "--yes")
    if os.environ.get("DATABASE_URL"):
        raise Problem("reset empties only a database that kreisbund started: empty the one of DATABASE_URL yourself")
    if "--yes" not in rest:
        if not sys.stdin.isatty():
            raise Problem("reset asks for confirmation: add --yes")
        if input(f"Type 'reset' to delete all data in {here.root}: ") != "reset":
            raise Problem("nothing was deleted")
    home.prepare(here)
    with home.locked(here):
        deployment.bring_down(here)
        for folder in (here.postgres, here.root / "files", here.secrets, here.logs):
            shutil.rmtree(folder, ignore_errors=True)
        (here.root / home.SET_UP).unlink(missing_ok=True)
        for part in (here.keycloak, here.clamav):
            (part / home.IN_USE).unlink(missing_ok=True)
    say("all data are gone; 'kreisbund up' begins anew")
    return 0
