"""What a template may be at all, before anybody reads what it means: its author may be the attacker.

Names that are safe as files, plain XML in UTF-8 without instructions, sizes that every later check can afford.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kreisbund_platform.engine.bpmn.model import BPMN
from kreisbund_platform.engine.refused import ModelRefused, read_xml
from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.source import LARGEST_FILE, TemplateSource
from kreisbund_platform.texts import _

MOST_FLOW_NODES = 2_000
MOST_PARTS = 100  # forms, letters, decision files: of each
MOST_CASES = 200
MOST_STEPS = 200  # of one test case
DEEPEST_JSON = 40
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}")
_ENCODINGS = ("UTF-8", "US-ASCII", "ASCII")
_NO_NODES = ("sequenceFlow", "incoming", "outgoing")


def check_limits(source: TemplateSource) -> list[FieldError]:
    """Problems of shape and size; the engine is not asked before there are none."""
    problems = [*_parts(source), *_xml("process.bpmn", source.bpmn_xml)]
    for name, content in source.decisions.items():
        problems += _xml(name, content)
    problems += _documents(source)
    return problems or [*_cases(source.cases)]


def _parts(source: TemplateSource) -> Iterator[FieldError]:
    for kind, names in (("forms", source.forms), ("letters", source.letters), ("decisions", source.decisions)):
        if len(names) > MOST_PARTS:
            yield FieldError(kind, "TOO_MANY", _("Das sind mehr Teile, als eine Vorlage haben darf."))
        for name in names:
            if not _NAME.fullmatch(name) or (kind == "decisions" and not name.endswith(".dmn")):
                yield FieldError(kind, "NAME", _("Namen bestehen aus Buchstaben, Ziffern, Punkt und Strich."))


def _xml(name: str, content: bytes) -> Iterator[FieldError]:
    if b"\0" in content or not _is_utf8(content):
        yield FieldError(name, "ENCODING", _("Die Datei ist nicht in UTF-8 geschrieben."))
        return
    try:
        root = read_xml(content)
    except ModelRefused as refused:
        yield FieldError(refused.element_id, "MODEL", refused.reason)
        return
    tree = root.getroottree()
    if (tree.docinfo.encoding or "UTF-8").upper() not in _ENCODINGS:
        yield FieldError(name, "ENCODING", _("Die Datei ist nicht in UTF-8 geschrieben."))
    if tree.xpath("//processing-instruction()"):
        yield FieldError(name, "INSTRUCTION", _("Die Datei enthält Verarbeitungsanweisungen. Das ist nicht erlaubt."))
    nodes = sum(1 for element in root.iter(f"{{{BPMN}}}*") if not str(element.tag).endswith(_NO_NODES))
    if nodes > MOST_FLOW_NODES:
        yield FieldError(name, "TOO_LARGE", _("Das Modell hat mehr Elemente, als geprüft werden können."))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _documents(source: TemplateSource) -> Iterator[FieldError]:
    named = {"manifest": source.manifest, "cases": source.cases, **source.forms, **source.letters}
    for name, document in named.items():
        if not _is_plain(document):
            yield FieldError(name, "NOT_PLAIN", _("Der Inhalt ist zu tief verschachtelt oder kein reines JSON."))
        elif len(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")) > LARGEST_FILE:
            yield FieldError(name, "TOO_LARGE", _("Dieser Teil ist zu groß."))
    for name, document in (*source.forms.items(), *source.letters.items()):
        if not isinstance(document, Mapping):
            yield FieldError(name, "NOT_PLAIN", _("Hier wird ein Objekt erwartet."))


def _is_plain(document: Any) -> bool:
    """JSON values only, finite, of storable characters; looked at level by level, down to the deepest allowed."""
    level = [document]
    for _depth in range(DEEPEST_JSON):
        if not all(_is_value(value) for value in level):
            return False
        level = [child for value in level if isinstance(value, dict | list | Mapping) for child in _inside(value)]
        if not level:
            return True
    return False


def _inside(value: Any) -> Iterator[Any]:
    yield from (*value.keys(), *value.values()) if isinstance(value, Mapping) else value


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < 10**300
    return value is None or isinstance(value, bool | Mapping | list)


def _cases(cases: Any) -> Iterator[FieldError]:
    if not isinstance(cases, list) or len(cases) > MOST_CASES:
        yield FieldError("cases", "TOO_MANY", _("Das sind mehr Testfälle, als eine Vorlage haben darf."))
        return
    for case in cases:
        steps = case.get("steps", []) if isinstance(case, Mapping) else []
        if not isinstance(steps, list) or len(steps) > MOST_STEPS:
            yield FieldError("cases", "TOO_MANY", _("Ein Testfall hat zu viele Schritte."))
