"""Realms in step with the tenants: made, compared, mended, removed. Idempotent; needs a configured Keycloak.

Nothing here belongs into a database transaction: call it after the commit. What fails is completed by the next
`tenants check --mend`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import psycopg

from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.settings import KeycloakAccess, Settings
from kreisbund_platform.tenancy.role_check import Deviation
from kreisbund_tenants.demo.realms import county_realm, shared_realms
from kreisbund_tenants.realms import keys, second_factor
from kreisbund_tenants.realms.comparing import differences
from kreisbund_tenants.realms.finding import found
from kreisbund_tenants.realms.keycloak import RealmError, administration, answered, realm_exists
from kreisbund_tenants.realms.master import facts
from kreisbund_tenants.realms.mending import mend
from kreisbund_tenants.realms.plan import RealmPlan, Representation, plan_of
from kreisbund_tenants.realms.production import refusals
from kreisbund_tenants.realms.wanted import document, wanted

Rows = psycopg.Connection[Any]


def plans(connection: Rows, settings: Settings) -> list[RealmPlan]:
    """One per county that is not deleted, and the three of the workspaces; `connection` is the owner's."""
    rows = connection.execute("SELECT slug, name, identity FROM shared.tenant WHERE status <> 'DELETED' ORDER BY slug")
    counties = {slug: (name, identity) for slug, name, identity in rows}
    slugs = list(counties)
    return [
        *(plan_of(settings, county_realm(slug, name), identity, slugs) for slug, (name, identity) in counties.items()),
        *(plan_of(settings, realm, {}, slugs) for realm in shared_realms()),
    ]


def ensure_for(connection: Rows, settings: Settings, slug: str) -> None:
    """A new county's realm, and the service team's: in the demonstration it has a delegate.

    Raises `RealmError`.
    """
    if settings.keycloak is None:
        return
    for plan in plans(connection, settings):
        delegates = settings.demo and plan.kind is RealmKind.SERVICE_TEAM and stands(settings.keycloak, plan.name)
        if plan.name == slug or delegates:
            ensure(settings.keycloak, plan, partial(keys.begin_record, connection, settings, plan.name))


def stands(access: KeycloakAccess, realm: str) -> bool:
    """Whether there is such a realm. Raises `RealmError`."""
    with administration(access, realm) as admin:
        return realm_exists(admin, realm)


def ensure(
    access: KeycloakAccess,
    plan: RealmPlan,
    made: Callable[[Any], None] | None = None,
    accounts: Sequence[Representation] = (),
) -> None:
    """Makes the realm or mends it; afterwards nothing differs. Raises `RealmError`.

    `made` is called with the realm's administration at the end. `accounts`: people whom a new realm begins with; only
    there Keycloak honours their ids.
    """
    with administration(access, plan.name) as admin:
        if not realm_exists(admin, plan.name):
            admin.create_realm(document(plan, accounts))
            admin.connection.get_token()  # the one from before does not speak for the new realm
        state = wanted(plan)
        mend(admin, plan, state, found(admin, state))
        if made is not None:
            made(admin)


def _said(access: KeycloakAccess, plan: RealmPlan) -> list[str]:
    """What differs, or why it cannot be told: one realm out of reach hides no other."""
    try:
        return check(access, plan)
    except RealmError as problem:
        return [str(problem)]


def check(access: KeycloakAccess, plan: RealmPlan) -> list[str]:
    """What differs, one line each. Raises `RealmError`."""
    with administration(access, plan.name) as admin:
        if not realm_exists(admin, plan.name):
            return ["realm is missing"]
        state = wanted(plan)
        return differences(state, found(admin, state))


def remove(access: KeycloakAccess, realm: str) -> bool:
    """Deletes the realm with its accounts, keys and events; whether there was one. Raises `RealmError`."""
    with administration(access, realm) as admin:
        if not realm_exists(admin, realm):
            return False
        admin.delete_realm(realm)
        return True


def end_sessions(access: KeycloakAccess, realm: str) -> None:
    """Ends every login of the realm: no refresh token of it works any more. Raises `RealmError`."""
    with administration(access, realm) as admin:
        answered(admin.connection.raw_post(f"admin/realms/{realm}/logout-all", data=""))


def deviations(connection: Rows, settings: Settings) -> Iterator[Deviation]:
    """What `tenants check` reports of realms: none where the demo issuer vouches. Raises `RealmError`."""
    if settings.keycloak is None:
        return
    for plan in plans(connection, settings):
        for line in _said(settings.keycloak, plan):
            yield Deviation(f"realm {plan.name}", line)
        if problem := second_factor.address_problem(plan, settings.keycloak.url):
            yield Deviation(f"realm {plan.name}", problem)
        if keys.announced(connection, settings.issuer_of(plan.name)) is None:
            yield Deviation(f"realm {plan.name}", "no record of its keys is kept")
    yield from keys.alarms(connection)
    for slug in _deleted(connection):
        with administration(settings.keycloak, slug) as admin:
            if realm_exists(admin, slug):
                yield Deviation(f"realm {slug}", "its county is deleted")
    yield from (Deviation("keycloak", line) for line in refused(connection, settings))


def refused(connection: Rows, settings: Settings) -> list[str]:
    """Why production may not run with this Keycloak, or without one; an empty list lets it."""
    if settings.demo:
        return []
    if settings.keycloak is None:
        return ["none is named: set KREISBUND_KEYCLOAK_URL, KREISBUND_KEYCLOAK_ADMIN, KREISBUND_KEYCLOAK_SECRET_FILE"]
    return refusals(facts(connection, settings, settings.keycloak))


def mend_all(connection: Rows, settings: Settings) -> int:
    """Makes or mends every realm, removes those of deleted counties; answers how many stand. Raises `RealmError`."""
    if settings.keycloak is None:
        return 0
    wanted_plans = plans(connection, settings)
    for plan in wanted_plans:
        ensure(settings.keycloak, plan, partial(keys.begin_record, connection, settings, plan.name))
    for slug in _deleted(connection):
        remove(settings.keycloak, slug)
    return len(wanted_plans)


def _deleted(connection: Rows) -> list[str]:
    return [slug for (slug,) in connection.execute("SELECT slug FROM shared.tenant WHERE status = 'DELETED'")]


def rotation(connection: Rows, settings: Settings, realm: str, *, announce: bool) -> dict[str, str]:
    """Key id to what is to be said of it; with `announce`, the realm's present keys become the record first.

    Raises `RealmError`.
    """
    assert settings.keycloak is not None, "asked only where Keycloak vouches"
    issuer = settings.issuer_of(realm)
    with administration(settings.keycloak, realm) as admin:
        there = keys.present(admin)
    if announce:
        keys.announce(connection, issuer, there)
    record = keys.announced(connection, issuer) or frozenset()
    told = {kid: "announced" if kid in record else "NOT ANNOUNCED" for kid in sorted(there)}
    return told | dict.fromkeys(sorted(record - there), "announced, no longer there")
