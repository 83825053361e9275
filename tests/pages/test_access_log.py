"""„Wer hat meine Daten gesehen?“ for the applicant, and the same log for the data-protection officer."""

import os
import re
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from kreisbund_platform.identity.principals import Role
from tests.pages.conftest import Browser
from tests.pages.test_browser import CHROMIUM
from tests.pages.test_journey import apply


@dataclass
class Seen:
    """A case that a caseworker has opened, and who may look who did."""

    citizen: Browser
    officer: Browser
    worker: Browser
    application: str
    case: str


@pytest.fixture(scope="module")
def seen(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    apply(citizen, adopted, source.forms["application"])
    page = apply(citizen, adopted, source.forms["application"])
    application = next(link for link in page.links if "/applications/" in link)
    assert "Bisher hat niemand" in citizen.get(f"{application}/access").text
    number = re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1]
    worker = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    found = worker.get(f"/desk/nordhausen/cases?q={number}")
    case = next(link for link in found.links if re.search(r"/cases/[0-9a-f-]{36}$", link))
    worker.get(case)
    officer = site.logged_in("nordhausen", Role.DATA_PROTECTION_OFFICER, "/desk/nordhausen/")
    return Seen(citizen, officer, worker, application, case)


def test_the_applicant_finds_the_office_and_no_persons_name(seen, site):
    page = seen.citizen.get(seen.application)
    address = next(link for link in page.links if link.endswith("/access"))
    text = seen.citizen.get(address).text
    assert "Sachbearbeitung" in text
    assert "(in einer Liste)" in text
    assert "Angaben im Antrag" in text
    officers = seen.officer.get(f"{seen.case}/access").html
    names = set(re.findall(r'<td>([^<]+) <span class="kb-muted">[0-9a-f-]{36}', officers))
    assert names
    assert not any(name in text for name in names)
    assert not re.search(r"caseworker|DATA|DeskCase|nordhausen-", text)
    other = site.logged_in("wartburgkreis", Role.CITIZEN, "/portal/wartburgkreis/applications")
    other.get(address.replace("/nordhausen/", "/wartburgkreis/"), status=404)
    assert "/realms/" in str(site.browser().client.get(address).url)


def test_the_officer_finds_person_and_page_and_nobody_else_does(seen):
    address = next(link for link in seen.officer.get(seen.case).links if link.endswith("/access"))
    text = seen.officer.get(address).text
    assert "Sachbearbeitung" in text
    assert "DeskCase" in text
    assert "Datenschutz" in text, "the officer's own look is there, too"
    assert not any(link.endswith("/access") for link in seen.worker.get(seen.case).links)
    seen.worker.get(address, status=403)
    seen.citizen.get(address, status=403)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_both_pages_are_accessible(seen, site):
    """KREISBUND_PICTURES: a folder for what the pages look like."""
    pictures = os.environ.get("KREISBUND_PICTURES")
    pages = ((seen.citizen, f"{seen.application}/access"), (seen.officer, f"{seen.case}/access"))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for number, (browser, path) in enumerate(pages):
            for width, scheme in ((1280, "light"), (320, "dark")):
                context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                context.add_cookies(
                    [{"name": each.name, "value": each.value, "url": site.base} for each in browser.client.cookies.jar]
                )
                page = context.new_page()
                page.goto(site.base + path)
                if pictures:
                    page.screenshot(path=f"{pictures}/access-{number}-{width}.png", full_page=True)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                found = Axe().run(page).response["violations"]
                assert not found, (path, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])
                context.close()
        chromium.close()
