"""`./kreisbund bench`: measures the product beside its floor and its peers, on a durable PostgreSQL of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

from kreisbund_infra.local import database, home, postgres, python_environment
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_infra.local.problem import step
from kreisbund_infra.local.testing import LOCKS


def run(here: Home, arguments: list[str]) -> int:
    """Passes the words on to the bench; its exit status."""
    venv = here.root / "venv-dev"
    with home.locked(here):
        python_environment.ensure(here, venv, *LOCKS)
    with tempfile.TemporaryDirectory(prefix="kreisbund-bench-") as folder:
        return _on_a_server(venv, Home(Path(folder), here.port), arguments)


def _on_a_server(venv: Path, throw_away: Home, arguments: list[str]) -> int:
    home.prepare(throw_away)
    os.environ.pop("DATABASE_URL", None)
    server = database.chosen(throw_away, venv)
    assert server is not None, "without DATABASE_URL there is a server of our own"
    try:
        with step(f"throw-away database, durable ({server.binaries.found})"):
            server.initialise()
            server.start()
            database.make_owner(server, venv, more_databases=True)
        told = {
            "KREISBUND_BENCH_DATABASE_URL": server.url(database=postgres.DATABASE),
            "KREISBUND_BENCH_HOME": str(throw_away.root),
            "KREISBUND_BENCH_PGBENCH": str(server.binaries.folder / "pgbench"),
            "KREISBUND_BENCH_FOUND": server.binaries.found,
        }
        command = [str(python_environment.python_of(venv)), "-m", "bench", *arguments]
        environment = os.environ | told | {"PYTHONPATH": str(CHECKOUT)}
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
    finally:
        server.stop()
