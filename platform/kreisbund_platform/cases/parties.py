"""Whom a case concerns, read from the form: each field says in `properties.role` whose datum it is.

A field that is filled in may say in `properties.represented_by` which other role acts for its person: who applies for
a minor child represents it (§ 1629 BGB).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.cases.models import Party
from kreisbund_platform.identity.context import WorkContext

ORDER = ("applicant", "beneficiary", "representative")
ADDRESS = ("street", "postcode", "town", "email", "phone")


def from_form(
    work: WorkContext, case_id: UUID, schema: Mapping[str, Any], data: Mapping[str, Any], subject: str | None
) -> list[Party]:
    """The parties a start form names, the applicant first (always there); `subject` is the applicant's."""
    found: dict[str, dict[str, str]] = {"applicant": {}}
    acting: dict[str, set[str]] = {}
    for component, value in _filled(schema.get("components", ()), data):
        properties = component.get("properties", {})
        role, _, part = str(properties.get("role", "")).partition(".")
        if part:
            found.setdefault(role, {})[part] = value
            acting.setdefault(str(properties.get("represented_by", "")), set()).add(role)
    ordered = sorted(found, key=lambda role: ORDER.index(role) if role in ORDER else len(ORDER))
    made = [
        _party(work, case_id, role, found[role], subject if role == "applicant" else None, position)
        for position, role in enumerate(ordered)
    ]
    for party in made:
        party.represents = [
            other.id for other in made if other is not party and other.role in acting.get(party.role, ())
        ]
    return made


def _filled(components: Any, data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The components that hold a text, with it."""
    for component in components:
        inner = data.get(component["path"], {}) if component.get("path") else data
        if component.get("type") == "group" and isinstance(inner, Mapping):
            yield from _filled(component.get("components", ()), inner)
        value = data.get(component.get("key", ""))
        if isinstance(value, str) and value:
            yield component, value


def _party(
    work: WorkContext, case_id: UUID, role: str, parts: Mapping[str, str], subject: str | None, position: int
) -> Party:
    name = parts.get("name") or " ".join(parts[p] for p in ("given_name", "family_name") if p in parts)
    return Party(
        id=ids.new_id(ids.Kind.PARTY, work.clock.now()),
        case_id=case_id,
        role=role,
        kind="organisation" if "organisation" in parts else "person",
        name=parts.get("organisation") or name or None,
        subject=subject,
        address={part: parts[part] for part in ADDRESS if part in parts} or None,
        represents=[],
        position=position,
    )
