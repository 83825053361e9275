"""The pages of a suspended county: everybody is logged out, reads on after a new login, and is told why not more."""

import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import Role
from kreisbund_tenants import provisioning
from tests.pages.test_journey import apply

SAID = "nimmt zurzeit keine"


@pytest.fixture
def owner(site):
    database = Database(site.app.state.services.settings)
    with database.owner() as connection:
        yield connection
        provisioning.resume(connection, SystemClock(), "nordhausen")
        site.app.state.services.registry.refresh()


def test_logged_out_readable_and_closed(site, adopted, source, owner):
    citizen = site.logged_in("nordhausen", Role.CITIZEN, "/portal/nordhausen/applications")
    page = apply(citizen, adopted, source.forms["application"])
    own = next(link for link in page.links if "/applications/" in link)
    worker = site.logged_in("nordhausen", Role.CASEWORKER, "/desk/nordhausen/")
    task = next(link for link in worker.get("/desk/nordhausen/").links if "/tasks/" in link)
    neighbour = site.logged_in("wartburgkreis", Role.CASEWORKER, "/desk/wartburgkreis/")
    provisioning.suspend(owner, SystemClock(), "nordhausen")
    site.app.state.services.registry.refresh()
    for browser, path in ((citizen, own), (worker, task)):
        assert "/realms/" in str(browser.client.get(path).url), "the session has ended"
    assert "/realms/" not in str(neighbour.client.get("/desk/wartburgkreis/").url)
    citizen = site.logged_in("nordhausen", Role.CITIZEN, own)
    assert SAID in citizen.get(own).text
    guest, address = site.browser(), f"/portal/nordhausen/apply/{adopted}"
    page = guest.post(address, action="submit", draft="{}", step="0", **without(guest.get(address).form(address)),
                      status=403)  # fmt: skip
    assert "Der Landkreis nimmt zurzeit keine Eingaben an." in page.text
    worker = site.logged_in("nordhausen", Role.CASEWORKER, task)
    page = worker.get(task)
    assert SAID in page.text
    page = worker.post(task, action="claim", **page.form(task), status=403)
    assert "Der Landkreis nimmt zurzeit keine Eingaben an." in page.text


def without(fields):
    return {name: value for name, value in fields.items() if name not in ("draft", "step")}
