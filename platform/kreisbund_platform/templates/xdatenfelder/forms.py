"""A data-field schema as a form-js form. Keys come from name and FIM id, so they stay when a schema grows.

Groups become groups with a path of their own, what may repeat becomes a dynamic list. What a form cannot hold is
remarked, never dropped silently: rules in prose, code lists without values, unknown parts, outdated law.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from kreisbund_platform.engine.forms.schemas import DEEPEST
from kreisbund_platform.engine.forms.values import compiled
from kreisbund_platform.templates.xdatenfelder.examples import example_of, has_fields, matching
from kreisbund_platform.templates.xdatenfelder.outdated import outdated
from kreisbund_platform.templates.xdatenfelder.reading import MOST_REMARKS, read_schema
from kreisbund_platform.templates.xdatenfelder.schema import (
    DataField,
    DataFieldSchema,
    Described,
    FieldGroup,
    Part,
    Remark,
)
from kreisbund_platform.texts import _

LONGEST_LINE = 255  # longer texts get several lines
MOST_CHARACTERS = 10_000
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_YES_NO = (("yes", "Ja"), ("no", "Nein"))


@dataclass(frozen=True)
class Imported:
    """A form, what the schema says of itself, how much of each kind was in it, and what a person must look at."""

    id: str
    about: Described
    format: str
    form: dict[str, Any]
    counts: dict[str, int]
    remarks: tuple[Remark, ...]


@dataclass
class _Making:
    counts: Counter[str] = field(default_factory=Counter)
    lists: set[tuple[str, str]] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)
    number: int = 0

    def remark(self, path: str, kind: str, text: str) -> None:
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(Remark(path, kind, text))

    def next_id(self) -> str:
        self.number += 1
        return f"field_{self.number}"


def import_schema(data: bytes) -> Imported:
    """The form of an XDatenfelder file with a valid example; raises ModelRefused where there is none to make."""
    schema = read_schema(data)
    making = _Making(remarks=list(schema.remarks))
    _note_law(making, schema.about.id, schema.about.basis)
    components = list(_steps(making, schema))
    identifier = _file_id(schema.about)
    form = {"id": identifier, "type": "default", "schemaVersion": 16, "components": components}
    form["example"] = example_of(components)
    return Imported(identifier, schema.about, schema.format, form, _counted(making, schema), tuple(making.remarks))


def _file_id(about: Described) -> str:
    """The id as a file may be called."""
    return about.id if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", about.id) else _slug(about.name) or "schema"


def _counted(making: _Making, schema: DataFieldSchema) -> dict[str, int]:
    kinds = Counter(remark.kind for remark in making.remarks)
    return {
        "groups": making.counts["groups"],
        "fields": making.counts["fields"],
        "code_lists": len(making.lists),
        "code_lists_without_values": kinds["CODE_LIST"],
        "rules": len(schema.rules),
        "unknown": kinds["UNKNOWN"],
        "outdated": kinds["OUTDATED"],
    }


def _steps(making: _Making, schema: DataFieldSchema) -> Iterator[dict[str, Any]]:
    """Each group on top is a page; fields between them share one."""
    used: set[str] = set()
    loose: list[dict[str, Any]] = []
    for part in schema.parts:
        components = _components(making, (part,), used, 1)
        if isinstance(part.what, FieldGroup):
            if loose:
                yield _page(making, loose)
            loose = []
            yield from components
        else:
            loose += components
    if loose:
        yield _page(making, loose)


def _page(making: _Making, components: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "group", "id": making.next_id(), "label": _("Weitere Angaben"), "components": components}


def _components(making: _Making, parts: tuple[Part, ...], used: set[str], depth: int) -> list[dict[str, Any]]:
    """One object's components; a group that lies too deep gives its own instead of itself."""
    found: list[dict[str, Any]] = []
    for part in parts:
        what = part.what
        if isinstance(what, DataField):
            found.append(_entry(making, part, what, used))
            continue
        making.counts["groups"] += 1
        _note_law(making, what.path, (*part.basis, *what.about.basis))
        if depth < DEEPEST:
            found.append(_group(making, part, what, used, depth))
            continue
        making.remark(what.path, "DEPTH", _("Die Gruppe liegt zu tief; ihre Felder stehen in der Gruppe darüber."))
        found += _components(making, what.parts, used, depth)
    return found


