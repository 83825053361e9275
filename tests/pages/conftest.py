"""The whole application on a port of its own, and browsers without scripts that log in at the demo issuer."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import kreisbund_tenants
from kreisbund_api.main import create_app
from kreisbund_api.web import forms
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.publishing import publish
from kreisbund_platform.templates.source import load_folder
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import realm_named
from kreisbund_tenants.seeding import seed_services
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, deployed, settings_for
from tests.support.ports import free_port

FOLDER = "catalogue/schule/schuelerbefoerderung"
LEAD_COUNTY = "kyffhaeuserkreis"  # of the topic whose template the tests apply for


class Page(HTMLParser):
    """What a test looks at: headings, forms with their fields, links, ids, all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.headings, self.links, self.ids, self.forms = html, [], [], [], []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "a":
            self.links.append(found.get("href", ""))
        elif tag == "form":
            self.forms.append({"action": found.get("action", ""), "fields": {}})
        elif found.get("type") == "hidden" and self.forms and found.get("name"):
            self.forms[-1]["fields"][found["name"]] = found.get("value", "")

    @property
    def text(self) -> str:
        return unescape(re.sub(r"<[^>]+>", " ", self.html))

    def form(self, action: str) -> dict[str, str]:
        return dict(next(form for form in self.forms if form["action"].endswith(action))["fields"])


@dataclass
class Browser:
    """Keeps cookies, follows redirects, sends the origin as browsers do."""

    base: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.base, follow_redirects=True, timeout=60)

    def get(self, path: str, status: int = 200) -> Page:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return Page(answer.text)

    def post(self, path: str, status: int = 200, **fields: object) -> Page:
        answer = self.client.post(path, data=fields, headers={"Origin": self.base})
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return Page(answer.text)


@dataclass
class Site:
    """A running application."""

    base: str
    app: object

    def browser(self) -> Browser:
        return Browser(self.base)

    def logged_in(self, realm: str, role: Role, path: str) -> Browser:
        registry = self.app.state.services.registry
        counties = [tenant.slug for tenant in registry.all()]
        person = next(p for p in people_of(realm_named(registry, realm), counties) if p.role is role)
        return self.logged_in_as(person, path)

    def logged_in_as(self, person: DemoPerson, path: str) -> Browser:
        browser = self.browser()
        answer = browser.client.get(path)
        assert "/realms/" in str(answer.url), (answer.url, answer.text[:500])
        page = Page(answer.text)
        fields = page.forms[0]["fields"] | {"username": person.username, "password": person.password}
        answer = browser.client.post(str(answer.url), data=fields, headers={"Origin": self.base})
        assert answer.status_code == 200, answer.text[:2000]
        return browser


@contextmanager
def serving(home: Path, **more: Any) -> Iterator[Site]:
    """The application on a port and a database of its own; further arguments are settings."""
    port = free_port()
    with fresh_database() as url:
        base = f"http://127.0.0.1:{port}"
        settings = replace(settings_for(url, home), port=port, base_url=base, **more)
        with deployed(settings, COUNTY, OTHER_COUNTY, LEAD_COUNTY) as deployment:
            seed_services(deployment.connections, SystemClock())
            app = create_app(settings)
            server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                while not server.started:
                    time.sleep(0.05)
                yield Site(base, app)
            finally:
                server.should_exit = True
                thread.join(20)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture(scope="module")
def source():
    return load_folder(Path(next(iter(kreisbund_tenants.__path__))) / FOLDER)


@pytest.fixture(scope="module")
def adopted(site, source):
    """The template's id, published by the service team and adopted on the county's own page."""
    services = site.app.state.services
    with services.connections.for_workspace("catalogue") as connection:
        published = publish(connection, source, clock=services.clock)
        assert not isinstance(published, Invalid), published
    admin = site.logged_in("nordhausen", Role.COUNTY_ADMIN, "/desk/nordhausen/templates")
    page = admin.get("/desk/nordhausen/templates")
    action = next(form["action"] for form in page.forms if "/templates/" in form["action"])
    if "Übernahme beenden" not in page.text:
        page = admin.post(action, action="adopt", **page.form(action))
    assert "Übernommen" in page.text
    return action.rsplit("/", 1)[1]


def flat(data, prefix=""):
    """Data as inputs' names and texts."""
    fields = {}
    for key, value in data.items():
        if isinstance(value, dict):
            fields |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, entry in enumerate(value):
                fields |= flat(entry, f"{prefix}{key}.{number}.")
        elif value is not False:
            fields[prefix + key] = "ja" if value is True else forms.shown({"type": "number"}, value)
    return fields
