"""What an author's files look like: the drawn process, a form's fields; and the places a comment can hang on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree
from markupsafe import Markup

from kreisbund_api.web import forms
from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.plan import build_plan
from kreisbund_platform.engine.refused import ModelRefused, read_xml
from kreisbund_platform.texts import _

Files = Mapping[str, str]
PROCESS, FORM, LETTER, DECISION = "process.bpmn", ".form.json", ".letter.json", ".dmn"
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def drawing(xml: str, highlight: frozenset[str] = frozenset(), path: Sequence[str] = ()) -> Markup:
    """The process, drawn, with a way in it numbered; nothing where the file cannot be drawn yet."""
    try:
        return Markup(render_svg(xml.encode(), highlight=highlight, path=path))  # noqa: S704  (it escapes what it shows)
    except ModelRefused:
        return Markup("")


def counterexample(xml: str) -> Markup:
    """The way on which a case gets stuck, numbered in the drawing; nothing where there is none."""
    try:
        verdict = soundness.check(build_plan(read_process(xml.encode())))
    except ModelRefused:
        return Markup("")
    if verdict.result == "sound" or not verdict.path:
        return Markup("")
    return drawing(xml, frozenset({verdict.element_id or ""}), verdict.path)


def fields(text: str) -> list[tuple[str, list[forms.FieldView]]]:
    """A form's pages with their fields; none while it cannot be read."""
    try:
        schema = json.loads(text)
        return [
            (step.title, [field for field in forms.views(step.components, {}, {}, {}) if field.label])
            for step in forms.steps_of(schema)
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def places(files: Files) -> list[tuple[str, list[tuple[str, str]]]]:
    """Where comments can hang: by file pairs of an element's id and how people call it; the file itself first."""
    return [(name, [("", name), *_places_in(name, text)]) for name, text in files.items()]


def name_of(files: Files, file: str, element_id: str | None) -> str:
    """How people call a place."""
    named = dict(_places_in(file, files.get(file, "")))
    return named.get(element_id or "", element_id or file)


def _places_in(name: str, text: str) -> list[tuple[str, str]]:
    try:
        if name.endswith((".bpmn", DECISION)):
            return list(_elements(read_xml(text.encode())))
        content = json.loads(text)
    except (ModelRefused, ValueError, RecursionError):
        return []
    if name.endswith(FORM):
        return list(_keys(content))
    words = _part_words()
    return [(str(key), words.get(str(key), str(key))) for key in content] if isinstance(content, dict) else []


def _part_words() -> dict[str, str]:
    """What people call the parts of a letter and of the manifest."""
    return {
        "title": _("Titel"),
        "subject": _("Betreff"),
        "salutation": _("Anrede"),
        "operative": _("Regelung"),
        "reasons": _("Begründung"),
        "conditions": _("Nebenbestimmungen"),
        "remedy": _("Rechtsbehelfsbelehrung"),
        "outcome": _("Ergebnis"),
        "summary": _("Zusammenfassung"),
        "legal_basis": _("Rechtsgrundlagen"),
        "fees": _("Gebühren"),
        "variable_points": _("Örtlich veränderbare Stellen"),
        "channels": _("Eingangswege"),
        "assurance_level": _("Vertrauensniveau"),
        "regime": _("Verfahrensrecht"),
        "topic": _("Thema"),
    }


def _elements(root: etree._Element) -> Iterator[tuple[str, str]]:
    for element in root.iter(f"{MODEL}*", "{*}decision"):
        identifier, name = element.get("id"), element.get("name")
        if identifier and name:
            yield identifier, name


def _keys(content: Any) -> Iterator[tuple[str, str]]:
    components = content.get("components", ()) if isinstance(content, dict) else ()
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict):
            if isinstance(component.get("key"), str):
                yield component["key"], str(component.get("label") or component["key"])
            yield from _keys(component)
