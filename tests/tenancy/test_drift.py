"""Whatever a login role gains, loses or changes beside what is declared is found by name and mended."""

import psycopg
import pytest

from kreisbund_platform.tenancy import grant_check
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment

# drift and its finding; {role} is the county's, {other} another county's schema
PRIVILEGES = [
    ("GRANT SELECT ON shared.tenant_secret TO {role}", "SELECT on table shared.tenant_secret: not declared"),
    ("GRANT SELECT ON {other}.case_record TO PUBLIC", "SELECT on table {other}.case_record: not declared"),
    ("GRANT USAGE ON SCHEMA {other} TO {role}", "USAGE on schema {other}: not declared"),
    ("GRANT CREATE ON SCHEMA {own} TO {role}", "CREATE on schema {own}: not declared"),
    (
        "GRANT SELECT (wrapped) ON shared.tenant_secret TO {role}",
        "SELECT on column shared.tenant_secret.wrapped: not declared",
    ),
    ("REVOKE SELECT ON {own}.task FROM {role}", "SELECT on table {own}.task: missing"),
    ("GRANT TRIGGER ON {own}.task TO {role}", "TRIGGER on table {own}.task: not declared"),
    ("GRANT TEMP ON DATABASE {database} TO {role}", "TEMPORARY on database {database_name}: not declared"),
    ("GRANT CREATE ON DATABASE {database} TO PUBLIC", "CREATE on database {database_name}: not declared"),
    (
        "GRANT EXECUTE ON FUNCTION shared.refuse_change() TO {role}",
        "EXECUTE on function shared.refuse_change(): not declared",
    ),
    (
        "REVOKE EXECUTE ON FUNCTION shared.restore_login FROM {registry}",
        "EXECUTE on function shared.restore_login(text, integer, text): missing",
    ),
    ("REVOKE USAGE ON SCHEMA code FROM PUBLIC", "USAGE on schema code: missing"),
    ("GRANT CREATE ON SCHEMA code TO PUBLIC", "CREATE on schema code: not declared"),
    (
        "REVOKE EXECUTE ON FUNCTION code.kept_data(json, text[]) FROM PUBLIC",
        "EXECUTE on function code.kept_data(json, text[]): missing",
    ),
    ("CREATE SEQUENCE {own}.s; GRANT USAGE ON {own}.s TO {role}", "USAGE on sequence {own}.s: not declared"),
    (
        "CREATE TYPE {own}.t AS ENUM ('a'); GRANT USAGE ON TYPE {own}.t TO {role}",
        "USAGE on type {own}.t: not declared",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {other} GRANT SELECT ON TABLES TO {role}",
        "SELECT on default {owner} r: not declared",
    ),
    ("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC", "EXECUTE on default {owner} f: not declared"),
]
ROLES = [
    ("ALTER ROLE {role} CONNECTION LIMIT -1", "connection limit is -1"),
    ("ALTER ROLE {role} CREATEDB", "has an attribute beyond LOGIN"),
    ("ALTER ROLE {role} NOLOGIN", "may not log in"),
    ("ALTER ROLE {role} INHERIT", "inherits"),
    ("ALTER ROLE {role} VALID UNTIL '2020-01-01'", "its password ends"),
    ("ALTER ROLE {role} SET search_path = shared", "has settings of its own"),
    ("ALTER ROLE {role} IN DATABASE postgres SET work_mem = '64kB'", "has settings of its own"),
    ("ALTER ROLE {role} IN DATABASE {database} RESET ALL", "has settings of its own"),
    ("GRANT {other_role} TO {role}", "is a member of {other_role_name}"),
    ("GRANT {role} TO {registry}", "has the member {registry_name}"),
]


