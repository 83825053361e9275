"""A page of a list is found along its order, however many cases a county has: no plan looks at all of them."""

from contextlib import closing

import pytest
from psycopg import sql

from bench import bulk
from bench.deployed import Deployment
from bench.office import person
from bench.reads import LIST
from bench.site import CHECKOUT
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.identity.principals import Role

INBOX = (CHECKOUT / "api/kreisbund_api/web/desk/inbox.graphql").read_text()
OPEN = {"tasks": {"status": ["OPEN", "CLAIMED"]}, "cases": True, "data": True}
CASES = 20_000


@pytest.fixture(scope="module")
def site():
    with closing(Deployment(1, durable=False)) as made:
        (county,) = made.counties
        with made.office(county) as here:
            here.submit()
        with made.database.owner() as owner:
            assert bulk.fill(owner, county.schema_name, CASES) == CASES
        yield made


@pytest.mark.parametrize(
    ("document", "variables", "table"), [(LIST, {"first": 20}, "case_record"), (INBOX, OPEN, "task")]
)
def test_a_page_is_found_along_its_order(site, document, variables, table, monkeypatch):
    ran = []
    run = Statement.run
    monkeypatch.setattr(Statement, "run", lambda self, *given: ran.append((self.text, given[1:])) or run(self, *given))
    (county,) = site.counties
    executor = Executor(site.settings, site.connections, SystemClock(), site.database)
    answer = executor.run(person(county, Role.CASEWORKER), Request(document, variables))
    assert not answer.errors
    assert answer.was_compiled
    text, values = next((text, values) for text, values in ran if f"FROM {table} t1" in text)
    written = ", ".join(sql.Literal(value).as_string() for value in values)
    with site.connections.for_tenant(county) as connection:
        connection.execute(f"PREPARE page AS {text}")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN EXECUTE page({written})").fetchall())
    assert f"on {table} t1" in plan
    assert "Seq Scan" not in plan, plan
