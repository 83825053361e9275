"""A county adopts for itself: it counts there alone, is recorded, and reaches the collector."""

from dataclasses import replace
from pathlib import Path

import pytest

import kreisbund_tenants
from kreisbund_platform.errors import Conflict, NotFound
from kreisbund_platform.templates import adoptions, publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import TemplateSource, load_folder

FOLDER = Path(kreisbund_tenants.__file__).parent / "catalogue" / "ordnung" / "jagdschein"


def _source(summary: str) -> TemplateSource:
    source = load_folder(FOLDER)
    topic = {**source.manifest["topic"], "lead_county": "nordhausen"}
    return replace(source, manifest={**source.manifest, "topic": topic, "summary": summary})


def _publish(deployment, clock, summary: str) -> TemplateVersion:
    with deployment.connections.for_workspace("catalogue") as connection:
        version = publishing.publish(connection, _source(summary), clock=clock)
    assert isinstance(version, TemplateVersion)
    return version


@pytest.fixture
def version(deployment, clock) -> TemplateVersion:
    return _publish(deployment, clock, "Zur Übernahme")


def _count(work, query: str) -> int:
    return int(work.connection.execute(query).fetchone()[0])


def test_adopting_counts_here_and_nowhere_else(version, county, other_county, work_for) -> None:
    with work_for(county, "county_admin") as work, work_for(other_county, "county_admin") as other:
        assert adoptions.version_in_force(work.connection, "jagdschein") is None
        assert adoptions.adopt(work, "jagdschein") == version.template_id
        assert adoptions.version_in_force(work.connection, "jagdschein") == version.id
        assert adoptions.version_in_force(other.connection, "jagdschein") is None


def test_adopting_twice_succeeds_and_records_once(version, county, work_for) -> None:
    told = "SELECT count(*) FROM event WHERE type = 'TEMPLATE_ADOPTED'"
    with work_for(county, "county_admin") as work:
        before = _count(work, told)
        for _attempt in range(2):
            assert adoptions.adopt(work, "jagdschein") == version.template_id
        assert _count(work, told) == before + 1
        rows = work.connection.execute("SELECT payload FROM outbox WHERE topic = 'adoption'").fetchall()
        assert [row[0]["version_id"] for row in rows].count(str(version.id)) == 1


def test_ended_and_adopted_again(version, county, work_for) -> None:
    with work_for(county, "county_admin") as work:
        adoptions.adopt(work, "jagdschein")
        assert adoptions.end_adoption(work, "jagdschein") == version.template_id
        assert adoptions.version_in_force(work.connection, "jagdschein") is None
        assert isinstance(adoptions.end_adoption(work, "jagdschein"), NotFound)
        adoptions.adopt(work, "jagdschein")
        assert adoptions.version_in_force(work.connection, "jagdschein") == version.id


def test_what_was_never_published_and_a_suspended_county(version, county, work_for) -> None:
    with work_for(county, "county_admin") as work:
        assert isinstance(adoptions.adopt(work, "drachenschein"), NotFound)
        suspended = replace(work, tenant=replace(county, status="SUSPENDED"))
        assert isinstance(adoptions.adopt(suspended, "jagdschein"), Conflict)


def test_a_new_version_reaches_a_county_only_by_its_own_step(version, deployment, county, work_for, clock) -> None:
    with work_for(county, "county_admin") as work:
        adoptions.adopt(work, "jagdschein")
        newer = _publish(deployment, clock, "Noch neuer")
        assert adoptions.version_in_force(work.connection, "jagdschein") == version.id
        adoptions.adopt(work, "jagdschein")
        assert adoptions.version_in_force(work.connection, "jagdschein") == newer.id
