"""Instructions on remedies: generated from sphere and regime, never typed into a letter.

§§ 68 ff. VwGO with § 58 VwGO (objection within a month of delivery); § 347 AO (Einspruch) for duties under the AO.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.documents import queries
from kreisbund_platform.texts import _

PERIOD = "P1M"
OBJECTION = "OBJECTION"
_ELECTRONIC = {"AO": "§ 87a AO", "SGB_X": "§ 36a Abs. 2 SGB I"}  # what lets an electronic form replace writing


@dataclass(frozen=True)
class OpenPeriod:
    """The period of a case's last contestable decision; `until` is None before every recipient has the notice."""

    until: date | None


def open_period(connection: Connection[Any], case_id: UUID) -> OpenPeriod | None:
    """The period of the case's last decision against which there is a remedy; None where there is none."""
    found = queries.last_remedy(connection, case_id)
    return OpenPeriod(found[0]) if found else None


@dataclass(frozen=True)
class Remedy:
    """What may be done against an act: to whom, and the words that say so."""

    kind: str
    addressee: str
    text: str


def remedy_for(profile: Mapping[str, Any], sphere: str, regime: str) -> Remedy:
    """The remedy against an act of this county. `sphere`: own or transferred."""
    head = profile.get("letterhead", {})
    authority = profile.get("objection_authorities", {}).get(sphere, {})
    word = _("Einspruch") if regime == "AO" else _("Widerspruch")
    law = _ELECTRONIC.get(regime, "§ 3a Abs. 2 ThürVwVfG")
    german = _(
        "Gegen diesen Bescheid kann innerhalb eines Monats nach seiner Bekanntgabe {word} erhoben werden. "
        "Der {word} ist schriftlich, in elektronischer Form nach {law} oder zur Niederschrift bei {office} einzulegen."
    )
    text = german.format(word=word, law=law, office=_with_address(head, "office"))
    return Remedy(OBJECTION, str(head.get("office") or head.get("name", "")), text + _authority_text(authority, sphere))


def _authority_text(authority: Mapping[str, Any], sphere: str) -> str:
    """§ 70 Abs. 1 Satz 2 VwGO: the authority that decides on the objection may receive it too."""
    if sphere != "transferred" or not authority.get("name"):
        return ""
    german = _(" Die Frist ist auch gewahrt, wenn er dort eingelegt wird, wo über ihn entschieden wird: {authority}.")
    return german.format(authority=_with_address(authority, "name"))


def _with_address(entry: Mapping[str, Any], name: str) -> str:
    place = f"{entry.get('postcode', '')} {entry.get('town', '')}".strip()
    return ", ".join(part for part in (entry.get(name), entry.get("street"), place) if part)
