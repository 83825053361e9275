"""All variable points of a base as a county sees them: value, norm, and why one does not vary."""

from kreisbund_platform.engine.letters import german_euro
from kreisbund_platform.engine.refused import read_xml
from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.differences.elements import role_words
from kreisbund_platform.templates.differences.terms import duration_words
from kreisbund_platform.templates.manifest import Manifest, VariablePoint, read_manifest
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants import anchors
from kreisbund_platform.templates.variants.fragments import fragments
from kreisbund_platform.templates.variants.rules import locked
from kreisbund_platform.templates.variants.terms import Point
from kreisbund_platform.texts import _


def points(source: TemplateSource) -> list[Point]:
    """In the order of the manifest. The source is a published one, so its manifest can be read."""
    return [view(source, point) for point in read_manifest(source.manifest).variable_points]


def view(source: TemplateSource, point: VariablePoint) -> Point:
    """One point; where its anchor is missing it shows what the manifest says and does not vary."""
    raw, print_, reason = None, "", None
    if point.kind:
        try:
            raw, print_ = anchors.raw_value(source, point), anchors.fingerprint(source, point)
        except anchors.AnchorMissing:
            reason = _("Diese Stelle gibt es in der Vorlage nicht.")
    name = element_name(source, point)
    return Point(
        id=point.id,
        kind=point.kind or "none",
        title=point.title or name,
        element=point.element,
        element_name=name,
        norm=point.norm,
        citation=point.citation,
        binds=point.binds,
        unit=point.unit,
        base_value=words(point.kind, point.unit, raw) or duration_words(point.default),
        raw_value=raw,
        fingerprint=print_,
        locked=reason or locked(point, raw),
    )


def element_name(source: TemplateSource, point: VariablePoint) -> str:
    """What people call the place: the element's, field's, letter's or decision's name."""
    form, _dot, key = point.element.partition(".")
    if form in source.forms and key:
        try:
            return str(anchors.component(source.forms[form], key).get("label") or key)
        except anchors.AnchorMissing:
            return key
    if point.element in source.letters:
        return str(source.letters[point.element].get("title") or point.element)
    for xml in (source.bpmn_xml, *source.decisions.values()):
        for found in read_xml(xml).iter():
            if isinstance(found.tag, str) and found.get("id") == point.element:
                ends = (found.get("sourceRef"), found.get("targetRef"))
                return _flow_name(source, *ends) if ends[0] else found.get("name") or point.element
    return point.element


def _flow_name(source: TemplateSource, before: str | None, after: str | None) -> str:
    names = {found.get("id"): found.get("name") for found in read_xml(source.bpmn_xml).iter() if found.get("id")}
    return _("zwischen „{before}“ und „{after}“").format(before=names.get(before), after=names.get(after))


def words(kind: str | None, unit: str | None, value: object) -> str:
    """A value of a point as people read it."""
    if kind == "insertion":
        return _insertion_words(value)
    if kind == "optional_step":
        return _("entfällt") if value is True else _("findet statt")
    if (kind == "fee" or unit == "cents") and isinstance(value, int):
        return german_euro(value)
    text = "" if value is None else str(value)
    if kind == "deadline":
        return duration_words(text)
    return (role_words(text) or "") if kind == "role" else text


def _insertion_words(value: object) -> str:
    if not isinstance(value, dict):
        return _("nichts eingefügt")
    known = fragments().get(str(value.get("fragment")))
    role = role_words(str(value.get("role") or (known.role if known else "")))
    return _("eingefügt: „{name}“ ({role})").format(name=value.get("name"), role=role)


def point_problems(source: TemplateSource, manifest: Manifest) -> list[FieldError]:
    """Variable points whose anchor the template does not hold: a template with such a point is not published."""
    problems = []
    for point in manifest.variable_points:
        if point.kind is None:
            continue
        try:
            anchors.fingerprint(source, point)
        except anchors.AnchorMissing as missing:
            message = _("Die veränderbare Stelle nennt „{place}“, das es so nicht gibt.").format(place=missing)
            problems.append(FieldError(point.id, "ANCHOR_MISSING", message))
    return problems
