"""What moving a county costs; prints figures, asserts nothing. Run: `./kreisbund test tests/moving/measure.py -s`.

Export, check and restore of the county with many copies of one case, each in a process of its own, so that the peak of
its memory can be told. KREISBUND_MOVING_CASES: how many, one run each.
"""

import base64
import os
import resource
import subprocess
import sys
import time

from kreisbund_tenants.demo import copies
from tests.support.fixtures import COUNTY, START

from .conftest import TEMPLATE, Town

CASES = [int(text) for text in os.environ.get("KREISBUND_MOVING_CASES", "1000,50000").split(",")]


def command(town: Town, *arguments: str) -> float:
    """Runs `tenants …`; answers seconds and prints the peak of memory of all children so far."""
    settings = town.deployment.settings
    secrets = settings.home / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "wrapping.key").write_bytes(base64.b64encode(settings.wrapping_key))
    environment = os.environ | {
        "KREISBUND_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    started = time.monotonic()
    call = [sys.executable, "-m", "kreisbund_tenants.command", "tenants", *arguments]
    subprocess.run(call, env=environment, check=True, capture_output=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"  {arguments[0]:8} {time.monotonic() - started:6.1f} s, peak of memory so far {peak} MB")
    return time.monotonic() - started


def test_cost(town, tmp_path):
    for number in CASES:
        with town.deployment.connections.for_tenant(town.county(COUNTY)) as connection:
            with connection.transaction():
                made = copies.multiply(connection, copies.running(connection, TEMPLATE), number, START)
        file = tmp_path / f"{number}.kbx"
        print(f"\n{made} more cases")
        command(town, "export", COUNTY, "--to", str(file))
        print(f"  {file.stat().st_size / 1e6:.1f} MB")
        command(town, "export", "--verify", str(file))
        command(town, "restore", str(file), "--as", f"kopie-{number}", "--without-regional-key")
        command(town, "delete", f"kopie-{number}", "--yes")
