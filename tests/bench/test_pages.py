"""The pages' documents are counted where they do not compile, and plans where they are made again."""

from contextlib import closing

import pytest

from bench import pages
from bench.office import person
from bench.page_questions import Question, questions
from bench.pages import Pages, Scene, Visitor, visitor_of
from kreisbund_api.graphql import compiled
from kreisbund_api.graphql.execution import Executor
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database import prepared, session
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.tenancy.connections import Connections
from tests.isolation.harvest import harvest

ROLES = (Role.CASEWORKER, Role.TEAM_LEAD, Role.COUNTY_ADMIN, Role.DATA_PROTECTION_OFFICER, Role.CITIZEN)
LISTS = ("desk/cases", "desk/inbox", "portal/applications")


@pytest.fixture
def scene(bench_office):
    """Two cases and some people of one county; sessions are opened after a test has changed how."""
    here = bench_office
    for _ in range(2):
        here.submit()
    database = Database(here.settings)
    execute = Executor(here.settings, Connections(database, here.settings), SystemClock(), database)
    people = [visitor_of(person(here.tenant, role)) for role in ROLES]
    ids = {kind: sorted(found) for kind, found in harvest(here, here.tenant.schema_name).ids.items()}
    yield Scene(execute, database, [*people, Visitor("portal", None, here.tenant)], ids)
    database.close()


def only(monkeypatch, *names):
    chosen = [each for each in questions() if each.name in names]
    monkeypatch.setattr(pages, "questions", lambda: chosen)


def test_every_variable_of_every_page_has_values():
    found = questions()
    assert len(found) > 40
    for each in found:
        for flags in each.flags:
            given = each.given({}, flags)
            assert given
            assert all(set(one) == set(each.variables) for one in given), each.name


def test_a_county_s_own_pages_compile_and_nothing_is_planned_again(scene):
    with closing(Pages(scene)) as measure:
        figures = [measure.round() for _ in range(2)]
    assert dict(measure.interpreted) == {}
    assert {"desk/case", "desk/inbox", "portal/application", "portal/start"} <= measure.answered.keys()
    assert all(measure.answered[name] for name in ("desk/case", "desk/inbox", "portal/application"))
    assert "studio/drafts" not in measure.answered
    for each in figures:
        assert (each["page_fallbacks"], each["replans"], each["page_requests_interpreted"]) == (0, 0, 0)
        assert each["page_requests"] > each["page_documents"] > 25


def test_a_document_that_does_not_compile_is_counted(scene, monkeypatch):
    asks = Question("desk/asks", "query Asks { viewer { name } __schema { queryType { name } } }")
    monkeypatch.setattr(pages, "questions", lambda: [asks])
    with closing(Pages(scene)) as measure:
        figures = measure.round()
    assert dict(measure.interpreted) == {"desk/asks": {"INTROSPECTION"}}
    assert figures["page_fallbacks"] == 1
    assert figures["page_requests_interpreted"] == figures["page_requests"] > 0


def custom_plans(monkeypatch):
    monkeypatch.setitem(session.SESSION_SETTINGS, "plan_cache_mode", "auto")


def few_statements(monkeypatch):
    monkeypatch.setattr(prepared, "MOST_REMEMBERED", 1)


def few_plans(monkeypatch):
    monkeypatch.setattr(compiled, "MOST_PLANS", 0)


@pytest.mark.parametrize(
    ("provoke", "figure"),
    [
        (custom_plans, "page_custom_plans"),
        (few_statements, "page_prepared_again"),
        (few_plans, "page_compiled_again"),
    ],
)
def test_what_is_planned_again_is_counted(scene, monkeypatch, provoke, figure):
    only(monkeypatch, *LISTS)
    provoke(monkeypatch)
    with closing(Pages(scene)) as measure:
        figures = measure.round()
    assert figures[figure] > 0
    assert figures["replans"] >= figures[figure]
