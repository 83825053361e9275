"""The workshop, mostly without scripts: a draft edited by two, reviewed, signed, rolled out; a county releases."""

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

import kreisbund_tenants
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.source import load_folder
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.realms import realm_named
from tests.pages.conftest import LEAD_COUNTY, Page
from tests.pages.test_pages import holds_for_every_page
from tests.support.fixtures import COUNTY, OTHER_COUNTY

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
CHROMIUM = shutil.which("chromium")


def member(site, home=None, number=0):
    """A browser of a county's delegate, or of one of the team's leads."""
    registry = site.app.state.services.registry
    people = people_of(realm_named(registry, "service-team"), [tenant.slug for tenant in registry.all()])
    role = Role.TOPIC_LEAD if home else Role.SERVICE_TEAM_LEAD
    person = [p for p in people if p.role is role and home in (None, p.home_tenant)][number]
    browser = site.browser()
    login = browser.client.get("/studio/")
    fields = Page(login.text).forms[0]["fields"] | {"username": person.username, "password": person.password}
    answer = browser.client.post(str(login.url), data=fields, headers={"Origin": site.base})
    assert answer.status_code == 200, answer.text[:500]
    return browser


def send(browser, path, action, *, at=None, status=200, **fields):
    """Sends the form of `path` that has this action, with its hidden fields."""
    page = browser.get(path)
    forms = [form["fields"] for form in page.forms if form["action"].endswith(at or path)]
    token = {name: forms[0][name] for name in ("csrf_token", "idempotency_key")}
    return browser.post(at or path, status=status, **(token | {"action": action} | fields))


@pytest.fixture(scope="module")
def author(site):
    with site.app.state.services.connections.for_workspace("catalogue") as connection:
        publishing.publish(connection, load_folder(SCHOOL), clock=SystemClock())
    return member(site, LEAD_COUNTY)


@pytest.fixture(scope="module")
def lead(site):
    return member(site)


def opened(site, context, browser, path):
    """A page of a real browser with the other browser's session."""
    jar = browser.client.cookies.jar
    context.add_cookies([{"name": each.name, "value": each.value, "url": site.base} for each in jar])
    page = context.new_page()
    page.goto(site.base + path)
    return page


@pytest.fixture(scope="module")
def draft(author) -> str:
    """The address of a new draft."""
    return new_draft(author)


def new_draft(author) -> str:
    page = author.get("/studio/drafts/new")
    form = next(form["fields"] for form in page.forms if "base" in form["fields"])
    page = author.post("/studio/drafts", **form)
    found = re.search(r"/studio/drafts/[0-9a-f-]{36}", page.html)
    assert found
    return found[0]


def version_of(browser, draft) -> str:
    return re.search(r'name="version" value="(\d+)"', browser.get(f"{draft}/edit").html)[1]


def check(browser, path):
    holds_for_every_page(browser.client.get(path), browser.get(path))


def test_two_authors_and_nobodys_text_is_lost(author, lead, draft):
    edit = f"{draft}/edit"
    known = version_of(author, draft)
    first = send(lead, edit, "save", file="cases.json", text="[", version=known)
    assert "kein gültiges JSON" in first.text
    second = send(author, edit, "save", file="cases.json", text="[ mein Text", version=known, status=409)
    assert "Jemand anderes" in second.text
    assert "[ mein Text" in second.html
    again = author.post(edit, **(second.form("/edit") | {"text": "[ mein Text", "action": "save"}))
    assert "fehlt noch etwas" in again.text
    page = author.get(f"{draft}/revisions")
    form = next(f["fields"] for f in page.forms if f["action"].endswith("/revisions"))
    restored = author.post(f"{draft}/revisions", revision="1", **form)
    assert "besteht alle Prüfungen" in restored.text
    for path in (draft, edit, f"{edit}?file=application.form.json", f"{draft}/revisions", "/studio/drafts/new"):
        check(author, path)


