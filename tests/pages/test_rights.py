"""Vertretung, Sperren, Weitergeben and the service team's invitation, by pages alone."""

import re
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from kreisbund_platform.clock import BERLIN, SystemClock
from kreisbund_platform.dashboards import collector
from kreisbund_platform.identity.principals import Role
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.realms import realm_named
from tests.pages.conftest import Browser, Page
from tests.pages.test_browser import CHROMIUM
from tests.pages.test_journey import apply

DESK = "/desk/nordhausen"


@dataclass
class Office:
    """Nordhausen's people in their browsers, and a case with a task that the second caseworker took."""

    worker: Browser
    second: Browser
    lead: Browser
    admin: Browser
    citizen: Browser
    team: Browser
    application: str
    case: str
    task: str


def person(site, role, number=0, realm="nordhausen"):
    registry = site.app.state.services.registry
    counties = [tenant.slug for tenant in registry.all()]
    return [each for each in people_of(realm_named(registry, realm), counties) if each.role is role][number]


@pytest.fixture(scope="module")
def office(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    page = apply(citizen, adopted, source.forms["application"])
    application = next(link for link in page.links if "/applications/" in link)
    number = re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1]
    worker = site.logged_in("nordhausen", Role.CASEWORKER, f"{DESK}/")
    second = site.logged_in_as(person(site, Role.CASEWORKER, 1), f"{DESK}/")
    found = second.get(f"{DESK}/cases?q={number}")
    case = next(link for link in found.links if re.search(r"/cases/[0-9a-f-]{36}$", link))
    task = next(link for link in second.get(case).links if "/tasks/" in link)
    second.post(task, action="claim", **second.get(task).form(task))
    return Office(
        worker=worker,
        second=second,
        lead=site.logged_in("nordhausen", Role.TEAM_LEAD, f"{DESK}/"),
        admin=site.logged_in("nordhausen", Role.COUNTY_ADMIN, f"{DESK}/"),
        citizen=citizen,
        team=site.logged_in("service-team", Role.TOPIC_LEAD, "/studio/"),
        application=application,
        case=case,
        task=task,
    )


def collect(site) -> None:
    services = site.app.state.services
    county = services.registry.by_slug("nordhausen")
    with services.connections.for_tenant(county) as own, services.connections.for_workspace("collector") as shared:
        collector.collect(own, shared, county.id, SystemClock().now())


def test_a_substitute_finds_and_gives_back_the_absent_ones_task(site, office):
    path, today = f"{DESK}/substitutes", SystemClock().now().astimezone(BERLIN).date()
    absent, substitute = person(site, Role.CASEWORKER, 1), person(site, Role.CASEWORKER, 0)
    hidden = office.lead.get(path).form("/substitutes")
    empty = office.lead.post(path, action="substitute", **hidden)
    assert "Bitte angeben: Wer vertritt" in empty.text
    assert "error-summary" in empty.html
    page = office.lead.post(
        path, action="substitute", absent=absent.subject, substitute=substitute.subject,
        first_day=str(today), last_day=str(today + timedelta(days=3)), **office.lead.get(path).form("/substitutes"),
    )  # fmt: skip
    assert f"{substitute.name} für {absent.name}" in page.text
    inbox = office.worker.get(f"{DESK}/")
    address = next(link for link in inbox.links if f"view={absent.subject}" in link)
    assert office.task in office.worker.get(address).links
    given = office.worker.get(office.task).form(office.task)
    office.worker.post(office.task, action="release", **given)
    assert f"in Vertretung für {absent.name}" in office.worker.get(office.case).text
    office.second.post(office.task, action="claim", **office.second.get(office.task).form(office.task))


