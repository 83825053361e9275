"""„Meine Daten" in the portal, and the data-protection officer's desk: report, hold, erasure, record of processing."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from kreisbund_platform.identity.principals import Role
from tests.pages.test_browser import CHROMIUM
from tests.pages.test_journey import apply


@pytest.fixture(scope="module")
def applied(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    page = apply(citizen, adopted, source.forms["application"])
    return citizen, re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1]


@pytest.fixture(scope="module")
def officer(site):
    return site.logged_in("nordhausen", Role.DATA_PROTECTION_OFFICER, "/desk/nordhausen/")


def test_a_citizen_reads_and_takes_along_all_that_is_kept(applied, site):
    citizen, number = applied
    start = citizen.get("/portal/nordhausen/applications")
    assert "/portal/nordhausen/my-data" in start.links
    page = citizen.get("/portal/nordhausen/my-data")
    assert number in page.text
    assert "Art. 15 DSGVO" in page.text
    assert not re.search(r"SUBMITTED|APPLICATION_RECEIVED|case_number", page.text)
    answer = citizen.client.get("/portal/nordhausen/my-data.json")
    assert "attachment" in answer.headers["content-disposition"]
    assert number in json.dumps(answer.json())
    assert "/realms/" in str(site.browser().client.get("/portal/nordhausen/my-data").url)


def test_the_officer_finds_a_person_holds_the_case_and_lets_it_go(applied, officer, site):
    _citizen, number = applied
    desk = "/desk/nordhausen/data-protection"
    assert desk in officer.get("/desk/nordhausen/").links
    found = officer.get(f"{desk}?q={number}")
    person = next(link for link in found.links if "/data-protection/people/" in link)
    page = officer.get(person)
    assert number in page.text
    assert "der Vorgang ist nicht abgeschlossen" in page.text
    assert not any(form["action"].endswith("erase-case") for form in page.forms)
    fields = page.form("data-protection/holds")
    held = officer.post(f"{desk}/holds", **fields, reason="Klage anhängig")
    assert "Klage anhängig" in held.text
    assert "Löschsperre" in officer.get(person).text
    refused = officer.post(f"{desk}/erase-case", **{**fields, "idempotency_key": "another"})
    assert "darf noch nicht gelöscht werden" in refused.text
    lifted = officer.post(f"{desk}/holds/lift", **held.form("holds/lift"), reason="Urteil rechtskräftig")
    assert "Urteil rechtskräftig" in lifted.text
    assert officer.client.get(f"{person}/report.json").json()["county"] == "Landkreis Nordhausen"


def test_the_record_of_processing_names_the_adopted_template(applied, officer, adopted):
    page = officer.get("/desk/nordhausen/data-protection/processing")
    assert "Schülerbeförderung" in page.text
    assert "zehn Jahre" in page.text
    assert officer.client.get("/desk/nordhausen/data-protection/processing.json").json()["tables"]


def test_nobody_else_gets_in(applied, site):
    citizen, _number = applied
    worker = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    assert not any("data-protection" in link for link in worker.get("/desk/nordhausen/").links)
    for browser in (worker, citizen):
        browser.get("/desk/nordhausen/data-protection", status=403)
        browser.get("/desk/nordhausen/data-protection/people/x", status=403)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_pages_are_accessible(applied, officer, site):
    citizen, number = applied
    desk = "/desk/nordhausen/data-protection"
    person = next(link for link in officer.get(f"{desk}?q={number}").links if "/people/" in link)
    pages = [
        (citizen, "/portal/nordhausen/my-data"),
        *((officer, path) for path in (desk, person, f"{desk}/processing")),
    ]
    check_accessible(site, pages)


def check_accessible(site, pages):
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for browser, path in pages:
            for width, scheme in ((1280, "light"), (320, "dark")):
                context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                context.add_cookies(
                    [{"name": each.name, "value": each.value, "url": site.base} for each in browser.client.cookies.jar]
                )
                page = context.new_page()
                assert page.goto(site.base + path).status == 200
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                found = Axe().run(page).response["violations"]
                assert not found, (path, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])
                context.close()
        chromium.close()
