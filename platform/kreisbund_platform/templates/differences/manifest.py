"""What differs between two manifests: legal basis, fees, what counties may vary, and the rest."""

from collections.abc import Iterator, Mapping
from typing import Any

from kreisbund_platform.engine.letters import german_euro
from kreisbund_platform.templates.differences.terms import (
    ChangeClass,
    Difference,
    DifferencePart,
    changed,
    quoted,
    said,
    value_sentence,
)
from kreisbund_platform.texts import _

Raw = Mapping[str, Any]
_WORDS = {
    "title": "Titel",
    "summary": "Kurzbeschreibung",
    "topic": "Themenkomplex",
    "leika_key": "LeiKa-Schlüssel",
    "regime": "Verfahrensrecht",
    "sphere": "Wirkungskreis",
    "assurance_level": "Vertrauensniveau",
    "guests": "Antrag ohne Anmeldung",
    "channels": "Eingangswege",
    "start_form": "Antragsformular",
    "automatic_decision_norm": "Norm für die automatische Entscheidung",
}
_CLASSES = {
    "title": ChangeClass.TEXT,
    "summary": ChangeClass.TEXT,
    "topic": ChangeClass.TEXT,
    "start_form": ChangeClass.STRUCTURE,
}


def manifest_differences(old: Raw, new: Raw) -> Iterator[Difference]:
    """Legal basis first, then fees, variable points and every other entry, known or not."""
    yield from _legal_basis(old.get("legal_basis"), new.get("legal_basis"))
    yield from _fees(_by_id(old.get("fees")), _by_id(new.get("fees")))
    yield from _points(_by_id(old.get("variable_points")), _by_id(new.get("variable_points")))
    for key in dict.fromkeys([*_WORDS, *sorted(old), *sorted(new)]):
        if key not in ("legal_basis", "fees", "variable_points") and old.get(key) != new.get(key):
            values = (said(old.get(key)), said(new.get(key)))
            class_ = _CLASSES.get(key, ChangeClass.LEGAL_BASIS)
            yield _value(DifferencePart.MANIFEST, key, _(_WORDS.get(key, key)), values, class_)


def _legal_basis(old: Any, new: Any) -> Iterator[Difference]:
    before, after = ([str(text) for text in texts] if isinstance(texts, list) else [] for texts in (old, new))
    for text in dict.fromkeys([*after, *before]):
        values = (text if text in before else None, text if text in after else None)
        if values[0] != values[1]:
            sentence = (
                _("Rechtsgrundlage {text} entfällt.") if values[1] is None else _("Neue Rechtsgrundlage: {text}.")
            )
            sentence = sentence.format(text=text)
            yield changed(DifferencePart.LEGAL_BASIS, text, text, values, sentence, ChangeClass.LEGAL_BASIS)
    if before != after and sorted(before) == sorted(after):
        sentence = _("Die Rechtsgrundlagen stehen in anderer Reihenfolge.")
        values = (said(before), said(after))
        yield changed(
            DifferencePart.LEGAL_BASIS, "legal_basis", _("Rechtsgrundlagen"), values, sentence, ChangeClass.TEXT
        )


def _fees(old: Mapping[str, Raw], new: Mapping[str, Raw]) -> Iterator[Difference]:
    for fee_id in dict.fromkeys([*new, *old]):
        before, after = old.get(fee_id), new.get(fee_id)
        if before != after:
            what = _("Gebühr „{id}“").format(id=fee_id)
            values = (_fee_words(before), _fee_words(after))
            sentence = value_sentence(what, *values)
            yield changed(DifferencePart.FEE, fee_id, fee_id, values, sentence, ChangeClass.FEE)


def _fee_words(fee: Raw | None) -> str | None:
    if fee is None:
        return None
    amount = fee.get("amount_cents")
    words = german_euro(amount) if isinstance(amount, int) else str(amount)
    return f"{words} ({fee.get('citation', '')}, {fee.get('norm', '')})"


def _points(old: Mapping[str, Raw], new: Mapping[str, Raw]) -> Iterator[Difference]:
    for point_id in dict.fromkeys([*new, *old]):
        before, after = old.get(point_id), new.get(point_id)
        if before != after:
            what = _("Örtlich veränderbare Stelle „{id}“").format(id=point_id)
            values = (said(before), said(after))
            yield _value(DifferencePart.MANIFEST, point_id, what, values, ChangeClass.LEGAL_BASIS)


def _by_id(rows: Any) -> dict[str, Raw]:
    entries = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return {str(row.get("id", number)): row for number, row in enumerate(entries)}


def _value(
    part: DifferencePart, place: str, what: str, values: tuple[str | None, str | None], class_: ChangeClass
) -> Difference:
    sentence = value_sentence(what, *(None if value is None else quoted(value) for value in values))
    return changed(part, place, what, values, sentence, class_)
