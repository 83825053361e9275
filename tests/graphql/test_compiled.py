"""What a query's short way does at its edges; that it answers like the long one: tests/isolation/test_compiled.py."""

import json

import pytest

from kreisbund_platform import telemetry
from kreisbund_platform.database.wire import MISSING, READ, WRITTEN
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.api import Api, CaseWriter

MARKS = b"\x01 DATA \x02 \x03 \x04[1]\x05"


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why queries went the long way."""
    found: list[str] = []
    monkeypatch.setattr(telemetry.interpreted, "add", lambda _number, why: found.append(why["reason"]))
    return found


def test_marks_in_what_people_write_stay_text(api: Api, cases: CaseWriter, other_county: TenantContext) -> None:
    written = MARKS.decode()
    case = cases.write(other_county, "WAK-2026-000777", "marked", written)
    answer = api.ask("other_caseworker", "query($id: ID!) { caseRecord(id: $id) { applicantName } }", id=str(case.id))
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
