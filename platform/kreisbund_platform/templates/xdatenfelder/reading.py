"""Reads an XDatenfelder file into a schema. What it does not know it names by its path and leaves out.

Elements count by local name, so prefixes and minor versions do not matter; only the namespace's beginning does.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from kreisbund_platform.engine.refused import ModelRefused, local_name, read_xml
from kreisbund_platform.templates.xdatenfelder.schema import (
    CodeList,
    DataField,
    DataFieldSchema,
    Described,
    FieldGroup,
    Part,
    Remark,
    Rule,
)
from kreisbund_platform.texts import _

NAMESPACE = "urn:xoev-de:fim:standard:xdatenfelder_"
MOST_BYTES = 20_000_000  # real schemas reach several megabytes
MOST_DEPTH = 200
MOST_REMARKS = 2_000
ROOTS = ("stammdatenschema", "dokumentsteckbrief", "datenfeldgruppe", "datenfeld")
_LIMITS = ("minLength", "maxLength", "minValue", "maxValue", "pattern")
_ABOUT = frozenset(
    {
        *("identifikation", "id", "version", "name", "bezeichnungEingabe", "bezeichnungAusgabe", "beschreibung"),
        *("definition", "bezug", "status", "gueltigAb", "gueltigBis", "fachlicherErsteller", "versionshinweis"),
        *("freigabedatum", "veroeffentlichungsdatum", "statusGesetztDurch", "statusGesetztAm", "letzteAenderung"),
        *("hilfetext", "hilfetextEingabe", "hilfetextAusgabe", "schemaelementart", "stichwort", "relation"),
    }
)
_LIST = _ABOUT | {"genericodeIdentification", "canonicalIdentification", "canonicalVersionUri", "kennung", "langname"}
_KNOWN: Mapping[str, frozenset[str]] = {
    "stammdatenschema": _ABOUT
    | {"ableitungsmodifikationenStruktur", "ableitungsmodifikationenRepraesentation", "struktur", "regel"}
    | {"dokumentsteckbrief"},
    "dokumentsteckbrief": _ABOUT | {"struktur", "regel", "dokumentart", "isReferenz", "isAbstrakt"},
    "datenfeldgruppe": _ABOUT | {"struktur", "regel", "art"},
    "datenfeld": _ABOUT
    | {"feldart", "datentyp", "praezisierung", "inhalt", "codelisteReferenz", "codeliste", "werte", "regel"}
    | {"vorbefuellung", "codeKey", "nameKey", "helpKey", "maxSize", "mediaType"},
    "struktur": frozenset({"anzahl", "bezug", "enthaelt"}),
    "enthaelt": frozenset({"datenfeld", "datenfeldgruppe"}),
    "header": frozenset({"nachrichtID", "erstellungszeitpunkt", "referenzID", "datum", "fimId", "version"}),
    "codelisteReferenz": _LIST,
    "codeliste": _LIST,
    "regel": _ABOUT | {"script", "skript", "freitextRegel", "typ", "param", "ziel", "fehler"},
}
_ATTRIBUTES = frozenset({"listURI", "listVersionID", "link", *_LIMITS})


@dataclass
class _Reading:
    rules: list[Rule] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, path: str, kind: str, text: str) -> None:
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(Remark(path, kind, text))


def read_schema(data: bytes) -> DataFieldSchema:
    """The schema of a file; raises ModelRefused where it is no XDatenfelder file or holds no field."""
    root = read_xml(data, most_bytes=MOST_BYTES, most_depth=MOST_DEPTH)
    namespace = etree.QName(root).namespace or ""
    if not namespace.startswith(NAMESPACE):
        raise ModelRefused(local_name(root), _("Die Datei ist kein Datenfeldschema (XDatenfelder)."))
    reading = _Reading()
    top = _top(reading, root)
    kind = local_name(top)
    path = _path("", top)
    if kind in ("datenfeld", "datenfeldgruppe"):
        what = _field(reading, top, path) if kind == "datenfeld" else _group(reading, top, path)
        parts: tuple[Part, ...] = (Part(1, 1, (), what),)
    else:
        _report_unknown(reading, top, path)
        parts = tuple(_parts(reading, top, path))
    if not any(True for _part in _fields(parts)):
        raise ModelRefused(path, _("Die Datei enthält kein Datenfeld."))
    version = namespace.removeprefix(NAMESPACE)
    return DataFieldSchema(_about(top), version, parts, tuple(reading.rules), tuple(reading.remarks))


def _top(reading: _Reading, root: etree._Element) -> etree._Element:
    """The message's content: a schema, else a Steckbrief, else a lone group or field."""
    children = list(_elements(root))
    if local_name(root) in ROOTS:
        return root
    found = [child for name in ROOTS for child in children if local_name(child) == name]
    if not found:
        raise ModelRefused(local_name(root), _("Die Datei enthält kein Datenfeldschema."))
    for child in children:
        if local_name(child) == "header":
            _report_unknown(reading, child, "header")
        elif child is not found[0]:
            reading.remark(_path("", child), "UNKNOWN", _("Dieser Teil wird nicht gelesen."))
    return found[0]


