"""Brings a deployment up on one machine, piece by piece; what already runs stays as it is."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kreisbund_infra.local import clamav, database, keycloak, processes, python_environment, set_up, styles
from kreisbund_infra.local.home import Home, locked, prepare
from kreisbund_infra.local.postgres import Server, connections
from kreisbund_infra.local.problem import Problem, step

SERVICES = {"api": "kreisbund_api", "worker": "kreisbund_api.worker"}
READY_SECONDS = 60
RUNTIME_LOCK = "requirements.lock"
MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")


def environment_of(home: Home, server: Server | None) -> dict[str, str]:
    """What every process of the deployment is told; secrets travel here, never in arguments."""
    url = server.url() if server else os.environ["DATABASE_URL"]
    told = {
        "KREISBUND_HOME": str(home.root),
        "KREISBUND_PORT": str(home.port),
        "KREISBUND_ENV": os.environ.get("KREISBUND_ENV", "demo"),
        "KREISBUND_ASSETS": str(home.assets),
        "DATABASE_URL": url,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPYCACHEPREFIX": str(home.root / "bytecode"),  # compiling everything takes twice as long as a start
    }
    if server is not None:
        told |= {"KREISBUND_CONNECTIONS": os.environ.get("KREISBUND_CONNECTIONS", str(connections()))}
    told |= keycloak.environment(home) | clamav.environment(home)
    return {key: value for key, value in os.environ.items() if key not in MISLEADING} | told


def choose_issuer(home: Home, *, with_keycloak: bool) -> None:
    """From now on people log in through Keycloak, or through the demo issuer; what runs otherwise is stopped."""
    if with_keycloak and keycloak.is_given():
        keycloak.check_given()
    elif with_keycloak and os.environ.get("DATABASE_URL"):
        raise Problem(f"a Keycloak of ours runs on a PostgreSQL of ours: with DATABASE_URL, set {keycloak.URL} too")
    elif with_keycloak != home.uses_keycloak:
        bring_down(home)
        keycloak.use(home, yes=with_keycloak)


def environment_of_service(name: str, environment: dict[str, str]) -> dict[str, str]:
    """The owner's login stays with set-up and the command line; only the demo's API has it, for createTenant."""
    if name == "api" and environment["KREISBUND_ENV"] == "demo":
        return environment
    return environment | {"DATABASE_URL": without_login(environment["DATABASE_URL"])}


def without_login(address: str) -> str:
    """A database's address without user and password; as it is where the database itself is not named in it."""
    scheme, is_address, rest = address.partition("://")
    authority, names_database, path = rest.partition("/")
    if not is_address or not names_database or path.split("?")[0] == "":
        return address
    return f"{scheme}://{authority.rpartition('@')[2]}/{path}"


def choose_scanner(home: Home, *, with_clamav: bool) -> None:
    """From now on uploads are scanned by a clamd of our own, or not by ours; what runs otherwise is stopped."""
    if with_clamav and clamav.is_given():
        raise Problem(f"{clamav.ADDRESS} names a clamd that runs: leave out --clamav, or the variable")
    if with_clamav != home.uses_clamav:
        bring_down(home)
        clamav.use(home, yes=with_clamav)


def bring_up(home: Home) -> list[str]:
    """Everything in place and ready; answers which processes this call started."""
    if processes.running(home, "api") is None:
        _refuse_taken_port(home)
    if not python_environment.is_current(home.venv, RUNTIME_LOCK):
        for name in SERVICES:
            processes.stop(home, name)
    python_environment.ensure(home, home.venv, RUNTIME_LOCK)
    with ThreadPoolExecutor(2) as pool:
        preparing = pool.submit(styles.ensure, home, home.venv)
        server, started = _bring_up_database(home)
        if server is not None and home.uses_keycloak:
            started += _bring_up_keycloak(home, server)
        environment = environment_of(home, server)
        incomplete = bool(started)
        if home.uses_clamav and not clamav.is_given() and clamav.start(home):
            started.append(clamav.NAME)
        started += _bring_up_services(home, server, environment, incomplete=incomplete)
        preparing.result()
    _wait_until_ready(home)
    return started


def _bring_up_services(
    home: Home, server: Server | None, environment: dict[str, str], *, incomplete: bool
) -> list[str]:
    """Sets up where that may matter, and starts. What was once set up whole is checked while the processes already
    start; production starts only what has passed its checks.
    """
    missing = [name for name in SERVICES if processes.running(home, name) is None]
    if not missing and not incomplete:
        return []
    always = environment["KREISBUND_ENV"] == "production"
    if always or not set_up.was_whole(home):
        set_up.run(home, server, environment)
    started = [name for name in missing if _start_service(home, name, environment)]
    if not always and not set_up.is_current(home, server, environment):
        set_up.run(home, server, environment)
    return started


def _refuse_taken_port(home: Home) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", home.port))
        except OSError as problem:
            raise Problem(
                f"port {home.port} is taken ({problem.strerror}): set KREISBUND_PORT to another one"
            ) from problem


