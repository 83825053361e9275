"""What every test may ask for, and which skips CI accepts."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.support.fixtures", "tests.support.keycloak", "tests.support.clamd"]

OUTSIDE_DATA = "the folder shared/data is missing"


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """Real files that nobody on this project wrote; a user's clone has none."""
    folder = Path(os.environ.get("KREISBUND_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(OUTSIDE_DATA)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With KREISBUND_FORBID_SKIPS a skip is a failure, but for the outside data."""
    report = yield
    if report.skipped and os.environ.get("KREISBUND_FORBID_SKIPS") and "shared/data" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI forbids: {report.longrepr}"
    return report
