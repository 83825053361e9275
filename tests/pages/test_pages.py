"""What holds for every page: headers, language, headings, a way in or out, nothing foreign."""

import re

import pytest

from kreisbund_platform.identity.principals import COUNTY_STAFF, Role
from tests.support.fixtures import COUNTY, OTHER_COUNTY

PUBLIC = ["/", "/portal/nordhausen/", "/portal/nordhausen/services?q=Schule", "/portal/nordhausen/status"]
STAFF = [
    ("nordhausen", Role.CASEWORKER, "/desk/nordhausen/"),
    ("nordhausen", Role.CASEWORKER, "/desk/nordhausen/cases"),
    ("nordhausen", Role.COUNTY_ADMIN, "/desk/nordhausen/templates"),
    ("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications"),
    ("service-team", Role.TOPIC_LEAD, "/studio/"),
    ("state", Role.GRANTING_AUTHORITY, "/state/"),
    ("operations", Role.OPERATOR, "/operations/"),
]


def holds_for_every_page(answer, page):
    assert 'lang="de"' in page.html
    assert page.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    assert page.links[0] == "#inhalt"
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"\bNone\b", page.text)
    assert not re.search(r'(src|href)="(https?:)?//', page.html)
    assert "style=" not in page.html
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages(site, path):
    browser = site.browser()
    answer = browser.client.get(path)
    page = browser.get(path)
    holds_for_every_page(answer, page)
    assert "Anmelden" in page.text


@pytest.mark.parametrize(("realm", "role", "path"), STAFF)
def test_pages_behind_a_login(site, realm, role, path):
    assert site.browser().client.get(path, follow_redirects=False).status_code == 303
    browser = site.logged_in(realm, role, path)
    page = browser.get(path)
    holds_for_every_page(browser.client.get(path), page)
    assert "Abmelden" in page.text
    ended = browser.post("/session/logout", **page.form("/session/logout"))
    assert ended.text
    assert browser.client.get(path, follow_redirects=False).status_code == 303


def test_wrong_roles_and_unknown_addresses_get_german_pages(site):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    assert "Kein Zugriff" in citizen.get("/desk/nordhausen/cases", status=403).text
    for path in ("/portal/nirgendwo/", "/portal/nordhausen/services/99999999999999", "/portal/nordhausen/apply/x"):
        assert "Seite nicht gefunden" in citizen.get(path, status=404).text
    assert "/realms/" in str(citizen.client.get("/desk/wartburgkreis/").url)


def test_a_post_from_another_origin_changes_nothing(site):
    operator = site.logged_in("operations", Role.OPERATOR, "/operations/")
    fields = operator.get("/operations/").form("/operations/tenants")
    for headers in ({"Origin": "https://boese.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = operator.client.post("/operations/tenants", data=fields, headers=headers)
        assert answer.status_code == 403
    assert operator.post("/operations/tenants", status=403, csrf_token="geraten").text


def test_an_empty_form_answers_with_itself(site):
    operator = site.logged_in("operations", Role.OPERATOR, "/operations/")
    page = operator.get("/operations/")
    page = operator.post("/operations/tenants", **page.form("/operations/tenants"))
    assert 'role="alert"' in page.html
    assert {"#feld-slug", "#feld-name", "#feld-regionalKey"} <= set(page.links)
    assert "<title>Fehler:" in page.html


def test_search_finds_everyday_words_and_says_who_is_responsible(site):
    page = site.browser().get("/portal/nordhausen/services?q=Personalausweis")
    service = next(link for link in page.links if re.search(r"/services/\d+$", link))
    assert "zuständig" in site.browser().get(service).text


def test_assets_are_served_plain_before_set_up(site):
    answer = site.browser().client.get("/assets/kreisbund.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    for name in ("nichts.css", "..%2Fassets.py", "manifest.json"):
        assert site.browser().client.get(f"/assets/{name}").status_code == 404


@pytest.mark.parametrize("path", ["cases", "cases/01a203fa-77c4-8008-ab79-2cfa1b0f2636", "templates"])
def test_who_belongs_elsewhere_gets_a_404_and_who_is_nobody_the_login(site, path):
    stranger = site.logged_in(OTHER_COUNTY, Role.CASEWORKER, f"/desk/{OTHER_COUNTY}/")
    assert stranger.client.get(f"{site.base}/desk/{COUNTY}/{path}").status_code == 404
    nobody = site.browser().client.get(f"{site.base}/desk/{COUNTY}/{path}", follow_redirects=False)
    assert nobody.status_code == 303


@pytest.mark.parametrize("role", sorted(COUNTY_STAFF - {Role.TEMPLATE_AUTHOR}))
def test_whoever_works_in_a_county_has_a_first_page_there(site, role):
    applied = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    browser = site.logged_in("nordhausen", role, "/desk/nordhausen/")
    page = browser.get("/desk/nordhausen/")
    assert "Aufgaben" in page.text
    found = next((link for link in applied.get("/desk/nordhausen/cases").links if "/cases/" in link), None)
    if found and role in (Role.COUNTY_ADMIN, Role.DATA_PROTECTION_OFFICER):
        assert "Auf einen Blick" in browser.get(found).text
