"""What a query's short way does at its edges; that it answers like the long one: tests/isolation/test_compiled.py."""

import json
from collections.abc import Iterator

import pytest

from kreisbund_platform import telemetry
from kreisbund_platform.database.wire import MISSING, READ, WRITTEN
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, Case

MARKS = b"\x01 DATA \x02 \x03 \x04[1]\x05"


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why queries went the long way."""
    found: list[str] = []
    monkeypatch.setattr(telemetry.interpreted, "add", lambda _number, why: found.append(why["reason"]))
    return found


@pytest.fixture
def marked(connections: Connections, county: TenantContext, own_case: Case) -> Iterator[Case]:
    """A case whose applicant's name holds every mark."""
    rename = "UPDATE case_record SET applicant_name = %s WHERE id = %s"
    with connections.for_tenant(county) as connection:
        before = connection.execute("SELECT applicant_name FROM case_record WHERE id = %s", (own_case.id,)).fetchone()
        connection.execute(rename, (MARKS.decode(), own_case.id))
        yield own_case
        connection.execute(rename, (before[0], own_case.id))


def test_marks_in_what_people_write_stay_text(api: Api, marked: Case) -> None:
    written = MARKS.decode()
    answer = api.ask("caseworker", "query($id: ID!) { caseRecord(id: $id) { applicantName } }", id=str(marked.id))
    assert answer == {"data": {"caseRecord": {"applicantName": written}}}
    body = json.dumps(answer).encode()
    assert not READ.search(body)
    assert not WRITTEN.search(body)
    assert MISSING not in body


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{ viewer { subject } __schema { queryType { name } } }", "INTROSPECTION"),
        ("{ tenants { totalCount } }", "FORBIDDEN"),
        ('{ cases(after: "nonsense") { totalCount } }', "REFUSED"),
        ("query($first: Int = 101) { cases(first: $first) { totalCount } }", "REFUSED"),
        ("query($n: Int!) { cases(first: $n) { totalCount } }", "REFUSED"),
    ],
)
def test_what_is_left_to_the_interpreter_is_counted(api: Api, reasons: list[str], document: str, reason: str) -> None:
    for _again in range(2):
        api.ask("caseworker", document)
    assert reasons == [reason, reason]
