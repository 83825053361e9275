"""A disk that breaks below one table or one document: who asks for it gets a code and never a wrong answer, the log
names what is broken, everything else goes on, and once the bytes are back so does this.

Without mounts or privileges: files are changed, taken away and closed under a PostgreSQL that stands still (it runs as
nobody special); reading /proc/self/mem fails with EIO, as a broken disk does.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import psycopg
import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.documents.files import store_of
from kreisbund_platform.tenancy.context import TenantContext
from tests.documents.test_contents import noise
from tests.faults.site import Site
from tests.faults.test_disk import submit
from tests.support.api import Api

CASES = "{ cases(first: 50) { edges { node { caseNumber applicantName status } } } }"
TEMPLATES = '{ processTemplate(slug: "receiver") { title adoptedHere } }'
PAGE = 8192
BROKEN_TABLE = "county_nordhausen.case_record"
# reading it from its beginning fails with EIO
UNREADABLE = Path("/proc/self/mem")

Break = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def changed(path: Path) -> Iterator[None]:
    """One bit of each page is another one, as a disk's silent fault leaves it."""
    whole = path.read_bytes()
    damaged = bytearray(whole)
    for page in range(0, len(whole), PAGE):
        damaged[min(page + PAGE, len(whole)) - 100] ^= 1
    path.write_bytes(damaged)
    try:
        yield
    finally:
        path.write_bytes(whole)


@contextmanager
def gone(path: Path) -> Iterator[None]:
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


@contextmanager
def closed(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(mode)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    with gone(path):
        path.symlink_to(UNREADABLE)
        try:
            yield
        finally:
            path.unlink()


def file_of(place: Site, table: str) -> str:
    """Where a table lies, below PostgreSQL's data directory."""
    with psycopg.connect(place.server.url("postgres"), autocommit=True) as connection:
        row = connection.execute("SELECT pg_relation_filepath(%s)", (table,)).fetchone()
    assert row is not None
    return str(row[0])


@contextmanager
def restarted(place: Site, path: Path, breaking: Break) -> Iterator[None]:
    """PostgreSQL meets the broken file from its start on; at the end it is whole."""
    place.server.stop()
    try:
        with breaking(path):
            try:
                place.start_database()
                yield
            finally:
                place.server.stop()
    finally:
        place.start_database()


def codes(answer: Any) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


def logged(caplog: pytest.LogCaptureFixture, name: str) -> set[Any]:
    """The values of one code in all lines of our log."""
    lines = [getattr(record, "codes", {}) for record in caplog.records if record.name == "kreisbund"]
    return {line[name] for line in lines if name in line}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("breaking", "code"), [(changed, "INTERNAL"), (gone, "UNAVAILABLE"), (closed, "INTERNAL")])
def test_a_countys_broken_table_is_refused_and_named_and_the_rest_goes_on(place, client, breaking, code, caplog):
    caplog.set_level(logging.INFO, "kreisbund")
    key, other_key = str(uuid4()), str(uuid4())
    number = submit(client, key)
    whole = client.ask("caseworker", CASES)
    assert number in json.dumps(whole)
    file = file_of(place, BROKEN_TABLE)
    with restarted(place, place.server.data / file, breaking):
        refused = client.ask("caseworker", CASES)
        assert codes(refused) == {code}
        assert number not in json.dumps(refused)
        assert submit(client, str(uuid4())) == code, "nor is anything written beside it"
        assert client.ask("caseworker", TEMPLATES)["data"]["processTemplate"]["adoptedHere"], "another table"
        elsewhere = submit(client, other_key, "other_citizen")
        assert elsewhere in json.dumps(client.ask("other_caseworker", CASES)), "another county"
        assert ready(client) == (200, "ok")
        Worker(place.settings, place.connections, place.registry, SystemClock()).serve_all()
        assert file in logged(caplog, "file")
        assert logged(caplog, "tenant") <= {place.tenant.slug}, "the worker served the other one"
    assert client.ask("caseworker", CASES) == whole
    assert submit(client, key) == number
    assert submit(client, other_key, "other_citizen") == elsewhere


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("breaking", "reason"), [(changed, "shared"), (gone, "database")])
def test_readiness_says_that_what_all_counties_share_is_broken(place, client, breaking, reason):
    assert ready(client) == (200, "ok")
    with restarted(place, place.server.data / file_of(place, "shared.tenant"), breaking):
        assert ready(client) == (503, reason)
    assert ready(client) == (200, "ok")


def ready(client: Api) -> tuple[int, str]:
    answer = anyio.run(fetch, client, "/readyz")
    body = answer.json()
    return answer.status_code, body.get("reason", body["status"])


async def fetch(client: Api, path: str, token: str | None = None) -> Any:
    async with client.client() as session:
        return await session.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})


async def send(client: Api, content: bytes, token: str) -> Any:
    async with client.client() as session:
        headers = {"Authorization": f"Bearer {token}"}
        return await session.post("/uploads", headers=headers, files={"file": ("Plan.png", content)})


@pytest.fixture
def letter(api: Api, own_case: Any, county: TenantContext) -> Iterator[tuple[str, Path]]:
    """The address of a document that the caseworker may open, and the file that holds it."""
    services = api.app.state.services
    key = store_of(services.settings).put(county, os.urandom(3000))
    sql = "UPDATE document SET kind = %s, storage_key = %s WHERE id = %s"
    with services.connections.for_tenant(county) as connection:
        connection.execute(sql, ("letter", key, own_case.document))
        yield f"/documents/{own_case.document}", services.settings.home / "files" / county.slug / key[:2] / key
        connection.execute(sql, ("upload", "", own_case.document))


@pytest.mark.parametrize(("breaking", "status", "code"), [
    (changed, 500, "INTERNAL"), (gone, 500, "INTERNAL"), (unreadable, 503, "UNAVAILABLE"),
])  # fmt: skip
def test_a_broken_document_is_refused_and_named_and_opens_once_it_is_back(api, letter, breaking, status, code, caplog):
    address, path = letter
    whole = anyio.run(fetch, api, address, "caseworker")
    assert (whole.status_code, whole.content) == (200, path.read_bytes())
    with breaking(path):
        refused = anyio.run(fetch, api, address, "caseworker")
        assert (refused.status_code, codes(refused.json())) == (status, {code})
        assert path.name in logged(caplog, "stored")
        assert "EIO" in logged(caplog, "errno") or breaking is not unreadable
    assert anyio.run(fetch, api, address, "caseworker").content == whole.content


def test_uploads_go_on_elsewhere_where_one_countys_folder_cannot_be_written(api, county, other_county, caplog):
    content = noise((40, 40))
    folder = store_of(api.app.state.services.settings)._root / county.slug
    folder.mkdir(exist_ok=True)
    with gone(folder):
        folder.write_bytes(b"")  # no folder any more; for root, too, whom no permission would stop
        refused = anyio.run(send, api, content, "citizen")
        assert (refused.status_code, codes(refused.json())) == (500, {"INTERNAL"})
        assert logged(caplog, "errno") & {"ENOTDIR", "EEXIST"}
        assert logged(caplog, "tenant") == {county.slug}
        assert anyio.run(send, api, content, "other_citizen").status_code == 201
        folder.unlink()
    assert anyio.run(send, api, content, "citizen").status_code == 201
