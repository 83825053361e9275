"""Which data fields two versions' forms know, how one is told in the other, and what a person must look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.cases.upgrading.orders import FieldMapping
from kreisbund_platform.engine import forms
from kreisbund_platform.engine.feel import evaluate
from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.plans import LoadedTemplate
from kreisbund_platform.texts import _

OWN_KEYS = frozenset({"case"})


@dataclass(frozen=True)
class FormField:
    """A top-level key of the data, and the component that asks for it."""

    key: str
    form_id: str
    component: Mapping[str, Any]

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.component.get("label") or self.key)

    @property
    def alike(self) -> tuple[str, str, str]:
        """Fields of two versions that agree in this are likely the same."""
        return self.form_id, str(self.component.get("type")), self.label

    @property
    def is_required(self) -> bool:
        """Whether a form insists on it always."""
        required = (self.component.get("validate") or {}).get("required")
        return bool(required) and "conditional" not in self.component


def fields_of(template: LoadedTemplate) -> dict[str, FormField]:
    """All keys that the forms of a version write, by key."""
    return {
        key: FormField(key, form_id, component)
        for form_id, schema in template.forms.items()
        for key, component in _keys(schema.get("components", ()))
    }


def _keys(components: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for component in components:
        if component.get("path"):
            yield str(component["path"]).partition(".")[0], component
        elif component.get("type") == "group":
            yield from _keys(component.get("components", ()))
        elif component.get("key"):
            yield str(component["key"]).partition(".")[0], component


def suggest(old: LoadedTemplate, new: LoadedTemplate) -> FieldMapping:
    """Fields that only changed their key; data of fields that are gone stay unless a person drops them."""
    before, after = fields_of(old), fields_of(new)
    fresh = {field.alike: key for key, field in after.items() if key not in before}
    gone = {key: field for key, field in before.items() if key not in after}
    return FieldMapping(rename={key: fresh[field.alike] for key, field in gone.items() if field.alike in fresh})


def problems(mapping: FieldMapping, old: Mapping[str, FormField], new: Mapping[str, FormField]) -> list[FieldError]:
    """What is wrong with a mapping: names no form knows, one name twice, a default its field would refuse."""
    found = [*_unknown(mapping, old, new)]
    targets = [*mapping.rename.values(), *mapping.add]
    if len(set(targets)) != len(targets) or set(mapping.rename) & set(mapping.drop):
        found.append(FieldError("fields", "TWICE", _("Ein Datenfeld ist zweimal genannt.")))
    for key, value in mapping.add.items():
        if key in new and (problem := _refused(new[key], value)):
            found.append(FieldError(f"fields.add.{key}", "DEFAULT_INVALID", problem))
    return found


def _unknown(mapping: FieldMapping, old: Mapping[str, FormField], new: Mapping[str, FormField]) -> Iterator[FieldError]:
    there = _("Dieses Feld kennt kein Formular der neuen Fassung.")
    here = _("Dieses Feld kennt kein Formular der bisherigen Fassungen.")
    for key in [*mapping.rename.values(), *mapping.add]:
        if key not in new or key in OWN_KEYS:
            yield FieldError(f"fields.{key}", "UNKNOWN_FIELD", there)
    for key in [*mapping.rename, *mapping.drop]:
        if key not in old or key in OWN_KEYS:
            yield FieldError(f"fields.{key}", "UNKNOWN_FIELD", here)


def _refused(field: FormField, value: Any) -> str | None:
    component = {name: part for name, part in field.component.items() if name != "conditional"}
    schema = {"type": "default", "components": [component]}
    result = forms.validate(schema, {field.key: value}, uploads={}, evaluate=evaluate)
    return result.errors[0].message if result.errors else None


def warnings(mapping: FieldMapping, old: Mapping[str, FormField], new: Mapping[str, FormField]) -> list[dict[str, str]]:
    """New required fields of which old cases have nothing, and data that no form shows any more."""
    reached = {*mapping.rename.values(), *mapping.add}
    lost = {*mapping.rename, *mapping.drop}
    missing = [field for key, field in new.items() if key not in old and key not in reached and field.is_required]
    unseen = [field for key, field in old.items() if key not in new and key not in lost]
    asked = _("Neue Pflichtangabe „{label}“: laufende Vorgänge haben hierzu keinen Wert.")
    hidden = _("„{label}“ kommt in der neuen Fassung nicht mehr vor; die Angabe bleibt beim Vorgang gespeichert.")
    return [{"path": field.key, "message": asked.format(label=field.label)} for field in missing] + [
        {"path": field.key, "message": hidden.format(label=field.label)} for field in unseen
    ]
