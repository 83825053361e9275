"""Compares roles and privileges in the database with what is declared, and mends drift.

Looks at everything a role could have gained: tables, columns, functions, schemas, the database, attributes,
memberships and settings of its own. An empty list is the proof.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import grants, roles, secret_box
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenants

Rows = psycopg.Connection[Any]
PUBLIC = "PUBLIC"

# (kind, schema, object, grantee, privilege) of everybody but the owner; what is not set means PostgreSQL's default
HELD = """
SELECT kind, schema, object, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END, privilege_type
FROM (
    SELECT 'TABLE' AS kind, n.nspname AS schema, c.relname::text AS object, c.relowner AS owner,
        coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) AS acl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'S')
    UNION ALL
    SELECT 'COLUMN', n.nspname, c.relname || '.' || a.attname, c.relowner, a.attacl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'FUNCTION', n.nspname, p.oid::regprocedure::text, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'SCHEMA', n.nspname, n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_namespace n
    UNION ALL
    SELECT 'DATABASE', '', d.datname, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba))
    FROM pg_database d WHERE d.datname = current_database()
) x, aclexplode(acl)
WHERE grantee <> owner AND schema <> 'information_schema' AND schema NOT LIKE 'pg\\_%'
"""
ATTRIBUTES = """
SELECT r.rolcanlogin, r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication,
    r.rolinherit, r.rolconnlimit,
    (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid),
    (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid)
        + (SELECT count(*) FROM pg_proc p WHERE p.proowner = r.oid)
        + (SELECT count(*) FROM pg_namespace n WHERE n.nspowner = r.oid),
    (SELECT array_agg(setting) FROM pg_db_role_setting s, unnest(s.setconfig) AS setting WHERE s.setrole = r.oid)
