"""A template leaves the workshop as one file and comes back as a draft; a tampered file is refused with a reason."""

import re

import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates import bundles, publishing
from kreisbund_platform.templates.source import TemplateSource, load_folder
from tests.pages.conftest import LEAD_COUNTY, Page
from tests.pages.test_workshop import SCHOOL, member
from tests.support.fixtures import COUNTY


@pytest.fixture(scope="module")
def version(site):
    with site.app.state.services.connections.for_workspace("catalogue") as connection:
        return publishing.publish(connection, load_folder(SCHOOL), clock=SystemClock())


@pytest.fixture(scope="module")
def author(site, version):
    return member(site, LEAD_COUNTY)


def upload(browser, content, status=200):
    page = browser.get("/studio/drafts/new")
    form = next(form["fields"] for form in page.forms if form["action"].endswith("/studio/bundles"))
    files = {"file": ("vorlage.kbt", content, "application/zip")} if content is not None else None
    token = {name: form[name] for name in ("csrf_token", "idempotency_key")}
    answer = browser.client.post("/studio/bundles", data=token, files=files, headers={"Origin": browser.base})
    assert answer.status_code == status, answer.text[:1500]
    return Page(answer.text), str(answer.url)


def test_out_and_in_again(author, version):
    answer = author.client.get(f"/studio/versions/{version.id}/file")
    assert answer.headers["content-disposition"] == f'attachment; filename="schuelerbefoerderung-{version.number}.kbt"'
    source = bundles.read(answer.content)
    assert isinstance(source, TemplateSource)
    assert source.content_hash == version.content_hash
    page, address = upload(author, answer.content)
    assert re.search(r"/studio/drafts/[0-9a-f-]{36}$", address)
    assert "Schülerbeförderung" in page.html


@pytest.mark.parametrize("content", [b"GIF89a", b"", None])
def test_anything_else_is_refused_at_its_field(author, content):
    page, address = upload(author, content)
    assert address.endswith("/studio/bundles")
    assert 'href="#feld-file"' in page.html
    assert 'aria-invalid="true"' in page.html


def test_a_tampered_file_is_refused(author, version):
    content = author.client.get(f"/studio/versions/{version.id}/file").content
    page, _address = upload(author, content.replace(b"Antrag eingegangen", b"Antrag entgangen__"))
    assert "keine unversehrte Prozessvorlage" in page.html


def test_strangers_get_nothing(site, version):
    assert (
        site.browser().client.get(f"/studio/versions/{version.id}/file").url.path
        != f"/studio/versions/{version.id}/file"
    )
    staff = site.logged_in(COUNTY, Role.CASEWORKER, f"/desk/{COUNTY}/")
    assert "kbt" not in staff.client.get(f"/studio/versions/{version.id}/file").headers.get("content-disposition", "")


def test_no_such_version(author):
    unknown = "00000000-0000-8000-8000-000000000000"
    assert author.client.get(f"/studio/versions/{unknown}/file").status_code == 404