def _entry(making: _Making, part: Part, what: DataField, used: set[str]) -> dict[str, Any]:
    making.counts["fields"] += 1
    _note_law(making, what.path, (*part.basis, *what.about.basis))
    if not part.repeats or what.kind == "label":
        return _field(making, part, what, used)
    once = Part(1, 1, part.basis, what)
    return _list(making, part, what.about, used, [_field(making, once, what, set())])


def _group(making: _Making, part: Part, group: FieldGroup, used: set[str], depth: int) -> dict[str, Any]:
    inner = _components(making, group.parts, set(), depth + (2 if part.repeats else 1))  # a list is a level of its own
    if part.repeats:
        return _list(making, part, group.about, used, inner)
    properties = _properties(group.about, part)
    if part.least == 0:
        properties["optional"] = "yes"
    return {
        "type": "group",
        "id": making.next_id(),
        "label": group.about.label,
        "path": _key(group.about, used),
        "components": inner,
        "properties": properties,
    }


def _list(making: _Making, part: Part, about: Described, used: set[str], inner: list[dict[str, Any]]) -> dict[str, Any]:
    rules: dict[str, Any] = {"required": part.least > 0 and has_fields(inner)}
    if part.least > 1:
        rules["minItems"] = part.least
    if part.most is not None:
        rules["maxItems"] = part.most
    return {
        "type": "dynamiclist",
        "id": making.next_id(),
        "label": about.label,
        "path": _key(about, used),
        "components": inner,
        "validate": rules,
        "properties": _properties(about, part),
    }


def _properties(about: Described, part: Part) -> dict[str, str]:
    basis = "; ".join(dict.fromkeys((*part.basis, *about.basis)))
    found = {"retention": "case", "fim_id": about.id, "fim_version": about.version, "basis": basis}
    return {name: value[:1000] for name, value in found.items() if value}


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_UMLAUTS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")


def _key(about: Described, used: set[str]) -> str:
    """`familienname_f00000013`; a second one in the same object gets a number."""
    stem = "_".join(part for part in (_slug(about.name), _slug(about.id)[:18]) if part) or "feld"
    stem = stem if stem[0].isalpha() else f"f_{stem}"
    key, number = stem, 1
    while key in used:
        number += 1
        key = f"{stem[:58]}_{number}"
    used.add(key)
    return key


def _note_law(making: _Making, path: str, basis: tuple[str, ...]) -> None:
    for entry in outdated(basis):
        making.remark(path, "OUTDATED", entry.note)


def _field(making: _Making, part: Part, what: DataField, used: set[str]) -> dict[str, Any]:
    if what.kind == "label":
        text = f"{what.about.label}: {what.content}" if what.content else what.about.label
        return {"type": "text", "id": making.next_id(), "text": text}
    component = {
        "type": "textfield",
        "id": making.next_id(),
        "key": _key(what.about, used),
        "label": what.about.label,
        "validate": {"required": part.least > 0},
        "properties": _properties(what.about, part),
    }
    if hint := _hint(part, what):
        component["description"] = hint
    _by_kind(making, what, component)
    return component


def _hint(part: Part, what: DataField) -> str:
    """Help, the law it rests on (not the standards that Bezug names as well), and where that law is old."""
    basis = tuple(dict.fromkeys((*part.basis, *what.about.basis)))
    law = "; ".join(line for line in basis if "§" in line or line.startswith("Art"))
    texts = [what.about.hint]
    if law:
        texts.append(_("Rechtsgrundlage laut Datei: {law}.").format(law=law.rstrip(".")))
    texts += [entry.note for entry in outdated(basis)]
    return " ".join(text for text in texts if text)


def _by_kind(making: _Making, what: DataField, component: dict[str, Any]) -> None:
    if what.kind not in ("input", "select", ""):
        german = _("Die Feldart „{name}“ wird als Eingabe gelesen.")
        making.remark(what.path, "FIELD_KIND", german.format(name=what.kind[:60]))
    if what.code_list is not None or what.kind == "select":
        _choice(making, what, component)
        return
    shape = _SHAPES.get(what.type)
    if shape is None:
        german = _("Der Datentyp „{name}“ wird als Text gelesen.")
        making.remark(what.path, "FIELD_TYPE", german.format(name=what.type[:60]))
    (shape or _text)(making, what, component)


