"""The editor's fields: what a point's value looks like in a browser, and what a browser's texts are as a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_api.web.forms import FieldView, german_date, is_iso_date
from kreisbund_api.web.words import word
from kreisbund_platform.templates.variants.fragments import fragments
from kreisbund_platform.templates.variants.rules import ROLES
from kreisbund_platform.texts import _

_SIMPLE_DURATION = re.compile(r"P(\d{1,4})([DWMY])")
_EUROS = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{1,2}))?")
_NUMBER = re.compile(r"-?\d{1,12}(?:,\d{1,6})?")
Texts = Mapping[str, str]


@dataclass(frozen=True)
class PointForm:
    """One variable point in the editor: whether it varies, and the fields of its value and its reason."""

    point: Mapping[str, Any]
    chosen: bool
    fields: tuple[FieldView, ...]
    error: str = ""


def duration_units() -> tuple[tuple[str, str], ...]:
    """Units of a deadline."""
    return (("D", _("Tage")), ("W", _("Wochen")), ("M", _("Monate")), ("Y", _("Jahre")))


def value_texts(point: Mapping[str, Any], value: Any) -> dict[str, str]:
    """A value as the texts of its fields, by the field's name."""
    kind = point["kind"]
    if kind == "deadline":
        found = _SIMPLE_DURATION.fullmatch(str(value or ""))
        return {"value": found[1], "unit": found[2]} if found else {"value": str(value or ""), "unit": ""}
    if kind == "insertion":
        given = value if isinstance(value, Mapping) else {}
        due = value_texts({"kind": "deadline"}, given.get("due", "P7D"))
        names = {name: str(given.get(name) or "") for name in ("fragment", "name", "role")}
        return {**names, "due": due["value"], "due_unit": due["unit"]}
    if _is_money(point):
        return {"value": f"{value // 100},{value % 100:02}" if isinstance(value, int) else ""}
    return {"value": "" if value is None else str(value).replace(".", ",") if kind == "value" else str(value)}


def value_of(point: Mapping[str, Any], texts: Texts) -> Any:
    """The value that the texts say; what is unreadable goes on as it is, so that the service says what is wrong."""
    kind, text = point["kind"], texts.get("value", "").strip()
    if kind == "deadline":
        return duration_of(text, texts.get("unit", ""))
    if kind == "optional_step":
        return True
    if kind == "insertion":
        due = duration_of(texts.get("due", "").strip(), texts.get("due_unit", ""))
        given = {name: texts.get(name, "").strip() for name in ("fragment", "name", "role")}
        return {**{name: value for name, value in given.items() if value or name == "name"}, "due": due}
    if _is_money(point):
        found = _EUROS.fullmatch(text)
        return int(found[1].replace(".", "")) * 100 + int((found[2] or "0").ljust(2, "0")) if found else text
    if kind == "value" and _NUMBER.fullmatch(text):
        return float(text.replace(",", ".")) if "," in text else int(text)
    return text.replace("\r\n", "\n")


def duration_of(number: str, unit: str) -> str:
    """`14` and `D` as `P14D`; a duration that is written out stays."""
    return f"P{number}{unit}" if number.isdigit() and unit in ("D", "W", "M", "Y") else number


def _is_money(point: Mapping[str, Any]) -> bool:
    return point["kind"] == "fee" or point.get("unit") == "cents"


def value_fields(point: Mapping[str, Any], texts: Texts, errors: Mapping[str, str], prefix: str) -> list[FieldView]:
    """The fields of a point's value; errors by the field's path."""

    def field(name: str, kind: str, label: str, **more: Any) -> FieldView:
        path = f"{prefix}.{name}"
        value = texts.get(name, "")
        return FieldView(kind, path, label, required=True, value=value, error=errors.get(path, ""), **more)

    kind = point["kind"]
    if kind == "deadline":
        number = field("value", "textfield", _("Dauer"), input_mode="numeric")
        return [number, field("unit", "select", _("Einheit der Dauer"), options=duration_units())]
    if kind == "role":
        return [field("value", "select", _("Zuständig"), options=roles())]
    if kind == "text":
        return [field("value", "textarea", _("Text"), longest=4000)]
    if kind == "insertion":
        return _insertion_fields(field)
    if _is_money(point):
        return [field("value", "textfield", _("Betrag in Euro"), hint=_("Zum Beispiel 28,00"), input_mode="decimal")]
    return [field("value", "textfield", _("Wert"))] if kind == "value" else []


