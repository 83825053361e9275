"""The way without a thread: what was decided since counts, what is shown is recorded, and what breaks answers all the
same. That it answers like the others: tests/isolation/test_compiled.py.
"""

from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import anyio
import pytest

from kreisbund_api.graphql.execution import Executor
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.main import create_api
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.graphql.test_changing import NOTE
from tests.graphql.test_rights import (
    BLOCK,
    DELEGATE,
    END_DELEGATION,
    REASSIGN,
    UNBLOCK,
    change,
    days,
    present,
    status_of,
)
from tests.support.api import Api, Case, People
from tests.support.fixtures import START, Deployment

CASE = "query ($id: ID!) { caseRecord(id: $id) { applicantName } }"
VIEWER = "{ viewer { name roles } }"


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that were given to a thread."""
    found: list[str] = []
    run = Executor.run

    def noted(executor: Executor, principal: Any, request: Any, **how: Any) -> Any:
        found.append(request.document)
        return run(executor, principal, request, **how)

    monkeypatch.setattr(Executor, "run", noted)
    return found


@pytest.fixture
def fresh(deployment: Deployment, people: People, settings: Settings) -> Iterator[Api]:
    """An API with connections of its own: one, since only one request runs at a time."""
    app = create_api(settings, clock=ManualClock(START), tokens=cast(TokenChecker, people))
    yield Api(app, people)
    app.state.services.connections._database.close()


@pytest.fixture
def staff(fresh: Api, people: People, county: TenantContext) -> Iterator[dict[str, str]]:
    """A caseworker, a team lead and an administrator who have been here once; token to subject."""
    with present(fresh, people, county, quick="caseworker", lena="team_lead", vera="county_admin") as made:
        yield made


def shown_to(subject: str, connections: Connections, county: TenantContext) -> int:
    with connections.for_tenant(county) as connection:
        row = connection.execute("SELECT count(*) FROM case_read WHERE subject = %s", (subject,)).fetchone()
    return int(row[0]) if row else 0


def test_what_was_asked_before_takes_no_thread_and_is_recorded(
    fresh: Api, staff: dict[str, str], own_case: Case, ways: list[str], connections: Connections, county: TenantContext
) -> None:
    answers = [fresh.ask("quick", CASE, id=str(own_case.id)) for _time in range(4)]
    assert answers[0]["data"]["caseRecord"]["applicantName"]
    assert all(each == answers[0] for each in answers)
    assert ways == [CASE]
    assert shown_to(staff["quick"], connections, county) == 4


def test_a_block_counts_at_once_and_so_does_its_end(fresh: Api, staff: dict[str, str], ways: list[str]) -> None:
    for _time in range(3):
        assert status_of(fresh, "quick") == 200
    blocked = change(fresh, "vera", BLOCK, subject=staff["quick"], reason="Dienstausweis verloren")
    ways.clear()
    assert [status_of(fresh, "quick") for _time in range(3)] == [401] * 3
    assert len(ways) == 3, "the ordinary way says so"
    change(fresh, "vera", UNBLOCK, block=blocked["block"]["id"], expectedVersion=1)
    assert [status_of(fresh, "quick") for _time in range(3)] == [200] * 3


def test_a_role_lent_meanwhile_is_seen_at_once(fresh: Api, staff: dict[str, str]) -> None:
    for _time in range(3):
        assert fresh.ask("quick", VIEWER)["data"]["viewer"]["roles"] == ["caseworker"]
    lent = change(fresh, "lena", DELEGATE, role="team_lead", delegate=staff["quick"], **days(0, 3))
    assert lent["__typename"] == "DelegationSuccess"
    for _time in range(3):
        assert fresh.ask("quick", VIEWER)["data"]["viewer"]["roles"] == ["caseworker", "team_lead"]


def test_connections_that_broke_are_replaced(
    fresh: Api, staff: dict[str, str], own_case: Case, connections: Connections, county: TenantContext
) -> None:
    for _time in range(3):
        answer = fresh.ask("quick", CASE, id=str(own_case.id))
    with connections.for_tenant(county) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended
    assert fresh.ask("quick", CASE, id=str(own_case.id)) == answer


def test_a_wrong_argument_is_refused_as_ever(fresh: Api, staff: dict[str, str]) -> None:
    document = "query ($first: Int) { cases(first: $first) { totalCount } }"
    for _time in range(3):
        assert fresh.ask("quick", document, first=5)["data"]["cases"]["totalCount"] >= 0
    answer = fresh.ask("quick", document, first=5_000)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_many_at_once_notice_the_same_change(fresh: Api, staff: dict[str, str]) -> None:
    for _time in range(3):
        assert fresh.ask("quick", VIEWER)["data"]["viewer"]["roles"] == ["caseworker"]
    lent = change(fresh, "lena", DELEGATE, role="team_lead", delegate=staff["quick"], **days(0, 3))
    assert lent["__typename"] == "DelegationSuccess"
    answers: list[Any] = []

    async def ask() -> None:
        answers.append((await fresh.send("quick", query=VIEWER)).json())

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _request in range(12):
                group.start_soon(ask)

    for _time in range(3):
        anyio.run(all_at_once)
    assert len(answers) == 36
    assert all(each["data"]["viewer"]["roles"] == ["caseworker", "team_lead"] for each in answers), answers[:2]


def note_by(api: Api, case: Case) -> Any:
    given = {"case": str(case.id), "text": "Rückruf", "idempotencyKey": str(uuid4())}
    return anyio.run(lambda: api.send("quick", query=NOTE, variables={"input": given}))


def test_changes_ask_with_their_first_statement_where_somebody_stands(
    fresh: Api, staff: dict[str, str], own_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    enter = Operation.__enter__
    monkeypatch.setattr(Operation, "__enter__", lambda self: asked.append(self.assumed is None) or enter(self))
    said = [note_by(fresh, own_case).json() for _time in range(3)]
    assert [each["data"]["addNote"]["__typename"] for each in said] == ["AddNoteSuccess"] * 3
    assert asked == [True, False, False]


def test_a_block_counts_with_the_very_next_change(fresh: Api, staff: dict[str, str], own_case: Case) -> None:
    assert [note_by(fresh, own_case).status_code for _time in range(3)] == [200] * 3
    blocked = change(fresh, "vera", BLOCK, subject=staff["quick"], reason="Dienstausweis verloren")
    assert [note_by(fresh, own_case).status_code for _time in range(2)] == [401] * 2
    change(fresh, "vera", UNBLOCK, block=blocked["block"]["id"], expectedVersion=1)
    assert [note_by(fresh, own_case).status_code for _time in range(3)] == [200] * 3


def test_a_lent_role_counts_with_the_very_next_change(fresh: Api, staff: dict[str, str]) -> None:
    def reassigned() -> str:
        given = {"task": str(uuid4()), "assignee": staff["lena"], "expectedVersion": 1}
        return str(change(fresh, "quick", REASSIGN, **given)["__typename"])

    assert [reassigned() for _time in range(3)] == ["Forbidden"] * 3
    lent = change(fresh, "lena", DELEGATE, role="team_lead", delegate=staff["quick"], **days(0, 3))
    assert [reassigned() for _time in range(3)] == ["NotFound"] * 3
    change(fresh, "lena", END_DELEGATION, delegation=lent["delegation"]["id"], expectedVersion=1)
    assert [reassigned() for _time in range(3)] == ["Forbidden"] * 3
