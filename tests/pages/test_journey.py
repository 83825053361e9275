"""From the county's first page to the downloaded notice, by pages alone, without a script."""

import re

from kreisbund_api.web import forms
from kreisbund_platform.identity.principals import Role
from tests.pages.conftest import flat


def apply(browser, template, schema):
    address = f"/portal/nordhausen/apply/{template}"
    page = browser.get(address)
    answers = flat(schema["example"])
    for _step in range(len(forms.steps_of(schema))):
        assert page.headings.count(1) == 1
        page = browser.post(address, action="next", **(answers | page.form(address)))
    assert "Angaben prüfen" in page.html, page.text
    return browser.post(address, action="submit", **page.form(address))


def test_guest_applies_and_asks_for_the_status(site, adopted, source):
    browser = site.browser()
    page = apply(browser, adopted, source.forms["application"])
    assert "Ihr Antrag ist eingegangen" in page.text
    number = re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1]
    secret = re.search(r"<strong>([^<]+)</strong>", page.html)[1]
    page = browser.post("/portal/nordhausen/status", number=number, secret=secret)
    assert number in page.text
    assert "Eingegangen" in page.text
    wrong = browser.post("/portal/nordhausen/status", number=number, secret="geraten")
    assert 'role="alert"' in wrong.html
    assert number not in re.sub('value="[^"]*"', "", wrong.html)


def test_empty_step_answers_with_itself_and_an_error_summary(site, adopted):
    browser, address = site.browser(), f"/portal/nordhausen/apply/{adopted}"
    page = browser.post(address, action="next", **browser.get(address).form(address))
    assert 'role="alert"' in page.html
    targets = [link[1:] for link in page.links if link.startswith("#feld-")]
    assert targets
    assert set(targets) <= set(page.ids)
    invalid = [found for _tag, found in page.tags if found.get("aria-invalid") == "true"]
    assert len(invalid) == len(targets)
    assert all(set(found["aria-describedby"].split()) <= set(page.ids) for found in invalid)


def test_from_application_to_decision_by_pages_alone(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    page = apply(citizen, adopted, source.forms["application"])
    status_address = next(link for link in page.links if "/applications/" in link)
    number = re.search(r"Vorgangsnummer</dt><dd>([^<]+)", page.html)[1]
    worker = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    found = worker.get(f"/desk/nordhausen/cases?q={number}")
    case = next(link for link in found.links if re.search(r"/cases/[0-9a-f-]{36}$", link))
    others = {}
    for _turn in range(12):
        page = worker.get(case)
        if "Entschieden" in page.text:
            break
        work_one_task(site, worker, others, page, source)
    assert "Entschieden" in page.text, page.text
    page = citizen.get(status_address)
    assert "Bewilligt" in page.text
    assert "Widerspruch" in page.text
    notice = next(link for link in page.links if link.startswith("/documents/"))
    answer = citizen.client.get(notice)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    for address in (status_address, case):
        text = (citizen if address == status_address else worker).get(address).text
        assert not re.search(r"\bNone\b|IN_PROGRESS|GRANTED|TASK_COMPLETED|school_type", text)
    stranger = site.browser()
    assert "/realms/" in str(stranger.client.get(status_address).url)
    site.logged_in("wartburgkreis", Role.CASEWORKER, "/desk/wartburgkreis/").get(
        case.replace("/nordhausen/", "/wartburgkreis/"), status=404
    )
    citizen.get(case, status=403)


def work_one_task(site, worker, others, page, source):
    task = next(
        match[1]
        for match in re.finditer(r'<li><a href="(/desk/nordhausen/tasks/[^"]+)">[^<]+</a> – (\w+)', page.html)
        if match[2] == "Offen"
    )
    page = worker.get(task)
    browser = worker
    if "Aufgabe übernehmen" not in page.text:
        others.setdefault("lead", site.logged_in("nordhausen", Role.TEAM_LEAD, "/desk/nordhausen/"))
        browser = others["lead"]
        page = browser.get(task)
    page = browser.post(task, action="claim", **page.form(task))
    empty = page.form(task)
    schema = next(
        schema
        for schema in source.forms.values()
        if all(f'name="{key}' in page.html for key in list(flat(schema["example"]))) and schema["id"] != "application"
    )
    browser.post(task, action="complete", **(flat(schema["example"]) | empty))
