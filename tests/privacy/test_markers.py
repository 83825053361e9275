"""Markers planted in everything that people write are found in no log, trace, metric or line of the database's log.

Requests that succeed and requests that fail, by API, pages and worker, on processes and a server as `up` has them.
"""

import base64
import json
import secrets
from contextlib import suppress
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg
import pytest
from schwifty import IBAN

from kreisbund_infra.local.deployment import SERVICES
from kreisbund_platform.privacy.declarations import columns_of
from tests.documents.test_contents import pdf_with
from tests.privacy.watched_site import watched_site
from tests.support.fixtures import COUNTY

SUBMIT = """mutation Submit($input: SubmitApplicationInput!) { submitApplication(input: $input) { __typename
  ... on SubmitApplicationSuccess { statusSecret application { id caseNumber } }
  ... on Invalid { fieldErrors { path code message } } ... on Problem { code message } } }"""
NOTE = """mutation ($input: AddNoteInput!) { addNote(input: $input) { __typename ... on Problem { code } } }"""
MESSAGE = (
    """mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Problem { code } } }"""
)
CASES = "query ($text: String) { cases(filter: {text: $text}) { edges { node { id applicantName data } } } }"


class Markers:
    """Words that stand nowhere else; each says where it was planted."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        word = f"Zq{secrets.token_hex(6)}x"
        self.planted[word] = place
        return word

    def iban(self, place: str) -> str:
        """A valid German IBAN that nobody has."""
        found = str(next(iban for _ in range(100) if (iban := IBAN.random("DE", bank_code="12030000")).is_valid))
        self.planted[found] = place
        return found

    def found_in(self, content: bytes) -> set[str]:
        """Places whose marker stands in the content: as it is, in any case, escaped or in base64."""
        lower = content.lower()
        return {place for word, place in self.planted.items() if any(form in lower for form in _forms(word))}


def _forms(word: str) -> list[bytes]:
    plain = word.encode()
    encoded = [base64.b64encode(b"x" * shift + plain)[4:-4].lower() for shift in range(3)]
    return [plain.lower(), plain.hex().encode(), *encoded]


class Scenario:
    """What happens on the site, all of it marked."""

    def __init__(self, site) -> None:
        self.site, self.mark = site, Markers()
        self.good()
        self.bad()
        self.pages()
        self.worker()
        self.database()
        site.stop()

    def submit(self, template, data, role="citizen", key=None):
        given = {"template": template, "data": data, "idempotencyKey": key or str(uuid4())}
        answer = self.site.post(role, query=SUBMIT, variables={"input": given}, operationName="Submit")
        return answer.json()["data"]["submitApplication"]

    def example(self, template):
        asked = "query ($slug: String!) { processTemplate(slug: $slug) { startForm { example } } }"
        answer = self.site.post("citizen", query=asked, variables={"slug": template}).json()
        return answer["data"]["processTemplate"]["startForm"]["example"]

    def good(self):
        mark, site = self.mark, self.site
        form = self.example("unterhaltsvorschuss")
        form |= {
            "applicant_family_name": mark("name"), "child_given_name": mark("another's name"),
            "street": mark("address"), "efforts": mark("free text"), "iban": mark.iban("IBAN"),
            "other_parent_address": mark("another's address"), "email": f"{mark('e-mail')}@example.org",
        }  # fmt: skip
        done = self.submit("unterhaltsvorschuss", form)
        assert done["__typename"] == "SubmitApplicationSuccess", done
        self.application = done["application"]["id"]
        text = next(word for word, place in mark.planted.items() if place == "name")
        (edge,) = site.post("caseworker", query=CASES, variables={"text": text}).json()["data"]["cases"]["edges"]
        self.case = edge["node"]["id"]
        for role, document, values in (
            ("caseworker", NOTE, {"text": mark("note")}),
            ("caseworker", MESSAGE, {"subject": mark("subject"), "text": mark("message")}),
            ("citizen", MESSAGE, {"subject": mark("citizen's subject"), "text": mark("citizen's message")}),
        ):
            given = {"case": self.case, "idempotencyKey": str(uuid4()), **values}
            answer = site.post(role, query=document, variables={"input": given}).json()
            assert "code" not in next(iter(answer["data"].values())), answer
        self.upload("good", pdf_with(), 201)
        site.post("citizen", query="{ myData }")
        site.post("data_protection_officer", query="query ($a: String) { personalData(account: $a) }",
                  variables={"a": mark("account asked for")})  # fmt: skip

    def upload(self, place, content, status):
        headers = {"Authorization": f"Bearer {self.site.token('citizen')}"}
        name = f"{self.mark(f'file name, {place}')}.pdf"
        answer = httpx.post(f"{self.site.base}/uploads", files={"file": (name, content)}, headers=headers)
        assert answer.status_code == status, answer.text

    def bad(self):
        mark, site = self.mark, self.site
        form = self.example("unterhaltsvorschuss")
        for place, changed in (
            ("wrong IBAN", {"iban": mark("wrong IBAN")}),
            ("unknown field", {mark("field's name"): mark("unknown field")}),
            ("list for text", {"street": [mark("list for text")]}),
            ("too long", {"street": mark("too long") * 300}),
            ("no date", {"child_birth_date": mark("no date")}),
        ):
            assert self.submit("unterhaltsvorschuss", form | changed)["__typename"] == "Invalid", place
        assert self.submit(mark("template"), form)["__typename"] == "NotFound"
        for body in (
            {"query": f"query {{ node(id: \"{mark('literal')}\") {{ id }} }}"},
            {"query": f"query {{ {mark('unknown field of a query')} }}"},
            {"query": f"query {mark('broken document')} {{"},
            {"query": f"query {mark('operation')} {{ viewer {{ subject }} }}", "operationName": mark("its name")},
            {"query": SUBMIT, "variables": {"input": mark("wrong type")}},
            {"query": SUBMIT, "variables": {"input": {"template": mark("missing parts")}}},
            {"query": CASES, "variables": {"text": [mark("wrong text")]}},
            {"query": "query ($c: String) { applications(after: $c) { edges { cursor } } }",
             "variables": {"c": base64.b64encode(json.dumps([mark("cursor"), mark("cursor")]).encode()).decode()}},
            {"query": "query ($n: String!, $s: String!) { guestStatus(caseNumber: $n, secret: $s) { id } }",
             "variables": {"n": mark("case number"), "s": mark("secret")}},
            {"query": "{ viewer { subject } }", "extensions": {"x": mark("extension")}},
        ):  # fmt: skip
            assert site.post("citizen", **body).status_code in (200, 400)
        for content in (
            f'{{"query": "{mark("broken JSON")}'.encode(),
            mark("no JSON").encode(),
            b"\xff" + mark("bytes").encode(),
        ):
            assert site.post("citizen", content).status_code == 400
        self.upload("bad", mark("content").encode(), 422)
        place = f"{site.base}/graphql"
        for authorization in (f"Bearer {mark('token')}", mark("scheme")):
            asked = {"query": "{ viewer { subject } }"}
            answer = httpx.post(place, json=asked, headers={"Authorization": authorization})
            assert answer.status_code in (400, 401)
        headers = {"User-Agent": mark("browser"), "Referer": f"{place}?x={mark('referer')}"}
        for path in (
            mark("path"),
            f"documents/{mark('document')}",
            f"portal/{mark('county')}/",
            f"portal/{COUNTY}/apply/{mark('template of a page')}",
            f"status?{mark('query name')}={mark('query')}",
        ):
            httpx.get(f"{site.base}/{path}", headers=headers)
        form = {
            "grant_type": "password",
            "client_id": mark("client"),
            "username": mark("user"),
            "password": mark("password"),
        }
        assert httpx.post(f"{site.base}/realms/{COUNTY}/protocol/openid-connect/token", data=form).status_code >= 400

    def pages(self):
        mark, site = self.mark, self.site
        desk, portal = f"/desk/{COUNTY}/", f"/portal/{COUNTY}/"
        worker = site.browser("caseworker", desk)
        worker.get(f"{desk}cases?q={quote(mark('search'))}")
        page = worker.get(f"{desk}cases/{self.case}")
        worker.post(f"{desk}cases/{self.case}/notes", **page.form("/notes"), note=mark("note of a page"))
        citizen = site.browser("citizen", f"{portal}applications")
        page = citizen.get(f"{portal}applications/{self.application}")
        citizen.post(f"{portal}applications/{self.application}/messages",
                     **page.form("/messages"), subject=mark("page's subject"), text=mark("page's message"))  # fmt: skip
        citizen.post(f"{portal}applications/{self.application}/messages", status=403,
                     csrf_token=mark("forged token"), subject=mark("refused"), text=mark("refused"))  # fmt: skip
        citizen.get(f"{portal}my-data")
        citizen.get(f"{portal}applications/{mark('unreadable id')}", status=404)

    def worker(self):
        """A timer fires, a message is correlated by a marked key and a case goes on."""
        form = self.example("receiver") | {"name": self.mark("correlation key")}
        for template in ("receiver", "beat"):
            assert self.submit(template, form)["__typename"] == "SubmitApplicationSuccess"
        self.site.wait_for_rows(
            "SELECT 1 FROM task k JOIN case_record c ON c.id = k.case_id WHERE k.element_id = 'after'"
        )
        self.site.wait_for_rows("SELECT 1 FROM event WHERE type = 'TIMER_FIRED'")

    def database(self):
        """Statements that PostgreSQL itself refuses, as a fault of ours would send them."""
        mark, tenant = self.mark, self.site.registry.by_slug(COUNTY)
        for statement, values in (
            ("SELECT %s::integer", [mark("parameter that is no number")]),
            (f"SELECT '{mark('literal that is no number')}'::integer", None),
            (f"SELECT 1 / 0 -- {mark('comment')}", None),
            (f"SELECT {mark('column')} FROM case_record", None),
            ("INSERT INTO period_figure (month, closed_at) VALUES (%s, now())", [mark("no month")]),
            ("INSERT INTO note (id, case_id, event_id, author, text, written_at)"
             " VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', %s, now())", [mark("no case")]),
            ("SELECT %s::json", [mark("no JSON for the database")]),
        ):  # fmt: skip
            with self.site.connections.for_tenant(tenant) as connection, suppress(psycopg.Error):
                connection.execute(statement, values)
                raise AssertionError(f"PostgreSQL took {statement}")


@pytest.fixture(scope="module")
def played():
    with watched_site() as site:
        yield Scenario(site)


def test_the_markers_were_really_planted(played):
    """They lie where they belong: in the county's current tables."""
    text = "\n".join(
        row for table in ("case_record", "party", "note", "message", "upload") for (row,) in rows_of(played, table)
    )
    planted = played.mark.found_in(text.encode())
    wanted = {"name", "another's name", "address", "free text", "IBAN", "note", "message", "citizen's message",
              "file name, good", "note of a page", "page's message", "correlation key"}  # fmt: skip
    assert wanted <= planted
    assert len(played.mark.planted) > 60


