"""Letters of a template: paragraphs with placeholders, some only when a condition holds.

A placeholder `{name}` is replaced by a variable's German wording in one pass: no format specifications, no
expressions, and a value that looks like a placeholder stays what it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kreisbund_platform.engine import feel
from kreisbund_platform.errors import FieldError
from kreisbund_platform.texts import _

KINDS = frozenset({"MAIN", "FEE", "INTERIM", "LETTER"})
FACTS = frozenset({"case_number", "file_reference", "received_on", "issued_on", "applicant_name", "county", "fee"})
PARTS = ("operative", "reasons", "conditions")
KEYS = frozenset({"id", "title", "kind", "outcome", "subject", "salutation", "remedy", "placeholders", *PARTS})
NOTHING = "–"
_TEXTS = ("id", "title", "kind", "outcome", "subject", "salutation")
_KINDS_OF_VALUES: Mapping[str, type] = {**dict.fromkeys(_TEXTS, str), "remedy": bool, "placeholders": list}
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Evaluate = Callable[[str, dict[str, Any]], Any]
Labels = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Paragraph:
    """Text with placeholders; `when`: FEEL, absent means always."""

    text: str
    when: str | None = None


@dataclass(frozen=True)
class Letter:
    """A letter as its author wrote it. `remedy`: whether the instruction on remedies is added."""

    title: str
    kind: str
    outcome: str
    subject: str
    salutation: str
    operative: tuple[Paragraph, ...]
    reasons: tuple[Paragraph, ...]
    conditions: tuple[Paragraph, ...]
    remedy: bool


def read_letter(source: Mapping[str, Any]) -> Letter:
    """A letter from its TOML table, which `check_letter` has passed."""
    title = source["title"]
    return Letter(
        title=title,
        kind=source["kind"],
        outcome=source.get("outcome", ""),
        subject=source.get("subject", title),
        salutation=source.get("salutation", _("Sehr geehrte Damen und Herren,")),
        operative=_paragraphs(source.get("operative", ())),
        reasons=_paragraphs(source.get("reasons", ())),
        conditions=_paragraphs(source.get("conditions", ())),
        remedy=source.get("remedy", source["kind"] in ("MAIN", "FEE")),
    )


def check_letter(source: Mapping[str, Any], names: Iterable[str] = ()) -> list[FieldError]:
    """Problems of a letter. Its `placeholders` say what it may quote; `names` are further variables."""
    problems = [FieldError(key, "UNKNOWN_KEY", _("Das kennt ein Schreiben nicht.")) for key in sorted({*source} - KEYS)]
    if wrong := [key for key, kind in _KINDS_OF_VALUES.items() if not isinstance(source.get(key, kind()), kind)]:
        return [*problems, *(FieldError(key, "SHAPE", _("Das hat hier die falsche Form.")) for key in wrong)]
    if not source.get("title") or source.get("kind") not in KINDS:
        return [*problems, FieldError("title", "TITLE", _("Ein Schreiben braucht Titel und Art."))]
    if source["kind"] != "LETTER" and not (isinstance(source.get("outcome"), str) and source["outcome"]):
        problems.append(FieldError("outcome", "OUTCOME", _("Ein Bescheid braucht ein Ergebnis.")))
    allowed = FACTS | set(names) | {name for name in source.get("placeholders", ()) if isinstance(name, str)}
    for part in PARTS:
        problems += _part_problems(part, source.get(part, []), allowed)
    for part in ("title", "subject", "salutation"):
        problems += _placeholder_problems(part, str(source.get(part, "")), allowed)
    return problems


def _part_problems(part: str, entries: Any, allowed: set[str] | frozenset[str]) -> list[FieldError]:
    if not isinstance(entries, list):
        return [FieldError(part, "PARAGRAPH", _("Hier stehen Absätze."))]
    problems = []
    for position, entry in enumerate(entries):
        place = f"{part}.{position}"
        text = entry.get("text") if isinstance(entry, Mapping) else entry
        if not isinstance(text, str):
            problems.append(FieldError(place, "PARAGRAPH", _("Hier stehen Absätze.")))
            continue
        problems += _placeholder_problems(place, text, allowed)
        if isinstance(entry, Mapping) and sorted({*entry} - {"text", "when"}):
            problems.append(FieldError(place, "UNKNOWN_KEY", _("Das kennt ein Schreiben nicht.")))
        if isinstance(entry, Mapping) and not _readable(entry.get("when", "true")):
            problems.append(FieldError(place, "CONDITION", _("Diese Bedingung ist nicht lesbar.")))
    return problems


def _placeholder_problems(place: str, text: str, allowed: set[str] | frozenset[str]) -> list[FieldError]:
    named = _PLACEHOLDER.findall(text)
    unknown = [name for name in named if name not in allowed and not name.startswith("statute.")]
    if _PLACEHOLDER.sub("", text).count("{") or unknown:
        return [
            FieldError(place, "PLACEHOLDER", _("Unbekannter Platzhalter: {names}").format(names=", ".join(unknown)))
        ]
    return []


def _readable(condition: Any) -> bool:
    if not isinstance(condition, str):
        return False
    try:
        feel.evaluate(_expression(condition), {})
    except feel.FeelError:
        return False
    return True


def _expression(condition: Any) -> str:
    return str(condition).removeprefix("=").strip()


def _paragraphs(entries: Iterable[Any]) -> tuple[Paragraph, ...]:
    return tuple(
        Paragraph(entry["text"], entry.get("when")) if isinstance(entry, Mapping) else Paragraph(entry)
        for entry in entries
    )


def choose(paragraphs: Iterable[Paragraph], variables: Mapping[str, Any], evaluate: Evaluate) -> list[str]:
    """The texts of the paragraphs whose condition holds."""
    return [
        paragraph.text
        for paragraph in paragraphs
        if paragraph.when is None or evaluate(_expression(paragraph.when), dict(variables)) is True
    ]


def fill(text: str, wordings: Mapping[str, str]) -> str:
    """The text with each placeholder replaced once; what has no wording is a dash."""
    return _PLACEHOLDER.sub(lambda found: wordings.get(found[1]) or NOTHING, text)


def wordings_of(variables: Mapping[str, Any], labels: Labels, prefix: str = "") -> dict[str, str]:
    """German wordings of all plain variables; those of an object are named `object.name`."""
    found: dict[str, str] = {}
    for name, value in variables.items():
        if isinstance(value, Mapping):
            found |= wordings_of(value, labels, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = _wording(name, value, labels)
    return found


def _wording(name: str, value: Any, labels: Labels) -> str:
    if isinstance(value, list):
        return ", ".join(_wording(name, item, labels) for item in value if not isinstance(item, dict))
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    if isinstance(value, int | float):
        return german_euro(round(value)) if "_cents" in name else f"{value}".replace(".", ",")
    if isinstance(value, str) and _DATE.fullmatch(value):
        return _date_wording(value)
    return "" if value is None else labels.get((name, str(value)), str(value))


def _date_wording(text: str) -> str:
    try:
        return german_date(date.fromisoformat(text))
    except ValueError:
        return text


def german_date(day: date) -> str:
    """`24.11.2026`."""
    return f"{day.day:02}.{day.month:02}.{day.year:04}"


def german_euro(cents: int) -> str:
    """`1.234,50 €`."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}".replace(",", ".") + f",{rest:02} €"