def test_the_way_to_a_version_and_into_a_county(site, author, lead, draft):
    agreement = lead.get("/studio/agreement").form("/studio/agreement")
    page = lead.post("/studio/agreement", **agreement, rule="MAJORITY", minimumReviewDays="viele")
    assert "#feld-minimumReviewDays" in page.links
    lead.post("/studio/agreement", **agreement, rule="MAJORITY", minimumReviewDays="0")
    letter = author.get(f"{draft}/edit?file=grant.letter.json")
    text = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", letter.html, re.S)[1].replace("&#34;", '"')
    text = text.replace("unverzüglich", "sofort").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    saved = send(
        author, f"{draft}/edit", "save", file="grant.letter.json", text=text, version=version_of(author, draft)
    )
    assert "Die Prüfung findet nichts" in saved.text
    opened = send(author, draft, "open_review", version=version_of(author, draft))
    round_ = re.search(r"/studio/rounds/[0-9a-f-]{36}", opened.html)[0]
    other = member(site, OTHER_COUNTY)
    empty = send(other, round_, "comment", place="process.bpmn|approve", text="")
    assert "#feld-text" in empty.links
    said = send(other, round_, "comment", place="process.bpmn|approve", text="Gut <so>.")
    assert "Gut &lt;so&gt;." in said.html
    assert "Bewilligung freigeben" in said.text
    assert "current" in said.html
    assert "#feld-choice" in send(other, round_, "vote").links
    for browser in (other, author, member(site, COUNTY)):
        voted = send(browser, round_, "vote", choice="APPROVE")
    assert "3 von 3 haben abgestimmt" in voted.text
    assert "Sonstiges" not in voted.text
    check(author, round_)
    version = re.search(r'name="version" value="(\d+)"', author.get(round_).html)[1]
    send(author, round_, "close", version=version)
    assert "Erste Unterschrift" in author.get(draft).text
    empty = send(author, draft, "propose", version=version_of(author, draft))
    assert "#feld-transition" in empty.links
    page = send(
        author, draft, "propose", version=version_of(author, draft), transition="RECEIVED_FROM", transitionOn="1.1.2020"
    )
    proposal = page.form(draft)["proposal"]
    same = send(author, draft, "sign", proposal=proposal)
    assert "Dieselbe natürliche Person" in same.text
    done = send(lead, draft, "sign", proposal=proposal)
    version = re.search(r"/studio/versions/[0-9a-f-]{36}", done.html)[0]
    check(author, version)
    assert "zwei verschiedene Personen haben unterschrieben" in author.get(version).text
    started = send(
        author, version, "start", **{f"ring:{COUNTY}": "1", f"ring:{OTHER_COUNTY}": "2", "hours:1": "1", "hours:2": "1"}
    )
    assert "noch keine Vorgänge" in started.html
    check(author, version)

    admin = site.logged_in(COUNTY, Role.COUNTY_ADMIN, f"/desk/{COUNTY}/templates")
    release = next(link for link in admin.get(f"/desk/{COUNTY}/templates").links if link.endswith("/release"))
    check(admin, release)
    fields = {"template": "schuelerbefoerderung", "version": "0", "classes": ["TEXT", "LETTER"]}
    send(admin, release, "approve", **fields)
    number = re.search(r'name="number" value="(\d+)"', admin.get(release).html)[1]
    released = send(admin, release, "release", template="schuelerbefoerderung", number=number)
    assert f"Hier gilt Fassung {number}" in released.text
    caseworker = site.logged_in(COUNTY, Role.CASEWORKER, f"/desk/{COUNTY}/templates")
    caseworker.get(release, status=403)
    citizen = site.logged_in(COUNTY, Role.CITIZEN, f"/portal/{COUNTY}/applications")
    assert citizen.client.get(draft).status_code == 404


def test_who_is_not_of_the_lead_county_reads_and_does_not_write(site, author):
    page = author.get("/studio/drafts/new")
    form = next(form["fields"] for form in page.forms if "base" in form["fields"])
    path = re.search(r"/studio/drafts/[0-9a-f-]{36}", author.post("/studio/drafts", **form).html)[0]
    other = member(site, OTHER_COUNTY)
    page = other.get(f"{path}/edit")
    assert "readonly" in page.html
    assert "Speichern" not in page.text
    fields = page.form("/edit") | {"file": "cases.json", "text": "[]", "action": "save"}
    other.post(f"{path}/edit", status=403, **fields)
    assert "Ihr Landkreis führt noch kein Thema" in other.get("/studio/drafts/new").text


@pytest.mark.parametrize("version", ["²", "1" * 5000, "-1", ""])
def test_what_is_no_number_is_refused_not_stumbled_over(author, draft, version):
    send(author, f"{draft}/edit", "save", status=400, version=version, file="cases.json", text="[]")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_accessible_in_a_real_browser(site, author, draft):
    round_ = re.search(r"/studio/rounds/[0-9a-f-]{36}", author.get(draft).html)[0]
    version = re.search(r"/studio/versions/[0-9a-f-]{36}", author.get(draft).html)[0]
    admin = site.logged_in(COUNTY, Role.COUNTY_ADMIN, f"/desk/{COUNTY}/templates")
    release = next(link for link in admin.get(f"/desk/{COUNTY}/templates").links if link.endswith("/release"))
    pages = [(author, path) for path in (draft, f"{draft}/edit", f"{draft}/revisions", round_, version)]
    pages += [(author, "/studio/agreement"), (admin, release)]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for browser, path in pages:
            for width, scheme in ((1280, "light"), (320, "dark")):
                context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                page = opened(site, context, browser, path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                found = Axe().run(page).response["violations"]
                assert not found, (path, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])
                context.close()
        chromium.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_draft_saves_itself_until_somebody_else_has_saved(site, author, lead):
    edit = f"{new_draft(author)}/edit?file=cases.json"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = opened(site, chromium.new_context(), author, edit)
        for text in ("[ ]", "[  ]"):
            page.fill("textarea", text)
            page.get_by_text("Noch nicht gespeichert.").wait_for()
            page.get_by_text("Von selbst gespeichert.").wait_for()
            assert f">\n{text}</textarea>" in author.get(edit).html
        send(lead, edit, "save", at=edit.partition("?")[0], **fields_of(lead, edit) | {"text": "[   ]"})
        page.fill("textarea", "[1]")
        page.get_by_text("Nicht gespeichert:").wait_for()
        page.get_by_role("button", name="Speichern").click()
        assert page.locator("textarea").first.input_value() == "[1]", "the author still has the text"
        assert ">\n[   ]</textarea>" in author.get(edit).html
        chromium.close()


def fields_of(browser, path):
    fields = browser.get(path).form("/edit")
    return {name: fields[name] for name in ("version", "file")}
