"""A county releases for itself: by a person, or in rings for classes that it approved beforehand, watched."""

from datetime import timedelta

import pytest

from kreisbund_platform.cases import rollout_health
from kreisbund_platform.dashboards import collector
from kreisbund_platform.errors import Conflict, Forbidden, Invalid, NotFound
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.templates import adoptions
from kreisbund_platform.templates.life_cycle import releases, rollouts
from kreisbund_platform.templates.life_cycle.models import Rollout, TemplateHistory
from kreisbund_platform.templates.models import TemplateVersion
from tests.templates.conftest import SLUG

HERE, THERE = "nordhausen", "wartburgkreis"
RINGS = (rollouts.Ring((HERE,), 24), rollouts.Ring((THERE, "kyffhaeuserkreis"), 48))


def in_force(team, county):
    return team.county(county, lambda work: adoptions.version_in_force(work.connection, SLUG))


def approve(team, county, *classes):
    def act(work):
        template = team.version().template_id
        known = work.connection.execute(
            "SELECT version FROM release_setting WHERE template_id = %s", (template,)
        ).fetchone()
        return releases.approve_classes(work, SLUG, classes, known[0] if known else 0)

    return team.county(county, act)


def advance(team):
    with team.deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        return rollouts.advance(connection, team.clock.now())


def collect(team, county):
    tenant = team.deployment.registry.by_slug(county)
    connections = team.deployment.connections
    with connections.for_tenant(tenant) as own, connections.for_workspace("collector") as shared:
        return collector.collect(own, shared, tenant.id, team.clock.now())


def rollout(team, version):
    return team.row(Rollout, version_id=version.id)


@pytest.fixture
def adopted(team):
    for county in (HERE, THERE):
        team.county(county, adoptions.adopt, SLUG)
        approve(team, county)
    return team.row(TemplateVersion, id=in_force(team, THERE))


def test_a_given_version_for_this_county_alone(team, adopted):
    newer = team.publish()
    assert team.county(HERE, releases.release, SLUG, newer.number, "Geprüft") == newer.template_id
    assert (in_force(team, HERE), in_force(team, THERE)) == (newer.id, adopted.id)
    rows = team.county(
        HERE,
        lambda work: work.connection.execute(
            "SELECT automatic, change_classes, reason FROM template_release ORDER BY released_at DESC LIMIT 1"
        ).fetchall(),
    )
    assert rows == [(False, ["TEXT"], "Geprüft")]
    assert isinstance(team.county(HERE, releases.release, SLUG, 999), NotFound)
    assert isinstance(team.county(HERE, releases.release, "drachenschein", 1), NotFound)


@pytest.mark.parametrize("never", ["FEE", "LEGAL_BASIS", "DECISION"])
def test_what_is_never_automatic_cannot_even_be_approved(team, never):
    refused = approve(team, HERE, "TEXT", never)
    assert isinstance(refused, Invalid)
    assert refused.code == "NEVER_AUTOMATIC"
    with pytest.raises(Exception, match="check constraint"):
        team.county(HERE, lambda work: work.connection.execute(
            "INSERT INTO release_setting VALUES (gen_random_uuid(), ARRAY[%s], 1, now(), 'x')", (never,)
        ))  # fmt: skip
    assert approve(team, HERE, "ALLES").code == "UNKNOWN_CLASS"


def test_approving_is_versioned(team):
    approve(team, HERE, "TEXT")
    stale = team.county(HERE, releases.approve_classes, SLUG, ["HELP"], 0)
    assert isinstance(stale, Conflict)


def test_ring_by_ring_and_only_what_was_approved(team, adopted):
    for county in (HERE, THERE):
        approve(team, county, "TEXT", "LAYOUT")
    version = team.publish(summary="Nur ein anderer Text")
    assert not team.county(HERE, releases.release_next, system=True)
    assert team.do(rollouts.start, str(version.id), RINGS) == version.id
    assert not team.county(THERE, releases.release_next, system=True)
    assert team.county(HERE, releases.release_next, system=True)
    assert not team.county(HERE, releases.release_next, system=True)
    assert (in_force(team, HERE), in_force(team, THERE)) == (version.id, adopted.id)
    advance(team)
    assert rollout(team, version).current_ring == 1
    team.later(hours=25)
    advance(team)
    assert rollout(team, version).current_ring == 2
    assert team.county(THERE, releases.release_next, system=True)
    assert in_force(team, THERE) == version.id
    team.later(hours=49)
    advance(team)
    assert rollout(team, version).status == "COMPLETED"


