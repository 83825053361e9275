"""One deployment for the tests of this folder: each leaves it whole."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from kreisbund_api.main import create_api
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.tokens import TokenChecker
from tests.faults.site import Site
from tests.support.api import Api, People
from tests.support.fixtures import principal_of


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


@pytest.fixture
def client(place: Site) -> Iterator[Api]:
    """The API over that deployment. Tokens: `citizen`, `caseworker`, and both with `other_`."""
    people = People()
    for role in ("citizen", "caseworker"):
        people.known[role] = principal_of(place.tenant, role)
        people.known[f"other_{role}"] = principal_of(place.other, role)
    app = create_api(place.settings, clock=SystemClock(), tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()
