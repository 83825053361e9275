"""A real clamd with our one signature for the tests that need one; a test may stop, hang or kill it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kreisbund_infra.local import clamav, processes
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home

STREAM_BYTES = 1_000_000
MARK = clamav.MARK


@dataclass(frozen=True)
class RunningClamd:
    """Where it answers, and how to hurt it."""

    home: Home

    @property
    def address(self) -> Path:
        return clamav.socket_of(self.home)

    def start(self) -> None:
        clamav.start(self.home, stream_bytes=STREAM_BYTES)

    def kill(self) -> None:
        os.waitpid(self._signal(signal.SIGKILL), 0)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> int:
        pid = processes.running(self.home, clamav.NAME)
        assert pid is not None
        os.kill(pid, number)
        return pid


@pytest.fixture(scope="session")
def clamd_of_session() -> Iterator[RunningClamd]:
    if clamav.program() is None:
        pytest.skip("no clamd here: 'apt install clamav-daemon'")
    with tempfile.TemporaryDirectory(prefix="kreisbund-clamd-") as folder:
        home = Home(Path(folder), 8420)
        homes.prepare(home)
        try:
            yield RunningClamd(home)
        finally:
            processes.stop(home, clamav.NAME)


@pytest.fixture
def clamd(clamd_of_session: RunningClamd) -> RunningClamd:
    """Running, whatever the test before did to it."""
    clamd_of_session.start()
    return clamd_of_session
