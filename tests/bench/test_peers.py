"""Peers answer what the product answers over the same rows, and a difference stops the measurement."""

from contextlib import closing

import pytest

from bench import bulk, contenders, floor, peers, postgraphile_peer, same, site, step
from bench.office import person
from bench.reads import BY_ID, IDS, LIST, compared
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_platform.cases import tasks
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import Role


@pytest.fixture
def worked(bench_office):
    """Six cases, one of them with a second task."""
    here = bench_office
    made = [here.submit() for _ in range(2)]
    opened = here.connection.execute("SELECT id FROM task WHERE case_id = %s", (made[0],)).fetchone()[0]
    with here.connection.transaction():
        tasks.complete(here.work(Role.CASEWORKER), str(opened), {"outcome": "done", "remark": "geprüft"}, 1)
    with here.database.owner() as owner:
        bulk.fill(owner, here.tenant.schema_name, 6)
    return here


@pytest.fixture
def answer(worked):
    executor = Executor(worked.settings, worked.connections, SystemClock(), worked.database)

    def answered(query, variables):
        found = executor.run(person(worked.tenant, Role.CASEWORKER), Request(query, variables))
        assert not found.errors, found.errors
        return found.data

    return answered


@pytest.fixture
def plain(worked):
    login = floor.login_of(worked.connection, worked.tenant.schema_name)
    with closing(peers.start_plain(login, worked.tenant.schema_name)) as served:
        yield served


def test_plain_resolvers_answer_what_the_product_answers(worked, answer, plain):
    cases = [edge["node"]["id"] for edge in answer(IDS, {})["cases"]["edges"]]
    assert len(cases) == 6
    questions = {
        "list": (LIST, [{"first": 20}, {"first": 4}]),
        "by_id": (BY_ID, [{"id": case} for case in [*cases, "00000000-0000-4000-8000-000000000000"]]),
    }
    peers.compare("plain", peers.PEERS["plain"], plain, questions, answer)
    seen = answer(BY_ID, {"id": cases[0]})["caseRecord"]
    assert all((seen["data"], seen["parties"], seen["tasks"]["edges"]))


def test_plain_resolvers_go_on_after_a_cursor(answer, plain):
    first = [served(LIST, {"first": 4})["cases"]["pageInfo"]["endCursor"] for served in (answer, plain.answer)]
    later = [
        served(LIST, {"first": 4, "after": after}) for served, after in zip((answer, plain.answer), first, strict=True)
    ]
    assert len(later[0]["cases"]["edges"]) == 2
    same.check("plain", *later)


def test_another_answer_is_an_error(worked, answer, plain):
    case = answer(IDS, {})["cases"]["edges"][0]["node"]["id"]
    before = answer(BY_ID, {"id": case})
    with worked.database.owner() as owner:
        owner.execute(
            f"UPDATE {worked.tenant.schema_name}.party SET name = 'Somebody else' WHERE case_id = %s", (case,)
        )
    with pytest.raises(same.DifferentError, match=r"parties\[0\]\.name"):
        same.check("plain", before, plain.answer(BY_ID, {"id": case}))


def test_a_server_is_measured_by_its_answers_and_the_cpu_of_each_process(worked, plain):
    asked = {"list": [site.question(plain.port, LIST, {"first": 2})]}
    postmaster = step.parent_of(worked.connection.info.backend_pid)
    figures = contenders.Contender("plain", plain.port, plain.pid, asked).measured("list", 1.0, postmaster)
    assert figures.keys() >= {"per_second", "server_cpu_us", "database_cpu_us", "client_cpu_us"}
    assert min(figures.values()) > 0


@pytest.mark.parametrize(
    ("ours", "theirs", "places"),
    [
        ({"at": "2026-03-02T09:00:00.5+00:00"}, {"at": "2026-03-02T10:00:00.500000+01:00"}, []),
        ({"at": "2026-03-02T09:00:00+00:00"}, {"at": "2026-03-02T09:00:01Z"}, ["data.at"]),
        ({"endCursor": "abc"}, {"endCursor": "xyz"}, []),
        ({"endCursor": "abc"}, {"endCursor": None}, ["data.endCursor"]),
        ({"n": 1}, {"n": True}, ["data.n"]),
        ({"a": [1, 2]}, {"a": [1]}, ["data.a"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2, "c": 3}]}, ["data.a[0].b", "data.a[0].c"]),
    ],
)
def test_differences_name_places(ours, theirs, places):
    assert list(same.differences(ours, theirs)) == places


def test_postgraphile_answers_are_renamed_but_not_what_people_wrote():
    theirs = {
        "caseRecordByRowId": {"rowId": "1", "data": {"rowId": "x"}, "partiesByCaseId": {"nodes": [{"name": "N"}]}}
    }
    assert postgraphile_peer.as_ours(theirs) == {
        "caseRecord": {"id": "1", "data": {"rowId": "x"}, "parties": [{"name": "N"}]}
    }


def test_figures_stand_beside_floor_and_peers():
    figures = compared("list", {"product": {"per_second": 300.0}, "plain": {"per_second": 10.0}}, 600.0)
    assert figures["list_vs_floor"] == 0.5
    assert figures["list_vs_plain"] == 30.0
    assert figures["list_plain_per_second"] == 10.0