def _bring_up_database(home: Home) -> tuple[Server | None, list[str]]:
    server = database.chosen(home, home.venv)
    if server is None:
        database.check_given(home.venv)
        return None, []
    if server.pid() is not None:
        return server, []
    with step(f"database ({server.binaries.found})"):
        is_new = server.initialise()
        server.start()
        if is_new or not set_up.was_whole(home):
            database.make_owner(server, home.venv)
    return server, ["postgres"]


def _bring_up_keycloak(home: Home, server: Server) -> list[str]:
    started = keycloak.start(home, server, home.venv)
    keycloak.wait(home)
    return [keycloak.NAME] if started else []


def _start_service(home: Home, name: str, environment: dict[str, str]) -> bool:
    """Starts api or worker unless it runs; whether it was started."""
    if processes.running(home, name) is not None:
        return False
    python = str(python_environment.python_of(home.venv))
    processes.start(home, name, [python, "-m", SERVICES[name]], environment_of_service(name, environment))
    return True


def _wait_until_ready(home: Home) -> None:
    end = time.monotonic() + READY_SECONDS
    while not is_ready(home):
        for name in SERVICES:
            if processes.running(home, name) is None:
                raise Problem(f"{name} ended while starting: {processes.last_words(home, name)}")
        if time.monotonic() > end:
            raise Problem(f"not ready after {READY_SECONDS} s: {processes.last_words(home, 'api')}")
        time.sleep(0.1)


def is_ready(home: Home) -> bool:
    """Whether /readyz answers 200."""
    try:
        with urllib.request.urlopen(f"{home.base_url}/readyz", timeout=5) as answer:  # noqa: S310  loopback only
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def running(home: Home) -> list[str]:
    """The processes that must live, besides PostgreSQL."""
    keycloaks = [keycloak.NAME] if home.uses_keycloak else []
    scanners = [clamav.NAME] if home.uses_clamav and not clamav.is_given() else []
    return [*SERVICES, *keycloaks, *scanners]


def bring_down(home: Home) -> list[str]:
    """Stops what runs, the database last; answers what was stopped."""
    stopped = [name for name in ("worker", "api", keycloak.NAME, clamav.NAME) if processes.stop(home, name)]
    if not os.environ.get("DATABASE_URL") and (home.postgres / "data").exists() and home.venv.exists():
        server = database.chosen(home, home.venv)
        if server is not None and server.stop():
            stopped.append("postgres")
    return stopped


def status(home: Home) -> dict[str, Any]:
    """What `status --json` prints."""
    ready = is_ready(home)
    own = None if os.environ.get("DATABASE_URL") or not home.venv.exists() else database.chosen(home, home.venv)
    pids = {name: processes.running(home, name) for name in (*SERVICES, keycloak.NAME, clamav.NAME)}
    pids["postgres"] = own.pid() if own else None
    return {
        "ready": ready,
        "api": home.base_url,
        "database": database.words(own) if own or os.environ.get("DATABASE_URL") else "not set up",
        "pages": _pages(home, _slugs(home) if ready else []),
        "processes": [{"name": name, "pid": pid} for name, pid in pids.items() if pid is not None],
    }


def _pages(home: Home, slugs: list[str]) -> dict[str, Any]:
    base = home.base_url
    return {
        "portal": {slug: f"{base}/portal/{slug}/" for slug in slugs},
        "desk": {slug: f"{base}/desk/{slug}/" for slug in slugs},
        "studio": f"{base}/studio/",
        "state": f"{base}/state/",
        "operations": f"{base}/operations/",
        "components": None,
    }


def _slugs(home: Home) -> list[str]:
    """The counties that are served."""
    server = database.chosen(home, home.venv)
    command = [str(python_environment.python_of(home.venv)), "-m", "kreisbund_tenants.command", "tenants", "list"]
    done = subprocess.run(
        [*command, "--json"], env=environment_of(home, server), capture_output=True, text=True, check=False
    )
    tenants = json.loads(done.stdout) if done.returncode == 0 else []
    return [tenant["slug"] for tenant in tenants if tenant["status"] in ("ACTIVE", "SUSPENDED")]


def run_command(home: Home, arguments: list[str]) -> int:
    """Runs a verb of the tenants' command line with the deployment's environment."""
    if not python_environment.python_of(home.venv).exists():
        raise Problem("nothing is set up here yet: run './kreisbund up --detach' first")
    server = database.chosen(home, home.venv)
    if server is not None and server.pid() is None:
        raise Problem("the database does not run: run './kreisbund up --detach' first")
    command = [str(python_environment.python_of(home.venv)), "-m", "kreisbund_tenants.command", *arguments]
    return subprocess.run(command, env=environment_of(home, server), cwd=os.getcwd(), check=False).returncode


def run_alone(home: Home, arguments: list[str]) -> int:
    """Runs a verb that needs the program but neither database nor deployment."""
    if not python_environment.is_current(home.venv, RUNTIME_LOCK):
        prepare(home)
        with locked(home):
            python_environment.ensure(home, home.venv, RUNTIME_LOCK)
    command = [str(python_environment.python_of(home.venv)), "-m", "kreisbund_tenants.command", *arguments]
    return subprocess.run(command, cwd=os.getcwd(), check=False).returncode
