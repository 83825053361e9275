"""Compares privileges in the database with what is declared in `grants`, and mends drift; `role_check` does roles.

Looks at everything a role could have gained: tables, columns, sequences, functions, types, schemas, the database,
parameters, default privileges. An empty list is the proof.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from kreisbund_platform.database.session import Database, Login, LoginRefusedError
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import grants, role_check, roles, secret_box
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenants
from kreisbund_platform.tenancy.role_check import Deviation

Rows = psycopg.Connection[Any]
PUBLIC = "PUBLIC"
QUALIFIED = ("TABLE", "COLUMN", "SEQUENCE")
DEFAULT_KINDS: Mapping[str, LiteralString] = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
}

# (kind, schema, object, grantee, privilege) of everybody but the owner; what is not set means PostgreSQL's default
HELD: LiteralString = f"""
SELECT kind, schema, object, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END, privilege_type
FROM (
    SELECT 'TABLE' AS kind, n.nspname AS schema, c.relname::text AS object, c.relowner AS owner,
        coalesce(c.relacl, acldefault('r', c.relowner)) AS acl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
    UNION ALL
    SELECT 'SEQUENCE', n.nspname, c.relname::text, c.relowner, coalesce(c.relacl, acldefault('s', c.relowner))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S'
    UNION ALL
    SELECT 'COLUMN', n.nspname, c.relname || '.' || a.attname, c.relowner, a.attacl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'FUNCTION', n.nspname, {grants.SIGNATURE}, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'SCHEMA', n.nspname, n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_namespace n
    UNION ALL
    SELECT 'DATABASE', '', d.datname, d.datdba, coalesce(d.datacl, acldefault('d', d.datdba))
    FROM pg_database d WHERE d.datname = current_database()
    UNION ALL
    SELECT 'TYPE', n.nspname, t.oid::regtype::text, t.typowner, t.typacl
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'PARAMETER', '', p.parname, 10, p.paracl FROM pg_parameter_acl p
    UNION ALL
    SELECT 'DEFAULT', coalesce(n.nspname, ''), d.defaclrole::regrole::text || ' ' || d.defaclobjtype::text,
        d.defaclrole, d.defaclacl
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    WHERE pg_get_userbyid(d.defaclrole) <> ALL(%(roles)s) -- theirs are found as ownership
    UNION ALL
    -- without an entry of its own, what the owner makes next is everybody's to call
    SELECT 'DEFAULT', '', r.oid::regrole::text || ' f', r.oid, acldefault('f', r.oid) FROM pg_roles r
    WHERE r.rolname = current_user AND NOT EXISTS (SELECT FROM pg_default_acl d
        WHERE d.defaclrole = r.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f')
) x, aclexplode(array_remove(acl, NULL))
WHERE grantee <> owner AND NOT (kind = 'TYPE' AND grantee = 0) AND (pg_get_userbyid(grantee) = ANY(%(roles)s)
    OR schema <> 'information_schema' AND schema NOT LIKE 'pg\\_%%')
"""


@dataclass(frozen=True)
class Privilege:
    """One privilege on one object.

    `kind`: TABLE, COLUMN, SEQUENCE, FUNCTION, TYPE, SCHEMA, DATABASE, PARAMETER, or DEFAULT for what is made next.
    """

    kind: LiteralString
    schema: str
    object: LiteralString
    grantee: str
    privilege: LiteralString


def verify_grants(connection: Rows) -> list[Deviation]:
    """All deviations, roles' own first; `connection` is the owner's."""
    tenants = _tenants(connection)
    roles = _roles(connection, tenants)
    declared, held = declared_privileges(connection, tenants), held_privileges(connection, roles)
    found = role_check.deviations(connection, roles)
    found += [_deviation(privilege, "missing") for privilege in sorted(declared - held, key=str)]
    return found + [_deviation(privilege, "not declared") for privilege in sorted(held - declared, key=str)]


def _deviation(privilege: Privilege, what: str) -> Deviation:
    place = f"{privilege.schema}.{privilege.object}" if privilege.kind in QUALIFIED else privilege.object
    return Deviation(privilege.grantee, f"{privilege.privilege} on {privilege.kind.lower()} {place}: {what}")


def _tenants(connection: Rows) -> list[TenantContext]:
    return [tenant for tenant in read_tenants(connection) if tenant.status != "DELETED"]


def _roles(connection: Rows, tenants: list[TenantContext]) -> dict[str, str]:
    """Every login role with the schema that its search_path names."""
    workspaces = {roles.workspace_role(connection.info.dbname, name): "shared" for name in grants.WORKSPACES}
    return {tenant.login_role: tenant.schema_name for tenant in tenants} | workspaces


def held_privileges(connection: Rows, login_roles: Collection[str]) -> set[Privilege]:
    """What anybody but its owner holds on this database's own objects, and login roles on any at all."""
    return {Privilege(*row) for row in connection.execute(HELD, {"roles": list(login_roles)})}


def declared_privileges(connection: Rows, tenants: list[TenantContext]) -> set[Privilege]:
    """Everything that `grants` declares for the schemas as they are."""
    declared: set[Privilege] = set()
    declared |= {Privilege("SCHEMA", grants.CODE, grants.CODE, PUBLIC, "USAGE")}
    declared |= _callable(connection, PUBLIC, grants.CODE, None)
    for name, privileges in grants.WORKSPACES.items():
        role = roles.workspace_role(connection.info.dbname, name)
        declared |= _declared(connection, role, "shared", privileges)
        declared |= _callable(connection, role, "shared", grants.WORKSPACE_FUNCTIONS.get(name, ()))
    for tenant in tenants:
        own = grants.county_privileges(grants.tables_of(connection, tenant.schema_name))
        declared |= _declared(connection, tenant.login_role, tenant.schema_name, own)
        declared |= _declared(connection, tenant.login_role, "shared", grants.PUBLISHED)
        declared |= _callable(connection, tenant.login_role, tenant.schema_name, None)
    return declared


def _declared(connection: Rows, role: str, schema: str, privileges: Mapping[str, grants.Privileges]) -> set[Privilege]:
    tables = {
        Privilege("TABLE", schema, table, role, privilege) for table, held in privileges.items() for privilege in held
    }
    database = Privilege("DATABASE", "", connection.info.dbname, role, "CONNECT")
    return tables | {Privilege("SCHEMA", schema, schema, role, "USAGE"), database}


def _callable(connection: Rows, role: str, schema: str, names: Sequence[str] | None) -> set[Privilege]:
    functions = grants.functions_of(connection, schema, names)
    return {Privilege("FUNCTION", schema, function, role, "EXECUTE") for function in functions}


def mend(connection: Rows, settings: Settings) -> None:
    """Grants anew what is declared, takes what is not, sets roles and their passwords right; secrets stay."""
    with connection.transaction():
        grants.queue(connection)
        tenants = _tenants(connection)
        role_check.mend(connection, list(_roles(connection, tenants)))
        roles.ensure_workspaces(connection, settings)
        for role, schema, secret in list(_secrets(connection, settings, tenants)):
            roles.ensure_role(connection, role, secret, schema)
        grants.grant_code(connection)
        for tenant in tenants:
            grants.grant_county(connection, tenant.schema_name, tenant.login_role)
        present = held_privileges(connection, _roles(connection, tenants))
        for privilege in present - declared_privileges(connection, tenants):
            _revoke(connection, privilege)


def refused_logins(connection: Rows, database: Database, settings: Settings) -> list[Deviation]:
    """Roles that do not let their declared secret in. `connection` is the owner's, `database` tries the logins."""
    registry = roles.workspace_role(connection.info.dbname, "registry")
    logins = [Login(registry, secret_box.registry_secret(settings.wrapping_key, registry))]
    for role, schema, secret in _secrets(connection, settings, _tenants(connection)):
        logins.append(Login(role, secret, schema))
    return [Deviation(login.role, "its secret is refused") for login in logins if not _lets_in(database, login)]


def _lets_in(database: Database, login: Login) -> bool:
    try:
        with database.connection(login):
            return True
    except LoginRefusedError:
        return False


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
    statement = sql.SQL("REVOKE {} ON {} {} FROM {}").format(sql.SQL(held.privilege), sql.SQL(kind), target, grantee)
    connection.execute(_by_default(held) + statement if held.kind == "DEFAULT" else statement)


def _by_default(held: Privilege) -> sql.Composed:
    role = held.object.rpartition(" ")[0]  # regrole's own quoting
    place = sql.SQL("IN SCHEMA {} ").format(sql.Identifier(held.schema)) if held.schema else sql.SQL("")
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {}").format(sql.SQL(role), place)


def _target(held: Privilege) -> tuple[LiteralString, sql.Composable]:
    """What a REVOKE names: kind and object."""
    match held.kind:
        case "FUNCTION" | "TYPE" | "PARAMETER":
            target: sql.Composable = sql.SQL(held.object)  # quoted already
        case "SCHEMA" | "DATABASE":
            target = sql.Identifier(held.object)
        case "DEFAULT":
            return DEFAULT_KINDS[held.object[-1]], sql.SQL("")
        case _:
            target = sql.Identifier(held.schema, held.object.split(".")[0])
    return "TABLE" if held.kind == "COLUMN" else held.kind, target
