"""The life of a tenant: made, suspended, resumed, deleted. Everything happens in one transaction of the owner.

Each function takes an owner's connection, opens a transaction (a savepoint within the caller's) and leaves
nothing behind when it refuses.
"""

import re
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from kreisbund_platform.clock import Clock
from kreisbund_platform.database.migrate import migrate_schema
from kreisbund_platform.errors import Conflict, FieldError, Invalid, NotFound, Refusal
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import grants, roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenant
from kreisbund_platform.texts import _
from kreisbund_tenants.manifest import Manifest, minimal

Rows = psycopg.Connection[Any]
SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
REGIONAL_KEY = re.compile(r"[0-9]{12}")
LONGEST_NAME = 200
# Words that are realms, pages or parts of the database already.
RESERVED_SLUGS = frozenset(
    (
        "admin",
        "all",
        "api",
        "assets",
        "county",
        "default",
        "desk",
        "documents",
        "graphql",
        "healthz",
        "information-schema",
        "internal",
        "localhost",
        "master",
        "none",
        "null",
        "operations",
        "portal",
        "postgres",
        "public",
        "readyz",
        "realms",
        "root",
        "service-team",
        "session",
        "shared",
        "state",
        "static",
        "status",
        "studio",
        "system",
        "template0",
        "template1",
        "tenant",
        "tenants",
        "uploads",
        "www",
    )
)
# Rows of `shared` that go with a county, by `tenant_id`. What all counties did together stays: votes, reviews, the
# templates' history, and the published monthly totals, in which nobody can be recognised.
OWNED_ROWS = (
    "issuer",
    "tenant_secret",
    "unit",
    "municipality",
    "collector_position",
    "adoption_overview",
    "agreement_member",
    "rollout_county",
    "rollout_health",
    "support_invitation",
    "county_hint",
)
WORKSPACE_REALMS = {"service-team": "SERVICE_TEAM", "state": "STATE", "operations": "OPERATIONS"}


def create_tenant(
    connection: Rows,
    settings: Settings,
    clock: Clock,
    *,
    slug: str,
    name: str,
    regional_key: str,
    manifest: Manifest | None = None,
) -> TenantContext | Invalid | Conflict:
    """A county with its schema, login role, secret, issuer, units and places; ready to work when this returns.

    `connection` is the owner's. Refusals: INVALID_TENANT with field errors (paths as in createTenant's input),
    SLUG_TAKEN, REGIONAL_KEY_TAKEN.
    """
    if errors := field_errors(slug, name, regional_key):
        return Invalid("INVALID_TENANT", _("Die Angaben zum Mandanten sind nicht gültig."), errors)
    described = manifest or minimal(slug, name, regional_key)
    try:
        with connection.transaction():
            return _create(connection, settings, clock, slug, name, regional_key, described)
    except psycopg.errors.UniqueViolation as problem:
        return _taken(problem.diag.constraint_name or "")


def _create(
    connection: Rows, settings: Settings, clock: Clock, slug: str, name: str, regional_key: str, manifest: Manifest
) -> TenantContext:
    schema, role = roles.schema_of(slug), roles.county_role(connection.info.dbname, slug)
    tenant_id, now = new_id(Kind.TENANT, clock.now()), clock.now()
    connection.execute(
        "INSERT INTO shared.tenant (id, slug, name, regional_key, status, schema_name, login_role, profile,"
        " identity, four_eyes, created_at, status_changed_at)"
        " VALUES (%s, %s, %s, %s, 'ACTIVE', %s, %s, %s, %s, %s, %s, %s)",
        (
            tenant_id,
            slug,
            name.strip(),
            regional_key,
            schema,
            role,
            Jsonb(manifest.profile),
            Jsonb(manifest.identity),
            Jsonb(manifest.four_eyes),
            now,
            now,
        ),
    )
    is_new = not roles.role_exists(connection, role)
    roles.give_county_secret(connection, settings, tenant_id, role, schema)
    migrate_schema(connection, schema, clock, _no_grants_yet)
    grants.grant_county(connection, schema, role, is_new=is_new)
    point_issuer(connection, settings, slug, "COUNTY", tenant_id)
    write_places(connection, clock, tenant_id, manifest)
    created = read_tenant(connection, slug)
    assert created is not None
    return created


