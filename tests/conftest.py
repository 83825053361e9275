"""What every test may ask for, and which skips CI accepts."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.support.fixtures", "tests.support.keycloak", "tests.support.clamd", "tests.support.api"]

TESTS = Path(__file__).parent
TOLD = "told"
KEYCLOAK = "keycloak"
LONGEST = ("isolation", KEYCLOAK, "pages", "cases")
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


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says what a test measured, below the results of the run."""
    return lambda text: record_property(TOLD, text)


def pytest_terminal_summary(terminalreporter):
    """What tests have told."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties if report.when == "call" else ():
            if name == TOLD:
                terminalreporter.write_line(text)


class Folders(LoadScopeScheduling):
    """Where two processes run the tests, a folder's tests stay together: they share what is dear to set up."""

    def _split_scope(self, nodeid: str) -> str:
        return _folder(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """Whole folders."""
    return Folders(config, log)


def pytest_collection_modifyitems(items):
    """The longest folders begin."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(_folder(item.nodeid), len(place)))


def _folder(nodeid: str) -> str:
    folder = nodeid.split("/")[1]
    return KEYCLOAK if folder == "realms" or "keycloak" in nodeid.partition("::")[0] else folder
