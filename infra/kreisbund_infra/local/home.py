"""The one folder that holds everything a running Kreisbund leaves behind."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kreisbund_infra.local.problem import Problem

CHECKOUT = Path(__file__).resolve().parents[3]
PACKAGES = ("platform", "tenants", "api", "infra")
LEAST_FREE_BYTES = 1_000_000_000
DEFAULT_PORT = 8420
STAMP = "kreisbund.stamp"  # stands in what was made whole
IN_USE = "in-use"
SET_UP = "set-up"
HIGHEST_PORT = 65535 - 12  # Keycloak and its database take ports above the first


@dataclass(frozen=True)
class Home:
    """`KREISBUND_HOME` and what lies where in it."""

    root: Path
    port: int

    @property
    def venv(self) -> Path:
        """The virtual environment that runs."""
        return self.root / "venv"

    @property
    def postgres(self) -> Path:
        """Our own PostgreSQL's data, socket and secrets."""
        return self.root / "postgres"

    @property
    def secrets(self) -> Path:
        """Keys; readable by the owner alone."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """What the processes print."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Process ids and the lock."""
        return self.root / "run"

    @property
    def node(self) -> Path:
        """Npm packages."""
        return self.root / "node"

    @property
    def assets(self) -> Path:
        """Styles and fonts as they are served."""
        return self.root / "assets"

    @property
    def keycloak(self) -> Path:
        """Our own Keycloak, and the mark that this deployment runs with it."""
        return self.root / "keycloak"

    @property
    def uses_keycloak(self) -> bool:
        """Whether people log in through our own Keycloak; it stays so until `up --no-keycloak`."""
        return (self.keycloak / IN_USE).exists()

    @property
    def clamav(self) -> Path:
        """Our own clamd's settings, signatures and socket, and the mark that this deployment runs with it."""
        return self.root / "clamav"

    @property
    def uses_clamav(self) -> bool:
        """Whether uploads are scanned by our own clamd; it stays so until `up --no-clamav`."""
        return (self.clamav / IN_USE).exists()

    @property
    def database_port(self) -> int:
        """Where PostgreSQL answers on loopback where Keycloak needs that."""
        return self.port + 10

    @property
    def keycloak_port(self) -> int:
        """Where our own Keycloak answers; its management one above."""
        return self.port + 11

    @property
    def keycloak_url(self) -> str:
        """Our own Keycloak, by name: browsers bind a security key (WebAuthn) to a host's name and never to a number."""
        return f"http://localhost:{self.keycloak_port}"

    @property
    def base_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"


def from_environment(environment: Mapping[str, str] = os.environ) -> Home:
    """Reads KREISBUND_HOME and KREISBUND_PORT."""
    root = Path(environment.get("KREISBUND_HOME") or CHECKOUT / ".kreisbund").expanduser().absolute()
    text = environment.get("KREISBUND_PORT", str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise Problem(f"KREISBUND_PORT must be a number from 1 to {HIGHEST_PORT}, not {text[:20]!r}")
    return Home(root, int(text))


def prepare(home: Home) -> None:
    """Makes the folders; says in one line when there is no room or no right."""
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            home.root.chmod(0o711)  # PostgreSQL runs as somebody else, who must pass through
        for folder in (home.secrets, home.logs, home.run, home.root / "files"):
            folder.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(home.root).free
    except OSError as problem:
        raise Problem(_disk_words(home, problem)) from problem
    if free < LEAST_FREE_BYTES and not (home.venv / STAMP).exists():
        raise Problem(f"{home.root} has {free // 1_000_000} MB left; set-up needs about 1000 MB: free some space")


def take_secrets(home: Home, environment: Mapping[str, str] = os.environ) -> None:
    """Copies the files of the folder KREISBUND_SECRETS into the home's secrets, readable by their owner alone.

    What a container is given as secrets is mounted with the rights of whoever mounts it. The home's own folder is
    memory there; a file of the same name is replaced.
    """
    if not (given := environment.get("KREISBUND_SECRETS")):
        return
    try:
        for source in sorted(path for path in Path(given).iterdir() if path.is_file()):
            aside = home.secrets / f".{source.name}"
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(source.read_bytes())
            aside.replace(home.secrets / source.name)
    except OSError as problem:
        raise Problem(f"KREISBUND_SECRETS: {problem.strerror}: {problem.filename}") from problem


def _disk_words(home: Home, problem: OSError) -> str:
    if problem.errno == errno.ENOSPC:
        return f"no space left for {home.root}: free some, or set KREISBUND_HOME to another disk"
    return f"cannot write to {home.root} ({problem.strerror}): set KREISBUND_HOME to a folder of yours"


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Only one launcher at a time changes a home; the lock goes with its process."""
    with (home.run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise Problem(f"another kreisbund is at work in {home.root}: wait for it, or stop it") from problem
        yield
