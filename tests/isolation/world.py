"""The deployment that is attacked: the demonstration as `./kreisbund up` makes it, with two counties at work."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import anyio
import httpx
from fastapi import FastAPI
from joserfc.jwk import KeySet

from kreisbund_api.main import create_api
from kreisbund_api.quota import Quota, Quotas
from kreisbund_api.services import Services
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import COUNTY_STAFF, RealmKind
from kreisbund_platform.identity.tokens import API_AUDIENCE, DEMO_CLIENT, PAGES_CLIENT, TokenChecker
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants import seeding
from kreisbund_tenants.demo import cases, workshop, year
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.issuing import Grant, access_claims, signed
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import DemoRealm, realms
from tests.support.database import fresh_database
from tests.support.fixtures import Deployment, deployed, settings_for

COUNTY, OTHER, SLEEPING = "nordhausen", "wartburgkreis", "kyffhaeuserkreis"
DELETED = "unstrut-hainich-kreis"  # its realm's tokens are rightly signed, its county is gone
UNIT = "schulverwaltung"
LASTS = timedelta(hours=10)
AT_ONCE = 2


@dataclass(frozen=True)
class Person:
    """Somebody with a token; `county` is None outside of the counties, `claims` are those of the token."""

    name: str
    realm: str
    county: str | None
    role: str
    token: str
    claims: dict[str, Any] = field(hash=False, compare=False)

    @property
    def is_guest(self) -> bool:
        return self.role == "guest"


@dataclass(frozen=True)
class Said:
    """An answer: HTTP status, parsed body, and the body as it came."""

    status: int
    body: Any
    text: str

    @property
    def codes(self) -> list[str]:
        return [error["extensions"].get("code", "") for error in self.body.get("errors", ())]


@dataclass
class World:
    """The running application and everybody who may ask it.

    `shown`, `done` and `said`: fields that answers showed, mutations that succeeded, and who said which, before the
    attempts begin.
    """

    deployment: Deployment
    settings: Settings
    app: FastAPI
    people: list[Person]
    shown: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    said: "list[tuple[Person, str, dict[str, Any]]]" = field(default_factory=list)

    @property
    def services(self) -> Services:
        return self.app.state.services  # type: ignore[no-any-return]

    def of_county(self, slug: str) -> list[Person]:
        return [person for person in self.people if person.county == slug]

    def person(self, role: str, county: str | None = COUNTY) -> Person:
        return next(p for p in self.people if p.role == role and p.county in (county, None))

    def ask(self, person: Person, documents: Sequence[str | dict[str, Any]]) -> list[Said]:
        """Each document's answer, in order; a few are under way at once. A dict holds query and variables."""
        bodies: list[dict[str, Any]] = [{"query": each} if isinstance(each, str) else each for each in documents]
        if person.is_guest:
            return [self._as_guest(person, body) for body in bodies]
        return anyio.run(self._all, {"Authorization": f"Bearer {person.token}"}, bodies)

    def send(self, headers: dict[str, str], documents: Sequence[str]) -> list[Said]:
        """The same with headers of the caller's own."""
        return anyio.run(self._all, headers, [{"query": each} for each in documents])

    def _as_guest(self, person: Person, body: dict[str, Any]) -> Said:
        county = self.deployment.registry.by_slug(person.county or "")
        answer = self.services.execute(None, county, body["query"], body.get("variables", {}))
        found = {"data": answer.data, "errors": list(answer.errors)} if answer.errors else {"data": answer.data}
        return Said(200, found, httpx.Response(200, json=found).text)

    async def _all(self, headers: dict[str, str], bodies: list[dict[str, Any]]) -> list[Said]:
        found: list[Said | None] = [None] * len(bodies)
        places = iter(range(len(bodies)))
        async with self.client() as client, anyio.create_task_group() as group:
            for _worker in range(AT_ONCE):
                group.start_soon(self._some, client, headers, bodies, places, found)
        return [each for each in found if each is not None]

    async def _some(self, client: httpx.AsyncClient, headers: Any, bodies: Any, places: Any, found: Any) -> None:
        for place in places:
            answer = await client.post("/graphql", json=bodies[place], headers=headers)
            found[place] = Said(answer.status_code, answer.json(), answer.text)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=self.settings.base_url, timeout=120)


