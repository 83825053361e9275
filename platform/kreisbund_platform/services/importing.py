"""Imports the list of public services: a folder (or one file) as the OZG database hands it out.

Each row is checked by itself; a bad one is listed with its place and skipped. Importing the same list again
changes nothing.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from psycopg import Connection

from kreisbund_platform.clock import Clock
from kreisbund_platform.services import indexing, queries

FILES = ("situations.json", "ozg_services.json", "leika_services.json")
LEIKA_KEY = re.compile(r"[0-9]{14}")
LONGEST = 2_000
LARGEST_FILE = 64 * 1024 * 1024


class ImportRefusedError(Exception):
    """The path cannot be imported at all; the text says why, for a person."""


@dataclass
class ImportReport:
    """What an import did. `skipped`: one line a bad row, with its place."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: list[str] = field(default_factory=list)

    def count(self, counts: queries.Counts) -> None:
        """Adds one kind's counts."""
        self.added += counts.added
        self.changed += counts.changed
        self.unchanged += counts.unchanged

    def __str__(self) -> str:
        """The last line that the command prints."""
        return f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, {len(self.skipped)} skipped"


class BadRowError(ValueError):
    """What is wrong with one row."""


def import_path(connection: Connection[Any], path: Path, clock: Clock) -> ImportReport:
    """Imports a folder or one of its files in one transaction."""
    report = ImportReport()
    rows = {kind: list(_rows(file, kind, report)) for kind, file in _files(path)}
    with connection.transaction():
        report.count(queries.put_situations(connection, rows.get("situations", [])))
        situations = queries.known_situations(connection)
        ozg = _linked(rows.get("ozg_services", []), "life_situation", situations)
        report.count(queries.put_ozg_services(connection, ozg))
        services = _linked(rows.get("leika_services", []), "ozg_key", queries.known_ozg_keys(connection))
        report.count(queries.put_services(connection, services, clock.now()))
        if report.added or report.changed:
            indexing.rebuild(connection)
    return report


def is_filled(connection: Connection[Any]) -> bool:
    """Whether the catalogue holds any service."""
    return queries.index_state(connection)[0] > 0


def _linked(rows: list[dict[str, Any]], column: str, known: set[str]) -> list[dict[str, Any]]:
    """Rows whose link leads somewhere; one that leads nowhere is dropped, the row stays."""
    return [{**row, column: row[column] if row[column] in known else None} for row in rows]


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    found = [path / name for name in FILES if (path / name).is_file()] if path.is_dir() else [path]
    if not found or not found[0].is_file():
        raise ImportRefusedError(f"{path}: neither {', '.join(FILES)} nor a folder with one of them")
    for file in found:
        yield _kind(file), file


def _kind(file: Path) -> str:
    if file.name in FILES:
        return file.stem
    first = next(iter(_list(file)), None)
    if isinstance(first, dict) and "leika_key" in first:
        return "leika_services"
    if isinstance(first, dict) and "ozg_key" in first:
        return "ozg_services"
    if isinstance(first, dict) and "subject" in first:
        return "situations"
    raise ImportRefusedError(f"{file}: not a list of services, OZG services or life situations")


def _list(file: Path) -> list[Any]:
    if file.stat().st_size > LARGEST_FILE:
        raise ImportRefusedError(f"{file}: larger than {LARGEST_FILE} bytes")
    try:
        content = json.loads(file.read_bytes())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise ImportRefusedError(f"{file}: not readable as JSON ({problem})") from problem
    if not isinstance(content, list):
        raise ImportRefusedError(f"{file}: the outermost value must be a list")
    return content


def _rows(file: Path, kind: str, report: ImportReport) -> Iterator[dict[str, Any]]:
    read, key = READERS[kind]
    seen: set[str] = set()
    for position, raw in enumerate(_list(file), start=1):
        try:
            if not isinstance(raw, dict):
                raise BadRowError("not an object")
            row = read(raw)
            if row[key] in seen:
                raise BadRowError(f"{key} {row[key]} came before")
            seen.add(row[key])
            yield row
        except BadRowError as problem:
            report.skipped.append(f"{file.name}, row {position}: {problem}")


def _text(raw: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = raw.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or (required and not value.strip()):
        raise BadRowError(f"{name} must be a text")
    if len(value) > LONGEST or any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in value):
        raise BadRowError(f"{name} is too long or holds characters that no text has")
    return value.strip() or None


def _situation(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": _text(raw, "name", required=True), "subject": _text(raw, "subject")}


def _ozg_service(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ozg_key": _text(raw, "ozg_key", required=True),
        "name": _text(raw, "name", required=True),
        "life_situation": _text(raw, "situation"),
    }


def _service(raw: Mapping[str, Any]) -> dict[str, Any]:
    key = _text(raw, "leika_key", required=True) or ""
    if not LEIKA_KEY.fullmatch(key):
        raise BadRowError(f"leika_key {key[:40]!r} does not have 14 digits")
    leika_type = _text(raw, "leika_type")
    return {
        "leika_key": key,
        "name": _text(raw, "name", required=True),
        "leika_type": leika_type,
        "legal_basis": _text(raw, "legal_basis"),
        "ozg_key": _text(raw, "ozg_key"),
        "responsible": responsible(key, leika_type),
    }


READERS: dict[str, tuple[Callable[[Mapping[str, Any]], dict[str, Any]], str]] = {
    "situations": (_situation, "name"),
    "ozg_services": (_ozg_service, "ozg_key"),
    "leika_services": (_service, "leika_key"),
}


@cache
def _prefixes() -> dict[str, str]:
    table = tomllib.loads(Path(__file__).with_name("responsibilities.toml").read_text("utf-8"))
    return {prefix: level for level, entry in table.items() for prefix in entry["prefixes"]}


def responsible(leika_key: str, leika_type: str | None) -> str | None:
    """Who is responsible in Thüringen: COUNTY, MUNICIPALITY, LAND, FEDERATION, or None where it is split or unknown."""
    if leika_type == "1":
        return "FEDERATION"
    prefixes = _prefixes()
    for length in range(14, 4, -1):
        if level := prefixes.get(leika_key[:length]):
            return level
    return None
