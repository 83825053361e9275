"""The quarantine's worker as a process."""

import base64
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.scanning.offices import picture


@pytest.fixture
def worker(here):
    """The worker as a process; `with worker() as process`."""
    secret = here.settings.home / "secrets" / "wrapping.key"
    secret.parent.mkdir(exist_ok=True)
    secret.write_bytes(base64.b64encode(here.settings.wrapping_key))
    environment = os.environ | {
        "KREISBUND_HOME": str(here.settings.home),
        "KREISBUND_CLAMD": str(here.settings.clamd),
        "DATABASE_URL": here.settings.database_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    @contextmanager
    def run():
        process = subprocess.Popen([sys.executable, "-m", "kreisbund_api.worker"], env=environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    return run


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_worker_itself_ends_while_clamd_hangs_and_releases_when_it_is_back(office, clamd, worker):
    clamd.kill()
    _case, document = office.send(content := picture())
    clamd.start()
    with clamd.hanging(), worker() as process:
        wait_until(lambda: office.rows("SELECT 1 FROM upload WHERE scan_attempts = 1 AND scan_state = 'PENDING'"))
        process.terminate()
        assert process.wait(60) == 0
    assert office.opened(document) == "PENDING"
    office.rows("UPDATE upload SET scan_due_at = created_at WHERE scan_due_at IS NOT NULL RETURNING 1")
    with worker():
        wait_until(lambda: office.opened(document) == content)