def _insertion_fields(field: Any) -> list[FieldView]:
    steps = tuple((each.id, each.title) for each in fragments().values() if each.form is not None)
    return [
        field("fragment", "select", _("Art des Schrittes"), options=steps),
        field("name", "textfield", _("Bezeichnung"), longest=100),
        field("role", "select", _("Zuständig"), options=roles()),
        field("due", "textfield", _("Bearbeitungszeit"), input_mode="numeric"),
        field("due_unit", "select", _("Einheit der Bearbeitungszeit"), options=duration_units()),
    ]


def roles() -> tuple[tuple[str, str], ...]:
    """Roles of the county by their German word."""
    return tuple(sorted(((role, word(role, "role")) for role in ROLES), key=lambda each: each[1]))


def point_form(point: Mapping[str, Any], chosen: bool, texts: Texts, errors: Mapping[str, str]) -> PointForm:
    """The point as the editor shows it."""
    prefix = point["id"]
    fields = value_fields(point, texts, errors, prefix)
    path = f"{prefix}.reason"
    fields.append(
        FieldView("textfield", path, _("Warum weichen Sie hier ab?"), value=texts.get("reason", ""), longest=1000)
    )
    if point["norm"] == "satzung":
        for name, label, hint in (
            ("citation", _("Fundstelle in der Satzung"), _("Zum Beispiel § 4 der Satzung über die Schülerbeförderung")),
            ("citation_date", _("Tag der Satzung"), _("Zum Beispiel 1.8.2023")),
        ):
            path = f"{prefix}.{name}"
            value, error = texts.get(name, ""), errors.get(path, "")
            fields.append(FieldView("textfield", path, label, hint=hint, required=True, value=value, error=error))
    return PointForm(point, chosen, tuple(fields), errors.get(prefix, ""))


def texts_of(operation: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, str]:
    """A stored operation as the texts of its fields."""
    return {
        **value_texts(point, operation["value"]),
        "reason": operation["reason"] or "",
        "citation": operation["citation"] or "",
        "citation_date": german_day(operation["citationDate"]),
    }


def german_day(iso: str | None) -> str:
    """`2023-08-01` as `1.8.2023`."""
    if not iso or not is_iso_date(iso):
        return iso or ""
    year, month, day = iso.split("-")
    return f"{int(day)}.{int(month)}.{year}"


def operation_from(point: Mapping[str, Any], texts: Texts) -> dict[str, Any] | str:
    """The operation that a browser sent, or the name of the field that cannot be read."""
    day = german_date(texts.get("citation_date", "").strip())
    if day and not is_iso_date(day):
        return "citation_date"
    return {
        "point": point["id"],
        "kind": point["kind"],
        "value": value_of(point, texts),
        "reason": texts.get("reason", "").strip() or None,
        "citation": texts.get("citation", "").strip() or None,
        "citationDate": day or None,
    }


def error_paths(found: list[dict[str, str]], points: list[dict[str, Any]]) -> tuple[dict[str, str], list[str]]:
    """The service's errors by the field that they belong to; what belongs to none is told apart."""
    kinds = {point["id"]: point["kind"] for point in points}
    errors: dict[str, str] = {}
    others = []
    for error in found:
        kind = kinds.get(error["path"])
        if kind is None:
            others.append(error["message"])
        else:
            errors[f"{error['path']}.{_field_of(kind, error['code'])}"] = error["message"]
    return errors, others


def _field_of(kind: str, code: str) -> str:
    if code == "CITATION_MISSING":
        return "citation"
    if kind == "insertion":
        return {"NAME": "name", "ROLE_UNKNOWN": "role", "DURATION": "due"}.get(code, "fragment")
    return "value" if kind != "optional_step" else "reason"
