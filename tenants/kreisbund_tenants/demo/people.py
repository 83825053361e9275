"""The people of the demonstration, derived from the realm's name: a new county has its own at once.

Nothing about them is stored. The same realm always gives the same people; two counties give different ones.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kreisbund_platform.identity.principals import AssuranceLevel, RealmKind, Role
from kreisbund_tenants.demo.realms import DemoRealm


def _listed(names: str) -> tuple[str, ...]:
    return tuple(names.split())


# leads the service team under the cooperation agreement
LEAD_COUNTY = "nordhausen"
PEOPLE_PER_ROLE = 2
STAFF_ROLES = (
    Role.CASEWORKER,
    Role.TEAM_LEAD,
    Role.RECORDS_OFFICER,
    Role.TREASURER,
    Role.CASHIER,
    Role.COUNTY_ADMIN,
    Role.DATA_PROTECTION_OFFICER,
    Role.TEMPLATE_AUTHOR,
)
CITIZENS = (AssuranceLevel.SUBSTANTIAL, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.BASIC)
GIVEN_NAMES = _listed(
    "Anna Andreas Antje Beate Bernd Carola Christian Cornelia Dirk Doreen Elke Enrico Frank Gabriele Grit Heike"
    " Holger Ines Jana Jens Kathrin Katja Lars Lukas Mandy Marco Marie Matthias Nadine Nico Olaf Petra Ralf Sandra"
    " Silke Steffen Susanne Sven Thomas Tobias Ulrike Uwe Yvonne"
)
FAMILY_NAMES = _listed(
    "Albrecht Arnold Bachmann Bauer Beck Berg Böhm Brandt Busch Dietrich Döring Ebert Engel Fiedler Franke Fuchs"
    " Geißler Graf Günther Haase Hartung Heinze Herzog Hesse Jäger Kaiser Keil Köhler Kramer Krause Lange Linke"
    " Ludwig Lorenz Möller Nagel Otto Peter Pfeiffer Reinhardt Richter Röder Schilling Seidel Sommer Stein Thiel"
    " Ullrich Vogel Voigt Weise Wenzel Winter Wolf Ziegler Zimmermann"
)
ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class DemoPerson:
    """One person of one realm, with one role. `home_tenant` is the delegating county's slug (service team)."""

    realm: str
    name: str
    username: str
    role: Role
    assurance_level: AssuranceLevel
    home_tenant: str | None = None

    @property
    def subject(self) -> str:
        """The `sub` of this person's tokens, the same in every deployment."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:kreisbund:demo:{self.realm}:{self.username}"))

    @property
    def password(self) -> str:
        """Known to everyone who reads this: it opens demonstration accounts only."""
        return f"demo-{self.username}"


def people_of(realm: DemoRealm, counties: Iterable[str]) -> tuple[DemoPerson, ...]:
    """Everybody of the realm, in a fixed order. `counties` are the slugs that delegate to the service team."""
    if realm.kind is RealmKind.COUNTY:
        return tuple(_county_people(realm.name))
    if realm.kind is RealmKind.SERVICE_TEAM:
        return tuple(_service_team(realm.name, sorted(counties)))
    roles = {
        RealmKind.STATE: (Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR),
        RealmKind.OPERATIONS: (Role.OPERATOR,),
    }[realm.kind]
    return tuple(_staff(realm.name, roles))


def _county_people(realm: str) -> Iterator[DemoPerson]:
    roles = [role for role in STAFF_ROLES for _number in range(PEOPLE_PER_ROLE)]
    levels = [AssuranceLevel.HIGH for _role in roles] + list(CITIZENS)
    roles += [Role.CITIZEN for _level in CITIZENS]
    for name, role, level in zip(_names(realm), roles, levels, strict=False):
        yield DemoPerson(realm, name, _username(name), role, level)


def _staff(realm: str, roles: Iterable[Role]) -> Iterator[DemoPerson]:
    wanted = [role for role in roles for _number in range(PEOPLE_PER_ROLE)]
    for name, role in zip(_names(realm), wanted, strict=False):
        yield DemoPerson(realm, name, _username(name), role, AssuranceLevel.HIGH)


def _service_team(realm: str, counties: list[str]) -> Iterator[DemoPerson]:
    """Two leads, and one delegate of each county; the county in the user name keeps it unique among hundreds."""
    lead_county = LEAD_COUNTY if LEAD_COUNTY in counties else None
    for lead in _staff(realm, [Role.SERVICE_TEAM_LEAD]):
        yield DemoPerson(realm, lead.name, lead.username, lead.role, lead.assurance_level, lead_county)
    for county in counties:
        name = next(_names(f"{realm}/{county}"))
        username = f"{_username(name)}-{county}"
        yield DemoPerson(realm, name, username, Role.TOPIC_LEAD, AssuranceLevel.HIGH, county)


def _names(seed: str) -> Iterator[str]:
    """Full names in an order that the seed fixes; family names do not repeat, so user names do not either."""
    for given, family in zip(_shuffled(seed, GIVEN_NAMES), _shuffled(seed, FAMILY_NAMES), strict=False):
        yield f"{given} {family}"


def _shuffled(seed: str, names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())


def _username(name: str) -> str:
    return name.lower().translate(ASCII).replace(" ", ".")
