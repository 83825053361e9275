"""Two versions of a template compared, in words that a caseworker understands, in the order of the process.

Every change of content is told at least once. What only moves boxes in the drawing, an example or a test case is
told with the class LAYOUT: no difference for the law.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from kreisbund_platform.engine.refused import read_xml
from kreisbund_platform.templates.differences.decisions import decision_differences, read_logic, with_required
from kreisbund_platform.templates.differences.elements import process_differences, process_order
from kreisbund_platform.templates.differences.forms import form_differences
from kreisbund_platform.templates.differences.letters import letter_differences
from kreisbund_platform.templates.differences.manifest import manifest_differences
from kreisbund_platform.templates.differences.process import Drawing, canonical, read_drawing
from kreisbund_platform.templates.differences.terms import (
    ChangeClass,
    Difference,
    DifferenceKind,
    DifferencePart,
)
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.texts import _

__all__ = ["ChangeClass", "Difference", "DifferenceKind", "DifferencePart", "differences", "marks"]

Placed = tuple[str, Difference]


def differences(old: TemplateSource, new: TemplateSource) -> tuple[Difference, ...]:
    """All that differs: the law first, then element by element with its form, decision and letters.

    Checks nothing, so that drafts can be compared; raises ModelRefused where one side is no XML at all.
    """
    before, after = read_drawing(old.bpmn_xml), read_drawing(new.bpmn_xml)
    placed = [
        *process_differences(before, after),
        *_placed(_forms(old, new), _users(old, new, (before, after), "form") | _start_forms(old, new)),
        *_placed(_decisions(old, new), _users(old, new, (before, after), "decision")),
        *_placed(_letters(old, new), _users(old, new, (before, after), "letter")),
    ]
    position = {name: number for number, name in enumerate(process_order(before, after))}
    placed.sort(key=lambda each: position.get(each[0], -1 if each[0] == "" else len(position)))
    told = [*manifest_differences(old.manifest, new.manifest), *(found for _place, found in placed)]
    told += _without_law(old, new, before, after)
    if not told and _canonical(old).content_hash != _canonical(new).content_hash:
        told.append(_unnamed())
    return tuple(told)


def marks(old: TemplateSource, new: TemplateSource) -> tuple[dict[str, str], dict[str, str]]:
    """What to mark in the old drawing (removed, changed) and in the new one (added, changed), by element or flow id."""
    before, after = read_drawing(old.bpmn_xml), read_drawing(new.bpmn_xml)
    gone = {**before.nodes, **before.ways}
    come = {**after.nodes, **after.ways}
    touched = {name for name, _found in _law(old, new, before, after)}
    touched |= {name for name in set(before.ways) & set(after.ways) if before.ways[name] != after.ways[name]}
    changed = {name: "changed" for name in touched if name in gone and name in come}
    return (
        {**{name: "removed" for name in gone if name not in come}, **changed},
        {**{name: "added" for name in come if name not in gone}, **changed},
    )


def _law(old: TemplateSource, new: TemplateSource, before: Drawing, after: Drawing) -> Iterator[Placed]:
    """Differences by every element that they touch: one of a form by each task that uses the form."""
    for name, found in process_differences(before, after):
        yield (found.place if found.part is DifferencePart.FLOW else name), found
    parts = {"form": _forms(old, new), "decision": _decisions(old, new), "letter": _letters(old, new)}
    used = _used(new)
    for node in after.nodes.values():
        for attribute, placed in parts.items():
            owners = used(attribute, node.attributes.get(attribute, ""))
            for owner, found in placed:
                if owner in owners and found.change_class is not ChangeClass.LAYOUT:
                    yield node.element_id, found


def _used(source: TemplateSource) -> Callable[[str, str], set[str]]:
    """What an element uses by naming it: itself, and what a decision needs."""
    logic = read_logic(source.decisions)
    return lambda attribute, name: with_required(logic, name) if attribute == "decision" and name else {name}


def _forms(old: TemplateSource, new: TemplateSource) -> list[Placed]:
    return [
        (form_id, found)
        for form_id in dict.fromkeys([*new.forms, *old.forms])
        for found in form_differences(form_id, old.forms.get(form_id), new.forms.get(form_id))
    ]


def _letters(old: TemplateSource, new: TemplateSource) -> list[Placed]:
    return [
        (letter_id, found)
        for letter_id in dict.fromkeys([*new.letters, *old.letters])
        for found in letter_differences(letter_id, old.letters.get(letter_id), new.letters.get(letter_id))
    ]


def _decisions(old: TemplateSource, new: TemplateSource) -> list[Placed]:
    before, after = read_logic(old.decisions), read_logic(new.decisions)
    return [
        (decision_id, found)
        for decision_id in dict.fromkeys([*after, *before])
        for found in decision_differences(decision_id, before.get(decision_id), after.get(decision_id))
    ]


def _placed(pairs: list[Placed], users: Mapping[str, str]) -> list[Placed]:
    return [(users.get(owner, "?"), found) for owner, found in pairs]


def _users(
    old: TemplateSource, new: TemplateSource, drawings: tuple[Drawing, Drawing], attribute: str
) -> dict[str, str]:
    """The first element that uses a form, a decision or a letter, by its id; the new version's first."""
    found: dict[str, str] = {}
    for source, drawing in zip((new, old), reversed(drawings), strict=True):
        used = _used(source)
        for name in drawing.order:
            for owner in used(attribute, drawing.nodes[name].attributes.get(attribute, "")):
                found.setdefault(owner, name)
    return found


def _start_forms(old: TemplateSource, new: TemplateSource) -> dict[str, str]:
    return {str(source.manifest.get("start_form")): "" for source in (old, new)}


def _without_law(old: TemplateSource, new: TemplateSource, before: Drawing, after: Drawing) -> Iterator[Difference]:
    shared = set(before.layout) & set(after.layout)
    if any(before.layout[name] != after.layout[name] for name in shared):
        yield _layout(
            "diagram", _("Zeichnung"), _("Die Zeichnung wurde anders angeordnet; am Ablauf ändert das nichts.")
        )
    if old.cases != new.cases:
        yield _layout("cases", _("Testfälle"), _("Die Testfälle der Vorlage wurden geändert."))


def _canonical(source: TemplateSource) -> TemplateSource:
    """The template with its XML written in one way."""
    decisions = {name: canonical(read_xml(xml)) for name, xml in source.decisions.items()}
    return replace(source, bpmn_xml=canonical(read_xml(source.bpmn_xml)), decisions=decisions)


def _unnamed() -> Difference:
    """Never class LAYOUT: what nobody can name, nobody has approved beforehand."""
    sentence = _("Die Dateien unterscheiden sich in etwas, das sich nicht benennen lässt.")
    kind, part = DifferenceKind.CHANGED, DifferencePart.MANIFEST
    return Difference(kind, part, "files", _("Dateien"), None, None, sentence, ChangeClass.STRUCTURE)


def _layout(place: str, name: str, sentence: str) -> Difference:
    kind, part = DifferenceKind.CHANGED, DifferencePart.MANIFEST
    return Difference(kind, part, place, name, None, None, sentence, ChangeClass.LAYOUT)
