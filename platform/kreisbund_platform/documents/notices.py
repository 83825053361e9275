"""Notices as PDF/A-2b. A notice is data; how it looks stands in notice.typ; it is set in a process of its own.

The same notice gives the same bytes: nothing depends on the clock, and creation is dated with the notice.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from kreisbund_platform.documents.notices_process import NoticeNotSetError, NoticeProcesses
from kreisbund_platform.engine.letters import german_date
from kreisbund_platform.texts import _

__all__ = ["Fee", "Letterhead", "Notice", "NoticeNotSetError", "render", "text_of"]

_PROCESSES = NoticeProcesses(count=2)
# Characters that turn the direction of the text around them: a name must not rearrange a notice.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")  # ten thousand of them would cost more than a notice may
MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip


@dataclass(frozen=True)
class Letterhead:
    """Who writes: the county, its unit, where it sits, how it is reached (label, value)."""

    county: str
    unit: str
    address_lines: tuple[str, ...]
    contact: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Fee:
    """What the act costs, in cents, and the sentence that says so."""

    cents: int
    text: str


@dataclass(frozen=True)
class Notice:
    """All that a notice says. `operative`: Tenor; `reasons`: Begründung; `remedy`: Rechtsbehelfsbelehrung."""

    letterhead: Letterhead
    recipient_lines: tuple[str, ...]
    case_number: str
    file_reference: str | None
    issued_on: date
    responsible_name: str
    kind: str
    subject: str
    salutation: str
    operative: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    fee: Fee | None = None
    remedy: str | None = None
    sealed: bool = False


def render(notice: Notice) -> bytes:
    """The notice as PDF/A-2b; raises NoticeNotSetError when it cannot be set within two seconds."""
    noon = datetime.combine(notice.issued_on, time(12), UTC)
    request = {"notice": _printable(_page_data(notice)), "timestamp": int(noon.timestamp())}
    return _PROCESSES.render(json.dumps(request).encode())


def text_of(notice: Notice) -> str:
    """What the notice says, as plain text for the desk."""
    data = _printable(_page_data(notice))
    parts = [data["kind"], data["subject"], data["salutation"], *_numbered(data["operative"])]
    for section in data["sections"]:
        parts += [section["heading"], *(section["paragraphs"])]
    return "\n\n".join(part for part in [*parts, notice.responsible_name] if part)


def _numbered(items: list[str]) -> list[str]:
    return [f"{number}. {item}" for number, item in enumerate(items, 1)] if len(items) > 1 else items


def _page_data(notice: Notice) -> dict[str, Any]:
    head = notice.letterhead
    return {
        "title": f"{notice.kind} {notice.case_number}",
        "county": head.county,
        "authority": head.unit,
        "return_address": " · ".join((head.county, *head.address_lines)),
        "recipient": list(notice.recipient_lines),
        "information": [list(pair) for pair in _information(notice)],
        "reference": f"{notice.file_reference or notice.case_number}, {german_date(notice.issued_on)}",
        "footer": " · ".join((head.county, head.unit, *head.address_lines)),
        "kind": notice.kind,
        "subject": notice.subject,
        "salutation": notice.salutation,
        "operative": list(notice.operative),
        "sections": list(_sections(notice)),
        "responsible_name": notice.responsible_name,
        "remarks": list(_remarks(notice)),
        "words": {"page": _("Seite"), "greeting": _("Im Auftrag")},
    }


def _information(notice: Notice) -> Iterator[tuple[str, str]]:
    if notice.file_reference:
        yield _("Aktenzeichen"), notice.file_reference
    yield _("Vorgang"), notice.case_number
    yield _("Bearbeitung"), notice.responsible_name
    yield from notice.letterhead.contact
    day = notice.issued_on
    yield _("Datum"), f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def _sections(notice: Notice) -> Iterator[dict[str, Any]]:
    fee = (notice.fee.text,) if notice.fee else ()
    for heading, paragraphs, numbered in (
        (_("Nebenbestimmungen"), notice.conditions, True),
        (_("Kosten"), fee, False),
        (_("Begründung"), notice.reasons, False),
        (_("Rechtsgrundlagen"), notice.legal_basis, False),
        (_("Rechtsbehelfsbelehrung"), (notice.remedy,) if notice.remedy else (), False),
    ):
        if paragraphs:
            yield {"heading": heading, "paragraphs": list(paragraphs), "numbered": numbered}


def _remarks(notice: Notice) -> Iterator[str]:
    yield _("Dieses Schreiben wurde elektronisch erstellt und ist ohne Unterschrift gültig.")
    if not notice.sealed:
        yield _("Vorführung: nicht gesiegelt. Dieses Dokument trägt kein elektronisches Siegel.")


def _printable(value: Any) -> Any:
    """The same data without characters that cannot be set or that would turn the text around."""
    if isinstance(value, str):
        normal = unicodedata.normalize("NFC", value.replace("\r\n", "\n"))
        return _BLANK_LINES.sub("\n\n", "".join(character for character in normal if _may_stand(character)))
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return value


def _may_stand(character: str) -> bool:
    if character == "\n":
        return True
    return character not in _DIRECTION and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
