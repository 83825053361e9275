"""A case from one county's desk to another's, by pages alone."""

from kreisbund_api.worker import Worker
from kreisbund_platform.identity.principals import Role
from tests.pages.test_journey import apply


def test_a_case_is_given_up_and_taken_over(site, adopted, source):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    apply(citizen, adopted, source.forms["application"])
    lead = site.logged_in("nordhausen", Role.TEAM_LEAD, "/desk/nordhausen/cases")
    case = next(link for link in lead.get("/desk/nordhausen/cases").links if "/cases/" in link)
    assert f"{case}/transfer" in lead.get(case).links
    page = lead.get(f"{case}/transfer")
    hidden = page.form("/transfer")
    empty = lead.post(f"{case}/transfer", county="wartburgkreis", reason=" ", **hidden)
    assert "Bitte geben Sie einen Text ein." in empty.text
    hidden = empty.form("/transfer")
    page = lead.post(f"{case}/transfer", county="wartburgkreis", reason="Umzug der Familie", **hidden)
    assert "Wird gesendet" in page.text
    assert "An anderen Landkreis abgegeben" in lead.get(case).text
    services = site.app.state.services
    worker = Worker(services.settings, services.connections, services.registry, services.clock)
    for slug in ("nordhausen", "wartburgkreis", "wartburgkreis"):
        worker.serve(services.registry.by_slug(slug))
    other = site.logged_in("wartburgkreis", Role.TEAM_LEAD, "/desk/wartburgkreis/transfers")
    page = other.get("/desk/wartburgkreis/transfers")
    assert "Umzug der Familie" in page.text
    action = next(form["action"] for form in page.forms if "/transfers/" in form["action"])
    page = other.post(action, **page.form(action))
    assert "Vorgang WAK-" in page.text
    assert "Von anderem Landkreis übernommen" in page.text
    for slug in ("wartburgkreis", "nordhausen"):
        worker.serve(services.registry.by_slug(slug))
    assert "Empfang bestätigt" in lead.get("/desk/nordhausen/transfers").text
    worker_only = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    worker_only.get("/desk/nordhausen/transfers", status=403)
    worker_only.get(f"{case}/transfer", status=403)