def _fields(parts: tuple[Part, ...]) -> Iterator[DataField]:
    for part in parts:
        if isinstance(part.what, DataField):
            yield part.what
        else:
            yield from _fields(part.what.parts)


def _elements(element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str))


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in _elements(element) if local_name(child) == name)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(_children(element, name), None)


def _text(element: etree._Element | None, name: str = "") -> str:
    """The text in one line; of the child of that name where one is named."""
    found = element if not name or element is None else _child(element, name)
    return " ".join((found.text or "").split()) if found is not None else ""


def _code(element: etree._Element, name: str) -> str:
    """The `code` in a child: `<feldart><code>input</code></feldart>`."""
    holder = _child(element, name)
    return (_text(holder, "code") or _text(holder)) if holder is not None else ""


def _identity(element: etree._Element) -> tuple[str, str]:
    """Id and version: directly in the element (version 1) or in `identifikation`."""
    holder = _child(element, "identifikation")
    inner = element if holder is None else holder
    return _text(inner, "id"), _text(inner, "version")


def _path(before: str, element: etree._Element) -> str:
    """Readable and unique enough for a person to find it: local names with the id where there is one."""
    identifier, _version = _identity(element)
    name = local_name(element) + (f"[{identifier[:60]}]" if identifier else "")
    return f"{before}/{name}" if before else name


def _about(element: etree._Element) -> Described:
    identifier, version = _identity(element)
    name = _text(element, "name")
    label = _text(element, "bezeichnungEingabe") or name or identifier
    hint = _meaningful(_text(element, "hilfetextEingabe"))
    return Described(identifier, version, name or label, label, hint, _basis(element))


def _meaningful(text: str) -> str:
    """Editors write a dash where nothing is to be said."""
    return "" if text in ("-", "–", ".") else text


def _basis(element: etree._Element) -> tuple[str, ...]:
    lines = (line.strip() for child in _children(element, "bezug") for line in (child.text or "").splitlines())
    return tuple(dict.fromkeys(line for line in lines if _meaningful(line)))


def _report_unknown(reading: _Reading, element: etree._Element, path: str) -> None:
    known = _KNOWN[local_name(element)]
    for child in _elements(element):
        if local_name(child) not in known:
            reading.remark(_path(path, child), "UNKNOWN", _("Dieses Element kennt der Import nicht."))
        for name in child.attrib:
            if etree.QName(name).localname not in _ATTRIBUTES:
                reading.remark(
                    f"{_path(path, child)}/@{str(name)[:200]}", "UNKNOWN", _("Dieses Attribut kennt der Import nicht.")
                )


def _parts(reading: _Reading, holder: etree._Element, path: str) -> Iterator[Part]:
    for rule in _children(holder, "regel"):
        _rule(reading, rule, _path(path, rule))
    for structure in _children(holder, "struktur"):
        _report_unknown(reading, structure, f"{path}/struktur")
        least, most = _count(reading, structure, path)
        for inside in _children(structure, "enthaelt"):
            _report_unknown(reading, inside, f"{path}/struktur/enthaelt")
            for element in _elements(inside):
                what = _what(reading, element, path)
                if what is not None:
                    yield Part(least, most, _basis(structure), what)


def _what(reading: _Reading, element: etree._Element, path: str) -> DataField | FieldGroup | None:
    here = _path(path, element)
    if local_name(element) == "datenfeldgruppe":
        return _group(reading, element, here)
    return _field(reading, element, here) if local_name(element) == "datenfeld" else None


