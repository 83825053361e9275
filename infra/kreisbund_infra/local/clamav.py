"""A clamd of our own for a first look and for tests: the machine's program, one signature of ours, a Unix socket.

It finds no real virus: its one signature is over a text that says so. A clamd with the official signatures is named by
KREISBUND_CLAMD; in production there is no other.
"""

import os
import shutil
import socket
import time
from pathlib import Path

from kreisbund_infra.local import processes
from kreisbund_infra.local.home import IN_USE, Home
from kreisbund_infra.local.problem import Problem, step

NAME = "clamd"
ADDRESS = "KREISBUND_CLAMD"
PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin"
# What counts as harmful: no scanner but ours takes offence at it.
MARK = b"KREISBUND-TESTDATEI-GILT-ALS-SCHADSOFTWARE"
START_SECONDS = 30
LONGEST_SOCKET = 107  # bytes, the kernel's limit
STREAM_BYTES = 25_000_000  # uploads are 20 MB at most
SETTINGS = """\
Foreground yes
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}/streams
LocalSocket {socket}
LocalSocketMode 600
FixStaleSocket yes
StreamMaxLength {stream_bytes}
AlertExceedsMax yes
SelfCheck 0
LogTime yes
"""


def is_given() -> bool:
    """Whether the environment names a clamd that runs."""
    return bool(os.environ.get(ADDRESS))


def environment(home: Home) -> dict[str, str]:
    """What the processes of the deployment are told of it."""
    return {ADDRESS: str(socket_of(home))} if home.uses_clamav and not is_given() else {}


def use(home: Home, *, yes: bool) -> None:
    """Whether the deployment runs with our own clamd from its next start on."""
    home.clamav.mkdir(mode=0o700, exist_ok=True)
    mark = home.clamav / IN_USE
    mark.touch() if yes else mark.unlink(missing_ok=True)


def program() -> str | None:
    """The machine's clamd."""
    return shutil.which(NAME, path=PLACES)


def socket_of(home: Home) -> Path:
    """Where our own answers."""
    return home.clamav / "clamd.socket"


def start(home: Home, *, stream_bytes: int = STREAM_BYTES) -> bool:
    """Starts it unless it runs, and waits until it answers; whether it was started."""
    if processes.running(home, NAME) is not None:
        return False
    if os.environ.get("KREISBUND_ENV") == "production":
        raise Problem(f"in production clamd needs the official signatures: set {ADDRESS} to one kept by freshclam")
    found = program()
    if found is None:
        raise Problem(f"no clamd on this machine: 'apt install clamav-daemon', or set {ADDRESS} to one that runs")
    with step("clamd"):
        processes.start(home, NAME, [found, f"--config-file={_prepare(home, stream_bytes)}"], os.environ)
        _wait(home)
    return True


def _prepare(home: Home, stream_bytes: int) -> Path:
    """The folder with settings and signature; files on their way through lie in it too, so it is ours alone."""
    if len(os.fsencode(socket_of(home))) > LONGEST_SOCKET:
        raise Problem(f"{socket_of(home)} is too long a name for a socket: set KREISBUND_HOME to a shorter path")
    for folder in (home.clamav, home.clamav / "signatures", home.clamav / "streams"):
        folder.mkdir(mode=0o700, exist_ok=True)
    (home.clamav / "signatures" / "kreisbund.ndb").write_text(f"Kreisbund.Test:0:*:{MARK.hex()}\n")
    config = home.clamav / "clamd.conf"
    config.write_text(SETTINGS.format(folder=home.clamav, socket=socket_of(home), stream_bytes=stream_bytes))
    return config


def _wait(home: Home) -> None:
    end = time.monotonic() + START_SECONDS
    while not _answers(socket_of(home)):
        if processes.running(home, NAME) is None:
            raise Problem(f"clamd ended while starting: {processes.last_words(home, NAME)}")
        if time.monotonic() > end:
            raise Problem(f"clamd not ready after {START_SECONDS} s: {processes.last_words(home, NAME)}")
        time.sleep(0.05)


def _answers(address: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(3)
            link.connect(str(address))
            link.sendall(b"zPING\0")
            return link.recv(5) == b"PONG\0"
    except OSError:
        return False
