"""What an upgrade is asked to do, and how it lies in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from kreisbund_platform.templates.plans import LoadedTemplate

RUNNING_STATUSES = ("SUBMITTED", "IN_PROGRESS", "WAITING", "DECIDED")
DEADLINES = ("KEEP", "RECOMPUTE")


@dataclass(frozen=True)
class Source:
    """What a case runs on."""

    version_id: UUID
    variant_id: UUID | None = None


@dataclass(frozen=True)
class Criteria:
    """Which running cases; an empty list or None leaves a condition out. Days are the case's, inclusive."""

    versions: tuple[UUID, ...] = ()
    statuses: tuple[str, ...] = ()
    received_from: date | None = None
    received_until: date | None = None
    opened_from: date | None = None
    opened_until: date | None = None
    case_numbers: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored and shown; without what is left out."""
        texts = {name: _text(value) for name, value in vars(self).items()}
        return {name: value for name, value in texts.items() if value}


def _text(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class FieldMapping:
    """How data are told in the new version's names; keys of the top level."""

    rename: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    add: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes_nothing(self) -> bool:
        """Whether every value stays where it is."""
        return not (self.rename or self.drop or self.add)

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"rename": dict(self.rename), "drop": list(self.drop), "add": dict(self.add)}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "FieldMapping":
        """Back from what `as_json` stored."""
        return cls(dict(stored.get("rename", {})), tuple(stored.get("drop", ())), dict(stored.get("add", {})))


@dataclass(frozen=True)
class UpgradeOrder:
    """One upgrade as a person wants it. `mapping` and `fields` None: as suggested.

    `to`: what to move to; None is what the county has adopted.
    """

    template: str
    effective_on: date
    legal_basis: str
    criteria: Criteria = Criteria()
    to: Source | None = None
    mapping: Mapping[str, str] | None = None
    fields: FieldMapping | None = None
    deadlines: str = "KEEP"
    tells_applicants: bool = True


@dataclass(frozen=True)
class Move:
    """From one loaded version to another, with everything that says how."""

    old: LoadedTemplate
    new: LoadedTemplate
    mapping: Mapping[str, str]
