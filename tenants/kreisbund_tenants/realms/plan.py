"""What a realm is made from, and the shape in which a wanted and a found realm are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.settings import Settings
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import DemoRealm

Representation = Mapping[str, Any]  # JSON as Keycloak's admin API has it


@dataclass(frozen=True)
class RealmPlan:
    """A realm as the deployment wants it. `identity` is the manifest's part `[identity]`; see docs/operations.md.

    `people` are the demonstration's, none in production.
    """

    name: str
    title: str
    kind: RealmKind
    base_url: str
    demo: bool
    identity: Mapping[str, Any] = field(default_factory=dict)
    people: tuple[DemoPerson, ...] = ()

    @property
    def second_factor(self) -> bool:
        """Whether staff need one: always in production, in the demonstration where the manifest asks for it."""
        return not self.demo or self.identity.get("staff_second_factor") is True


@dataclass(frozen=True)
class FlowStep:
    """One line of a login flow. `name` is an authenticator's or a sub-flow's; `role` is a condition's.

    `method`: what the token's `amr` says once it was used (RFC 8176).
    """

    level: int
    name: str
    requirement: str
    role: str | None = None
    method: str | None = None


@dataclass(frozen=True)
class RealmState:
    """A realm, wanted or found. Only what is wanted is compared; but whatever is found beyond, where that is listed.

    `roles`: name to the roles it includes; `mappers`: client to its mappers by name; `people`: user names.
    """

    settings: Representation
    roles: Mapping[str, frozenset[str]]
    clients: Mapping[str, Representation]
    mappers: Mapping[str, Mapping[str, Representation]]
    brokers: Mapping[str, Representation]
    broker_mappers: Mapping[str, Mapping[str, Representation]]
    profile: Mapping[str, Representation]
    texts: Mapping[str, str]
    flow: tuple[FlowStep, ...]
    people: frozenset[str]


def plan_of(settings: Settings, realm: DemoRealm, identity: Mapping[str, Any], counties: list[str]) -> RealmPlan:
    """The plan of one realm; `counties` are the slugs that delegate to the service team."""
    people = people_of(realm, counties) if settings.demo else ()
    return RealmPlan(realm.name, realm.title, realm.kind, settings.base_url, settings.demo, identity, people)
