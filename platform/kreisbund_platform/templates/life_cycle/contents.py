"""A draft's content: files as texts, readable or not, so that nothing an author writes is ever refused or lost.

Names: `template.json`, `process.bpmn`, `cases.json`, `<name>.dmn`, `<id>.form.json`, `<id>.letter.json`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from kreisbund_platform import telemetry
from kreisbund_platform.engine.refused import ModelRefused, read_xml
from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.templates import calls, publishing
from kreisbund_platform.templates.source import LARGEST_FILE, MOST_FILES, TemplateSource
from kreisbund_platform.texts import _

MANIFEST, PROCESS, CASES = "template.json", "process.bpmn", "cases.json"
FORM, LETTER, DECISION = ".form.json", ".letter.json", ".dmn"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
LARGEST_DRAFT = 4 * LARGEST_FILE
Files = Mapping[str, str]


class _UnreadableError(Exception):
    """A file that is not what its name says."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(file)
        self.problem = {"file": file, "path": file, "code": "UNREADABLE", "message": message}


@dataclass(frozen=True)
class Judged:
    """A draft's content as far as it can be read: its hash, and all that speaks against publishing it.

    `problems`: {file, path, code, message}; `source` is None where a file cannot be read.
    """

    content_hash: str
    problems: list[dict[str, str]]
    source: TemplateSource | None


def files_of(source: TemplateSource) -> dict[str, str]:
    """The files of a template; `read` gives the same content back."""
    return {
        MANIFEST: _pretty(source.manifest),
        PROCESS: source.bpmn_xml.decode(),
        **{name: xml.decode() for name, xml in sorted(source.decisions.items())},
        **{f"{name}{FORM}": _pretty(form) for name, form in sorted(source.forms.items())},
        **{f"{name}{LETTER}": _pretty(letter) for name, letter in sorted(source.letters.items())},
        CASES: _pretty(source.cases),
    }


def refused(files: Mapping[str, Any]) -> Invalid | None:
    """What no draft can hold: other files, too many, too large, characters that no file has."""
    errors = [error for name, text in files.items() if (error := _refusal(name, text))]
    if len(files) > MOST_FILES or sum(len(str(text)) for text in files.values()) > LARGEST_DRAFT:
        errors.append(FieldError("files", "TOO_LARGE", _("Der Entwurf ist zu groß.")))
    return (
        Invalid("INVALID_FILES", _("Diese Dateien kann ein Entwurf nicht enthalten."), tuple(errors))
        if errors
        else None
    )


def _refusal(name: str, text: Any) -> FieldError | None:
    if not NAME.fullmatch(name) or not (name in (MANIFEST, PROCESS, CASES) or name.endswith((FORM, LETTER, DECISION))):
        return FieldError("files", "FILE_NAME", _("Eine Datei mit diesem Namen gehört nicht in eine Vorlage."))
    if not isinstance(text, str) or len(text) > LARGEST_FILE:
        return FieldError(name, "TOO_LARGE", _("Diese Datei ist zu groß oder kein Text."))
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        return FieldError(name, "BAD_CHARACTER", _("Der Text enthält unzulässige Zeichen."))
    return None


def judge(files: Files, connection: Connection[Any] | None = None) -> Judged:
    """Reads and checks a draft; never raises. `connection`: where the published templates lie that it calls."""
    try:
        source = read(files)
    except _UnreadableError as unreadable:
        return Judged(_hash_of_texts(files), [unreadable.problem], None)
    return Judged(source.content_hash, list(_problems(source, connection)), source)


def read(files: Files) -> TemplateSource:
    """The template that the files hold, unchecked; raises where one is missing or not what its name says."""
    return TemplateSource(
        manifest=_json(files, MANIFEST, dict),
        bpmn_xml=_text(files, PROCESS).encode(),
        decisions={name: text.encode() for name, text in files.items() if name.endswith(DECISION)},
        forms={name.removesuffix(FORM): _json(files, name, dict) for name in files if name.endswith(FORM)},
        letters={name.removesuffix(LETTER): _json(files, name, dict) for name in files if name.endswith(LETTER)},
        cases=_json(files, CASES, list),
    )


def _problems(source: TemplateSource, connection: Connection[Any] | None) -> Iterator[dict[str, str]]:
    try:
        called = calls.called_sources(connection, source.bpmn_xml) if connection else {}
        source = replace(source, called=called)
        checked = publishing.check(source)
    except Exception as surprise:  # the author's work is kept whatever it does to the checks
        telemetry.log("draft_check_failed", problem=surprise)
        message = _("An diesem Inhalt ist die Prüfung selbst gescheitert; so lässt er sich nicht veröffentlichen.")
        yield {"file": MANIFEST, "path": MANIFEST, "code": "CHECK_FAILED", "message": message}
        return
    for error in checked.field_errors if isinstance(checked, Invalid) else ():
        yield {"file": _file_of(source, error.path), **vars(error)}


def _file_of(source: TemplateSource, path: str) -> str:
    """The file a problem stands in; ids of elements are the model's."""
    head = path.split(".", maxsplit=1)[0]
    if path in source.decisions:
        return path
    for names, ending in ((source.forms, FORM), (source.letters, LETTER)):
        if head in names:
            return head + ending
    if head == "cases":
        return CASES
    return MANIFEST if head in publishing.MANIFEST_KEYS else _model_of(source, path)


def _model_of(source: TemplateSource, path: str) -> str:
    """The process, or the decision file that alone holds this id, or the one that is no XML (`line N`)."""
    for name, xml in source.decisions.items():
        quoted = f'"{path}"'.encode()
        if (quoted in xml and quoted not in source.bpmn_xml) or (path.startswith("line ") and not _is_xml(xml)):
            return name
    return PROCESS


def _is_xml(xml: bytes) -> bool:
    try:
        read_xml(xml)
    except ModelRefused:
        return False
    return True


def _text(files: Files, name: str) -> str:
    if name not in files:
        raise _UnreadableError(name, _("Diese Datei fehlt."))
    return files[name]


def _json(files: Files, name: str, kind: type) -> Any:
    try:
        value = json.loads(_text(files, name), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise _UnreadableError(name, _("Zeile {line}: Das ist kein gültiges JSON.").format(line=line)) from error
    if not isinstance(value, kind):
        raise _UnreadableError(name, _("Diese Datei hat nicht den erwarteten Aufbau."))
    return value


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _hash_of_texts(files: Files) -> str:
    """For what cannot be read: a hash that no template has."""
    return hashlib.sha256(b"unreadable " + json.dumps(dict(files), sort_keys=True).encode()).hexdigest()