def _count(reading: _Reading, structure: etree._Element, path: str) -> tuple[int, int | None]:
    text = _text(structure, "anzahl").replace(" ", "")
    match = re.fullmatch(r"(\d{1,4})(?:(?::|\.\.)(\d{1,6}|\*|n))?", text)
    if match is None:
        reading.remark(f"{path}/struktur/anzahl", "COUNT", _("Die Anzahl ist nicht lesbar; gelesen als 0:1."))
        return 0, 1
    least = int(match[1])
    most = None if match[2] in ("*", "n") else int(match[2] or least)
    if most is not None and (most < least or most == 0):
        reading.remark(f"{path}/struktur/anzahl", "COUNT", _("Die Anzahl widerspricht sich; gelesen als 0:1."))
        return 0, 1
    return least, most


def _rule(reading: _Reading, element: etree._Element, path: str) -> None:
    _report_unknown(reading, element, path)
    identifier, _version = _identity(element)
    texts = (_text(element, name) for name in ("freitextRegel", "definition", "beschreibung", "name"))
    text = next((text for text in texts if _meaningful(text)), "")
    reading.rules.append(Rule(identifier, _text(element, "name"), text))
    reading.remark(path, "RULE", _("Die Regel wird nicht ausgeführt: {text}").format(text=text))


def _group(reading: _Reading, element: etree._Element, path: str) -> FieldGroup:
    _report_unknown(reading, element, path)
    return FieldGroup(_about(element), path, tuple(_parts(reading, element, path)))


def _field(reading: _Reading, element: etree._Element, path: str) -> DataField:
    _report_unknown(reading, element, path)
    for rule in _children(element, "regel"):
        _rule(reading, rule, _path(path, rule))
    return DataField(
        _about(element),
        path,
        _code(element, "feldart"),
        _code(element, "datentyp"),
        _limits(reading, element, path),
        _text(element, "inhalt"),
        _code_list(reading, element, path),
    )


def _limits(reading: _Reading, element: etree._Element, path: str) -> dict[str, str]:
    """Präzisierung: JSON in versions 1 and 2, attributes in 3."""
    holder = _child(element, "praezisierung")
    if holder is None:
        return {}
    stated: dict[str, str] = {str(name): str(value) for name, value in holder.attrib.items()}
    text = (holder.text or "").strip()
    if text:
        stated |= _json_limits(reading, text, f"{path}/praezisierung")
    for name in sorted(set(stated) - set(_LIMITS)):
        reading.remark(f"{path}/praezisierung/{name[:60]}", "LIMIT", _("Diese Präzisierung kennt der Import nicht."))
    return {name: value for name, value in stated.items() if name in _LIMITS and value}


def _json_limits(reading: _Reading, text: str, path: str) -> dict[str, str]:
    for attempt in (text, re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", text)):  # patterns with bare backslashes are common
        try:
            found = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items() if value is not None}
    if text.replace("-", "").isalpha():  # version 1 names a selection's code list here
        return {}
    german = _("Die Präzisierung „{text}“ ist kein JSON und bleibt unberücksichtigt.")
    reading.remark(path, "LIMIT", german.format(text=text[:100]))
    return {}


def _code_list(reading: _Reading, element: etree._Element, path: str) -> CodeList | None:
    """The list a field names by reference (version 2 and 3), in itself or by a word (1), or values of its own (3)."""
    holder = next((found for name in ("codelisteReferenz", "codeliste") for found in _children(element, name)), None)
    values = tuple(dict(_values(element)).items())
    if holder is None:
        word = _text(element, "praezisierung") if _code(element, "feldart") == "select" else ""
        word = word if word.replace("-", "").isalpha() else ""
        return CodeList("", word, "", "", values) if values or word else None
    _report_unknown(reading, holder, _path(path, holder))
    identifier, version = _identity(holder)
    inner = _child(holder, "genericodeIdentification")
    source = holder if inner is None else inner
    uri = _text(source, "canonicalIdentification") or _text(holder, "kennung")
    return CodeList(identifier, _text(holder, "name"), uri, _text(source, "version") or version, values)


def _values(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Codes with wordings: `wert` with `code` and `name`, or rows of a genericode list (code first, wording next)."""
    for item in element.iter("{*}wert", "wert"):
        if code := _text(item, "code"):
            yield code, _text(item, "name") or code
    for row in element.iter("{*}Row", "Row"):
        texts = [_text(simple) for simple in row.iter("{*}SimpleValue", "SimpleValue")]
        if texts and texts[0]:
            yield texts[0], texts[1] if len(texts) > 1 and texts[1] else texts[0]
