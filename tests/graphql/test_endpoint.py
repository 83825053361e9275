"""HTTP: what is refused before anything runs, always as JSON with a code; and the guard's limits."""

import time
from typing import Any

import anyio
import httpx
import pytest

from kreisbund_api.graphql.endpoint import is_storable
from kreisbund_api.quota import Quota
from tests.support.api import Api, Case

TOKEN = {"Authorization": "Bearer caseworker"}
JSON = {"Content-Type": "application/json"}
ADD_NOTE = "mutation ($i: AddNoteInput!) { addNote(input: $i) { __typename } }"


def send(api: Api, method: str, path: str, **arguments: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        async with api.client() as client:
            return await client.request(method, path, **arguments)

    return anyio.run(run)


def code(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("headers", "content", "status", "expected"),
    [
        (JSON, b'{"query": "{ viewer { subject } }"}', 401, "UNAUTHENTICATED"),
        ({**JSON, "Authorization": "Basic x"}, b"{}", 401, "UNAUTHENTICATED"),
        ({**JSON, "Authorization": "Bearer unknown"}, b"{}", 401, "UNAUTHENTICATED"),
        ({**TOKEN, "Content-Type": "text/plain"}, b"{}", 415, "BAD_USER_INPUT"),
        (TOKEN | JSON, b"", 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b"{", 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "\xff"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'[{"query": "{ viewer { subject } }"}]', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": 1}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ viewer { subject } }", "operationName": 1}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ viewer { subject } }", "variables": {"a": "\\u0000"}}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ viewer { subject } }", "variables": {"a": "\\ud800"}}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ viewer"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ nothing }"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "subscription { caseEvents { id } }"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "query a { __typename } query b { __typename }"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b'{"query": "{ cases(filter: {text: \\"\\\\u0000\\"}) { x } }"}', 400, "BAD_USER_INPUT"),
        (TOKEN | JSON, b" " * (6 * 1024 * 1024 + 1), 413, "BAD_USER_INPUT"),
    ],
)  # fmt: skip
def test_refused(api: Api, headers: dict[str, str], content: bytes, status: int, expected: str) -> None:
    response = send(api, "POST", "/graphql", headers=headers, content=content)
    assert code(response) == expected
    assert response.status_code == status
    assert ("www-authenticate" in response.headers) is (status == 401)


def test_other_methods_and_addresses(api: Api) -> None:
    get = send(api, "GET", "/graphql", headers=TOKEN)
    assert (get.status_code, code(get)) == (405, "BAD_USER_INPUT")
    assert send(api, "GET", "/nowhere").status_code == 404


def test_health(api: Api) -> None:
    assert send(api, "GET", "/healthz").status_code == 200
    ready = send(api, "GET", "/readyz")
    assert ready.status_code == 200
    assert ready.json()["counties_behind"] == []


@pytest.mark.parametrize(
    "document",
    [
        "{" + " ".join(f"a{n}: viewer {{ subject }}" for n in range(20_000)) + "}",
        "{ viewer {" + "".join("tenant { id " for _ in range(400)) + "}" * 402,
        "{" * 5_000,
        "{ a(b: " + "[" * 5_000,
        "query { ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
        + " fragment f40 on Query { viewer { subject } }",
        "query { ...f0 } " + " ".join(
            f"fragment f{n} on Query {{ a: viewer {{ subject }} ...f{n + 1} ...f{n + 1} }}" for n in range(30)
        ) + " fragment f30 on Query { viewer { subject } }",
    ],
)  # fmt: skip
def test_too_much_is_refused_quickly(api: Api, document: str) -> None:
    begun = time.perf_counter()
    answer = api.ask("caseworker", document)
    assert answer["errors"][0]["extensions"]["code"] in ("QUERY_TOO_COMPLEX", "BAD_USER_INPUT")
    assert time.perf_counter() - begun < 3


