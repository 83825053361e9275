"""What `kreisbund demo principals --json` prints: how an outside program logs in as each demo person."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from kreisbund_platform.clock import Clock, SystemClock
from kreisbund_platform.identity.tokens import DEMO_CLIENT
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo.issuing import ACCESS_SECONDS, Grant, access_claims, signed
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import DemoRealm, realms, refuse_outside_demo

FAULTY_FOR = timedelta(hours=10)


def principals(settings: Settings, registry: Registry, clock: Clock | None = None) -> list[dict[str, Any]]:
    """One entry per demo person of every realm. Ends the process in production.

    `faulty_tokens` are signed with the realm's true key and must all be refused; there are none where
    Keycloak runs, whose keys are its own.
    """
    refuse_outside_demo(settings, "127.0.0.1")
    now = (clock or SystemClock()).now()
    existing = realms(registry)
    counties = [realm.name for realm in existing if realm.tenant]
    return [_entry(settings, realm, person, now) for realm in existing for person in people_of(realm, counties)]


def _entry(settings: Settings, realm: DemoRealm, person: DemoPerson, now: datetime) -> dict[str, Any]:
    return {
        "name": person.name,
        "tenant": realm.tenant,
        "role": person.role.value,
        "token_url": f"{settings.issuer_of(realm.name)}/protocol/openid-connect/token",
        "client_id": DEMO_CLIENT,
        "username": person.username,
        "password": person.password,
        "faulty_tokens": {} if settings.keycloak else _faulty_tokens(settings, person, now),
    }


def _faulty_tokens(settings: Settings, person: DemoPerson, now: datetime) -> dict[str, str]:
    """Each is right but for one claim, so that it is refused for that claim alone."""
    grant = Grant(person, DEMO_CLIENT, str(uuid.uuid4()), now)
    good = access_claims(settings, grant, now) | {"exp": int((now + FAULTY_FOR).timestamp())}
    faults = {
        "expired": access_claims(settings, grant, now - timedelta(hours=1, seconds=ACCESS_SECONDS)),
        "not_yet_valid": good | {"nbf": int((now + FAULTY_FOR / 2).timestamp())},
        "no_audience": {name: value for name, value in good.items() if name != "aud"},
        "other_audience": good | {"aud": ["another-api"]},
    }
    return {fault: signed(settings, person.realm, claims) for fault, claims in faults.items()}
