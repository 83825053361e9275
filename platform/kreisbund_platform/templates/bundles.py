"""A template as one file (`.kbt`): everything in it, in one order, with one date, so equal content is equal bytes.

A zip archive of `index.json` (hash and size of each member, hash of the whole) and the parts of the template as
JSON and XML. Who sends such a file may be the attacker: `read` believes nothing and unpacks nothing to disk.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.templates.bundles_archive import BundleError, members_of, parsed
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import TemplateSource, source_of
from kreisbund_platform.texts import _

FORMAT = "kreisbund-template"
FORMAT_VERSION = 1
INDEX = "index.json"
CALLED = "called"
MANIFEST, PROCESS, CASES, SIGNATURES = "manifest.json", "process.bpmn", "cases.json", "signatures.json"
FORM, LETTER, DECISION = ".form.json", ".letter.json", ".dmn"
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can name


@dataclass(frozen=True)
class Bundle:
    """What a file held. `signatures` are no part of the content and have not been verified."""

    source: TemplateSource
    signatures: tuple[Mapping[str, Any], ...]


def export(
    version: TemplateVersion,
    signatures: Sequence[Mapping[str, Any]] = (),
    called: Mapping[str, TemplateSource] | None = None,
) -> bytes:
    """The file of a published version; `called` are the templates that its call activities name."""
    return pack(replace(source_of(version), called=called or {}), signatures)


def pack(source: TemplateSource, signatures: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """The file of a template: equal templates give equal bytes on every machine (stored, not compressed)."""
    members = _members(source)
    if signatures:
        members[SIGNATURES] = _json(list(signatures))
    index = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "slug": source.manifest.get("slug"),
        "content_hash": source.content_hash,
        "called": _called_hashes(source),
        "files": {name: {"sha256": _sha256(content), "size": len(content)} for name, content in members.items()},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in [(INDEX, _json(index)), *sorted(members.items())]:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return target.getvalue()


def _members(source: TemplateSource, before: str = "") -> dict[str, bytes]:
    own = {
        MANIFEST: _json(source.manifest),
        PROCESS: source.bpmn_xml,
        CASES: _json(source.cases),
        **source.decisions,
        **{f"{name}{FORM}": _json(form) for name, form in source.forms.items()},
        **{f"{name}{LETTER}": _json(letter) for name, letter in source.letters.items()},
    }
    members = {f"{before}{name}": content for name, content in own.items()}
    for slug, called in source.called.items():
        members |= _members(called, f"{before}{CALLED}/{slug}/")
    return members


def _called_hashes(source: TemplateSource, before: str = "") -> dict[str, str]:
    """Content hash of each called template by its folder; they are no part of the caller's own hash."""
    hashes: dict[str, str] = {}
    for slug, called in source.called.items():
        folder = f"{before}{CALLED}/{slug}/"
        hashes |= {folder: called.content_hash, **_called_hashes(called, folder)}
    return hashes


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(content: bytes) -> TemplateSource | Invalid:
    """The template in a file; checked to be whole and unchanged, not whether it may be published."""
    bundle = unpack(content)
    return bundle if isinstance(bundle, Invalid) else bundle.source


def unpack(content: bytes) -> Bundle | Invalid:
    """The template and its signatures in a file."""
    try:
        return _bundle(members_of(content))
    except BundleError as error:
        problem = FieldError(error.member, error.code, error.message)
        return Invalid("BUNDLE_INVALID", _("Die Datei ist keine unversehrte Prozessvorlage."), (problem,))


def _bundle(members: dict[str, bytes]) -> Bundle:
    index = _index(members)
    source = _source({name: content for name, content in members.items() if name not in (INDEX, SIGNATURES)})
    if (index.get("content_hash"), index.get("called")) != (source.content_hash, _called_hashes(source)):
        raise BundleError(INDEX, "HASH", _("Der Inhalt passt nicht zu seiner Prüfsumme."))
    signatures = _list(members, SIGNATURES) if SIGNATURES in members else []
    if not all(isinstance(signature, dict) for signature in signatures):
        raise BundleError(SIGNATURES, "CONTENT", _("Die Unterschriften sind nicht lesbar."))
    return Bundle(source, tuple(signatures))


def _source(members: Mapping[str, bytes]) -> TemplateSource:
    own = {name: content for name, content in members.items() if "/" not in name}
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in members.items():
        if "/" in name:
            _called, slug, rest = name.split("/", 2)
            folders.setdefault(slug, {})[rest] = content
    return TemplateSource(
        manifest=_object(own, MANIFEST),
        bpmn_xml=_present(own, PROCESS),
        decisions={name: xml for name, xml in own.items() if name.endswith(DECISION)},
        forms={name.removesuffix(FORM): _object(own, name) for name in own if name.endswith(FORM)},
        letters={name.removesuffix(LETTER): _object(own, name) for name in own if name.endswith(LETTER)},
        cases=_list(own, CASES),
        called={slug: _source(inner) for slug, inner in folders.items()},
    )


def _index(members: dict[str, bytes]) -> dict[str, Any]:
    """The index, which names exactly the other members with size and hash."""
    index = _object(members, INDEX)
    if (index.get("format"), index.get("version")) != (FORMAT, FORMAT_VERSION):
        raise BundleError(INDEX, "FORMAT", _("Dieses Format oder diese Fassung ist nicht bekannt."))
    files = index.get("files")
    if not isinstance(files, dict) or set(files) != set(members) - {INDEX}:
        raise BundleError(INDEX, "MEMBERS", _("Das Verzeichnis nennt andere Teile, als die Datei enthält."))
    for name, stated in files.items():
        if stated != {"sha256": _sha256(members[name]), "size": len(members[name])}:
            raise BundleError(name, "HASH", _("Der Inhalt passt nicht zu seiner Prüfsumme."))
    return index


def _present(members: Mapping[str, bytes], name: str) -> bytes:
    if name not in members:
        raise BundleError(name, "MISSING", _("Dieser Teil fehlt."))
    return members[name]


def _object(members: Mapping[str, bytes], name: str) -> dict[str, Any]:
    found = parsed(name, _present(members, name))
    if not isinstance(found, dict):
        raise BundleError(name, "CONTENT", _("Hier wird ein Objekt erwartet."))
    return found


def _list(members: Mapping[str, bytes], name: str) -> list[Any]:
    found = parsed(name, _present(members, name))
    if not isinstance(found, list):
        raise BundleError(name, "CONTENT", _("Hier wird eine Liste erwartet."))
    return found