def test_the_invited_team_sees_the_case_and_the_applicant_that_it_did(site, office):
    address = f"{office.case}/support"
    assert address in office.admin.get(office.case).links
    page = office.admin.post(
        address, action="invite", days=3, reason="Ablauf", **office.admin.get(address).form(address)
    )
    assert "gilt bis" in page.text
    collect(site)
    invited = next(link for link in office.team.get("/studio/support").links if "/studio/support/" in link)
    seen = office.team.get(invited)
    assert "auf Einladung des Landkreises" in seen.text
    assert not any(form["action"] != "/session/logout" for form in seen.forms), "nothing to change"
    log = office.citizen.get(f"{office.application}/access").text
    assert re.search(r"Serviceteam\s*,\s*auf Einladung", log)
    revoking = next(form["fields"] for form in office.admin.get(address).forms if "invitation" in form["fields"])
    office.admin.post(address, action="revoke", **revoking)
    office.team.get(invited, status=404)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_an_admin_blocks_and_the_lead_passes_the_task_on(site, office):
    blocked = person(site, Role.CASEWORKER, 1)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        admin = opened(chromium, site, office.admin)
        admin.goto(f"{site.base}{DESK}/accounts")
        accessible(admin)
        admin.get_by_label("Wessen Konto?").select_option(blocked.subject)
        admin.get_by_label("Grund", exact=True).fill("Laptop gestohlen")
        admin.get_by_role("button", name="Konto sperren").click()
        assert blocked.name in admin.get_by_role("listitem").filter(has_text="Laptop gestohlen").inner_text()
        assert office.second.client.get(f"{DESK}/", follow_redirects=False).status_code == 303, (
            "out with the next click"
        )
        refused(site, office.second, blocked)
        lead = opened(chromium, site, office.lead)
        lead.goto(f"{site.base}{DESK}/reassignments")
        accessible(lead)
        lead.get_by_label("An wen?").first.select_option(person(site, Role.CASEWORKER, 0).subject)
        lead.get_by_role("button", name="Weitergeben").first.click()
        lead.goto(f"{site.base}{DESK}/substitutes")
        accessible(lead)
        admin.goto(f"{site.base}{office.case}/support")
        accessible(admin)
        admin.goto(f"{site.base}{DESK}/accounts")
        admin.get_by_role("button", name="Sperre aufheben").click()
        assert admin.get_by_text("aufgehoben").count() == 1
        chromium.close()
    assert office.task in office.worker.get(f"{DESK}/?view=mine").links
    assert site.logged_in_as(blocked, f"{DESK}/").get(f"{DESK}/").text


def opened(chromium, site, browser):
    context = chromium.new_context(viewport={"width": 360, "height": 800})
    cookies = [{"name": each.name, "value": each.value, "url": site.base} for each in browser.client.cookies.jar]
    context.add_cookies(cookies)
    return context.new_page()


def accessible(page):
    page.wait_for_load_state("load")  # behind a click it may not have its style yet
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(page).response["violations"]
    assert not found, (page.url, [(each["id"], each["nodes"][0]["html"]) for each in found])


def refused(site, browser, found):
    """A blocked person logs in at the issuer and gets no session."""
    answer = browser.client.get(f"{DESK}/")
    fields = Page(answer.text).forms[0]["fields"] | {"username": found.username, "password": found.password}
    answer: httpx.Response = browser.client.post(str(answer.url), data=fields, headers={"Origin": site.base})
    assert answer.status_code == 403
    assert "gesperrt" in answer.text


def test_a_second_person_confirms_on_a_page_and_the_first_one_carries_it_out(site, office):
    services = site.app.state.services
    with services.connections._database.owner() as owner:
        rules = '{"mutations": ["blockAccount"]}'
        owner.execute("UPDATE shared.tenant SET four_eyes = %s::jsonb WHERE slug = 'nordhausen'", (rules,))
    services.registry.refresh()
    try:
        subject = person(site, Role.RECORDS_OFFICER).subject
        site.logged_in("nordhausen", Role.RECORDS_OFFICER, f"{DESK}/")
        second = site.logged_in_as(person(site, Role.COUNTY_ADMIN, 1), f"{DESK}/")
        path = f"{DESK}/accounts"
        page = office.admin.post(
            path, action="block", subject=subject, reason="Anlass", **office.admin.get(path).form(path)
        )
        assert "Von mir vorgeschlagen" in page.text
        assert "Jetzt ausführen" not in page.text
        seen = second.get(f"{DESK}/approvals")
        assert "Anlass" in seen.text
        second.post(f"{DESK}/approvals", action="confirm", **hidden_of(seen, "hash"))
        ready = office.admin.get(f"{DESK}/approvals")
        assert "bestätigt" in ready.text
        office.admin.post(f"{DESK}/approvals", action="carry-out", **hidden_of(ready, "approval"))
        assert "Anlass" in office.admin.get(path).text
        assert "Anlass" not in office.admin.get(f"{DESK}/approvals").text
    finally:
        with services.connections._database.owner() as owner:
            owner.execute("UPDATE shared.tenant SET four_eyes = '{}' WHERE slug = 'nordhausen'")
        services.registry.refresh()


def hidden_of(page, name):
    return next(form["fields"] for form in page.forms if name in form["fields"])
