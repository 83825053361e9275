"""A form-js schema as accessible fields, and what a browser sends back as the form's data.

Names of inputs are the dotted paths of the data (`children.0.birth_date`), so that the errors of the
service find their fields. Browsers send texts only: here they become numbers, dates, truth values or nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kreisbund_platform.engine import feel
from kreisbund_platform.engine.forms import fields_of, name_of

STATIC = frozenset({"text", "separator", "spacer"})
MOST_ENTRIES = 50  # of a repeated group on one page
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_GERMAN_NUMBER = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_PLAIN_NUMBER = re.compile(r"-?\d+\.\d+")
AUTOCOMPLETE = {
    "given_name": "given-name",
    "family_name": "family-name",
    "street": "street-address",
    "postcode": "postal-code",
    "town": "address-level2",
    "email": "email",
    "phone": "tel",
    "birth_date": "bday",
}

Component = Mapping[str, Any]
Data = dict[str, Any]


@dataclass(frozen=True)
class FieldView:
    """One field as a page shows it; `entries` are the repetitions of a dynamic list, or a group's one content."""

    kind: str
    path: str
    label: str
    hint: str = ""
    required: bool = False
    value: Any = ""
    options: tuple[tuple[str, str], ...] = ()
    error: str = ""
    autocomplete: str = ""
    input_mode: str = ""
    longest: int | None = None
    multiple: bool = False
    text: str = ""
    optional: bool = False
    entries: tuple[tuple["FieldView", ...], ...] = field(default=())

    @property
    def id(self) -> str:
        """The element's id, which the error summary links to."""
        return "feld-" + self.path.replace(".", "-")


@dataclass(frozen=True)
class Step:
    """A top-level group: one page of the application."""

    title: str
    components: tuple[Component, ...]


def steps_of(schema: Mapping[str, Any]) -> tuple[Step, ...]:
    """The form's pages in order; components beside groups gather on a page of their own."""
    steps: list[Step] = []
    for component in schema.get("components", ()):
        if component["type"] == "group" and not component.get("path"):
            steps.append(Step(str(component["label"]), tuple(component.get("components", ()))))
        elif steps and not steps[-1].title:
            steps[-1] = Step("", (*steps[-1].components, component))
        else:
            steps.append(Step(str(component.get("label", "")) if component.get("path") else "", (component,)))
    return tuple(steps)


def is_hidden(component: Component, variables: Mapping[str, Any]) -> bool:
    """Whether the author's condition takes the component off the page."""
    condition = (component.get("conditional") or {}).get("hide")
    if not condition:
        return False
    return feel.evaluate(str(condition).removeprefix("=").strip(), dict(variables)) is True


def variables_of(components: Sequence[Component], data: Mapping[str, Any]) -> Data:
    """What conditions see: every field, absent ones as null."""
    return {name_of(component): data.get(name_of(component)) for component in fields_of(components)}


def views(components: Sequence[Component], data: Data, variables: Data, errors: Mapping[str, str]) -> list[FieldView]:
    """The visible fields of a page with values and errors (by dotted path)."""
    return list(_views(components, data, variables, errors, ""))


def _views(
    components: Sequence[Component], data: Data, variables: Data, errors: Mapping[str, str], prefix: str
) -> Iterator[FieldView]:
    for component in components:
        if is_hidden(component, variables):
            continue
        kind = component["type"]
        if kind in STATIC:
            yield FieldView(kind, prefix, "", text=str(component.get("text", "")))
        elif kind == "group" and not component.get("path"):
            inner = tuple(_views(component.get("components", ()), data, variables, errors, prefix))
            yield FieldView("group", prefix + "gruppe", str(component.get("label", "")), entries=(inner,))
        elif kind in ("group", "dynamiclist"):
            yield _nested(component, data, errors, prefix)
        else:
            yield _single(component, data.get(name_of(component)), prefix + name_of(component), errors)


def _nested(component: Component, data: Data, errors: Mapping[str, str], prefix: str) -> FieldView:
    name, inner = name_of(component), component.get("components", ())
    path = prefix + name
    if component["type"] == "group":
        value = data.get(name) or {}
        entries = [tuple(_views(inner, value, variables_of(inner, value), errors, f"{path}."))]
    else:
        values = data.get(name) or [{}]
        entries = [
            tuple(_views(inner, value, variables_of(inner, value), errors, f"{path}.{number}."))
            for number, value in enumerate(values)
        ]
    return FieldView(
        component["type"],
        path,
        str(component.get("label", "")),
        error=errors.get(path, ""),
        optional=bool((component.get("properties") or {}).get("optional")),
        entries=tuple(entries),
    )


