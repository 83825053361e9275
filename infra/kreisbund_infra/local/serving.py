"""One process in the foreground with the environment it is given: what a container starts.

`prepare` makes what such a process needs (packages, styles and fonts) while an image is built; then `setup`,
`serve api` and `serve worker` install nothing, start nothing beside them and become that one process.
"""

import os
from typing import NoReturn

from kreisbund_infra.local import deployment, python_environment, styles
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem

SETUP = ("kreisbund_tenants.command", "setup")


def prepare(home: Home) -> int:
    """Fetches and builds whatever the processes need; starts nothing."""
    homes.prepare(home)
    with homes.locked(home):
        python_environment.ensure(home, home.venv, deployment.RUNTIME_LOCK)
        styles.ensure(home, home.venv)
    return 0


def serve(home: Home, name: str) -> NoReturn:
    """Becomes `api` or `worker`; in production without the owner's login, whatever DATABASE_URL holds."""
    environment = _environment(home)
    _become(home, deployment.environment_of_service(name, environment), deployment.SERVICES[name])


def set_up(home: Home, counties: list[str]) -> NoReturn:
    """Becomes `setup`, which needs the owner's login; `counties`: the only ones of the manifests to make."""
    _become(home, _environment(home), *SETUP, *counties)


def _environment(home: Home) -> dict[str, str]:
    """What was given, with the defaults of `up` where nothing was."""
    if not os.environ.get("DATABASE_URL"):
        raise Problem("DATABASE_URL is not set: name the PostgreSQL; 'kreisbund up' brings one of its own")
    defaults = {"KREISBUND_ENV": "demo", "KREISBUND_ASSETS": str(home.assets)}
    told = {"KREISBUND_HOME": str(home.root), "KREISBUND_PORT": str(home.port), "PYTHONUNBUFFERED": "1"}
    given = {key: value for key, value in os.environ.items() if key not in deployment.MISLEADING}
    return defaults | given | told


def _become(home: Home, environment: dict[str, str], *module: str) -> NoReturn:
    """Signals reach the process itself, its exit status is ours."""
    python = python_environment.python_of(home.venv)
    if not python.exists():
        raise Problem("nothing is prepared here yet: run './kreisbund prepare' first")
    os.execve(python, [str(python), "-m", *module], environment)  # noqa: S606  no shell is what is wanted
