"""What a form must be before it may be published; its author may be careless, or the attacker."""

from collections.abc import Iterator, Mapping
from typing import Any

import re2

from kreisbund_platform.engine import feel
from kreisbund_platform.engine.forms.validation import STATIC, Evaluate, fields_of, name_of, validate
from kreisbund_platform.engine.forms.values import (
    CHECKS,
    LARGEST_NUMBER,
    Component,
    UploadInfo,
    compiled,
    label_of,
    rules_of,
)
from kreisbund_platform.errors import FieldError
from kreisbund_platform.texts import _

CONTAINERS = frozenset({"group", "dynamiclist"})
ALLOWED = frozenset(CHECKS) | CONTAINERS | STATIC
CHOICES = frozenset({"radio", "select", "checklist"})
DEEPEST = 10  # groups within groups; real data-field schemas reach six
MOST_COMPONENTS = 2_000
# form-js knows more; what is not named here could carry markup, addresses or expressions to a browser
KNOWN = frozenset(
    {
        *(
            "type",
            "key",
            "path",
            "id",
            "label",
            "description",
            "text",
            "values",
            "validate",
            "properties",
            "components",
        ),
        *(
            "conditional",
            "subtype",
            "dateLabel",
            "decimalDigits",
            "multiple",
            "layout",
            "serializeToString",
            "searchable",
        ),
        *("showOutline", "increment", "disallowPassedDates", "defaultRepetitions", "allowAddRemove", "height"),
    }
)
RULES = frozenset(
    {
        *("required", "min", "max", "minLength", "maxLength", "minItems", "maxItems"),
        *("pattern", "patternErrorMessage", "validationType"),
    }
)
# retention, sensitivity and role say whose datum a field is, represented_by who acts for that person; fim_* and basis
# where an imported field comes from
PROPERTIES = frozenset(
    {
        *("retention", "datum_of", "sensitivity", "role", "represented_by", "format", "optional", "variable"),
        *("fim_id", "fim_version", "basis", "code_list"),
    }
)
_TEXTS = ("key", "path", "id", "label", "description", "text", "subtype", "dateLabel")
_KEY = re2.compile(r"[a-z][a-z0-9_]{0,62}")


