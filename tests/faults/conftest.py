"""One deployment for the tests of this folder: each leaves it whole."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from tests.faults.site import Site


@pytest.fixture(scope="session")
def place() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="kreisbund-faults-") as folder:
        home = Home(Path(folder), 8420)
        homes.prepare(home)
        made = Site(home)
        try:
            yield made
        finally:
            made.close()