def _no_grants_yet(connection: Rows, schema: str) -> None:
    """The grants follow once, after the last file."""


def field_errors(slug: str, name: str, regional_key: str) -> tuple[FieldError, ...]:
    """All that is wrong with the three, in the order of the form."""
    found = (_slug_error(slug), _name_error(name), _regional_key_error(regional_key))
    return tuple(error for error in found if error is not None)


def _slug_error(slug: str) -> FieldError | None:
    if not SLUG.fullmatch(slug):
        text = _("Das Kürzel hat 3 bis 40 Zeichen: Kleinbuchstaben, Ziffern und Bindestriche, am Anfang ein Buchstabe.")
        return FieldError("slug", "INVALID_SLUG", text)
    if slug in RESERVED_SLUGS or slug.startswith(("pg-", "county-", "kb-")):
        return FieldError("slug", "RESERVED_SLUG", _("Dieses Kürzel ist der Plattform vorbehalten."))
    return None


def _name_error(name: str) -> FieldError | None:
    if not name.strip():
        return FieldError("name", "REQUIRED", _("Bitte geben Sie einen Namen an."))
    if len(name) > LONGEST_NAME:
        text = _("Der Name ist zu lang (höchstens {number} Zeichen).").format(number=LONGEST_NAME)
        return FieldError("name", "TOO_LONG", text)
    if not name.isprintable():
        return FieldError("name", "BAD_CHARACTER", _("Der Name enthält unzulässige Zeichen."))
    return None


def _regional_key_error(regional_key: str) -> FieldError | None:
    if REGIONAL_KEY.fullmatch(regional_key):
        return None
    text = _("Der Amtliche Regionalschlüssel hat genau zwölf Ziffern.")
    return FieldError("regionalKey", "INVALID_REGIONAL_KEY", text)


def _taken(constraint: str) -> Conflict:
    if "regional_key" in constraint and not constraint.startswith("municipality"):
        return Conflict("REGIONAL_KEY_TAKEN", _("Diesen Regionalschlüssel hat schon ein anderer Mandant."))
    if constraint.startswith("municipality"):
        return Conflict("MUNICIPALITY_TAKEN", _("Eine der Gemeinden gehört schon einem anderen Mandanten."))
    return Conflict("SLUG_TAKEN", _("Dieses Kürzel ist schon vergeben."))


def point_issuer(connection: Rows, settings: Settings, realm: str, kind: str, tenant_id: UUID | None) -> None:
    """Lets the realm vouch at its present address: Keycloak's, or the demo issuer's where there is none.

    The record of its keys stays with an address that stays.
    """
    issuer = settings.issuer_of(realm)
    connection.execute(
        "DELETE FROM shared.issuer WHERE realm = %s AND kind = %s AND issuer <> %s", (realm, kind, issuer)
    )
    connection.execute(
        "INSERT INTO shared.issuer (issuer, realm, kind, tenant_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (issuer) DO UPDATE SET realm = excluded.realm, kind = excluded.kind,"
        " tenant_id = excluded.tenant_id",
        (issuer, realm, kind, tenant_id),
    )


def point_issuers(connection: Rows, settings: Settings) -> None:
    """Brings all issuers to the deployment's present address: counties' and workspaces'."""
    with connection.transaction():
        for realm, kind in WORKSPACE_REALMS.items():
            point_issuer(connection, settings, realm, kind, None)
        query = "SELECT slug, id FROM shared.tenant WHERE status <> 'DELETED'"
        for slug, tenant_id in connection.execute(query).fetchall():
            point_issuer(connection, settings, slug, "COUNTY", tenant_id)


