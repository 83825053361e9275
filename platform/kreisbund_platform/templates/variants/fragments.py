"""Steps that a county may insert at a marked point: standard ones with a form of their own, or a plain task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.texts import _

PREFIX = "local_"


@dataclass(frozen=True)
class Fragment:
    """A standard step. `form` is its form-js schema; None takes a form of the template."""

    id: str
    title: str
    role: str
    due: str
    next_step: str
    form: Mapping[str, Any] | None


def fragments() -> dict[str, Fragment]:
    """All standard steps by id."""
    found = (
        Fragment(
            "file_note",
            _("Aktenvermerk"),
            "caseworker",
            "P7D",
            _("Das Amt prüft Ihren Antrag."),
            _form(_textarea("local_note", _("Vermerk")), {}),
        ),
        Fragment(
            "co_signature",
            _("Mitzeichnung"),
            "team_lead",
            "P7D",
            _("Das Amt prüft Ihren Antrag."),
            _form(_checkbox("local_signed", _("Ich zeichne mit.")), {"local_signed": True}),
        ),
        Fragment("task", _("Eigener Schritt"), "caseworker", "P7D", _("Das Amt prüft Ihren Antrag."), None),
    )
    return {fragment.id: fragment for fragment in found}


def _form(component: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {"type": "default", "schemaVersion": 16, "components": [component], "example": example}


def _textarea(key: str, label: str) -> dict[str, Any]:
    validate = {"maxLength": 4000}
    properties = {"retention": "case"}
    return {
        "type": "textarea",
        "key": key,
        "id": key,
        "label": label,
        "validate": validate,
        "properties": properties,
    }


def _checkbox(key: str, label: str) -> dict[str, Any]:
    validate = {"required": True}
    properties = {"retention": "case"}
    return {
        "type": "checkbox",
        "key": key,
        "id": key,
        "label": label,
        "validate": validate,
        "properties": properties,
    }


def form_of(fragment: Fragment, form_id: str) -> dict[str, Any] | None:
    """The fragment's form under an id of its own; its keys carry the id too, so that two steps do not collide."""
    if fragment.form is None:
        return None
    component = dict(fragment.form["components"][0])
    key = f"{form_id}_{component['key'].removeprefix(PREFIX)}"
    example = dict.fromkeys([key], True) if fragment.form["example"] else {}
    return {**fragment.form, "id": form_id, "components": [{**component, "key": key, "id": key}], "example": example}