def check_schema(schema: Mapping[str, Any], evaluate: Evaluate = feel.evaluate) -> list[FieldError]:
    """Problems of a form, each with the key (or place) of its component; empty when it may be published."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("components"), list):
        return [FieldError("", "NOT_A_FORM", _("Das ist kein Formular."))]
    if _count(schema["components"]) > MOST_COMPONENTS:
        return [FieldError("", "TOO_LARGE", _("Das Formular hat zu viele Bausteine."))]
    problems = list(_components(schema["components"], "components", 1))
    return problems or list(_unique(schema["components"], "")) or _example(schema, evaluate)


def _count(components: Any) -> int:
    """Level by level, so that no nesting is too deep; counts no further than it must."""
    level, count = [components], 0
    while level and count <= MOST_COMPONENTS:
        found = [item for items in level if isinstance(items, list) for item in items]
        count += len(found)
        level = [item["components"] for item in found if isinstance(item, Mapping) and "components" in item]
    return count


def _components(components: Any, place: str, depth: int) -> Iterator[FieldError]:
    if not isinstance(components, list) or depth > DEEPEST:
        yield FieldError(place, "NOT_A_FORM", _("Die Gliederung des Formulars ist unlesbar oder zu tief."))
        return
    for position, component in enumerate(components):
        here = f"{place}.{position}"
        if not isinstance(component, Mapping) or str(component.get("type")) not in ALLOWED:
            yield FieldError(here, "COMPONENT_NOT_ALLOWED", _("Dieser Baustein ist in Formularen nicht erlaubt."))
            continue
        shape = list(_shape(component, here))
        yield from shape or _component(component, here)
        if component["type"] in CONTAINERS:
            yield from _components(component.get("components"), f"{here}.components", depth + 1)


def _shape(component: Component, place: str) -> Iterator[FieldError]:
    """Nothing but what is known, and each of it of its own kind."""
    place = str(component.get("key") or component.get("path") or place)[:100]
    for name, known in (("validate", RULES), ("properties", PROPERTIES), ("conditional", frozenset({"hide"}))):
        inner = component.get(name)
        if inner is not None and not isinstance(inner, Mapping):
            yield FieldError(place, "SHAPE", _("„{name}“ muss ein Objekt sein.").format(name=name))
        elif unknown := sorted(map(str, set(inner or ()) - known)):
            german = _("Die Eigenschaft „{name}“ ist nicht bekannt.")
            yield FieldError(place, "PROPERTY_UNKNOWN", german.format(name=f"{name}.{unknown[0][:60]}"))
    for name in sorted(set(map(str, component)) - KNOWN):
        german = _("Die Eigenschaft „{name}“ ist nicht bekannt.")
        yield FieldError(place, "PROPERTY_UNKNOWN", german.format(name=name[:60]))
    texts = [component.get(name) for name in _TEXTS] + list((component.get("properties") or {}).values())
    if not all(text is None or isinstance(text, str) for text in texts):
        yield FieldError(place, "SHAPE", _("Hier wird ein Text erwartet."))
    digits = component.get("decimalDigits", 0)
    if not isinstance(digits, int) or not 0 <= digits <= 6:
        yield FieldError(place, "LIMIT", _("Es gibt höchstens sechs Nachkommastellen."))


def _component(component: Component, place: str) -> Iterator[FieldError]:
    kind = component["type"]
    place = str(component.get("key") or component.get("path") or place)
    if kind not in STATIC:
        yield from _naming(component, place)
    hide = (component.get("conditional") or {}).get("hide", "=true")
    if not isinstance(hide, str) or not hide.startswith("=") or not _readable(hide):
        yield FieldError(place, "CONDITION", _("Diese Bedingung ist nicht lesbar; sie beginnt mit „=“."))
    if kind == "datetime" and component.get("subtype") != "date":
        yield FieldError(place, "SUBTYPE", _("Von den Zeitangaben ist nur das Datum erlaubt."))
    if kind in CHOICES:
        yield from _choices(component, place)
    yield from _rules(component, place)


def _naming(component: Component, place: str) -> Iterator[FieldError]:
    is_step = component["type"] == "group" and not component.get("path")
    if not is_step and not _KEY.fullmatch(str(component.get("path" if component["type"] in CONTAINERS else "key"))):
        yield FieldError(place, "KEY", _("Schlüssel bestehen aus kleinen Buchstaben, Ziffern und Unterstrichen."))
    if not label_of({"label": component.get("label")}).strip():
        yield FieldError(place, "LABEL", _("Jedes Feld braucht eine Beschriftung."))


def _choices(component: Component, place: str) -> Iterator[FieldError]:
    entries = component.get("values")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        yield FieldError(place, "CHOICES", _("Eine Auswahl braucht feste Antworten."))
        return
    values = [entry.get("value") for entry in entries]
    if not all(isinstance(value, str) and value for value in values) or len(set(values)) != len(values):
        yield FieldError(place, "CHOICES", _("Jede Antwort braucht einen eigenen Wert."))
    if not all(isinstance(entry.get("label"), str) and entry["label"] for entry in entries):
        yield FieldError(place, "CHOICES", _("Jede Antwort braucht eine Beschriftung."))


def _rules(component: Component, place: str) -> Iterator[FieldError]:
    rules = rules_of(component)
    for name in ("min", "max", "minLength", "maxLength", "minItems", "maxItems"):
        limit = rules.get(name, 0)
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not abs(limit) <= LARGEST_NUMBER:
            yield FieldError(place, "LIMIT", _("Grenzen müssen Zahlen sein."))
    if not isinstance(rules.get("patternErrorMessage", ""), str):
        yield FieldError(place, "PATTERN", _("Dieses Muster ist nicht in linearer Zeit prüfbar."))
    if rules.get("validationType", "email") not in ("", "custom", "email", "phone"):
        yield FieldError(place, "VALIDATION_TYPE", _("Diese Prüfung gibt es nicht."))
    if "pattern" in rules and not _compiles(rules["pattern"]):
        yield FieldError(place, "PATTERN", _("Dieses Muster ist nicht in linearer Zeit prüfbar."))


def _readable(condition: str) -> bool:
    try:
        feel.evaluate(condition.removeprefix("=").strip(), {})
    except feel.FeelError:
        return False
    return True


def _compiles(pattern: Any) -> bool:
    try:
        return isinstance(pattern, str) and len(pattern) <= 500 and compiled(pattern) is not None
    except re2.error:
        return False


def _unique(components: Any, path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for component in fields_of(components):
        name = name_of(component)
        if name in seen:
            yield FieldError(f"{path}{name}", "KEY_TWICE", _("Dieser Schlüssel kommt zweimal vor."))
        seen.add(name)
        if component["type"] in CONTAINERS:
            yield from _unique(component.get("components", ()), f"{path}{name}.")


def _example(schema: Mapping[str, Any], evaluate: Evaluate) -> list[FieldError]:
    if "example" not in schema:
        return [FieldError("example", "EXAMPLE_MISSING", _("Das Formular braucht ein gültiges Beispiel."))]
    uploads = {text: UploadInfo(text, "application/pdf", 1) for text in _texts(schema["example"])}
    result = validate(schema, schema["example"], uploads=uploads, evaluate=evaluate)
    return [FieldError(f"example.{error.path}", error.code, error.message) for error in result.errors]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for child in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(child)