@pytest.fixture
def names(deployment: Deployment, county: TenantContext, other_county: TenantContext) -> dict[str, str]:
    with deployment.connections.for_workspace("registry") as connection:
        registry = connection.info.user
    with deployment.database.owner() as owner:
        name, by = owner.info.dbname, owner.info.user
    return {
        "role": county.login_role,
        "own": county.schema_name,
        "other": other_county.schema_name,
        "other_role": other_county.login_role,
        "other_role_name": other_county.login_role,
        "database": f'"{name}"',
        "database_name": name,
        "registry": registry,
        "registry_name": registry,
        "owner": by,
    }


@pytest.mark.parametrize(("drift", "finding"), PRIVILEGES + ROLES)
def test_drift_is_found_and_mended(drift: str, finding: str, deployment: Deployment, names: dict[str, str]) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(drift.format(**names))
        found = {d.finding for d in grant_check.verify_grants(owner)}
        # a new member of the registry makes it a member of the county too: the same row, seen from both ends
        assert found - {f"is a member of {names['role']}", f"has the member {names['role']}"} == {
            finding.format(**names)
        }
        grant_check.mend(owner, deployment.settings)
        assert grant_check.verify_grants(owner) == []


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("large object", "SELECT lo_create(4711)"),
        ("default privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
    ],
)
def test_what_a_role_can_make_alone_is_found_and_removed(
    kind: str, made: str, deployment: Deployment, county: TenantContext
) -> None:
    with deployment.connections.for_tenant(county) as connection:
        connection.execute(made)
    with deployment.database.owner() as owner:
        found = [d.finding for d in grant_check.verify_grants(owner) if d.subject == county.login_role]
        assert any(finding.startswith("owns ") and kind in finding for finding in found)
        grant_check.mend(owner, deployment.settings)
        assert grant_check.verify_grants(owner) == []
        assert owner.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)
    with deployment.connections.for_tenant(county) as connection:
        connection.execute("SELECT 1 FROM case_record LIMIT 1")


def test_a_table_that_became_the_countys_keeps_its_rows(
    deployment: Deployment, county: TenantContext, names: dict[str, str]
) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(f"INSERT INTO {county.schema_name}.case_number_counter VALUES (1850, 7)")
        owner.execute(f"GRANT {county.login_role} TO CURRENT_USER")
        owner.execute(f"GRANT CREATE ON SCHEMA {county.schema_name} TO {county.login_role}")
        owner.execute(f"ALTER TABLE {county.schema_name}.case_number_counter OWNER TO {county.login_role}")
        owner.execute(f"REVOKE {county.login_role} FROM CURRENT_USER")
        found = [d.finding for d in grant_check.verify_grants(owner)]
        assert f"owns table {county.schema_name}.case_number_counter" in found
        grant_check.mend(owner, deployment.settings)
        assert grant_check.verify_grants(owner) == []
        query = f"SELECT last_number FROM {county.schema_name}.case_number_counter WHERE year = 1850"
        assert owner.execute(query).fetchone() == (7,)


def test_a_missing_role_is_found_and_made_again(
    deployment: Deployment, county: TenantContext, names: dict[str, str]
) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(f"ALTER ROLE {county.login_role} RENAME TO renamed_away")
        assert "role is missing" in {d.finding for d in grant_check.verify_grants(owner)}
        grant_check.mend(owner, deployment.settings)
        left = {d.subject for d in grant_check.verify_grants(owner)}
        assert county.login_role not in left


def test_the_registry_may_set_back_logins_and_nothing_else(deployment: Deployment, county: TenantContext) -> None:
    verifier = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2E=$YWFh:YmJi"
    call = "SELECT shared.restore_login(%s, %s, %s)"
    with deployment.connections.for_workspace("registry") as connection:
        for role, epoch in (("kreisbund_owner", 1), ("postgres", 1), (county.login_role, 99)):
            assert connection.execute(call, (role, epoch, verifier)).fetchone() == (False,)
        with pytest.raises(psycopg.errors.InvalidPassword):
            connection.execute(call, (county.login_role, 1, "plain' SUPERUSER"))
    with deployment.connections.for_tenant(county) as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
        own.execute(call, (county.login_role, 1, verifier))