def test_a_fragment_that_spreads_itself(api: Api) -> None:
    answer = api.ask("caseworker", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_a_thousand_fields_pass(api: Api, own_case: Case) -> None:
    wide = " ".join(f"f{n}: caseNumber" for n in range(990))
    answer = api.ask("caseworker", f"{{ cases(first: 100) {{ edges {{ node {{ {wide} }} }} }} }}")
    assert "errors" not in answer
    assert len(answer["data"]["cases"]["edges"][0]["node"]) == 990
    nested = "{ cases(first: 100) { edges { node { tasks(first: 100) { edges { node { case { tasks(first: 100) {"
    assert "errors" not in api.ask("caseworker", nested + " edges { node { id } } } } } } } } } } }")
    many = " ".join(f'a{n}: caseRecord(id: "{own_case.id}") {{ id }}' for n in range(300))
    assert "errors" not in api.ask("caseworker", f"{{ {many} }}")
    assert "errors" not in api.ask("caseworker", "{ viewer {" + " subject" * 990 + "} }")


def test_introspection_is_open(api: Api) -> None:
    asked = '{ __schema { queryType { name } } __type(name: "Task") { fields { name } } }'
    assert api.ask("citizen", asked)["data"]["__schema"]["queryType"]["name"] == "Query"


def test_nesting_and_signs_of_input() -> None:
    deep: Any = "x"
    for _ in range(3_000):
        deep = [deep]
    assert not is_storable(deep)
    assert not is_storable({"a\x00": 1})
    assert not is_storable({"a": ["\ud800"]})
    assert is_storable({"name": "Łucja 🦌", "list": [[1, None, True]]})


def test_a_bucket_empties_and_refills() -> None:
    now = [0.0]
    quota = Quota(2, 0.5, lambda: now[0])
    assert [quota.take("a"), quota.take("a"), quota.take("a"), quota.take("b")] == [0, 0, 2, 0]
    now[0] = 2.0
    assert quota.take("a") == 0


def test_uploads_and_documents_are_refused_as_json(api: Api, own_case: Case) -> None:
    assert send(api, "GET", f"/documents/{own_case.document}").status_code == 401
    alike = [
        send(api, "GET", f"/documents/{id}", headers={"Authorization": f"Bearer {token}"})
        for id, token in ((own_case.document, "neighbour"), (own_case.document, "other_caseworker"),
                          ("nonsense", "caseworker"), (own_case.id, "caseworker"), (own_case.document, "operator"))
    ]  # fmt: skip
    assert {response.status_code for response in alike} == {404}
    assert len({response.text for response in alike}) == 1
    upload = send(api, "POST", "/uploads", headers=TOKEN, content=b"x")
    assert (upload.status_code, code(upload)) == (415, "BAD_USER_INPUT")
    for files, reason in (
        ({"file": ("a.pdf", b"")}, None),
        ({"file": ("a.pdf", b"no pdf")}, None),
        ([("a", ("a", b"1")), ("b", ("b", b"2"))], "ONE_FILE"),
        ({"file": ("a.pdf", b"x" * (20 * 1024 * 1024 + 1))}, "TOO_LARGE"),
    ):
        refused = send(api, "POST", "/uploads", headers=TOKEN, files=files)
        assert code(refused) == "BAD_USER_INPUT"
        assert refused.json()["errors"][0]["extensions"]["reason"] == reason or reason is None
        assert refused.status_code in (400, 413, 422)


def test_events_come_as_a_stream(api: Api, own_case: Case) -> None:
    headers = {**TOKEN, "Accept": "text/event-stream"}
    given = {"case": str(own_case.id), "text": "x", "idempotencyKey": str(own_case.event)}
    body = {"query": ADD_NOTE, "variables": {"i": given}}
    answer = send(api, "POST", "/graphql", headers=headers, json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith('event: next\ndata: {"data":{"addNote":{"__typename":"AddNoteSuccess"}}}\n\n')
    assert answer.text.endswith("event: complete\ndata:\n\n")
    subscribed = {"query": "subscription { caseEvents { id } }"}
    refused = send(api, "POST", "/graphql", headers={**headers, "Authorization": "Bearer operator"}, json=subscribed)
    assert '"code":"FORBIDDEN"' in refused.text
