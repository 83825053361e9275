"""`./kreisbund test`: everything CI runs, in two processes, each on a PostgreSQL of its own that is thrown away."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kreisbund_infra.local import database, home, keycloak, postgres, python_environment, styles
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_infra.local.problem import say, step

LOCKS = ("requirements-dev.lock",)
VARIABLE = "KREISBUND_TEST_DATABASE_URL"
PROCESSES = 2
WHOLE_FOLDERS = ("--dist", "loadscope", "--no-loadscope-reorder")  # tests/conftest.py; the longest first
CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "imports": ("lint-imports",),
}


def run(here: Home, arguments: list[str]) -> int:
    """Checks and tests; with arguments only pytest with them. 0 when all passed."""
    venv = here.root / "venv-dev"
    with home.locked(here):
        python_environment.ensure(here, venv, *LOCKS)
        styles.ensure(here, venv)
        if keycloak.found(here) or os.environ.get("KREISBUND_FORBID_SKIPS"):
            os.environ["KEYCLOAK_HOME"] = str(keycloak.prepare(here)[1])
    failed = [] if arguments else [name for name, check in CHECKS.items() if not _passes(venv, name, check)]
    with tempfile.TemporaryDirectory(prefix="kreisbund-test-") as folder:
        status = _pytest(here, venv, Path(folder), arguments)
    for name in failed:
        say(f"failed: {name}")
    return 1 if failed or status else 0


def _passes(venv: Path, name: str, check: tuple[str, ...]) -> bool:
    with step(name):
        return subprocess.run([venv / "bin" / check[0], *check[1:]], cwd=CHECKOUT, check=False).returncode == 0


def _pytest(here: Home, venv: Path, folder: Path, arguments: list[str]) -> int:
    words = arguments or ["-n", str(PROCESSES), *WHOLE_FOLDERS]
    command = [str(python_environment.python_of(venv)), "-m", "pytest", *words]
    environment = os.environ | {"KREISBUND_ASSETS": str(here.assets)}
    if environment.get(VARIABLE):
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
    environment.pop("DATABASE_URL", None)
    os.environ.pop("DATABASE_URL", None)
    homes = [Home(folder / str(number), here.port) for number in range(1 if arguments else PROCESSES)]
    with ExitStack() as held:
        environment[VARIABLE] = " ".join(held.enter_context(throw_away_server(each, venv)) for each in homes)
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


@contextmanager
def throw_away_server(throw_away: Home, venv: Path) -> Iterator[str]:
    """The owner's address on a server of its own, not durable; the owner may create databases there."""
    home.prepare(throw_away)
    server = database.chosen(throw_away, venv, durable=False)
    assert server is not None, "without DATABASE_URL there is a server of our own"
    try:
        with step(f"throw-away database ({server.binaries.found})"):
            server.initialise()
            server.start()
            database.make_owner(server, venv)
        yield server.url(database=postgres.DATABASE)
    finally:
        server.stop()
