"""`./kreisbund test`: everything CI runs, on a PostgreSQL of its own that is thrown away."""

import os
import subprocess
import tempfile
from pathlib import Path

from kreisbund_infra.local import database, home, keycloak, postgres, python_environment, styles
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_infra.local.problem import say, step

LOCKS = ("requirements-dev.lock",)
# as whole folders (tests/conftest.py), the longest first
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
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
        status = _pytest(here, venv, Home(Path(folder), here.port), arguments)
    for name in failed:
        say(f"failed: {name}")
    return 1 if failed or status else 0


def _passes(venv: Path, name: str, check: tuple[str, ...]) -> bool:
    with step(name):
        return subprocess.run([venv / "bin" / check[0], *check[1:]], cwd=CHECKOUT, check=False).returncode == 0


def _pytest(here: Home, venv: Path, throw_away: Home, arguments: list[str]) -> int:
    command = [str(python_environment.python_of(venv)), "-m", "pytest", *(arguments or SIDE_BY_SIDE)]
    environment = os.environ | {"KREISBUND_ASSETS": str(here.assets)}
    if environment.get("KREISBUND_TEST_DATABASE_URL"):
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
    home.prepare(throw_away)
    environment.pop("DATABASE_URL", None)
    os.environ.pop("DATABASE_URL", None)
    server = database.chosen(throw_away, venv, durable=False)
    assert server is not None, "without DATABASE_URL there is a server of our own"
    try:
        with step(f"throw-away database ({server.binaries.found})"):
            server.initialise()
            server.start()
            database.make_owner(server, venv)
        environment["KREISBUND_TEST_DATABASE_URL"] = server.url(database=postgres.DATABASE)
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
    finally:
        server.stop()