@contextmanager
def made(home: Any) -> Iterator[World]:
    """Sets the demonstration up in a fresh database."""
    with fresh_database() as url:
        settings = settings_for(url, home)
        with deployed(settings, COUNTY, OTHER, SLEEPING, DELETED) as deployment:
            _furnish(deployment, settings)
            with opened(deployment, settings) as world:
                yield world


def _furnish(deployment: Deployment, settings: Settings) -> None:
    """What `setup` does after seeding, but cases for two counties only."""
    with deployment.database.owner() as owner:
        owner.execute("UPDATE shared.tenant SET status = 'DELETED' WHERE slug = %s", (DELETED,))
    deployment.registry.refresh()
    seeding.seed_services(deployment.connections, SystemClock())
    seeding.seed_templates(deployment.connections, SystemClock())
    workshop.furnish(settings, deployment.connections, deployment.registry)
    year.adopt_all(settings, deployment.connections, deployment.registry)
    list(cases.ensure(settings, [COUNTY, OTHER]))


@contextmanager
def opened(deployment: Deployment, settings: Settings) -> Iterator[World]:
    """The application over a furnished deployment."""
    registry = deployment.registry
    app = create_api(
        settings,
        quotas=Quotas(Quota(1e9, 1e9), Quota(1e9, 1e9)),
        tokens=TokenChecker(
            registry, API_AUDIENCE, SystemClock(), clients=(PAGES_CLIENT, DEMO_CLIENT), fetch=published(settings)
        ),
    )
    try:
        yield World(deployment, settings, app, _everybody(settings, registry))
    finally:
        app.state.services.connections._database.close()


def published(settings: Settings) -> Any:
    """What the realms' issuers answer, without a network: discovery and keys."""

    def fetch(url: str) -> Any:
        issuer, _realms, rest = url.partition("/realms/")
        realm = rest.split("/")[0]
        issuer = f"{issuer}/realms/{realm}"
        if url.endswith("/certs"):
            return KeySet([signing_key(settings, realm)]).as_dict(private=False)
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        return {"issuer": issuer} | dict.fromkeys(names, f"{issuer}/protocol/openid-connect/certs")

    return fetch


def _everybody(settings: Settings, registry: Registry) -> list[Person]:
    """One person of each role of each realm, two citizens, one whom the realm gave no role, and the guests."""
    found = []
    counties = [tenant.slug for tenant in registry.all()]
    for realm in realms(registry):
        found += [_person(settings, realm, each) for each in _chosen(people_of(realm, counties))]
        nobody = next(iter(people_of(realm, counties)))
        found.append(_person(settings, realm, nobody, no_role=True))
        if realm.kind is RealmKind.COUNTY:
            found.append(Person(f"{realm.name}/guest", realm.name, realm.name, "guest", "", {}))
    return [person for person in found if _takes_part(person)]


def _takes_part(person: Person) -> bool:
    """Everybody of one county, of the other a few who look back at the first."""
    if person.county == OTHER:
        return person.role in ("caseworker", "team_lead", "county_admin", "citizen")
    return person.county not in (SLEEPING, DELETED)


def _chosen(people: Sequence[DemoPerson]) -> list[DemoPerson]:
    """Of each role the first; of citizens, delegates and operators all."""
    seen: set[str] = set()
    every = ("citizen", "topic_lead", "operator")
    return [each for each in people if each.role in every or not (each.role in seen or seen.add(each.role))]


def colleague(world: World, role: str, county: str = COUNTY) -> Person:
    """The second of a role in a county, who attempts nothing."""
    realm = next(each for each in realms(world.deployment.registry) if each.name == county)
    _first, second = (each for each in people_of(realm, ()) if each.role == role)
    return _person(world.settings, realm, second)


def _person(settings: Settings, realm: DemoRealm, person: DemoPerson, *, no_role: bool = False) -> Person:
    now = SystemClock().now()
    claims = access_claims(settings, Grant(person, DEMO_CLIENT, secrets.token_hex(8), now), now)
    claims["exp"] = int((now + LASTS).timestamp())
    if person.role in COUNTY_STAFF:
        claims["units"] = [UNIT]
    if no_role:
        claims |= {"realm_access": {"roles": []}, "sub": f"nobody-{realm.name}"}
    role = "none" if no_role else person.role.value
    token = signed(settings, realm.name, claims)
    return Person(f"{realm.name}/{person.username}/{role}", realm.name, realm.tenant, role, token, claims)
