"""What differs between two letters, paragraph by paragraph."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from kreisbund_platform.engine.letters import PARTS
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

Source = Mapping[str, Any]
PART_WORDS = {"operative": "Regelung", "reasons": "Begründung", "conditions": "Nebenbestimmungen"}
_HEAD = {"title": "Titel", "subject": "Betreff", "salutation": "Anrede"}
_LAW = {"kind": "Art", "outcome": "Ergebnis", "remedy": "Rechtsbehelfsbelehrung"}


def letter_differences(letter_id: str, old: Source | None, new: Source | None) -> Iterator[Difference]:
    """All differences of one letter; a whole one that comes or goes is one."""
    if old is None or new is None:
        source = new or old or {}
        name = str(source.get("title") or letter_id)
        sentence = _("Das Schreiben „{name}“ entfällt.") if new is None else _("Neues Schreiben „{name}“.")
        values = (None if old is None else name, None if new is None else name)
        yield changed(DifferencePart.LETTER, letter_id, name, values, sentence.format(name=name), ChangeClass.LETTER)
        return
    name = str(new.get("title") or letter_id)
    for key in dict.fromkeys([*_HEAD, *_LAW, *sorted(old), *sorted(new)]):
        if key not in PARTS and old.get(key) != new.get(key):
            yield _entry(letter_id, name, key, (said(old.get(key)), said(new.get(key))))
    for part in PARTS:
        yield from _paragraphs(letter_id, name, part, old.get(part, ()), new.get(part, ()))


def _entry(letter_id: str, name: str, key: str, values: tuple[str | None, str | None]) -> Difference:
    word = {**_HEAD, **_LAW}.get(key, key)
    class_ = ChangeClass.LEGAL_BASIS if key in _LAW else ChangeClass.LETTER
    return _value(f"{letter_id}.{key}", name, _(word), values, class_)


def _paragraphs(letter_id: str, name: str, part: str, old: Any, new: Any) -> Iterator[Difference]:
    before, after = [paragraph_words(entry) for entry in old], [paragraph_words(entry) for entry in new]
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = zip_longest(before[old_from:old_to], after[new_from:new_to])
        for number, values in enumerate(pairs, new_from + 1):
            what = _("{part}, Absatz {number}").format(part=_(PART_WORDS[part]), number=number)
            yield _value(f"{letter_id}.{part}.{number - 1}", name, what, values, ChangeClass.LETTER)


def paragraph_words(entry: Any) -> str:
    """A paragraph and when it stands there."""
    if not isinstance(entry, Mapping):
        return str(entry)
    when = _(" (nur wenn {when})").format(when=entry["when"]) if entry.get("when") else ""
    return f"{entry.get('text', '')}{when}"


def _value(place: str, name: str, what: str, values: tuple[str | None, str | None], class_: ChangeClass) -> Difference:
    where = _("Schreiben „{name}“, {what}").format(name=name, what=what)
    sentence = value_sentence(where, *(None if value is None else quoted(value) for value in values))
    return changed(DifferencePart.LETTER, place, name, values, sentence, class_)
