"""With the real Keycloak, as `up` configures it: people log in by Chromium, work, leave, and are put out."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import CHROMIUM, enter, opened
from tests.journeys.conftest import WITH_KEYCLOAK_SECONDS, Deployment
from tests.journeys.test_main_job import COUNTIES, find_case, submit
from tests.support.keycloak import RunningKeycloak

TOKEN_SECONDS = 60

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.timeout(WITH_KEYCLOAK_SECONDS),
]


@contextmanager
def logged_in(chromium: Browser, up: Deployment, person: dict[str, Any]) -> Iterator[Page]:
    """A browser of its own in which the person has logged in on Keycloak's page."""
    with opened(chromium) as page:
        page.goto(f"{up.base}/desk/{person['tenant']}/")
        assert f"/realms/{person['tenant']}/" in page.url
        enter(page, person)
        page.wait_for_url(f"{up.base}/desk/{person['tenant']}/")
        yield page


def test_realms_of_four_counties_and_the_offices_are_as_declared(up: Deployment) -> None:
    assert up.kreisbund("tenants", "check") == "0 deviations\n"
    for realm in (*COUNTIES, "service-team", "state", "operations"):
        base = up.person("caseworker", "nordhausen")["token_url"].split("/realms/")[0]
        assert httpx.get(f"{base}/realms/{realm}", timeout=30).json()["realm"] == realm
    assert {person["tenant"] for person in up.principals if person["tenant"]} == set(COUNTIES)


def test_a_person_logs_in_works_a_task_and_logs_out(up: Deployment, chromium: Browser) -> None:
    citizen, worker = up.token("citizen", "nordhausen"), up.person("caseworker", "nordhausen")
    number = submit(up, citizen)["caseNumber"]
    case = find_case(up, up.token("caseworker", "nordhausen"), number)
    with logged_in(chromium, up, worker) as page:
        assert worker["name"] in page.inner_text("header")
        page.goto(f"{up.base}/desk/nordhausen/cases/{case}")
        page.locator("main a[href*='/tasks/']").first.click()
        page.get_by_role("button", name="Aufgabe übernehmen").click()
        for radio in page.locator("main fieldset").all():
            radio.locator("input[type=radio]").first.check()
        page.get_by_role("button", name="Aufgabe erledigen").click()
        page.wait_for_url(re.compile(r".*/desk/nordhausen/(cases/.*)?$"))
        done = up.ask(
            up.token("caseworker", "nordhausen"),
            "query($c: ID!) { caseRecord(id: $c) { tasks { edges { node { status assignee } } } } }", c=case,
        )["caseRecord"]["tasks"]["edges"]  # fmt: skip
        assert "COMPLETED" in {edge["node"]["status"] for edge in done}
        page.get_by_role("button", name="Abmelden").click()
        page.wait_for_url(f"{up.base}/")
        page.goto(f"{up.base}/desk/nordhausen/")
        assert page.locator("#password").is_visible(), "Keycloak asks again"


def test_another_countys_page_refuses_the_session(up: Deployment, chromium: Browser) -> None:
    with logged_in(chromium, up, up.person("caseworker", "nordhausen")) as page:
        foreign = up.token("caseworker", "wartburgkreis")
        found = up.ask(foreign, "{ cases(first: 1) { edges { node { id caseNumber } } } }")["cases"]["edges"][0]["node"]
        answer = page.goto(f"{up.base}/desk/wartburgkreis/cases/{found['id']}")
        assert answer is not None
        assert answer.status == 404
        assert found["caseNumber"] not in page.content()
        page.goto(f"{up.base}/desk/wartburgkreis/")
        assert "/realms/wartburgkreis/" in page.url
        assert page.locator("#password").is_visible()
        enter(page, up.person("caseworker", "nordhausen"))
        page.wait_for_load_state()
        assert "/realms/wartburgkreis/" in page.url, "the other realm does not know this person"


def test_a_disabled_person_is_out_within_a_minute(
    up: Deployment, chromium: Browser, running_keycloak: RunningKeycloak
) -> None:
    person = up.person("team_lead", "wartburgkreis")
    token = up.token("team_lead", "wartburgkreis")
    with logged_in(chromium, up, person) as page:
        with running_keycloak.administration("wartburgkreis") as admin:
            account = admin.get_user_id(person["username"])
            admin.update_user(account, {"enabled": False})
        begun = time.monotonic()
        while "/desk/wartburgkreis/" in page.url and time.monotonic() - begun < 2 * TOKEN_SECONDS:
            page.wait_for_timeout(1_000)
            page.goto(f"{up.base}/desk/wartburgkreis/")
        out_after = time.monotonic() - begun
        assert "/realms/wartburgkreis/" in page.url
        enter(page, person)
        page.wait_for_load_state()
        assert "/realms/wartburgkreis/" in page.url
    answer = up.post(token, "{ viewer { subject } }")
    while answer.status_code == 200 and time.monotonic() - begun < 2 * TOKEN_SECONDS:
        time.sleep(1)
        answer = up.post(token, "{ viewer { subject } }")
    assert answer.status_code == 401
    # what the product promises (design, section 3), not how fast this machine is; a page takes a moment beside
    assert out_after < TOKEN_SECONDS + 5
