"""What there is of a county: counted before it is deleted, looked for afterwards."""

from typing import Any

import psycopg
from psycopg import sql

from kreisbund_platform.audit.checkpoints import fingerprint
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.cases.transfers import mailbox
from kreisbund_platform.documents import files
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.moving import tables
from kreisbund_tenants.provisioning import OWNED_ROWS
from kreisbund_tenants.realms import service as realms

Rows = psycopg.Connection[Any]
KEPT = ("dashboard_month: published monthly totals", "checkpoints: hashes only, they prove what an export contains")
SESSIONS = "SELECT count(*) FROM shared.web_session WHERE issuer IN (SELECT issuer FROM shared.issuer WHERE realm = %s)"


def counted(connection: Rows, settings: Settings, tenant: TenantContext) -> dict[str, Any]:
    """What the proof says was there. Raises `RealmError`, `CheckpointStoreError`."""
    schema = tenant.schema_name
    return {
        "schema": schema,
        "tables": {
            table.name: _count(connection, schema, table.name) for table in tables.tables_of(connection, schema)
        },
        "event_log": _head(connection, schema),
        "role": tenant.login_role,
        "files": files.store_of(settings).count(tenant),
        "sessions": _one(connection, SESSIONS, tenant.slug),
        "realm": settings.keycloak is not None and realms.stands(settings.keycloak, tenant.slug),
        "checkpoints": _checkpoints(settings, tenant),
    }


def leftovers(connection: Rows, settings: Settings, tenant: TenantContext, issuer: str) -> dict[str, int]:
    """A look at every place: what is looked for to how many were found; all zero for a county that is gone.

    `connection` is the owner's, `issuer` the address that vouched for the county's people.
    """
    found = {
        f"schema {tenant.schema_name}": _one(
            connection, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", tenant.schema_name
        ),
        f"role {tenant.login_role}": int(roles.role_exists(connection, tenant.login_role)),
        "files": files.store_of(settings).count(tenant),
        "letters from other counties": mailbox.count(settings, tenant.id),
        "sessions": _one(connection, "SELECT count(*) FROM shared.web_session WHERE issuer = %s", issuer),
        "known persons": _one(
            connection, "SELECT count(*) FROM shared.natural_person_account WHERE realm = %s", tenant.slug
        ),
    }
    for table in OWNED_ROWS:
        found[f"shared.{table}"] = _count_of(connection, table, tenant)
    if settings.keycloak is not None:
        found[f"realm {tenant.slug}"] = int(realms.stands(settings.keycloak, tenant.slug))
    return found


def _count(connection: Rows, schema: str, table: str) -> int:
    return _one(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table)))


def _count_of(connection: Rows, table: str, tenant: TenantContext) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier("shared", table))
    return _one(connection, query, tenant.id)


def _one(connection: Rows, query: Any, *values: object) -> int:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None, "a count is one row"
    return int(row[0])


def _head(connection: Rows, schema: str) -> dict[str, Any]:
    query = sql.SQL("SELECT seq, encode(hash, 'hex') FROM {}").format(sql.Identifier(schema, "chain_head"))
    row = connection.execute(query).fetchone()
    return {"seq": row[0], "hash": row[1]} if row else {}


def _checkpoints(settings: Settings, tenant: TenantContext) -> dict[str, Any]:
    """How many there are, and the SHA-256 of the last."""
    store = store_of(settings)
    numbers = store.numbers(tenant.id)
    last = store.get(tenant.id, numbers[-1]) if numbers else None
    return {"count": len(numbers), "last_sha256": fingerprint(last) if last else None}
