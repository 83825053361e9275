"""Notzugriff by pages alone: one operator asks, a second confirms, both look; county and citizen see it."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import sync_playwright

from kreisbund_platform.identity.principals import Role
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import realm_named
from tests.pages.conftest import Browser
from tests.pages.test_browser import CHROMIUM
from tests.pages.test_journey import apply
from tests.pages.test_rights import accessible, hidden_of, opened

DESK, ASKING = "/desk/nordhausen", "/operations/emergencies/nordhausen"
REASON = "Der Bescheid lässt sich nicht erzeugen, die Frist endet heute."


@dataclass
class Emergency:
    """Two operators and a county's people in their browsers, and a case that nobody invited them to."""

    people: list[DemoPerson]
    first: Browser
    second: Browser
    admin: Browser
    citizen: Browser
    application: str
    number: str


@pytest.fixture(scope="module")
def here(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    page = apply(citizen, adopted, source.forms["application"])
    registry = site.app.state.services.registry
    counties = [tenant.slug for tenant in registry.all()]
    people = [p for p in people_of(realm_named(registry, "operations"), counties) if p.role is Role.OPERATOR]
    return Emergency(
        people=people,
        first=site.logged_in_as(people[0], "/operations/"),
        second=site.logged_in_as(people[1], "/operations/"),
        admin=site.logged_in("nordhausen", Role.COUNTY_ADMIN, f"{DESK}/"),
        citizen=citizen,
        application=next(link for link in page.links if "/applications/" in link),
        number=re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1],
    )


def ask(here, **given):
    form = {"action": "request", "case": here.number, "reason": REASON, "confirmer": ""} | given
    return here.first.post(ASKING, **form, **_secrets(here.first.get(ASKING)))


def _secrets(page):
    return {n: v for n, v in page.forms[-1]["fields"].items() if n in ("csrf_token", "idempotency_key")}


def end(here):
    here.admin.post(f"{DESK}/emergencies", **hidden_of(here.admin.get(f"{DESK}/emergencies"), "access"))


def test_two_operators_look_at_a_case_and_the_county_ends_it(here):
    assert ASKING in here.first.get("/operations/").links
    assert "mindestens 20 Zeichen" in ask(here, reason="Störung").text
    assert "Bitte nennen Sie den Vorgang" in ask(here, case=" ").text
    page = ask(here, confirmer=here.people[1].username)
    assert "wartet auf die zweite Person" in page.text
    assert "Als zweite Person bestätigen" not in page.text
    listed = here.admin.get(f"{DESK}/emergencies").text
    assert REASON in listed
    assert here.people[0].name in listed
    confirming = hidden_of(here.second.get(ASKING), "access")
    ready = here.second.post(ASKING, action="confirm", **confirming)
    looking = next(link for link in ready.links if link.startswith(f"{ASKING}/"))
    for operator in (here.first, here.second):
        seen = operator.get(looking)
        assert f"Vorgang {here.number}" in seen.text
        assert "im Notzugriff" in seen.text
        assert not any(form["action"] != "/session/logout" for form in seen.forms), "nothing to change"
    log = here.citizen.get(f"{here.application}/access").text
    assert len(re.findall(r"Betrieb der Plattform\s*,\s*Notzugriff zweier Personen", log)) == 2
    assert "Im Notzugriff angesehen" in here.citizen.get(here.application).text
    case = next(link for link in here.admin.get(f"{DESK}/emergencies").links if "/cases/" in link)
    assert here.people[1].name in here.admin.get(f"{case}/support").text
    end(here)
    here.first.get(looking, status=404)
    assert "vom Landkreis beendet" in here.second.get(ASKING).text


def test_an_unknown_county_case_or_access_is_a_page_that_is_not_there(here):
    here.first.get("/operations/emergencies/nirgendwo", status=404)
    here.first.get(f"{ASKING}/{'0' * 36}", status=404)
    secrets = _secrets(here.first.get(ASKING))
    here.first.post(ASKING, status=404, action="request", case="NDH-1999-000001", reason=REASON, **secrets)
    here.admin.get(ASKING, status=404)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_it_is_asked_confirmed_and_ended(site, here):
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        first, second, admin = (opened(chromium, site, each) for each in (here.first, here.second, here.admin))
        first.goto(f"{site.base}/operations/")
        accessible(first)
        first.get_by_label("Notzugriff: Landkreis Nordhausen").click()
        first.get_by_label("Vorgangsnummer oder Kennung").fill(here.number)
        first.get_by_label("Warum geht es nicht ohne?").fill(REASON)
        first.get_by_role("button", name="Anfragen").click()
        accessible(first)
        second.goto(f"{site.base}{ASKING}")
        second.get_by_role("button", name="Als zweite Person bestätigen").click()
        accessible(second)
        second.get_by_role("link", name="Vorgang ansehen").click()
        accessible(second)
        admin.goto(f"{site.base}{DESK}/emergencies")
        accessible(admin)
        admin.get_by_role("button", name="Sofort beenden").click()
        assert admin.get_by_role("button", name="Sofort beenden").count() == 0
        chromium.close()