def write_places(connection: Rows, clock: Clock, tenant_id: UUID, manifest: Manifest) -> None:
    """Units and municipalities as the manifest has them; ids of known units stay."""
    for unit in manifest.units:
        connection.execute(
            "INSERT INTO shared.unit (id, tenant_id, slug, name, responsible_for) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, slug) DO UPDATE SET name = excluded.name,"
            " responsible_for = excluded.responsible_for",
            (new_id(Kind.UNIT, clock.now()), tenant_id, unit.slug, unit.name, list(unit.responsible_for)),
        )
    connection.execute("DELETE FROM shared.municipality WHERE tenant_id = %s", (tenant_id,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO shared.municipality (regional_key, tenant_id, name, local_holidays) VALUES (%s, %s, %s, %s)",
            [(p.regional_key, tenant_id, p.name, list(p.local_holidays)) for p in manifest.municipalities],
        )


def describe(connection: Rows, clock: Clock, manifest: Manifest) -> None:
    """Brings a county's profile, units and places to what its manifest says now."""
    with connection.transaction():
        row = connection.execute(
            "UPDATE shared.tenant SET profile = %s, identity = %s, four_eyes = %s"
            " WHERE slug = %s AND status <> 'DELETED' RETURNING id",
            (Jsonb(manifest.profile), Jsonb(manifest.identity), Jsonb(manifest.four_eyes), manifest.slug),
        ).fetchone()
        if row is not None:
            write_places(connection, clock, row[0], manifest)


def suspend(connection: Rows, clock: Clock, slug: str) -> TenantContext | Refusal:
    """No new applications or staff writes; citizens still read, deadlines run, export works. All sessions end now."""
    with connection.transaction():
        changed = _change_status(connection, clock, slug, "ACTIVE", "SUSPENDED")
        if isinstance(changed, TenantContext):
            end_sessions(connection, changed)
        return changed


def resume(connection: Rows, clock: Clock, slug: str) -> TenantContext | Refusal:
    """Ends a suspension."""
    return _change_status(connection, clock, slug, "SUSPENDED", "ACTIVE")


def end_sessions(connection: Rows, tenant: TenantContext) -> None:
    """Ends the pages' sessions of the county's people; who may still come logs in anew."""
    connection.execute(
        "DELETE FROM shared.web_session WHERE issuer IN (SELECT issuer FROM shared.issuer WHERE tenant_id = %s)",
        (tenant.id,),
    )


def _change_status(connection: Rows, clock: Clock, slug: str, before: str, after: str) -> TenantContext | Refusal:
    with connection.transaction():
        connection.execute(
            "UPDATE shared.tenant SET status = %s, status_changed_at = %s WHERE slug = %s AND status = %s",
            (after, clock.now(), slug, before),
        )
        tenant = read_tenant(connection, slug)
    if tenant is None or tenant.status == "DELETED":
        return unknown_tenant()
    if tenant.status != after:
        return Conflict("WRONG_STATUS", _("Der Status des Mandanten lässt das nicht zu."))
    return tenant


def delete(connection: Rows, clock: Clock, slug: str) -> TenantContext | Refusal:
    """Deletes the county's schema, role, secret, sessions and what `shared` holds of it alone.

    An empty row keeps the slug from reuse. Files and realm are not the database's: `moving.deleting` does the whole.
    """
    with connection.transaction():
        tenant = read_tenant(connection, slug)
        if tenant is None or tenant.status == "DELETED":
            return unknown_tenant()
        end_sessions(connection, tenant)
        connection.execute("DELETE FROM shared.natural_person_account WHERE realm = %s", (slug,))
        for table in OWNED_ROWS:
            statement = sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(sql.Identifier("shared", table))
            connection.execute(statement, (tenant.id,))
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(tenant.schema_name)))
        roles.drop_role(connection, tenant.login_role)
        connection.execute(
            "UPDATE shared.tenant SET status = 'DELETED', regional_key = NULL, profile = '{}', identity = '{}',"
            " four_eyes = '{}', status_changed_at = %s"
            " WHERE id = %s",
            (clock.now(), tenant.id),
        )
        return read_tenant(connection, slug) or unknown_tenant()


def unknown_tenant() -> NotFound:
    """The refusal for a slug that nobody has, or had."""
    return NotFound("TENANT_NOT_FOUND", _("Diesen Mandanten gibt es nicht."))
