"""Two counties with a scanner, on a database of their own."""

from dataclasses import replace

import pytest

from tests.scanning.offices import Office
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, deployed, settings_for


@pytest.fixture(scope="package")
def here(clamd_of_session, tmp_path_factory):
    with fresh_database() as url:
        settings = replace(settings_for(url, tmp_path_factory.mktemp("scanned")), clamd=clamd_of_session.address)
        with deployed(settings, COUNTY, OTHER_COUNTY) as deployment:
            yield deployment


@pytest.fixture
def offices(here, clamd, clock):
    found = [
        Office(here.settings, county, here.connections, clock)
        for county in map(here.registry.by_slug, (COUNTY, OTHER_COUNTY))
    ]
    yield found
    for office in found:
        office.rows("UPDATE upload SET scan_due_at = NULL RETURNING 1")


@pytest.fixture
def office(offices):
    return offices[0]
