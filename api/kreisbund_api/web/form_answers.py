"""A form's data as people read them: the labels of the form, never its keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kreisbund_api.web.forms import STATIC, Component, is_hidden, steps_of, variables_of
from kreisbund_api.web.words import german_date, german_number
from kreisbund_platform.engine.forms import name_of
from kreisbund_platform.texts import _


@dataclass(frozen=True)
class Section:
    """One step's answers: pairs of label and text."""

    step: int
    title: str
    answers: tuple[tuple[str, str], ...]


def sections(schema: Mapping[str, Any], data: Mapping[str, Any] | None) -> list[Section]:
    """All given answers by step; steps without one are left out."""
    given = data or {}
    variables = variables_of(schema.get("components", ()), given)
    found = [
        Section(number, step.title, tuple(_answers(step.components, given, variables, "")))
        for number, step in enumerate(steps_of(schema))
    ]
    return [section for section in found if section.answers]


def _answers(
    components: Sequence[Component], data: Mapping[str, Any], variables: dict[str, Any], before: str
) -> Iterator[tuple[str, str]]:
    for component in components:
        if component["type"] in STATIC or is_hidden(component, variables):
            continue
        if component["type"] == "group" and not component.get("path"):
            yield from _answers(component.get("components", ()), data, variables, before)
        else:
            yield from _answer(component, data.get(name_of(component)), before)


def _answer(component: Component, value: Any, before: str) -> Iterator[tuple[str, str]]:
    label, inner = str(component.get("label", "")), component.get("components", ())
    if component["type"] == "group":
        yield from _answers(inner, value or {}, variables_of(inner, value or {}), before)
    elif component["type"] == "dynamiclist":
        for number, entry in enumerate(value or (), start=1):
            yield from _answers(inner, entry, variables_of(inner, entry), f"{label} {number}: ")
    elif value not in (None, "", []):
        yield before + label, answer_text(component, value)


def answer_text(component: Component, value: Any) -> str:
    """One value in German."""
    names = {str(item["value"]): str(item["label"]) for item in component.get("values", ())}
    kind = component["type"]
    if kind == "checkbox":
        return _("Ja") if value else _("Nein")
    if kind == "filepicker":
        return _("Datei beigefügt") if isinstance(value, str) else _("{n} Dateien beigefügt").format(n=len(value))
    if kind == "checklist":
        return ", ".join(names.get(str(item), str(item)) for item in value)
    shown = {"number": german_number, "datetime": german_date}.get(kind)
    return shown(value) if shown else names.get(str(value), str(value))
