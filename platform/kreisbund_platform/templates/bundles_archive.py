"""The zip archive of a bundle, opened as if its sender were the attacker: in memory, by allow-list, within limits."""

import io
import json
import re
import stat
import zipfile
from typing import Any

from kreisbund_platform import archives
from kreisbund_platform.templates.source import LARGEST_FILE, MOST_FILES
from kreisbund_platform.texts import _

MOST_BYTES = 20 * 1024 * 1024  # of the archive, and of all its members together
MOST_MEMBERS = 3 * MOST_FILES  # called templates count
_NAME = re.compile(
    r"index\.json|signatures\.json|(?:called/[a-z0-9][a-z0-9-]{0,80}/){0,5}(?:manifest\.json|cases\.json|process\.bpmn"
    r"|[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}(?:\.dmn|\.form\.json|\.letter\.json))"
)
_ENCRYPTED = 0x1


class BundleError(ValueError):
    """Why a file is not taken: the member at fault, a stable code, a German message."""

    def __init__(self, member: str, code: str, message: str) -> None:
        super().__init__(f"{member}: {code}")
        self.member = member
        self.code = code
        self.message = message


def members_of(content: bytes) -> dict[str, bytes]:
    """All members by name; raises BundleError for anything but plain files of known names within the limits."""
    if len(content) > MOST_BYTES:
        raise BundleError("", "TOO_LARGE", _("Die Datei ist zu groß."))
    if not content.startswith(b"PK\x03\x04"):
        raise BundleError("", "NOT_A_BUNDLE", _("Die Datei ist kein Paket einer Prozessvorlage."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_archive(archive)
            return _contents(archive)
    except archives.UNREADABLE as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError("", "NOT_A_BUNDLE", _("Die Datei ist kein Paket einer Prozessvorlage.")) from error


def _check_archive(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise BundleError("", "TOO_MANY", _("Die Datei hat zu viele Teile."))
    if archive.comment:
        raise BundleError("", "UNKNOWN_MEMBER", _("Ein Kommentar gehört nicht in die Datei."))
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry)
        if entry.filename.casefold() in seen:
            raise BundleError(entry.filename, "TWICE", _("Dieser Teil kommt mehrfach vor."))
        seen.add(entry.filename.casefold())


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename if entry.filename.isprintable() else ascii(entry.filename)
    if not _NAME.fullmatch(entry.filename) or entry.orig_filename != entry.filename:
        raise BundleError(name[:100], "UNKNOWN_MEMBER", _("Ein Teil mit diesem Namen gehört nicht in die Datei."))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or entry.flag_bits & _ENCRYPTED:
        raise BundleError(name, "NOT_PLAIN", _("Dieser Teil ist keine einfache, unverschlüsselte Datei."))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(name, "NOT_PLAIN", _("Dieser Teil ist auf unbekannte Weise gepackt."))
    if entry.file_size > LARGEST_FILE:
        raise BundleError(name, "TOO_LARGE", _("Dieser Teil ist zu groß."))


def _contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """What the members really hold, however large they say they are."""
    found: dict[str, bytes] = {}
    total = 0
    for entry in archive.infolist():
        with archive.open(entry) as member:
            content = member.read(LARGEST_FILE + 1)
        total += len(content)
        if len(content) > LARGEST_FILE or total > MOST_BYTES:
            raise BundleError(entry.filename, "TOO_LARGE", _("Dieser Teil ist zu groß."))
        found[entry.filename] = content
    return found


def parsed(name: str, content: bytes) -> Any:
    """JSON as two readers would read it alike: no key twice, no NaN, no lone surrogates, no bottomless nesting."""
    try:
        found = json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BundleError(name, "CONTENT", _("Dieser Teil ist kein eindeutiges JSON.")) from error
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(name)
