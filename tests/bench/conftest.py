"""A county with the measuring template, on a database of its own."""

import pytest

from bench.office import TEMPLATE, Office
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.source import load_folder
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, deployed, settings_for


@pytest.fixture
def bench_office(tmp_path):
    with fresh_database() as url, deployed(settings_for(url, tmp_path), COUNTY) as deployment:
        with deployment.connections.for_workspace("catalogue") as shared:
            publishing.publish(shared, load_folder(TEMPLATE), clock=SystemClock())
        county = deployment.registry.by_slug(COUNTY)
        with deployment.connections.for_tenant(county) as connection:
            here = Office(connection, county, deployment.settings, deployment.connections, deployment.database)
            with connection.transaction():
                adoptions.adopt(here.work(Role.COUNTY_ADMIN), "bench")
            yield here
