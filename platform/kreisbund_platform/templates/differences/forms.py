"""What differs between two forms, field by field in the order of the form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.templates.differences.terms import (
    ChangeClass,
    Difference,
    DifferenceKind,
    DifferencePart,
    changed,
    quoted,
    said,
    value_sentence,
)
from kreisbund_platform.texts import _

Schema = Mapping[str, Any]
_CONTAINERS = ("group", "dynamiclist")
_TOLD_APART = frozenset(
    {"id", "key", "path", "label", "text", "description", "validate", "values", "components", "type"}
)
_RULES = {
    "min": "kleinster Wert",
    "max": "größter Wert",
    "minLength": "kürzeste Länge",
    "maxLength": "größte Länge",
    "pattern": "Muster",
}


@dataclass(frozen=True)
class Field:
    """A component, where it stands and in which group."""

    place: str
    name: str
    group: str
    component: Schema

    @property
    def required(self) -> bool:
        """Whether an answer is demanded."""
        return bool((self.component.get("validate") or {}).get("required"))


def form_differences(form_id: str, old: Schema | None, new: Schema | None) -> Iterator[Difference]:
    """All differences of one form; a whole form that comes or goes is one."""
    if old is None or new is None:
        yield _whole(form_id, old, new)
        return
    told = list(_of_form(form_id, old, new))
    yield from told
    if old != new and not told:
        sentence = _("Beispiel oder technische Angaben des Formulars „{form}“ wurden geändert.").format(form=form_id)
        yield _field(DifferenceKind.CHANGED, form_id, form_id, (form_id, form_id), sentence, ChangeClass.LAYOUT)


def _of_form(form_id: str, old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = fields_by_place(form_id, old), fields_by_place(form_id, new)
    for place, field in after.items():
        yield from _changes(before[place], field) if place in before else [_added(field)]
    yield from (_removed(field) for place, field in before.items() if place not in after)
    yield from _reordered(form_id, list(before), list(after))
    if _rest(old) != _rest(new):
        sentence = _("Angaben des Formulars „{form}“ wurden geändert.").format(form=form_id)
        yield _field(DifferenceKind.CHANGED, form_id, form_id, (form_id, form_id), sentence, ChangeClass.STRUCTURE)


def fields_by_place(form_id: str, schema: Schema) -> dict[str, Field]:
    """All components by `form.key`; those without a key (groups, texts) by `form.id` or their number."""
    return {field.place: field for field in _fields(form_id, schema.get("components"), form_id, "")}


def _fields(form_id: str, components: Any, place: str, group: str) -> Iterator[Field]:
    for number, component in enumerate(components if isinstance(components, list) else []):
        if not isinstance(component, Mapping):
            continue
        key = component.get("key") or component.get("path") or component.get("id") or number
        here = f"{place}.{key}"
        name = str(component.get("label") or component.get("text") or key)
        yield Field(here, " ".join(name.split())[:80], group, component)
        if component.get("type") in _CONTAINERS:
            below = place if component.get("type") == "group" and not component.get("path") else here
            yield from _fields(form_id, component.get("components"), below, name)


def _whole(form_id: str, old: Schema | None, new: Schema | None) -> Difference:
    name = _form_name(form_id, new or old or {})
    values = (None if old is None else name, None if new is None else name)
    sentence = _("Das Formular {form} entfällt.") if new is None else _("Das Formular {form} kommt hinzu.")
    sentence = sentence.format(form=quoted(name))
    return changed(DifferencePart.FORM_FIELD, form_id, name, values, sentence, ChangeClass.STRUCTURE)


def _form_name(form_id: str, schema: Schema) -> str:
    """What people call a form: the heading of its first group, or its first field."""
    return next((field.name for field in _fields(form_id, schema.get("components"), form_id, "")), form_id)


def _added(field: Field) -> Difference:
    static = "label" not in field.component
    must = _("Pflichtfeld") if field.required else _("Feld")
    sentence = _("{must} „{name}“ kommt hinzu.").format(must=_("Hinweis") if static else must, name=field.name)
    class_ = ChangeClass.FORM_REQUIRED_FIELD if field.required else ChangeClass.FORM_OPTIONAL_FIELD
    return _field(DifferenceKind.ADDED, field.place, field.name, (None, field.name), sentence, class_)


def _removed(field: Field) -> Difference:
    sentence = _("Das Feld „{name}“ entfällt.").format(name=field.name)
    return _field(
        DifferenceKind.REMOVED, field.place, field.name, (field.name, None), sentence, ChangeClass.FORM_REMOVED_FIELD
    )


def _changes(old: Field, new: Field) -> Iterator[Difference]:
    what = _("Feld „{name}“").format(name=old.name)
    texts = (
        ("label", _("Beschriftung"), ChangeClass.TEXT),
        ("text", _("Hinweis"), ChangeClass.TEXT),
        ("description", _("Hilfe"), ChangeClass.HELP),
    )
    for key, word, class_ in texts:
        values = (_words(old.component.get(key)), _words(new.component.get(key)))
        if values[0] != values[1]:
            yield _value(new, f"{what}, {word}", values, class_)
    if old.group != new.group:
        yield _moved(new, (old.group, new.group))
    if old.component.get("type") != new.component.get("type"):
        values = (said(old.component.get("type")), said(new.component.get("type")))
        yield _value(new, _("{what}, Art der Eingabe").format(what=what), values, ChangeClass.FORM_REQUIRED_FIELD)
    yield from _rules(what, old, new)
    yield from _choices(what, old, new)
    yield from _others(what, old, new)


def _rules(what: str, old: Field, new: Field) -> Iterator[Difference]:
    if old.required != new.required:
        class_ = ChangeClass.FORM_REQUIRED_FIELD if new.required else ChangeClass.FORM_OPTIONAL_FIELD
        words = [_("Pflichtfeld") if field.required else _("freiwillig") for field in (old, new)]
        yield _value(new, what, (words[0], words[1]), class_)
    before, after = old.component.get("validate") or {}, new.component.get("validate") or {}
    for key in sorted({*before, *after} - {"required"}):
        values = (said(before.get(key)), said(after.get(key)))
        if values[0] != values[1]:
            yield _value(new, f"{what}, {_(_RULES.get(key, key))}", values, ChangeClass.FORM_REQUIRED_FIELD)


def _choices(what: str, old: Field, new: Field) -> Iterator[Difference]:
    before, after = _options(old), _options(new)
    for value in dict.fromkeys([*after, *before]):
        labels = (before.get(value), after.get(value))
        if labels[0] != labels[1]:
            class_ = ChangeClass.TEXT
            if labels[0] is None:
                class_ = ChangeClass.FORM_OPTIONAL_FIELD
            elif labels[1] is None:
                class_ = ChangeClass.FORM_REMOVED_FIELD
            yield _value(new, _("{what}, Antwort").format(what=what), labels, class_)
    if before == after and list(before) != list(after):
        yield _moved(new, (", ".join(before.values()), ", ".join(after.values())))


def _options(field: Field) -> dict[str, str]:
    values = field.component.get("values")
    entries = [entry for entry in values if isinstance(entry, Mapping)] if isinstance(values, list) else []
    return {str(entry.get("value")): str(entry.get("label")) for entry in entries}


def _others(what: str, old: Field, new: Field) -> Iterator[Difference]:
    """Conditions of visibility, whose datum it is, how long it is kept, and what nobody thought of."""
    for key in sorted({*old.component, *new.component} - _TOLD_APART):
        values = (said(old.component.get(key)), said(new.component.get(key)))
        if values[0] != values[1]:
            law = key == "properties"
            word = _("Angaben zum Datenschutz") if law else _("Anzeige und Verhalten")
            class_ = ChangeClass.LEGAL_BASIS if law else ChangeClass.FORM_REQUIRED_FIELD
            yield _value(new, f"{what}, {word}", values, class_)


def _reordered(form_id: str, before: list[str], after: list[str]) -> Iterator[Difference]:
    shared = [place for place in before if place in set(after)]
    if shared != [place for place in after if place in set(before)]:
        sentence = _("Die Felder des Formulars „{form}“ stehen in anderer Reihenfolge.").format(form=form_id)
        yield _field(DifferenceKind.MOVED, form_id, form_id, (None, None), sentence, ChangeClass.TEXT)


def _moved(field: Field, values: tuple[str | None, str | None]) -> Difference:
    sentence = _("Das Feld „{name}“ steht an anderer Stelle.").format(name=field.name)
    return _field(DifferenceKind.MOVED, field.place, field.name, values, sentence, ChangeClass.TEXT)


def _value(field: Field, what: str, values: tuple[str | None, str | None], class_: ChangeClass) -> Difference:
    sentence = value_sentence(what, *(None if value is None else quoted(value) for value in values))
    return changed(DifferencePart.FORM_FIELD, field.place, field.name, values, sentence, class_)


def _field(
    kind: DifferenceKind,
    place: str,
    name: str,
    values: tuple[str | None, str | None],
    sentence: str,
    class_: ChangeClass,
) -> Difference:
    return Difference(kind, DifferencePart.FORM_FIELD, place, name, *values, sentence, class_)


def _words(value: Any) -> str | None:
    return " ".join(str(value).split()) if value else None


def _rest(schema: Schema) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("components", "example", "schemaVersion")}
