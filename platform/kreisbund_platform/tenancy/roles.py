"""Login roles of counties and workspaces: names, attributes, secrets.

Role names are common to a whole cluster, so each carries a mark of its database. Works with an owner that is no
superuser but has CREATEROLE (PostgreSQL 15 to 18): it creates, alters and drops, and never becomes such a role.
"""

from hashlib import sha256
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from kreisbund_platform.database import migrate
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import grants, secret_box
from kreisbund_platform.tenancy.context import TenantContext

Rows = psycopg.Connection[Any]
CONNECTION_LIMIT = 30


def schema_of(slug: str) -> str:
    """The schema of a county: `county_unstrut_hainich_kreis`."""
    return "county_" + slug.replace("-", "_")


def county_role(database: str, slug: str) -> str:
    """The login role of a county."""
    return f"{_mark(database)}_{slug.replace('-', '_')}"


def workspace_role(database: str, workspace: str) -> str:
    """The login role of a workspace; two underscores, so that no county can be called like it."""
    return f"{_mark(database)}__{workspace}"


def _mark(database: str) -> str:
    return "kb_" + sha256(database.encode()).hexdigest()[:8]


def ensure_role(connection: Rows, role: str, secret: str, search_path: str) -> None:
    """Makes the role or mends it: login, a connection limit, nothing else, member of nothing.

    The password travels as SCRAM verifier, so that no server log can hold it.
    """
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOINHERIT {} CONNECTION LIMIT {} VALID UNTIL 'infinity' PASSWORD {}").format(
            *_verb_and_losses(connection, role), CONNECTION_LIMIT, secret_box.verifier(secret)
        )
    )
    database = sql.Identifier(connection.info.dbname)
    connection.execute(
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}, pg_catalog").format(
            sql.Identifier(role), database, sql.Identifier(search_path)
        )
    )


def _verb_and_losses(connection: Rows, role: str) -> tuple[sql.Composable, ...]:
    """CREATE or ALTER, the role, and the attributes to take.

    Only those it has are named: from PostgreSQL 16 on, naming CREATEDB asks the owner to hold it.
    """
    row = connection.execute("SELECT rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    has = zip(("NOCREATEDB", "NOCREATEROLE"), row or (False, False), strict=True)
    losses = sql.SQL(" ").join([sql.SQL(loss) for loss, is_held in has if is_held])
    return sql.SQL("CREATE" if row is None else "ALTER"), sql.Identifier(role), losses


def role_exists(connection: Rows, role: str) -> bool:
    """Whether the cluster has the role."""
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def end_logins(connection: Rows, role: str) -> None:
    """Lets nobody log in as this role any more and ends its sessions: before it is dropped.

    A pool would otherwise keep sessions of a role that is gone, and use them for the next of the same name.
    """
    if not role_exists(connection, role):
        return
    name = sql.Identifier(role)
    connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(name))
    with connection.transaction():  # only a member may end a role's sessions
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,))
        connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(name))


def drop_role(connection: Rows, role: str) -> None:
    """Drops a role whose own schema is gone already; sessions that still run find nothing they may touch."""
    if not role_exists(connection, role):
        return
    grants.revoke_everything(connection, role)
    connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def give_county_secret(connection: Rows, settings: Settings, tenant_id: UUID, role: str, schema: str) -> None:
    """A fresh random secret under the next epoch; also how a secret is rotated."""
    query: LiteralString = "SELECT epoch FROM shared.tenant_secret WHERE tenant_id = %s FOR UPDATE"
    epoch, secret = _epoch(connection, query, tenant_id) + 1, secret_box.new_secret()
    ensure_role(connection, role, secret, schema)
    connection.execute(
        "INSERT INTO shared.tenant_secret (tenant_id, epoch, wrapped) VALUES (%s, %s, %s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET epoch = excluded.epoch, wrapped = excluded.wrapped",
        (tenant_id, epoch, secret_box.wrap(settings.wrapping_key, role, epoch, secret)),
    )


def rotate_county(connection: Rows, settings: Settings, tenant: TenantContext) -> int:
    """A new secret for one county; answers its epoch. Sessions go on, processes read it at their next login."""
    with connection.transaction():
        give_county_secret(connection, settings, tenant.id, tenant.login_role, tenant.schema_name)
        return _epoch(connection, "SELECT epoch FROM shared.tenant_secret WHERE tenant_id = %s", tenant.id)


def rotate_workspace(connection: Rows, settings: Settings, workspace: str) -> int:
    """A new secret for a workspace but the registry, whose secret follows from the wrapping key; answers its epoch."""
    with connection.transaction():
        _give_workspace_secret(connection, settings, workspace, workspace_role(connection.info.dbname, workspace))
        return _epoch(connection, "SELECT epoch FROM shared.workspace_secret WHERE workspace = %s", workspace)


def _epoch(connection: Rows, query: LiteralString, owner: object) -> int:
    row = connection.execute(query, (owner,)).fetchone()
    return int(row[0]) if row else 0


def ensure_workspaces(connection: Rows, settings: Settings) -> None:
    """Makes the workspaces' roles with their secrets and grants; those that have a secret keep it."""
    grants.close_to_public(connection)
    for workspace in grants.WORKSPACES:
        role = workspace_role(connection.info.dbname, workspace)
        if workspace == "registry":
            ensure_role(connection, role, secret_box.registry_secret(settings.wrapping_key, role), "shared")
        elif not _has_secret(connection, workspace, role):
            _give_workspace_secret(connection, settings, workspace, role)
        grants.grant_workspace(connection, workspace, role)


def _has_secret(connection: Rows, workspace: str, role: str) -> bool:
    query = "SELECT FROM shared.workspace_secret WHERE workspace = %s AND login_role = %s"
    return connection.execute(query, (workspace, role)).fetchone() is not None and role_exists(connection, role)


def _give_workspace_secret(connection: Rows, settings: Settings, workspace: str, role: str) -> None:
    query: LiteralString = "SELECT epoch FROM shared.workspace_secret WHERE workspace = %s FOR UPDATE"
    epoch, secret = _epoch(connection, query, workspace) + 1, secret_box.new_secret()
    ensure_role(connection, role, secret, "shared")
    connection.execute(
        "INSERT INTO shared.workspace_secret (workspace, login_role, epoch, wrapped) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (workspace) DO UPDATE SET login_role = excluded.login_role, epoch = excluded.epoch,"
        " wrapped = excluded.wrapped",
        (workspace, role, epoch, secret_box.wrap(settings.wrapping_key, role, epoch, secret)),
    )


def renew_grants(connection: Rows, schema: str) -> None:
    """Gives everybody concerned what is declared, after a schema's migration."""
    if schema == migrate.SHARED:
        _renew_shared(connection)
        return
    query = (
        "SELECT t.login_role FROM shared.tenant t JOIN pg_roles r ON r.rolname = t.login_role WHERE t.schema_name = %s"
    )
    for (role,) in connection.execute(query, (schema,)).fetchall():
        grants.renew_county(connection, schema, role)


def _renew_shared(connection: Rows) -> None:
    grants.grant_code(connection)
    for workspace in grants.WORKSPACES:
        role = workspace_role(connection.info.dbname, workspace)
        if role_exists(connection, role):
            grants.grant_workspace(connection, workspace, role)
    if "tenant" in grants.tables_of(connection, migrate.SHARED):
        query = (
            "SELECT t.login_role FROM shared.tenant t JOIN pg_roles r ON r.rolname = t.login_role"
            " WHERE t.status <> 'DELETED'"
        )
        grants.grant_published(connection, [role for (role,) in connection.execute(query)])
