"""After a migration a county's role holds what is declared, and nothing is written where it does already."""

import pytest
from psycopg import sql

from kreisbund_platform.tenancy import grants
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment

WRITTEN = """SELECT md5(string_agg(x.place, ',' ORDER BY x.oid, x.place)) FROM (
    SELECT oid, ctid::text AS place FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
    UNION ALL SELECT oid, ctid::text FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace) x"""
HELD = """SELECT c.relname, array_agg(a.privilege_type ORDER BY a.privilege_type)
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = %s::regnamespace AND a.grantee = %s::regrole AND c.relkind = 'r' GROUP BY 1 ORDER BY 1"""


def _renew(deployment: Deployment, county: TenantContext, statement: str) -> tuple[bool, bool]:
    """Whether grants were written after this statement, and whether they are as before then; all is undone."""
    names = sql.Identifier(county.schema_name), sql.Identifier(county.login_role)
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        held = owner.execute(HELD, (county.schema_name, county.login_role)).fetchall()
        if statement:
            owner.execute(sql.SQL(statement).format(*names))  # type: ignore[arg-type]
        before = owner.execute(WRITTEN, {"schema": county.schema_name}).fetchone()
        grants.renew_county(owner, county.schema_name, county.login_role)
        after = owner.execute(WRITTEN, {"schema": county.schema_name}).fetchone()
        now = owner.execute(HELD, (county.schema_name, county.login_role)).fetchall()
    return before != after, [row for row in now if row[0] != "fresh"] == held


@pytest.mark.parametrize(
    ("statement", "is_written"),
    [
        ("", False),
        ("ALTER TABLE {0}.note ADD COLUMN more int; CREATE INDEX ON {0}.note (more)", False),
        ("CREATE TABLE {0}.fresh (id int)", True),
        ("REVOKE DELETE ON {0}.note FROM {1}", True),
        ("GRANT UPDATE ON {0}.event TO {1}", True),
        ("GRANT TRUNCATE ON {0}.note TO {1}", True),
        ("CREATE FUNCTION {0}.fresh() RETURNS int LANGUAGE sql RETURN 1", True),
    ],
)
def test_only_what_differs_is_written(
    deployment: Deployment, county: TenantContext, statement: str, is_written: bool
) -> None:
    assert _renew(deployment, county, statement) == (is_written, True)


def test_a_fresh_table_and_function_are_the_countys(deployment: Deployment, county: TenantContext) -> None:
    schema, role = county.schema_name, county.login_role
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(sql.SQL("CREATE TABLE {}.fresh (id int)").format(sql.Identifier(schema)))
        owner.execute(
            sql.SQL("CREATE FUNCTION {}.made() RETURNS int LANGUAGE sql RETURN 1").format(sql.Identifier(schema))
        )
        grants.renew_county(owner, schema, role)
        query = "SELECT has_table_privilege(%s, %s, 'DELETE'), has_function_privilege(%s, %s, 'EXECUTE'),"
        query += " has_function_privilege('public', %s, 'EXECUTE')"
        made = f"{schema}.made()"
        found = owner.execute(query, (role, f"{schema}.fresh", role, made, made)).fetchone()
    assert found == (True, True, False)


def test_what_is_published_is_granted_to_all_at_once(deployment: Deployment, county: TenantContext) -> None:
    """Too much is taken, too little is given, for every county named."""
    roles = [county.login_role, "kb_test_other"]
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute("CREATE ROLE kb_test_other")
        owner.execute(f'GRANT SELECT ON shared.tenant_secret TO "{roles[0]}"')
        owner.execute(f'REVOKE SELECT ON shared.tenant FROM "{roles[0]}"')
        grants.grant_published(owner, roles)
        for role in roles:
            held = owner.execute(HELD, ("shared", role)).fetchall()
            present = set(grants.tables_of(owner, "shared"))
            assert held == [(name, ["SELECT"]) for name in sorted(present & grants.PUBLISHED.keys())]
