"""schemathesis asks the running server whatever the schema allows, as guest, citizen, caseworker and the state.

Every root of Query and Mutation, its arguments, input objects and selections are drawn from `api/schema.graphql`,
always the same ones. Whoever asks whatever: an answer of GraphQL over HTTP, its errors with a code that is known, and
nothing that surprised the server.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, strategies
from hypothesis_graphql import nodes

from kreisbund_api.graphql.refusals import Code
from kreisbund_api.main import create_api
from kreisbund_api.quota import Quota, Quotas
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.settings import Settings
from tests.support.api import Case, People, Template
from tests.support.fixtures import START, Deployment
from tests.support.ports import free_port

SCHEMA = Path(__file__).parents[2] / "api" / "schema.graphql"
ROLES = (None, "citizen", "caseworker", "granting_authority")
EXAMPLES = 2
ANSWER_SECONDS = 60  # for a machine that is busy with something else: nothing here is measured
CONTENT_TYPES = ("application/json", "application/graphql-response+json")
KNOWN = {str(code) for code in Code} - {Code.INTERNAL}
# ids of what is there; filled before the first question is asked
IDS = ["no id"]


def _texts(values: strategies.SearchStrategy[str]) -> strategies.SearchStrategy[Any]:
    return values.map(nodes.String)


def _some_id() -> strategies.SearchStrategy[str]:
    return strategies.integers(0, 11).map(lambda number: IDS[number % len(IDS)])


DAYS = strategies.dates().map(str)
FIGURES = strategies.integers().map(str)
for name, texts in {
    "ID": _some_id(),
    "DateTime": strategies.datetimes().map(lambda moment: f"{moment.isoformat()}+01:00") | DAYS,
    "Date": DAYS | strategies.text(max_size=3),
    "JSON": strategies.text(max_size=20),
    "Cents": FIGURES,
    "ByteCount": FIGURES,
}.items():
    schemathesis.graphql.scalar(name, _texts(texts))

# goes through the adopted templates' processes, and the one here has none (tests/cases sends messages)
LEFT_OUT = "Mutation.receiveMessage"
DECLARED = [each.ok() for each in schemathesis.graphql.from_path(SCHEMA).get_all_operations()]
OPERATIONS = [each for each in DECLARED if each.label != LEFT_OUT]


@pytest.fixture(scope="module")
def server(deployment: Deployment, people: People, settings: Settings) -> Iterator[str]:
    """The API on a port of its own, over the session's PostgreSQL, without quotas."""
    endless = Quotas(Quota(1e9, 1e9), Quota(1e9, 1e9))
    app = create_api(settings, clock=ManualClock(START), tokens=cast(TokenChecker, people), quotas=endless)
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        while not running.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join(20)
        app.state.services.connections._database.close()


@pytest.fixture(scope="module", autouse=True)
def things(own_case: Case, foreign_case: Case, template: Template) -> None:
    """Something of the county, something of another one, something shared."""
    found = [own_case.id, own_case.application, *own_case.tasks, own_case.document, foreign_case.id, template.id]
    IDS[1:] = map(str, [*found, template.version_id])


def wrong(answer: schemathesis.Response) -> str | None:
    """What an answer has that none may have; None where nothing is."""
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    (content_type,) = answer.headers["content-type"]
    if content_type.partition(";")[0] not in CONTENT_TYPES:
        return f"content type {content_type}"
    body = answer.json()
    if not isinstance(body, dict) or not body or body.keys() - {"data", "errors", "extensions"}:
        return "not the shape of an answer"
    errors = body.get("errors")
    if errors is not None and not (isinstance(errors, list) and errors):
        return "errors that are no list, or an empty one"
    unknown = [each for each in errors or () if each.get("extensions", {}).get("code") not in KNOWN]
    if unknown or not all(isinstance(each.get("message"), str) for each in errors or ()):
        return f"an error without a code that is known: {unknown[:2]}"
    if ("data" in body) != (answer.status_code == 200) or ("data" not in body and errors is None):
        return f"status {answer.status_code} does not fit"
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.label for each in OPERATIONS])
def test_whatever_is_asked_is_answered(server: str, operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        for role in ROLES:
            headers = {"Authorization": f"Bearer {role}"} if role else {}
            answer = case.call(base_url=f"{server}/graphql", headers=headers, timeout=ANSWER_SECONDS)
            assert wrong(answer) is None, (role, case.body, answer.text[:500])

    ask()


def test_all_roots_are_asked() -> None:
    assert {each.label for each in OPERATIONS} > {"Query.caseRecord", "Mutation.completeTask", "Query.emergencyCase"}
