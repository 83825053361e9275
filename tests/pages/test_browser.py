"""In a real browser: no violation that axe finds, no sideways scroll on a small screen, light and dark."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from kreisbund_platform.identity.principals import Role

CHROMIUM = shutil.which("chromium")
PAGES = [
    (None, None, "/"),
    (None, None, "/portal/nordhausen/"),
    (None, None, "/portal/nordhausen/status"),
    ("nordhausen", Role.CASEWORKER, "/desk/nordhausen/"),
    ("nordhausen", Role.COUNTY_ADMIN, "/desk/nordhausen/upgrades"),
    ("nordhausen", Role.COUNTY_ADMIN, "/desk/nordhausen/upgrades/new"),
    ("nordhausen", Role.TEAM_LEAD, "/desk/nordhausen/mining"),
    ("state", Role.GRANTING_AUTHORITY, "/state/"),
    ("operations", Role.OPERATOR, "/operations/"),
]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_accessible_on_small_and_large_screens(site):
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for realm, role, path in PAGES:
            browser = site.logged_in(realm, role, path) if realm else site.browser()
            for width, scheme in ((1280, "light"), (320, "dark")):
                context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                context.add_cookies(
                    [{"name": each.name, "value": each.value, "url": site.base} for each in browser.client.cookies.jar]
                )
                page = context.new_page()
                page.goto(site.base + path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                found = Axe().run(page).response["violations"]
                assert not found, (path, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])
                context.close()
        chromium.close()