def rows_of(played, table):
    return played.site.rows(f"SELECT t::text FROM {table} t")


def test_no_log_of_a_process_holds_one(played):
    for name in SERVICES:
        content = (played.site.home.logs / f"{name}.log").read_bytes()
        if name == "worker":
            assert b"worker_started" in content
        assert played.mark.found_in(content) == set(), name


def test_the_databases_log_holds_none(played):
    content = (played.site.server.data / "server.log").read_bytes()
    assert b"ready to accept connections" in content
    assert played.mark.found_in(content) == set()


@pytest.mark.parametrize(
    ("signal", "control"), [("traces", b"graphql"), ("metrics", b"kreisbund.operations"), ("logs", b"worker_started")]
)
def test_no_signal_of_opentelemetry_holds_one(played, signal, control):
    content = played.site.sink.received[signal]
    assert control in content, "the sink has received something"
    assert played.mark.found_in(content) == set()


@pytest.mark.parametrize(
    "table", ["event", "outbox_seen", "case_read", "idempotency", "erasure", "incident", "timer", "job"]
)
def test_logs_and_queues_of_the_county_hold_none(played, table):
    if table in ("event", "outbox_seen", "case_read", "idempotency"):
        assert rows_of(played, table)
    content = "\n".join(row for (row,) in rows_of(played, table))
    assert played.mark.found_in(content.encode()) == set()


def test_nothing_shared_holds_one(played):
    with played.site.database.owner() as owner:
        tables = sorted(columns_of(owner, "shared"))
        assert "dashboard_month" in tables
        for table in tables:
            content = "\n".join(row for (row,) in owner.execute(f"SELECT t::text FROM shared.{table} t"))
            assert played.mark.found_in(content.encode()) == set(), table


def test_no_other_file_of_the_deployment_holds_one(played):
    """The files that people sent lie in the store, rows in the server's data; nothing else was written."""
    home = played.site.home.root
    skipped = (home / "files", played.site.server.data)
    others = [path for path in home.rglob("*") if path.is_file() and not any(map(path.is_relative_to, skipped))]
    assert len(others) > 3
    for path in others:
        assert played.mark.found_in(path.read_bytes()) == set(), path


def test_the_search_finds_what_is_there():
    mark = Markers()
    word = mark("here")
    for content in (
        word,
        word.upper(),
        f"a{word}b",
        base64.b64encode(f"json {word} x".encode()).decode(),
        word.encode().hex(),
    ):
        assert mark.found_in(content.encode()) == {"here"}
    assert mark.found_in(b"nothing") == set()
