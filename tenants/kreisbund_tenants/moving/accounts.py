"""The accounts of a county's realm, out of Keycloak and into a new realm.

They keep their id, which is the `sub` that applications and tasks name. Passwords and second factors stay behind:
Keycloak tells them nobody; people set them anew or come through their broker.
"""

import json
from collections.abc import Iterator
from typing import Any

from kreisbund_platform.settings import KeycloakAccess
from kreisbund_tenants.realms.keycloak import administration, realm_exists

PAGE = 100
KEPT = (
    "id",
    "username",
    "enabled",
    "email",
    "emailVerified",
    "firstName",
    "lastName",
    "attributes",
    "requiredActions",
    "createdTimestamp",
)


def lines(access: KeycloakAccess, realm: str) -> Iterator[bytes]:
    """One account a line, with its realm roles and broker links. Raises RealmError."""
    with administration(access, realm) as admin:
        if not realm_exists(admin, realm):
            return
        first = 0
        while users := admin.get_users({"first": first, "max": PAGE, "briefRepresentation": False}):
            for user in users:
                yield json.dumps(_account(admin, user), ensure_ascii=False, sort_keys=True).encode() + b"\n"
            first += len(users)


def _account(admin: Any, user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in KEPT if name in user} | {
        "realmRoles": sorted(role["name"] for role in admin.get_realm_roles_of_user(user["id"])),
        "federatedIdentities": admin.get_user_social_logins(user["id"]),
    }