FROM pg_roles r WHERE r.rolname = %s
"""


@dataclass(frozen=True)
class Privilege:
    """One privilege on one object. `kind`: TABLE, COLUMN, FUNCTION, SCHEMA, DATABASE."""

    kind: str
    schema: str
    object: str
    grantee: str
    privilege: str


@dataclass(frozen=True)
class Deviation:
    """What differs from the declaration. `subject` is a role or PUBLIC."""

    subject: str
    finding: str


def verify_grants(connection: Rows) -> list[Deviation]:
    """All deviations, roles' own first; `connection` is the owner's."""
    tenants = _tenants(connection)
    declared, held = declared_privileges(connection, tenants), held_privileges(connection)
    found = [deviation for role, path in _roles(connection, tenants) for deviation in _of_role(connection, role, path)]
    found += [_deviation(privilege, "missing") for privilege in sorted(declared - held, key=str)]
    return found + [_deviation(privilege, "not declared") for privilege in sorted(held - declared, key=str)]


def _deviation(privilege: Privilege, what: str) -> Deviation:
    place = f"{privilege.schema}.{privilege.object}" if privilege.kind in ("TABLE", "COLUMN") else privilege.object
    return Deviation(privilege.grantee, f"{privilege.privilege} on {privilege.kind.lower()} {place}: {what}")


def _tenants(connection: Rows) -> list[TenantContext]:
    return [tenant for tenant in read_tenants(connection) if tenant.status != "DELETED"]


def _roles(connection: Rows, tenants: list[TenantContext]) -> list[tuple[str, str]]:
    """Every login role with the schema that its search_path names."""
    workspaces = [(roles.workspace_role(connection.info.dbname, name), "shared") for name in grants.WORKSPACES]
    return [(tenant.login_role, tenant.schema_name) for tenant in tenants] + workspaces


def held_privileges(connection: Rows) -> set[Privilege]:
    """Everything anybody but an object's owner holds in this database's own schemas."""
    return {Privilege(*row) for row in connection.execute(HELD)}


def declared_privileges(connection: Rows, tenants: list[TenantContext]) -> set[Privilege]:
    """Everything that `grants` declares for the schemas as they are."""
    declared: set[Privilege] = set()
    for name, privileges in grants.WORKSPACES.items():
        role = roles.workspace_role(connection.info.dbname, name)
        declared |= _declared(connection, role, "shared", privileges)
    for tenant in tenants:
        own = grants.county_privileges(grants.tables_of(connection, tenant.schema_name))
        declared |= _declared(connection, tenant.login_role, tenant.schema_name, own)
        declared |= _declared(connection, tenant.login_role, "shared", grants.PUBLISHED)
        declared |= {
            Privilege("FUNCTION", tenant.schema_name, function, tenant.login_role, "EXECUTE")
            for function in _functions(connection, tenant.schema_name)
        }
    return declared


def _declared(connection: Rows, role: str, schema: str, privileges: Mapping[str, grants.Privileges]) -> set[Privilege]:
    tables = {
        Privilege("TABLE", schema, table, role, privilege) for table, held in privileges.items() for privilege in held
    }
    database = Privilege("DATABASE", "", connection.info.dbname, role, "CONNECT")
    return tables | {Privilege("SCHEMA", schema, schema, role, "USAGE"), database}


def _functions(connection: Rows, schema: str) -> list[str]:
    query = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace"
    return [row[0] for row in connection.execute(query, (f'"{schema}"',))]


def _of_role(connection: Rows, role: str, search_path: str) -> Iterator[Deviation]:
    row = connection.execute(ATTRIBUTES, (role,)).fetchone()
    if row is None:
        yield Deviation(role, "role is missing")
        return
    can_login, has_power, inherits, limit, memberships, owned, settings = row
    wrong = {
        "may not log in": not can_login,
        "has an attribute beyond LOGIN": has_power,
        "inherits": inherits,
        f"connection limit is {limit}": limit != roles.CONNECTION_LIMIT,
        "is a member of another role": memberships,
        "owns objects": owned,
        "has settings of its own": (settings or []) != [f"search_path={search_path}, pg_catalog"],
    }
    yield from (Deviation(role, finding) for finding, is_so in wrong.items() if is_so)


def mend(connection: Rows, settings: Settings) -> None:
    """Grants anew what is declared, takes what is not, resets attributes and settings; secrets stay.

    Memberships and ownership are left for a person: somebody made them on purpose.
    """
    with connection.transaction():
        tenants = _tenants(connection)
        roles.ensure_workspaces(connection, settings)
        for role, schema, secret in list(_secrets(connection, settings, tenants)):
            connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(sql.Identifier(role)))
            connection.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(
                    sql.Identifier(role), sql.Identifier(connection.info.dbname)
                )
            )
            roles.ensure_role(connection, role, secret, schema)
        for tenant in tenants:
            grants.grant_county(connection, tenant.schema_name, tenant.login_role)
        for privilege in held_privileges(connection) - declared_privileges(connection, tenants):
            _revoke(connection, privilege)


def _secrets(connection: Rows, settings: Settings, tenants: list[TenantContext]) -> Iterator[tuple[str, str, str]]:
    """Role, schema and present secret of every county and workspace; the registry's is set anew anyway."""
    key = settings.wrapping_key
    for role, epoch, wrapped in connection.execute("SELECT login_role, epoch, wrapped FROM shared.workspace_secret"):
        yield role, "shared", secret_box.unwrap(key, role, epoch, wrapped)
    for tenant in tenants:
        query = "SELECT epoch, wrapped FROM shared.tenant_secret WHERE tenant_id = %s"
        row = connection.execute(query, (tenant.id,)).fetchone()
        if row is not None:
            secret = secret_box.unwrap(key, tenant.login_role, row[0], row[1])
            yield tenant.login_role, tenant.schema_name, secret


def _revoke(connection: Rows, held: Privilege) -> None:
    grantee = sql.SQL("PUBLIC") if held.grantee == PUBLIC else sql.Identifier(held.grantee)
    kind, target = _target(held)
    connection.execute(
        sql.SQL("REVOKE {} ON {} {} FROM {}").format(sql.SQL(held.privilege), sql.SQL(kind), target, grantee)
    )


def _target(held: Privilege) -> tuple[str, sql.Composable]:
    match held.kind:
        case "FUNCTION":
            return "FUNCTION", sql.SQL(held.object)  # regprocedure's own quoting
        case "SCHEMA" | "DATABASE":
            return held.kind, sql.Identifier(held.object)
        case "COLUMN":
            table = held.object.split(".")[0]
            return "TABLE", sql.Identifier(held.schema, table)
        case _:
            return "TABLE", sql.Identifier(held.schema, held.object)
