"""A county goes without a trace but its proof; what is left over is found, and a killed deletion is finished."""

import json

import pytest

from kreisbund_platform.cases.transfers import mailbox
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.sessions import Tokens
from kreisbund_platform.tenancy import grant_check
from kreisbund_tenants import provisioning
from kreisbund_tenants.moving import deleting, inventory, restoring
from kreisbund_tenants.moving.errors import MovingError, RefusedError
from kreisbund_tenants.moving.identity import Wish
from kreisbund_tenants.moving.place import alone
from tests.support.fixtures import COUNTY, OTHER_COUNTY


@pytest.fixture
def doomed(town, exported):
    """A county full of cases under a slug of its own, with somebody logged in."""
    number = len(town.shared("SELECT FROM shared.tenant"))
    tenant = restoring.restore(town.place, exported, Wish(f"weg-{number}", without_regional_key=True))
    settings = town.deployment.settings
    with town.deployment.connections.for_workspace("registry") as connection:
        issuer = settings.issuer_of(tenant.slug)
        tokens = Tokens("a", None, "i", 0)
        sessions.open_session(connection, settings, town.clock, issuer=issuer, subject="s", tokens=tokens)
    return tenant


def test_nothing_is_left_and_the_proof_says_what_there_was(town, doomed):
    others = [(town.rows(town.county(slug)), town.files(slug)) for slug in (COUNTY, OTHER_COUNTY)]
    counts = {table: len(rows) for table, rows in town.rows(doomed).items()}
    mailbox.put(town.deployment.settings, doomed.id, doomed.id, mailbox.PACKAGE, b"x")
    files = len(town.files(doomed.slug))
    (head,) = town.shared(f"SELECT seq, encode(hash, 'hex') FROM {doomed.schema_name}.chain_head")
    path = deleting.delete(town.place, doomed.slug, "Landrätin")
    said = deleting.verify(town.deployment.settings, path)
    assert said["was"]["tables"] == counts
    assert (said["was"]["files"], said["was"]["sessions"], said["by"]) == (files, 1, "Landrätin")
    assert said["was"]["event_log"] == {"seq": head[0], "hash": head[1]}
    assert {f"schema {doomed.schema_name}", f"role {doomed.login_role}", "files", "sessions"} <= set(said["absent"])
    assert head[1] in path.with_suffix(".txt").read_text("utf-8")
    assert town.shared("SELECT to_regnamespace(%s)", doomed.schema_name) == [(None,)]
    assert town.shared("SELECT FROM pg_roles WHERE rolname = %s", doomed.login_role) == []
    assert town.shared("SELECT FROM shared.web_session") == []
    for table, column in tables_with_tenants(town):
        query = f"SELECT count(*) FROM shared.{table} WHERE {column} = %s"
        assert (table, *town.shared(query, doomed.id)[0]) in [(table, 0), ("dashboard_month", 1)]
    assert town.files(doomed.slug) == {}
    assert mailbox.count(town.deployment.settings, doomed.id) == 0
    assert [(town.rows(town.county(slug)), town.files(slug)) for slug in (COUNTY, OTHER_COUNTY)] == others
    with town.deployment.database.owner() as owner:
        assert grant_check.verify_grants(owner) == []


def tables_with_tenants(town):
    return town.shared(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'shared' AND column_name LIKE '%%tenant_id' AND data_type = 'uuid'"
    )


def test_a_proof_that_was_changed_is_none(town, doomed, tmp_path):
    path = deleting.delete(town.place, doomed.slug, "Test", tmp_path / "proof.json")
    said = json.loads(path.read_bytes())
    assert path == tmp_path / "proof.json"
    path.write_text(json.dumps({**said, "by": "niemand"}))
    with pytest.raises(MovingError, match="was changed"):
        deleting.verify(town.deployment.settings, path)
    path.write_text("{}")
    with pytest.raises(MovingError, match="no proof"):
        deleting.verify(town.deployment.settings, path)
    with pytest.raises(RefusedError, match="was deleted before"):
        deleting.delete(town.place, doomed.slug, "Test")
    with pytest.raises(RefusedError):
        deleting.delete(town.place, "nirgends", "Test")


@pytest.mark.parametrize("killed_in", ["_remove", "_write"])
def test_a_deletion_killed_half_way_is_finished_by_the_next(town, doomed, monkeypatch, killed_in):
    counts = {table: len(rows) for table, rows in town.rows(doomed).items()}
    done = getattr(deleting, killed_in)

    def killed(*arguments):
        if killed_in == "_remove":
            with town.deployment.database.owner() as owner:
                provisioning.delete(owner, town.clock, doomed.slug)
        raise KeyboardInterrupt

    monkeypatch.setattr(deleting, killed_in, killed)
    with pytest.raises(KeyboardInterrupt):
        deleting.delete(town.place, doomed.slug, "Test")
    monkeypatch.setattr(deleting, killed_in, done)
    said = deleting.verify(town.deployment.settings, deleting.delete(town.place, doomed.slug, "Test"))
    assert said["was"]["tables"] == counts
    assert town.files(doomed.slug) == {}


@pytest.mark.parametrize("planted", ["schema", "role", "files", "sessions", "unit"])
def test_whatever_is_left_over_is_named_and_no_proof_is_written(town, doomed, monkeypatch, planted):
    plant = {
        "schema": f"CREATE SCHEMA {doomed.schema_name}",
        "role": f"CREATE ROLE {doomed.login_role}",
        "sessions": "INSERT INTO shared.web_session VALUES ('x', '{issuer}', 's', 'w', now(), now())",
        "unit": "INSERT INTO shared.unit (id, tenant_id, slug, name) VALUES (gen_random_uuid(), '{id}', 'x', 'x')",
    }
    clear = {
        "schema": f"DROP SCHEMA {doomed.schema_name}",
        "role": f"DROP ROLE {doomed.login_role}",
        "sessions": "DELETE FROM shared.web_session",
        "unit": "DELETE FROM shared.unit WHERE slug = 'x'",
    }
    done = deleting._remove

    def remove(here, tenant):
        done(here, tenant)
        if planted == "files":
            folder = here.settings.home / "files" / tenant.slug / "ab"
            folder.mkdir(parents=True)
            (folder / "left").write_bytes(b"x")
        else:
            names = {"issuer": here.settings.issuer_of(tenant.slug), "id": tenant.id}
            town.execute(plant[planted].format(**names))

    monkeypatch.setattr(deleting, "_remove", remove)
    with pytest.raises(deleting.LeftOverError, match=planted):
        deleting.delete(town.place, doomed.slug, "Test")
    assert not list(deleting.proofs(town.deployment.settings).glob(f"{doomed.slug}-*"))
    monkeypatch.setattr(deleting, "_remove", done)
    if planted != "files":
        town.execute(clear[planted])
    assert deleting.delete(town.place, doomed.slug, "Test").exists()


def test_one_at_a_time(town, doomed, exported):
    with alone(town.deployment.settings):
        for attempt in (
            lambda: deleting.delete(town.place, doomed.slug, "Test"),
            lambda: restoring.restore(town.place, exported, Wish("neukreis", without_regional_key=True)),
        ):
            with pytest.raises(RefusedError, match="under way"):
                attempt()


def test_every_table_of_shared_that_names_a_county_is_declared(town):
    """Owned, kept on purpose, or common to all: a new table has to say which."""
    common = {"review_comment", "review_round", "review_vote", "template_history", "topic"}
    known = {*provisioning.OWNED_ROWS, "dashboard_month"} | common
    assert {table for table, _column in tables_with_tenants(town)} <= known
    assert all(":" in line for line in inventory.KEPT)
