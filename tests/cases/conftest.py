"""Counties that offer Schülerbeförderung, on a database of their own."""

from dataclasses import dataclass

import pytest

from kreisbund_platform.cases import intake, queries, tasks
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import guest_of, system_of
from kreisbund_platform.templates import adoptions
from kreisbund_platform.templates.plans import plan_of
from kreisbund_tenants.seeding import seed_templates
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START, deployed, principal_of, settings_for

TEMPLATE = "schuelerbefoerderung"


@dataclass
class Office:
    """One county at work; every call is a transaction of its own."""

    deployment: object
    tenant: object
    clock: ManualClock

    def do(self, service, *arguments, role="caseworker", subject=None, guest=False, system=False):
        if system:
            person = system_of(self.tenant)
        else:
            person = guest_of(self.tenant) if guest else principal_of(self.tenant, role, subject=subject)
        with self.deployment.connections.for_tenant(self.tenant) as connection, connection.transaction():
            work = WorkContext(connection, self.tenant, person, self.clock, self.deployment.settings)
            return service(work, *arguments)

    def rows(self, sql, *values):
        with self.deployment.connections.for_tenant(self.tenant) as connection:
            return connection.execute(sql, values).fetchall()

    @property
    def form(self):
        def read(work):
            template = plan_of(work.connection, adoptions.version_in_force(work.connection, TEMPLATE))
            return template.forms

        return self.do(read)

    def example(self, form="application"):
        return dict(self.form[form]["example"])

    def submit(self, role="citizen", **more):
        order = intake.SubmitApplication(TEMPLATE, more.pop("data", self.example()), **more)
        return self.do(intake.submit, order, role=role)

    def open_tasks(self, case_id):
        return self.do(lambda work: queries.open_tasks(work.connection, case_id))

    def complete(self, case_id, **data):
        task = self.open_tasks(case_id)[0]
        given = self.example(task.form_id) | data
        return self.do(tasks.complete, str(task.id), given, task.version, role=task.role)

    def decide(self, case_id):
        while self.open_tasks(case_id):
            self.complete(case_id)

    def case(self, case_id):
        return self.do(lambda work: queries.lock_case(work.connection, case_id))


@pytest.fixture(scope="package")
def offices(tmp_path_factory):
    with fresh_database() as url:
        settings = settings_for(url, tmp_path_factory.mktemp("home"))
        with deployed(settings, COUNTY, OTHER_COUNTY, "kyffhaeuserkreis", "unstrut-hainich-kreis") as deployment:
            seed_templates(deployment.connections, ManualClock(START))
            made = {}
            for slug in (COUNTY, OTHER_COUNTY):
                office = Office(deployment, deployment.registry.by_slug(slug), ManualClock(START))
                office.do(adoptions.adopt, TEMPLATE, role="county_admin")
                made[slug] = office
            yield made


@pytest.fixture
def office(offices):
    offices[COUNTY].clock.set(START)
    return offices[COUNTY]


@pytest.fixture
def other_office(offices):
    return offices[OTHER_COUNTY]