def _single(component: Component, value: Any, path: str, errors: Mapping[str, str]) -> FieldView:
    rules, properties = component.get("validate") or {}, component.get("properties") or {}
    options = tuple((str(item["value"]), str(item["label"])) for item in component.get("values", ()))
    return FieldView(
        kind=component["type"],
        path=path,
        label=str(component.get("label", "")),
        hint=_hint(component),
        required=bool(rules.get("required")),
        value=shown(component, value),
        options=options,
        error=errors.get(path, ""),
        autocomplete=_autocomplete(properties),
        input_mode=_input_mode(component),
        longest=rules.get("maxLength"),
        multiple=bool(component.get("multiple")),
    )


def _hint(component: Component) -> str:
    return str(component.get("description") or "")


def _autocomplete(properties: Mapping[str, Any]) -> str:
    party, _dot, what = str(properties.get("role", "")).partition(".")
    return AUTOCOMPLETE.get(what, "") if party == "applicant" else ""


def _input_mode(component: Component) -> str:
    kind = (component.get("validate") or {}).get("validationType")
    if component["type"] == "number":
        return "decimal"
    postcode = (component.get("properties") or {}).get("format") == "postcode"
    return {"email": "email", "phone": "tel"}.get(str(kind), "numeric" if postcode else "")


def shown(component: Component, value: Any) -> Any:
    """A stored value as an input holds it: numbers with a decimal comma."""
    if component["type"] == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).replace(".", ",")
    if value is None:
        return [] if component["type"] == "checklist" else ""
    return value


def parse(components: Sequence[Component], sent: Mapping[str, Sequence[str]], prefix: str = "") -> Data:
    """The data of these components as sent; empty answers are absent, unreadable ones stay text for the checks."""
    data: Data = {}
    for component in fields_of(components):
        path = prefix + name_of(component)
        value = _parse_one(component, sent, path)
        if value is not None:
            data[name_of(component)] = value
    return data


def _parse_one(component: Component, sent: Mapping[str, Sequence[str]], path: str) -> Any:
    kind = component["type"]
    if kind == "group":
        return parse(component.get("components", ()), sent, f"{path}.") or None
    if kind == "dynamiclist":
        return _parse_entries(component, sent, path)
    given = [text.strip() for text in sent.get(path, ()) if isinstance(text, str) and text.strip()]
    if kind == "checkbox":
        return bool(given)
    if kind == "checklist" or (kind == "filepicker" and component.get("multiple")):
        return given or None
    return _converted(kind, given[-1]) if given else None


def _parse_entries(component: Component, sent: Mapping[str, Sequence[str]], path: str) -> list[Data] | None:
    found = re.compile(re.escape(path) + r"\.(\d{1,3})\.")
    numbers = sorted({int(match[1]) for name in sent if (match := found.match(name))})[:MOST_ENTRIES]
    inner = component.get("components", ())
    return [parse(inner, sent, f"{path}.{number}.") for number in numbers] or None


def _converted(kind: str, text: str) -> Any:
    if kind == "number":
        return german_number(text)
    if kind == "datetime":
        return german_date(text)
    return text


def german_number(text: str) -> float | int | str:
    """`1.234,50` and `12` as numbers; anything else stays text and is refused by the form's own check."""
    compact = text.replace("\u00a0", "").replace(" ", "")
    if _PLAIN_NUMBER.fullmatch(compact) and not _GERMAN_NUMBER.fullmatch(compact):
        return float(compact)
    if not _GERMAN_NUMBER.fullmatch(compact):
        return text
    plain = compact.replace(".", "").replace(",", ".")
    return float(plain) if "." in plain else int(plain)


def german_date(text: str) -> str:
    """`3.9.2026` as `2026-09-03`; ISO dates and anything unreadable stay as they are."""
    match = _GERMAN_DATE.fullmatch(text)
    return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}" if match else text


def is_iso_date(text: str) -> bool:
    """Whether the text is a day of the calendar as `yyyy-mm-dd`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
