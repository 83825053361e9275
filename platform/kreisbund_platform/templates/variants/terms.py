"""The words of a county's variation: operations at variable points, and what applying them gives."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.source import TemplateSource

KINDS = ("deadline", "fee", "role", "text", "optional_step", "insertion", "value")
MOST_OPERATIONS = 50
LONGEST_TEXT = 4000
LONGEST_REASON = 1000


@dataclass(frozen=True)
class Operation:
    """One local deviation at the variable point `point`.

    `value` by kind: an ISO duration (deadline), cents (fee), a role, a text, true (skip an optional step), a fragment
    as `{"fragment", "name", …}` (insertion), a number or text (value). `fingerprint` and `base_value` are those of
    the anchor when the county wrote it; `citation` and `citation_date` name the Satzung it rests on.
    """

    point: str
    kind: str
    value: Any
    reason: str = ""
    citation: str | None = None
    citation_date: date | None = None
    fingerprint: str = ""
    base_value: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        day = self.citation_date.isoformat() if self.citation_date else None
        return {**asdict(self), "citation_date": day}


def operation_of(raw: Mapping[str, Any]) -> Operation:
    """An operation as it was stored; raises ValueError, KeyError or TypeError for anything else."""
    day = raw.get("citation_date")
    known = {name: raw[name] for name in Operation.__dataclass_fields__ if name in raw and name != "citation_date"}
    return Operation(**known, citation_date=date.fromisoformat(day) if day else None)


@dataclass(frozen=True)
class Applied:
    """A template with operations applied. With problems (their path is the point's id) the source is not to be used."""

    source: TemplateSource
    problems: tuple[FieldError, ...]


@dataclass(frozen=True)
class Point:
    """A variable point of a base as a county sees it. `locked` says in German why it does not vary, None where it does.

    `base_value` is readable, `raw_value` is what an operation would hold, `fingerprint` that of what it touches.
    """

    id: str
    kind: str
    title: str
    element: str
    element_name: str
    norm: str
    citation: str
    binds: str | None
    unit: str | None
    base_value: str
    raw_value: Any
    fingerprint: str
    locked: str | None
