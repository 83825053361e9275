"""The words of a comparison of two versions: what differs, of which class, and how it is said to a caseworker."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kreisbund_platform.engine.durations import Duration, parse_duration
from kreisbund_platform.texts import _, ngettext


class DifferenceKind(StrEnum):
    """What happened to a part."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"
    MOVED = "MOVED"


class DifferencePart(StrEnum):
    """Which part of a template it belongs to."""

    ELEMENT = "element"
    FLOW = "flow"
    FORM_FIELD = "form_field"
    DECISION = "decision"
    DEADLINE = "deadline"
    FEE = "fee"
    LETTER = "letter"
    ROLE = "role"
    LEGAL_BASIS = "legal_basis"
    MANIFEST = "manifest"


class ChangeClass(StrEnum):
    """What a county approves beforehand or never. LAYOUT is no difference for the law."""

    TEXT = "TEXT"
    HELP = "HELP"
    DEADLINE_LONGER = "DEADLINE_LONGER"
    DEADLINE_SHORTER = "DEADLINE_SHORTER"
    ROLE = "ROLE"
    FORM_OPTIONAL_FIELD = "FORM_OPTIONAL_FIELD"
    FORM_REQUIRED_FIELD = "FORM_REQUIRED_FIELD"
    FORM_REMOVED_FIELD = "FORM_REMOVED_FIELD"
    LETTER = "LETTER"
    STRUCTURE = "STRUCTURE"
    DECISION = "DECISION"
    FEE = "FEE"
    LEGAL_BASIS = "LEGAL_BASIS"
    LAYOUT = "LAYOUT"


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `place` is its id, `name` what people call it, `sentence` says it in German.

    `before` and `after` are readable values, None where there was or is none.
    """

    kind: DifferenceKind
    part: DifferencePart
    place: str
    name: str
    before: str | None
    after: str | None
    sentence: str
    change_class: ChangeClass


def changed(
    part: DifferencePart,
    place: str,
    name: str,
    values: tuple[str | None, str | None],
    sentence: str,
    change_class: ChangeClass,
) -> Difference:
    """A value that was one thing and is another; kind by which of the two is there."""
    before, after = values
    kind = DifferenceKind.CHANGED
    if before is None:
        kind = DifferenceKind.ADDED
    elif after is None:
        kind = DifferenceKind.REMOVED
    return Difference(kind, part, place, name, before, after, sentence, change_class)


def value_sentence(what: str, before: str | None, after: str | None) -> str:
    """`Frist von „Anhörung“: 14 Tage statt bisher 4 Wochen.`, also where one of both is missing."""
    if before is None:
        return _("{what}: neu {after}.").format(what=what, after=after)
    if after is None:
        return _("{what}: bisher {before}, jetzt ohne.").format(what=what, before=before)
    return _("{what}: {after} statt bisher {before}.").format(what=what, before=before, after=after)


def quoted(text: str) -> str:
    """The text in German quotation marks."""
    return f"„{text}“"


def said(value: Any) -> str | None:
    """A value from a form or a manifest as people read it; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    if isinstance(value, list | tuple):
        return ", ".join(said(item) or "–" for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {said(item)}" for key, item in sorted(value.items()))
    return str(value)


def duration_words(text: str) -> str:
    """`P1M14D` as `1 Monat 14 Tage`; what is no duration stays as it is."""
    try:
        duration = parse_duration(text)
    except ValueError:
        return text
    return " ".join(_parts(duration, in_weeks="W" in text)) or _("sofort")


def _parts(duration: Duration, *, in_weeks: bool) -> list[str]:
    years, months = divmod(duration.months, 12)
    weeks = duration.days // 7 if in_weeks else 0
    hours, rest = divmod(int(duration.seconds), 3600)
    counted = [
        (years, _("{n} Jahr"), _("{n} Jahre")),
        (months, _("{n} Monat"), _("{n} Monate")),
        (weeks, _("{n} Woche"), _("{n} Wochen")),
        (duration.days - 7 * weeks, _("{n} Tag"), _("{n} Tage")),
        (hours, _("{n} Stunde"), _("{n} Stunden")),
        (rest // 60, _("{n} Minute"), _("{n} Minuten")),
        (rest % 60, _("{n} Sekunde"), _("{n} Sekunden")),
    ]
    return [ngettext(one, many, number).format(n=number) for number, one, many in counted if number]


def deadline_class(before: str | None, after: str | None) -> ChangeClass:
    """Longer only where it is so in every month; what cannot be compared counts as shorter, the graver of both."""
    if before is None or after is None:
        return ChangeClass.STRUCTURE
    return ChangeClass.DEADLINE_LONGER if is_longer(before, after) else ChangeClass.DEADLINE_SHORTER


def is_longer(before: str, after: str) -> bool:
    """Whether `after` is certainly longer than `before`; False for what is no duration."""
    return _surely_more(before, after)


def is_shorter(before: str, after: str) -> bool:
    """Whether `after` is certainly shorter than `before`; False for what is no duration."""
    return _surely_more(after, before)


def _surely_more(less: str, more: str) -> bool:
    try:
        low, high = parse_duration(less), parse_duration(more)
    except ValueError:
        return False
    steps = (high.months - low.months, high.days - low.days, high.seconds - low.seconds)
    if all(step >= 0 for step in steps):
        return any(step > 0 for step in steps)
    return _days(high, shortest=True) > _days(low, shortest=False)


def _days(duration: Duration, *, shortest: bool) -> float:
    years, months = divmod(duration.months, 12)
    inside = 28 if shortest else 31
    return years * (365 if shortest else 366) + months * inside + duration.days + duration.seconds / 86400
