"""A county's login role reaches its own schema and the published part of `shared`, and nothing else."""

from base64 import b64decode

import psycopg
import pytest
from cryptography.exceptions import InvalidTag

from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.tenancy import secret_box
from kreisbund_platform.tenancy.context import TenantContext, TenantMissingError
from tests.support.fixtures import START, Deployment, WorkFor

CROSSINGS = [
    "SELECT * FROM {other}.case_record",
    "INSERT INTO {other}.chain_head (seq, hash) VALUES (1, '')",
    "SET ROLE {other_role}",
    "SET SESSION AUTHORIZATION {other_role}",
    "SELECT * FROM shared.tenant_secret",
    "SELECT * FROM shared.workspace_secret",
    "SELECT * FROM shared.issuer",
    "SELECT * FROM shared.web_session",
    "SELECT * FROM shared.dashboard_month",
    "UPDATE shared.tenant SET status = 'ACTIVE'",
    "INSERT INTO shared.topic VALUES (gen_random_uuid(), 'x', 'x', gen_random_uuid())",
    "CREATE TABLE own (id int)",
    "CREATE TABLE public.own (id int)",
    "CREATE TEMP TABLE own (id int)",
    "CREATE SCHEMA own",
    "CREATE FUNCTION code.own() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION code.finish_task(p_task uuid, p_actor text, p_now timestamptz) RETURNS void"
    " LANGUAGE plpgsql AS 'BEGIN END'",
    "DROP FUNCTION code.kept_data",
    "CREATE ROLE own",
    "UPDATE event SET type = 'x'",
    "DELETE FROM event",
    "TRUNCATE event",
    "ALTER TABLE event DISABLE TRIGGER ALL",
    "CREATE OR REPLACE FUNCTION code.keep_event() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "UPDATE schema_migration SET checksum = ''",
    "COPY case_record TO PROGRAM 'true'",
]


@pytest.mark.parametrize("statement", CROSSINGS)
def test_what_a_county_may_not_do(
    statement: str, deployment: Deployment, county: TenantContext, other_county: TenantContext
) -> None:
    crossing = statement.format(other=other_county.schema_name, other_role=other_county.login_role)
    with deployment.connections.for_tenant(county) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(crossing)


def test_a_county_works_in_its_own_schema(work_for: WorkFor, county: TenantContext) -> None:
    with work_for(county, "caseworker") as work:
        row = work.connection.execute(
            "SELECT current_user, current_schema(), count(*) >= 0 FROM case_record"
        ).fetchone()
        assert row == (county.login_role, county.schema_name, True)


def test_events_are_chained_by_the_county_itself(work_for: WorkFor, county: TenantContext) -> None:
    with work_for(county) as work:
        before = work.connection.execute("SELECT seq FROM chain_head").fetchone()
        assert before is not None
        for number in (before[0] + 1, before[0] + 2):
            event = (new_id(Kind.EVENT, START), START, f'{{"number":{number}}}')
            found = work.connection.execute(
                "SELECT code.chain_event(%s, NULL, NULL, %s, 'test', NULL, NULL, %s)", event
            ).fetchone()
            assert found == (number,)
        hashes = work.connection.execute("SELECT hash FROM event ORDER BY seq").fetchall()
        head = work.connection.execute("SELECT seq, hash FROM chain_head").fetchone()
        assert head == (before[0] + 2, hashes[-1][0])


def test_no_county_no_connection(deployment: Deployment) -> None:
    with pytest.raises(TenantMissingError), deployment.connections.for_tenant(None):
        pass


def test_a_workspace_reaches_no_county(deployment: Deployment, county: TenantContext) -> None:
    for workspace in ("registry", "catalogue", "state", "operations", "collector"):
        with deployment.connections.for_workspace(workspace) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {county.schema_name}.case_record")


def test_the_state_sees_figures_and_no_secret(deployment: Deployment) -> None:
    counting = "SELECT count(*) FROM shared.dashboard_month"
    with deployment.database.owner() as owner:
        there = owner.execute(counting).fetchone()
    with deployment.connections.for_workspace("state") as connection:
        assert connection.execute(counting).fetchone() == there
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM shared.tenant_secret")


def test_a_verifier_is_what_libpq_would_make(deployment: Deployment) -> None:
    with deployment.database.owner() as owner:
        made = owner.pgconn.encrypt_password(b"secret", b"role", b"scram-sha-256").decode()
    iterations, salt = made.split("$")[1].split(":")
    assert secret_box.verifier("secret", b64decode(salt), int(iterations)) == made


def test_secrets_open_only_for_their_role_and_epoch() -> None:
    key = b"k" * 32
    wrapped = secret_box.wrap(key, "kb_a", 1, "secret")
    assert secret_box.unwrap(key, "kb_a", 1, wrapped) == "secret"
    for role, epoch in (("kb_b", 1), ("kb_a", 2)):
        with pytest.raises(InvalidTag):
            secret_box.unwrap(key, role, epoch, wrapped)


def test_what_all_counties_call_has_no_rights_of_its_own(deployment: Deployment) -> None:
    with deployment.database.owner() as owner:
        found = owner.execute(
            "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE pronamespace = 'code'::regnamespace"
        ).fetchall()
    assert len(found) > 9
    assert {(definer, settings) for _name, definer, settings in found} == {(False, None)}


def test_no_function_that_a_county_calls_by_name_stands_once_more(
    deployment: Deployment, county: TenantContext
) -> None:
    """PostgreSQL looks through all functions of a name: with one in each county, each session would hold hundreds."""
    with deployment.database.owner() as owner:
        doubled = owner.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'code'::regnamespace AND proname IN"
            " (SELECT proname FROM pg_proc WHERE pronamespace <> 'code'::regnamespace)"
        ).fetchall()
    assert doubled == []
