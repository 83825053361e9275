"""county.toml: what a county says about itself, read and checked; SQL follows from it in provisioning.

The public part becomes the tenant's `profile`:
`{"code", "letterhead": {"name", "office", "street", "postcode", "town", "phone", "email"},
"objection_authorities": {"own": {"name", "street", "postcode", "town"}, "transferred": {…}},
"service_team_member", "statutes": [{"slug", "title", "citation", "date", "values": {…}}],
"municipalities": [{"name"}]}`. `[identity]` is kept beside it: what the county's realm is made from, and
 `[four_eyes]`: what needs a second person.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kreisbund_platform.identity.policy import POLICY

COUNTIES = Path(__file__).with_name("counties")
PROFILE_KEYS = ("code", "letterhead", "objection_authorities", "service_team_member", "statutes")
BROKERS = ("bundid", "unternehmenskonto")
BROKER_KEYS = ("single_sign_on_url", "entity_id", "signing_certificate")
# § 118 ThürKO: in the transferred sphere the next higher authority decides on an objection.
STATE_AUTHORITY = {
    "name": "Thüringer Landesverwaltungsamt",
    "street": "Jorge-Semprún-Platz 4",
    "postcode": "99423",
    "town": "Weimar",
}


class ManifestError(ValueError):
    """county.toml cannot be used; the text is one line that names file and key."""


@dataclass(frozen=True)
class UnitEntry:
    """An Amt or Sachgebiet. `responsible_for`: template slugs or LeiKa keys."""

    slug: str
    name: str
    responsible_for: tuple[str, ...]


@dataclass(frozen=True)
class MunicipalityEntry:
    """A municipality of the county. `regional_key`: 12 digits; `local_holidays`: see tenancy/calendar.py."""

    regional_key: str
    name: str
    local_holidays: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """One county.toml."""

    slug: str
    name: str
    regional_key: str
    profile: Mapping[str, Any]
    units: tuple[UnitEntry, ...] = ()
    municipalities: tuple[MunicipalityEntry, ...] = ()
    identity: Mapping[str, Any] = field(default_factory=dict)
    four_eyes: Mapping[str, Any] = field(default_factory=dict)


def load(path: Path) -> Manifest:
    """The manifest in a file; raises `ManifestError`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise ManifestError(f"{path}: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ManifestError(f"{path}: not TOML: {problem}") from problem
    try:
        return _manifest(table)
    except KeyError as problem:
        raise ManifestError(f"{path}: {problem.args[0]} is missing") from problem
    except (TypeError, AttributeError) as problem:
        raise ManifestError(f"{path}: a value has the wrong type") from problem


def _manifest(table: Mapping[str, Any]) -> Manifest:
    return Manifest(
        slug=table["slug"],
        name=table["name"],
        regional_key=table["regional_key"],
        profile={key: table[key] for key in PROFILE_KEYS if key in table}
        | {"municipalities": [{"name": place["name"]} for place in table["municipalities"]]},
        units=tuple(
            UnitEntry(unit["slug"], unit["name"], tuple(unit.get("responsible_for", ()))) for unit in table["units"]
        ),
        municipalities=tuple(
            MunicipalityEntry(place["regional_key"], place["name"], tuple(place.get("local_holidays", ())))
            for place in table["municipalities"]
        ),
        identity=_identity(table.get("identity", {})),
        four_eyes=_four_eyes(table.get("four_eyes", {})),
    )


def _four_eyes(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """`mutations`: names of the API; `tasks`: `{task = "template/element", field, above}`, the last two together."""
    mutations, tasks = given.get("mutations", []), given.get("tasks", [])
    if set(given) - {"mutations", "tasks"} or any(f"Mutation.{name}" not in POLICY for name in mutations):
        raise TypeError
    for rule in tasks:
        amount = {"field", "above"} & set(rule)
        if set(rule) - {"task", "field", "above"} or len(amount) == 1 or rule["task"].count("/") != 1:
            raise TypeError
        if amount and not (isinstance(rule["field"], str) and isinstance(rule["above"], int)):
            raise TypeError
    return given


def _identity(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """`staff_second_factor` and the two brokers, with known keys of the right types only."""
    if not isinstance(given.get("staff_second_factor", True), bool):
        raise TypeError
    brokers = {name: given[name] for name in BROKERS if name in given}
    unknown = set(given) - {"staff_second_factor", *BROKERS}
    unknown |= {key for broker in brokers.values() for key in set(broker) - set(BROKER_KEYS)}
    if unknown or not all(isinstance(value, str) for broker in brokers.values() for value in broker.values()):
        raise TypeError
    return given


def seeded() -> list[Manifest]:
    """The manifests of the counties that a fresh deployment starts with, by slug."""
    return [load(path) for path in sorted(COUNTIES.glob("*/county.toml"))]


def minimal(slug: str, name: str, regional_key: str) -> Manifest:
    """What is known of a county that brings no county.toml: enough for its first letter."""
    profile = {
        "code": slug.replace("-", "")[:3].upper(),
        "letterhead": {"name": name, "office": "Landratsamt", "street": "", "postcode": "", "town": ""},
        "objection_authorities": {
            "own": {"name": f"{name}, Landratsamt", "street": "", "postcode": "", "town": ""},
            "transferred": STATE_AUTHORITY,
        },
        "statutes": [],
    }
    return Manifest(slug, name, regional_key, profile)
