"""A template as its folder holds it, before anybody has judged whether it may be published."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kreisbund_platform.engine.plan import CalledModel
from kreisbund_platform.templates.models import TemplateVariant, TemplateVersion

LARGEST_FILE = 1024 * 1024
MOST_FILES = 200


class SourceError(Exception):
    """A folder that cannot be read as a template; `file` is its file's name, the text is for a person."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file
        self.problem = problem


@dataclass(frozen=True)
class TemplateSource:
    """The parts of a template, read but not checked. `decisions` by file name; `forms` and `letters` by id.

    `called` are the published templates that its call activities name, by slug; they are no part of its content.
    """

    manifest: Mapping[str, Any]
    bpmn_xml: bytes
    decisions: Mapping[str, bytes]
    forms: Mapping[str, Mapping[str, Any]]
    letters: Mapping[str, Mapping[str, Any]]
    cases: list[Any]
    called: Mapping[str, "TemplateSource"] = field(default_factory=dict)

    @property
    def called_models(self) -> dict[str, CalledModel]:
        """What the engine compiles into this template's plan."""
        return {slug: source.model for slug, source in self.called.items()}

    @property
    def model(self) -> CalledModel:
        """What the engine compiles into the plan of a template that calls this one."""
        return CalledModel(self.bpmn_xml, self.decisions, self.called_models)

    def form(self, form_id: str) -> Mapping[str, Any] | None:
        """A form by its id in the plan: `slug:id` is a called template's."""
        owner, name = self._owner(form_id)
        return owner.forms.get(name)

    def letter(self, letter_id: str) -> Mapping[str, Any] | None:
        """A letter by its id in the plan: `slug:id` is a called template's."""
        owner, name = self._owner(letter_id)
        return owner.letters.get(name)

    def _owner(self, part_id: str) -> tuple["TemplateSource", str]:
        slug, colon, rest = part_id.partition(":")
        return self.called[slug]._owner(rest) if colon and slug in self.called else (self, part_id)

    @property
    def content_hash(self) -> str:
        """SHA-256 over the content in canonical form: key order, indentation and TOML comments do not count."""
        content = {
            "manifest": self.manifest,
            "bpmn": hashlib.sha256(self.bpmn_xml).hexdigest(),
            "decisions": {name: hashlib.sha256(xml).hexdigest() for name, xml in self.decisions.items()},
            "forms": self.forms,
            "letters": self.letters,
            "cases": self.cases,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_folder(path: Path) -> TemplateSource:
    """Reads a template's folder; raises SourceError where a file is missing or is not what its name says."""
    if not path.is_dir():
        raise SourceError(str(path), "no such folder")
    files = sorted(file for file in path.iterdir() if file.is_file())
    if len(files) > MOST_FILES:
        raise SourceError(str(path), f"more than {MOST_FILES} files")
    return TemplateSource(
        manifest=_toml(path / "template.toml"),
        bpmn_xml=_content(path / "process.bpmn"),
        decisions={file.name: _content(file) for file in files if file.suffix == ".dmn"},
        forms={_stem(file, ".form.json"): _form(file) for file in files if file.name.endswith(".form.json")},
        letters={_stem(file, ".letter.toml"): _toml(file) for file in files if file.name.endswith(".letter.toml")},
        cases=_cases(path / "cases.json"),
    )


def _stem(file: Path, ending: str) -> str:
    return file.name.removesuffix(ending)


def _content(file: Path) -> bytes:
    if not file.is_file():
        raise SourceError(file.name, "missing")
    if file.stat().st_size > LARGEST_FILE:
        raise SourceError(file.name, f"larger than {LARGEST_FILE} bytes")
    return file.read_bytes()


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_content(file).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(file.name, f"not readable as TOML ({error})") from error


def _json(file: Path) -> Any:
    try:
        return json.loads(_content(file))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(file.name, f"not readable as JSON ({error})") from error


def _form(file: Path) -> dict[str, Any]:
    form = _json(file)
    if not isinstance(form, dict):
        raise SourceError(file.name, "not a form")
    return form


def _cases(file: Path) -> list[Any]:
    cases = _json(file)
    if not isinstance(cases, list):
        raise SourceError(file.name, "not a list of cases")
    return cases


def source_of(content: TemplateVersion | TemplateVariant, cases: Sequence[Any] = ()) -> TemplateSource:
    """A published version or a county's variant as a source; a variant's test cases are those of its base."""
    own = content.cases if isinstance(content, TemplateVersion) else cases
    return TemplateSource(
        manifest=content.manifest,
        bpmn_xml=content.bpmn_xml.encode(),
        decisions={name: xml.encode() for name, xml in content.decisions.items()},
        forms=content.forms,
        letters=content.letters,
        cases=list(own),
    )
