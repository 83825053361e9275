"""Looks at a production Keycloak's realm `master` and surroundings for what production refuses."""

from typing import Any

import psycopg

from kreisbund_platform.egress import Egress, EgressError, Purpose
from kreisbund_platform.settings import KeycloakAccess, Settings
from kreisbund_tenants.realms.keycloak import RealmError, administration
from kreisbund_tenants.realms.production import KeycloakFacts

CONSOLE = "/admin/master/console/"


def facts(connection: psycopg.Connection[Any], settings: Settings, access: KeycloakAccess) -> KeycloakFacts:
    """What can be seen from here; `connection` is the owner's of the counties' database."""
    return KeycloakFacts(
        base_url=settings.base_url,
        url=access.url,
        admin_url=access.admin_url,
        databases=[name for (name,) in connection.execute("SELECT datname FROM pg_database ORDER BY 1")],
        master_admins=_master_admins(access),
        impersonators=_impersonators(access),
        console_answers_in_public=_answers(settings, f"{access.url}{CONSOLE}"),
    )


def _master_admins(access: KeycloakAccess) -> list[str] | None:
    """None where the account may not view master's users, as it should not need to."""
    try:
        with administration(access, "master") as admin:
            return sorted(user["username"] for user in admin.get_realm_role_members("admin"))
    except RealmError:
        return None


def _impersonators(access: KeycloakAccess) -> list[str] | None:
    """Accounts with the impersonation role of a realm's client in master; they reach that realm's people."""
    try:
        with administration(access, "master") as admin:
            clients = [client for client in admin.get_clients() if client["clientId"].endswith("-realm")]
            return sorted({name for client in clients for name in _members(admin, client["id"])})
    except RealmError:
        return None


def _members(admin: Any, client_id: str) -> list[str]:
    names = {role["name"] for role in admin.get_client_roles(client_id)}
    if "impersonation" not in names:
        return []
    return [user["username"] for user in admin.get_client_role_members(client_id, "impersonation")]


def _answers(settings: Settings, address: str) -> bool:
    egress = Egress({Purpose.KEYCLOAK_ADMINISTRATION: lambda: [address]}, settings.internal)
    try:
        return egress.request(Purpose.KEYCLOAK_ADMINISTRATION, "GET", address).status == 200
    except EgressError:
        return False
