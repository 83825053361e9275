"""The connection to Keycloak's admin API through python-keycloak, as the provisioning service account."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kreisbund_platform.settings import KeycloakAccess

TIMEOUT_SECONDS = 60  # a realm is made in one request: keys, accounts with their hashed passwords


class RealmError(Exception):
    """Keycloak did not do it; the text is one line that says what and why, without names or secrets."""


@contextmanager
def administration(access: KeycloakAccess, realm: str | None = None) -> Iterator[Any]:
    """A `KeycloakAdmin` at work in this realm. Raises `RealmError` for whatever Keycloak or the network refuses.

    The library is read in here: it takes a while, and only deployments with Keycloak need it.
    """
    from keycloak import KeycloakAdmin
    from keycloak.exceptions import KeycloakError
    from requests.exceptions import RequestException

    try:
        yield KeycloakAdmin(
            server_url=f"{access.admin_url}/",
            client_id=access.client_id,
            client_secret_key=access.client_secret,
            grant_type="client_credentials",
            user_realm_name="master",
            realm_name=realm or "master",
            timeout=TIMEOUT_SECONDS,
            max_retries=0,
        )
    except (KeycloakError, RequestException) as problem:
        code = getattr(problem, "response_code", None)
        reason = f"answered {code}" if code else "is not reachable"
        raise RealmError(f"realm {realm}: Keycloak {reason}") from problem


def answered(response: Any) -> Any:
    """The JSON of a raw answer; raises as the library does where it refuses."""
    from keycloak.exceptions import KeycloakGetError, raise_error_from_response

    return raise_error_from_response(response, KeycloakGetError, expected_codes=[200, 201, 204])


def realm_exists(admin: Any, realm: str) -> bool:
    """Whether there is a realm of this name that the service account may see."""
    from keycloak.exceptions import KeycloakGetError

    try:
        admin.get_realm(realm)
    except KeycloakGetError as problem:
        if problem.response_code == 404:
            return False
        raise
    return True
