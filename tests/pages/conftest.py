"""The whole application on a port of its own, and browsers without scripts that log in at the demo issuer."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from html.parser import HTMLParser

import httpx
import pytest
import uvicorn

from kreisbund_api.main import create_app
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import Role
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import realm_named
from kreisbund_tenants.seeding import seed_services
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, deployed, settings_for

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    with fresh_database() as url:
        home = tmp_path_factory.mktemp("pages")
        base = f"http://127.0.0.1:{port}"
        settings = replace(settings_for(url, home), port=port, base_url=base)
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
