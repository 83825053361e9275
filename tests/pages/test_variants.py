"""A county's variant by pages alone: the editor with its errors, in force, the guided way, and back."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

import kreisbund_tenants
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.publishing import publish
from kreisbund_platform.templates.source import load_folder
from tests.pages.test_pages import holds_for_every_page

FOLDER = Path(next(iter(kreisbund_tenants.__path__))) / "catalogue/schule/schuelerbefoerderung"
COUNTY = "wartburgkreis"
CHROMIUM = shutil.which("chromium")


def published(site, source):
    services = site.app.state.services
    with services.connections.for_workspace("catalogue") as connection:
        version = publish(connection, source, clock=services.clock)
        assert not isinstance(version, Invalid), version


def next_version(source):
    """A longer hearing, and no help text for the distance any more."""
    xml = source.bpmn_xml.replace(b">P14D</bpmn:", b">P21D</bpmn:")
    rows = [row for row in source.manifest["variable_points"] if row["id"] != "distance_help"]
    return replace(source, bpmn_xml=xml, manifest={**source.manifest, "variable_points": rows})


@pytest.fixture(scope="module")
def admin(site):
    published(site, load_folder(FOLDER))
    admin = site.logged_in(COUNTY, Role.COUNTY_ADMIN, f"/desk/{COUNTY}/templates")
    page = admin.get(f"/desk/{COUNTY}/templates")
    action = next(form["action"] for form in page.forms if "/templates/" in form["action"])
    admin.post(action, action="adopt", **page.form(action))
    admin.address = f"{action}/variant"
    return admin


def shown(admin, page, path):
    holds_for_every_page(admin.client.get(path), page)


def test_from_the_editor_to_a_newer_version_and_back(site, admin):
    page = admin.get(f"{admin.address}/edit")
    shown(admin, page, f"{admin.address}/edit")
    assert "Bundesrecht bestimmt diese Frist" in page.text
    given = page.form("/variant/edit") | {"own_share.on": "ja", "own_share.value": "28 Taler"}
    given |= {"hearing_period.on": "ja", "hearing_period.value": "7", "hearing_period.unit": "D"}
    page = admin.post(f"{admin.address}/edit", **given)
    assert "#feld-hearing_period-value" in page.links
    assert "#feld-own_share-citation" in page.links
    assert "28 Taler" in page.html
    given |= page.form("/variant/edit") | {"own_share.citation_date": "neulich"}
    page = admin.post(f"{admin.address}/edit", **given)
    assert "#feld-own_share-citation_date" in page.links
    given |= page.form("/variant/edit")
    given |= {
        "own_share.value": "28,50",
        "own_share.citation": "§ 4 der Satzung",
        "own_share.citation_date": "1.8.2023",
    }
    given |= {"hearing_period.value": "4", "hearing_period.unit": "W"}
    given |= {"distance_help.on": "ja", "distance_help.value": "Mit dem Geoportal messen."}
    page = admin.post(f"{admin.address}/edit", **given)
    assert "Entwurf in Kraft setzen" in page.text
    fields = next(form["fields"] for form in page.forms if "variant" in form["fields"])
    page = admin.post(admin.address, action="in_force", **fields)
    shown(admin, page, admin.address)
    assert "28,50 €" in page.text
    assert "Satzung des Landkreises: § 4 der Satzung vom 1. August 2023" in page.text

    published(site, next_version(load_folder(FOLDER)))
    page = admin.get(admin.address)
    page = admin.post(admin.address, action="rebase", **page.form("/variant"))
    assert "2 Stellen müssen Sie entscheiden" in page.text
    way = next(form["action"] for form in page.forms if "/rebases/" in form["action"])
    shown(admin, page, way)
    decide = [form["fields"] for form in page.forms if "position" in form["fields"]]
    page = admin.post(way, action="decide", **decide[0])
    assert f"#feld-step{decide[0]['position']}-choice" in page.links
    for fields in decide:
        latest = admin.get(way)
        now = next(form["fields"] for form in latest.forms if form["fields"].get("position") == fields["position"])
        choice = "KEEP" if "KEEP" in latest.html and fields is decide[0] else "DROP"
        page = admin.post(way, action="decide", choice=choice, **now)
    assert "Alles ist entschieden" in page.text, page.text
    page = admin.post(way, action="finish", **page.form(way))
    assert "beginnen neue Anträge auf Fassung" in page.text
    shown(admin, page, way)
    fields = next(form["fields"] for form in page.forms if "/rebases/" in form["action"])
    page = admin.post(way, action="undo", **fields)
    assert "#feld-reason" in page.links
    fields = next(form["fields"] for form in page.forms if "/rebases/" in form["action"])
    page = admin.post(way, action="undo", reason="Falsche Frist.", **fields)
    assert "beginnen neue Anträge wieder auf Fassung" in page.text


def test_caseworkers_read_and_others_see_nothing(site, admin):
    caseworker = site.logged_in(COUNTY, Role.CASEWORKER, f"/desk/{COUNTY}/")
    page = caseworker.get(admin.address)
    assert "Abweichungen bearbeiten" not in page.text
    caseworker.get(f"{admin.address}/edit", status=403)
    caseworker.post(admin.address, status=403, action="end", **page.form("/session/logout"))
    other = site.logged_in("nordhausen", Role.COUNTY_ADMIN, "/desk/nordhausen/")
    way = next(link for link in page.links if "/rebases/" in link)
    assert "Seite nicht gefunden" in other.get(way.replace(COUNTY, "nordhausen"), status=404).text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_accessible_on_small_and_large_screens(site, admin):
    page = admin.get(admin.address)
    way = next(link for link in page.links if "/rebases/" in link)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for path in (admin.address, f"{admin.address}/edit", way):
            for width, scheme in ((1280, "light"), (320, "dark")):
                context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                cookies = [{"name": c.name, "value": c.value, "url": site.base} for c in admin.client.cookies.jar]
                context.add_cookies(cookies)
                shown = context.new_page()
                shown.goto(site.base + path)
                assert shown.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                found = Axe().run(shown).response["violations"]
                assert not found, (path, scheme, [(each["id"], each["nodes"][0]["html"]) for each in found])
                context.close()
        chromium.close()