def test_fees_and_unapproved_classes_wait_for_a_person(team, adopted):
    approve(team, HERE, *releases.APPROVABLE)
    fee = {"id": "fee", "amount_cents": 500, "norm": "land", "citation": "§ 1"}
    version = team.publish(fees=[fee])
    team.do(rollouts.start, str(version.id), RINGS)
    assert not team.county(HERE, releases.release_next, system=True)
    assert in_force(team, HERE) == adopted.id
    approve(team, THERE, "HELP")
    plain = team.publish(summary="Wieder nur Text", fees=[fee])
    team.do(rollouts.start, str(plain.id), [rollouts.Ring((THERE,), 0)])
    assert not team.county(THERE, releases.release_next, system=True)


def run_cases(team, version, county, cases, incidents, overdue):
    """Cases as rows: what is counted is open incidents and due days."""

    def write(work):
        now = work.clock.now()
        for number in range(cases):
            case_id = new_id(Kind.CASE_RECORD, now)
            due_at = now - timedelta(days=1) if number < overdue else None
            work.connection.execute(
                "INSERT INTO case_record (id, case_number, status, version, channel, template_version_id, state,"
                " received_at, received_on, opened_at, due_at)"
                " VALUES (%s, %s, 'IN_PROGRESS', 1, 'PORTAL', %s, '{}', %s, %s, %s, %s)",
                (case_id, f"X-{version.number}-{number}", version.id, now, now.date(), now, due_at),
            )
            if number < incidents:
                work.connection.execute(
                    "INSERT INTO incident (id, case_id, token, element_id, reason, version, raised_at)"
                    " VALUES (%s, %s, 9, 'x', 'JOB_FAILED', 1, %s)",
                    (new_id(Kind.INCIDENT, now), case_id, now),
                )
        return rollout_health.tell(work)

    return team.county(county, write, system=True)


def test_a_sick_version_halts_by_itself_and_goes_on_by_a_person(team, adopted):
    version = team.publish()
    team.do(rollouts.start, str(version.id), RINGS)
    team.county(HERE, releases.release, SLUG, version.number)
    assert run_cases(team, version, HERE, 20, 3, 0) == 1
    assert team.county(HERE, rollout_health.tell, system=True) == 0
    collect(team, HERE)
    team.later(hours=30)
    assert advance(team) >= 1
    halted = rollout(team, version)
    assert (halted.status, halted.reason, halted.current_ring) == ("HALTED", "INCIDENTS", 1)
    approve(team, THERE, "TEXT")
    assert not team.county(THERE, releases.release_next, system=True)
    assert isinstance(team.do(rollouts.resume, str(version.id), "Behoben", halted.version, by="nordhausen"), Forbidden)
    assert isinstance(team.do(rollouts.resume, str(version.id), "", halted.version), Invalid)
    assert team.do(rollouts.resume, str(version.id), "Behoben", halted.version - 1).code == "STALE_VERSION"
    assert team.do(rollouts.resume, str(version.id), "Behoben", halted.version) == version.id
    assert rollout(team, version).status == "RUNNING"
    assert team.do(rollouts.halt, str(version.id), "Wir sehen nach", halted.version + 1, by="lead") == version.id
    history = [(each.type, each.actor_name) for each in team.all(TemplateHistory, "id", version_id=version.id)]
    assert ("ROLLOUT_HALTED", "Kreisbund") in history
    assert ("VERSION_RELEASED", "Landkreis Nordhausen") in history


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (rollouts.Health(4, 4, 4), None),
        (rollouts.Health(100, 2, 20), None),
        (rollouts.Health(100, 3, 0), "INCIDENTS"),
        (rollouts.Health(100, 0, 21), "OVERDUE"),
    ],
)
def test_the_thresholds(health, reason):
    assert health.too_bad(0.02, 0.2, 5) == reason


@pytest.mark.parametrize(
    "rings",
    [
        (),
        (rollouts.Ring((), 1),),
        (rollouts.Ring(("atlantis",), 1),),
        (rollouts.Ring((HERE,), -1),),
        (rollouts.Ring((HERE,), 1), rollouts.Ring((HERE,), 1)),
    ],
)
def test_rings_that_make_no_sense(team, rings):
    assert isinstance(team.do(rollouts.start, str(team.newest().id), rings), Invalid)


def test_only_the_topics_lead_starts_a_rollout_and_only_once(team):
    version = team.publish()
    assert isinstance(team.do(rollouts.start, str(version.id), RINGS, by=THERE), Forbidden)
    team.do(rollouts.start, str(version.id), RINGS)
    assert team.do(rollouts.start, str(version.id), RINGS, by="lead").code == "ROLLOUT_EXISTS"


def test_a_countys_settings_are_its_own(team):
    approve(team, HERE, "TEXT")
    approve(team, THERE)
    found = team.county(
        THERE, lambda work: work.connection.execute("SELECT automatic_classes FROM release_setting").fetchall()
    )
    assert found == [([],)]