def _choice(making: _Making, what: DataField, component: dict[str, Any]) -> None:
    found = what.code_list
    if found is not None:
        making.lists.add((found.id, found.uri or found.name))
    if found is not None and found.values:
        component["type"] = "select"
        component["values"] = [{"value": code, "label": wording} for code, wording in found.values]
        return
    name = (found.uri or found.name or found.id) if found else ""
    version = _("Fassung {version}").format(version=found.version) if found and found.version else ""
    source = ", ".join(part for part in (name, version) if part) or _("ohne Angabe")
    making.remark(
        what.path, "CODE_LIST", _("Die Codeliste ({source}) liegt nicht bei: freier Text.").format(source=source)
    )
    component["properties"]["code_list"] = source[:300]
    _text(making, what, component)


def _numbers(making: _Making, what: DataField, names: dict[str, str]) -> dict[str, float]:
    found = {}
    for stated, ours in names.items():
        text = what.limits.get(stated, "").replace(",", ".")
        try:
            number = float(text) if text else None
        except ValueError:
            number = None
        if number is not None and abs(number) <= 1e15:
            found[ours] = int(number) if number == int(number) else number
        elif text:
            making.remark(what.path, "LIMIT", _("Die Grenze „{name}“ ist keine Zahl.").format(name=stated))
    return found


def _text(making: _Making, what: DataField, component: dict[str, Any]) -> None:
    lengths = {name: int(number) for name, number in _numbers(making, what, _LENGTHS).items() if number >= 0}
    if lengths.get("maxLength", 1) < max(1, lengths.get("minLength", 0)):
        making.remark(what.path, "LIMIT", _("Die Längen widersprechen sich und bleiben unberücksichtigt."))
        lengths = {}
    if lengths.get("maxLength", 0) > MOST_CHARACTERS:
        lengths["maxLength"] = MOST_CHARACTERS
    if lengths.get("maxLength", 0) > LONGEST_LINE:
        component["type"] = "textarea"
    component["validate"] |= lengths
    if pattern := what.limits.get("pattern"):
        _pattern(making, what, component, pattern)


def _pattern(making: _Making, what: DataField, component: dict[str, Any], pattern: str) -> None:
    """XML Schema patterns cover the whole text; kept where RE2 knows it and a fitting example was found."""
    whole = f"^(?:{pattern.removeprefix('^').removesuffix('$')})$"
    rules = component["validate"]
    try:
        text = matching(whole) if len(whole) <= 500 and compiled(whole) else None
    except re2.error:
        text = None
    fits = text is not None and rules.get("minLength", 0) <= len(text) <= rules.get("maxLength", MOST_CHARACTERS)
    if fits:
        rules["pattern"] = whole
    else:
        german = _("Das Muster „{pattern}“ ließ sich nicht übernehmen.")
        making.remark(what.path, "PATTERN", german.format(pattern=pattern[:100]))


def _number(making: _Making, what: DataField, component: dict[str, Any], digits: int | None = None) -> None:
    component["type"] = "number"
    limits = _numbers(making, what, {"minValue": "min", "maxValue": "max"})
    if limits.get("min", -1e15) > limits.get("max", 1e15):
        making.remark(what.path, "LIMIT", _("Die Grenzen widersprechen sich und bleiben unberücksichtigt."))
        limits = {}
    component["validate"] |= limits
    if digits is not None:
        component["decimalDigits"] = digits


def _integer(making: _Making, what: DataField, component: dict[str, Any]) -> None:
    _number(making, what, component, 0)


def _money(making: _Making, what: DataField, component: dict[str, Any]) -> None:
    _number(making, what, component, 2)


def _date(_making: _Making, _what: DataField, component: dict[str, Any]) -> None:
    component |= {"type": "datetime", "subtype": "date", "dateLabel": component["label"]}


def _yes_no(_making: _Making, _what: DataField, component: dict[str, Any]) -> None:
    component["type"] = "radio"
    component["values"] = [{"value": value, "label": label} for value, label in _YES_NO]


def _file(_making: _Making, _what: DataField, component: dict[str, Any]) -> None:
    component["type"] = "filepicker"


_LENGTHS = {"minLength": "minLength", "maxLength": "maxLength"}
_SHAPES: dict[str, Callable[[_Making, DataField, dict[str, Any]], None]] = {
    "text": _text,
    "text_latin": _text,
    "num": _number,
    "num_int": _integer,
    "num_currency": _money,
    "date": _date,
    "bool": _yes_no,
    "file": _file,
    "obj": _file,
}
