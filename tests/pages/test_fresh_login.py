"""Who signs, approves or lends on an old login proves again who they are, and finds what they entered."""

import secrets
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from kreisbund_platform.clock import BERLIN, SystemClock
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.identity.sessions import Tokens
from kreisbund_platform.identity.tokens import PAGES_CLIENT
from kreisbund_tenants.demo.issuing import Grant, access_claims, signed
from tests.pages.conftest import Page
from tests.pages.test_browser import CHROMIUM
from tests.pages.test_rights import opened, person

REALM = "wartburgkreis"
DESK = f"/desk/{REALM}"


def grown_old(site, browser, who):
    """The session as it is an hour after the login, its tokens refreshed meanwhile."""
    services, now = site.app.state.services, SystemClock().now()
    number = next(each.value for each in browser.client.cookies.jar if each.name == f"kreisbund_session_{REALM}")
    grant = Grant(who, PAGES_CLIENT, secrets.token_hex(8), now - timedelta(hours=1))
    with services.connections.for_workspace("registry") as connection:
        found = sessions.find_session(connection, services.settings, SystemClock(), number)
        access_token = signed(services.settings, REALM, access_claims(services.settings, grant, now))
        tokens = Tokens(access_token, None, found.tokens.id_token, int(now.timestamp()) + 900)
        sessions.keep_tokens(connection, services.settings, found, tokens)


@pytest.fixture
def lead(site):
    """A team lead whose login is an hour old, and a colleague who has been here."""
    site.logged_in(REALM, Role.CASEWORKER, f"{DESK}/")
    browser = site.logged_in(REALM, Role.TEAM_LEAD, f"{DESK}/")
    grown_old(site, browser, person(site, Role.TEAM_LEAD, realm=REALM))
    return browser


def fields(site, hidden):
    today = SystemClock().now().astimezone(BERLIN).date()
    colleague = person(site, Role.CASEWORKER, realm=REALM)
    given = {"role": "team_lead", "delegate": colleague.subject, "first_day": today, "last_day": today}
    return {**hidden, **given, "action": "lend"}


def test_somebody_else_who_logs_in_instead_finds_nothing(site, lead):
    hidden = lead.get(f"{DESK}/substitutes").form("/substitutes")
    answer = lead.client.post(f"{DESK}/substitutes", data=fields(site, hidden), headers={"Origin": site.base})
    assert "/realms/" in str(answer.url)
    assert answer.url.params["prompt"] == "login"
    assert answer.url.params["max_age"] == "300"
    other = person(site, Role.COUNTY_ADMIN, realm=REALM)
    entered = Page(answer.text).forms[0]["fields"] | {"username": other.username, "password": other.password}
    answer = lead.client.post(str(answer.url), data=entered, headers={"Origin": site.base})
    assert "/continue/" in str(answer.url)
    assert answer.status_code == 404


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_the_entry_survives_the_login(site, lead):
    me, colleague = (person(site, role, realm=REALM) for role in (Role.TEAM_LEAD, Role.CASEWORKER))
    today = str(SystemClock().now().astimezone(BERLIN).date())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = opened(chromium, site, lead)
        page.goto(f"{site.base}{DESK}/substitutes")
        page.get_by_label("Recht", exact=True).select_option("team_lead")
        page.get_by_label("Wer bekommt es?").select_option(colleague.subject)
        page.locator("#recht-firstDay").fill(today)
        page.locator("#recht-lastDay").fill(today)
        page.get_by_role("button", name="Recht übertragen").click()
        assert "/realms/" in page.url
        page.locator("input[name=username]").fill(me.username)
        page.locator("input[name=password]").fill(me.password)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url("**/continue/**")
        assert not Axe().run(page).response["violations"]
        page.get_by_role("button", name="Jetzt absenden").click()
        page.wait_for_url("**/substitutes")
        assert f"von {me.name} an {colleague.name}" in page.inner_text("main")
        chromium.close()
