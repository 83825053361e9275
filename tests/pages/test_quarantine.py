"""In a real browser: a harmful file is refused without losing anything, one that nobody can scan yet is waited for."""

import re
import shutil
import threading
from datetime import timedelta

import pytest
from playwright.sync_api import expect, sync_playwright

from kreisbund_api.scanning import Scanning
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.principals import Role
from tests.pages.conftest import flat, serving
from tests.scanning.offices import picture
from tests.support.clamd import MARK

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def site(clamd_of_session, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("quarantine"), clamd=clamd_of_session.address) as running:
        yield running


@pytest.fixture
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(chromium, site, person, address):
    context = chromium.new_context()
    context.add_cookies([{"name": c.name, "value": c.value, "url": site.base} for c in person.client.cookies.jar])
    page = context.new_page()
    page.goto(site.base + address)
    return page


def fill(page, answers):
    """Whatever the page asks of these."""
    for name, value in answers.items():
        inputs = page.locator(f'[name="{name}"]')
        kind = inputs.first.evaluate("e => e.type") if inputs.count() else None
        if kind == "radio":
            page.locator(f'[name="{name}"][value="{value}"]').check()
        elif kind == "checkbox":
            inputs.first.check()
        elif kind == "select-one":
            inputs.select_option(value)
        elif kind and kind != "file":
            inputs.fill(value)


def attach(page, content):
    file = {"name": "bestätigung.png", "mimeType": "image/png", "buffer": content}
    page.locator('input[type="file"][name="school_confirmation"]').set_input_files(file)


def go_on(page):
    page.get_by_role("button", name="Weiter", exact=True).click()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_marked_file_now_and_one_while_the_scanner_is_away(site, adopted, source, clamd, chromium):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    answers = flat(source.forms["application"]["example"])
    page = opened(chromium, site, citizen, f"/portal/nordhausen/apply/{adopted}")
    while not page.locator('input[type="file"]').count():
        fill(page, answers)
        go_on(page)

    fill(page, answers)
    attach(page, picture(MARK))
    go_on(page)
    expect(page.get_by_role("alert")).to_contain_text("In der Datei wurde Schadsoftware gefunden.")
    expect(page.locator('[name="school_name"]')).to_have_value(answers["school_name"])
    expect(page.locator('[name="school_type"]')).to_have_value(answers["school_type"])

    clamd.kill()
    attach(page, picture(MARK))
    for _step in range(3):
        go_on(page)
        fill(page, answers)
    page.get_by_role("button", name="Antrag absenden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Antrag ist eingegangen")
    page.locator('main a[href*="/applications/"]').first.click()
    own = page.url
    expect(page.get_by_text("wird noch auf Schadsoftware geprüft")).to_be_visible()
    assert page.locator('a[href^="/documents/"]').count() == 0

    number = re.search(r"NDH-\d{4}-\d{6}", page.content())[0]
    worker = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    desk = opened(chromium, site, worker, f"/desk/nordhausen/cases?q={number}")
    desk.locator(f'a:has-text("{number}")').first.click()
    expect(desk.get_by_text("wird noch auf Schadsoftware geprüft")).to_be_visible()

    clamd.start()
    services = site.app.state.services
    later = ManualClock(services.clock.now() + timedelta(minutes=1))
    scanning = Scanning(services.settings, services.connections, services.registry, later, threading.Event())
    while scanning.serve_all():
        pass
    page.goto(own)
    expect(page.get_by_text("Schadsoftware gefunden, Datei gelöscht")).to_be_visible()
    expect(page.get_by_role("heading", name="Eine Unterlage wurde gelöscht")).to_be_visible()
    assert page.locator('a[href^="/documents/"]').count() == 0
    desk.reload()
    expect(desk.get_by_text("Befund: Kreisbund.Test.UNOFFICIAL")).to_be_visible()
    expect(desk.get_by_text("Unterlage gelöscht: Prüfung nicht bestanden")).to_be_visible()
