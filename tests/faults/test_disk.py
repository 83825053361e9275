"""A disk that takes no more: what is refused says so with a code, what was acknowledged is there, and all goes on by
itself once there is space.

The means is RLIMIT_FSIZE: no mount, no privilege, and PostgreSQL treats it like a full disk on purpose. A write beyond
it ends with EFBIG instead of ENOSPC; for PostgreSQL's log of changes both are a PANIC.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import anyio
import psycopg
import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.audit import log
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.documents.files import store_of
from tests.cases.models import MODELS
from tests.documents.test_contents import noise
from tests.faults.site import REST, Site
from tests.support.api import Api

SUBMIT = """mutation($input: SubmitApplicationInput!) { submitApplication(input: $input) { __typename
    ... on SubmitApplicationSuccess { application { caseNumber } } } }"""
WAL_LEFT_BYTES = 1_500_000
MOST = 400


@contextmanager
def files_end_at(size_bytes: int) -> Iterator[None]:
    """No file grows beyond so many bytes by this process, nor, for good, by what it starts meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [(400, 400), (900, 900)], ids=["stored", "already while it arrives"])
def test_an_upload_without_space_is_refused_with_a_code_and_received_once_there_is_some(api, county, size):
    content = noise(size)
    store = store_of(api.app.state.services.settings)
    before = store.count(county)

    async def send():
        async with api.client() as client:
            headers = {"Authorization": "Bearer citizen"}
            return await client.post("/uploads", headers=headers, files={"file": ("Plan.png", content)})

    with files_end_at(300_000):
        refused = anyio.run(send)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert store.count(county) == before, "nothing half is left"
    assert anyio.run(send).status_code == 201


def test_the_worker_waits_while_the_disk_is_full(deployment):
    rounds = []

    class Full(Worker):
        """As PostgreSQL refuses it: the connection stays."""

        def serve_all(self) -> bool:
            rounds.append(len(rounds))
            if len(rounds) == 1:
                raise psycopg.errors.DiskFull
            self.stopping.set()
            return False

    Full(deployment.settings, deployment.connections, deployment.registry, SystemClock()).run()
    assert len(rounds) == 2


@pytest.mark.timeout(300)
def test_a_full_disk_under_the_database_loses_nothing_that_was_acknowledged(place, client):
    with files_end_at(wal_offset(place) + WAL_LEFT_BYTES):
        place.restart_database()
    answers = until_refused(client)
    assert answers.pop(refused := list(answers)[-1]) == "UNAVAILABLE"
    assert answers, "first there was space"
    place.restart_database()
    assert until_answered(client, refused) not in answers.values(), "what was refused, works"
    assert {key: until_answered(client, key) for key in answers} == answers, "what was acknowledged, is"
    numbers = [int(number[-6:]) for (number,) in place.rows("SELECT case_number FROM case_record ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1)), "no gap, nothing twice"
    assert place.do(log.verify) is None


def wal_offset(place: Site) -> int:
    """Where in its file of 16 MiB the next change is written: beyond the size of all tables."""
    with psycopg.connect(place.server.url("postgres", "postgres"), autocommit=True) as connection:
        offset = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint % 16777216"
        while not 8_000_000 < (found := connection.execute(offset).fetchone()[0]) < 13_000_000:
            connection.execute("SELECT pg_logical_emit_message(false, '', repeat('x', 1000000))")
        return found


def until_refused(client: Api) -> dict[str, str]:
    """Keys and what was answered, the last one a refusal: PostgreSQL's log of changes cannot grow any more."""
    answers = {}
    for _ in range(MOST):
        key = str(uuid4())
        answers[key] = submit(client, key)
        if not answers[key].startswith("NDH-"):
            return answers
    raise AssertionError("the disk never was full")


def until_answered(client: Api, key: str) -> str:
    """A case number. While PostgreSQL gets over it, it is asked again."""
    end = time.monotonic() + REST
    while (answer := submit(client, key)) == "UNAVAILABLE":
        assert time.monotonic() < end, "it does not go on"
        time.sleep(0.2)
    return answer


def submit(client: Api, key: str, person: str = "citizen") -> str:
    """The case number, or the code of the refusal."""
    data = MODELS["receiver"].forms["application"]["example"]
    answer = client.ask(person, SUBMIT, input={"template": "receiver", "data": data, "idempotencyKey": key})
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    return str(answer["data"]["submitApplication"]["application"]["caseNumber"])
