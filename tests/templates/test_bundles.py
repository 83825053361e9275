"""One file carries a template to another deployment unchanged; a tampered or hostile file is refused."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kreisbund_tenants
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import bundles, publishing, queries
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import LARGEST_FILE, TemplateSource, load_folder
from tests.support.database import fresh_database
from tests.support.fixtures import START, deployed, settings_for

CATALOGUE = Path(kreisbund_tenants.__file__).parent / "catalogue"
FOLDERS = sorted(file.parent for file in CATALOGUE.glob("*/*/template.toml"))
SCHOOL = CATALOGUE / "schule" / "schuelerbefoerderung"
Change = Callable[[dict[str, bytes]], object]


@pytest.fixture
def school() -> TemplateSource:
    return load_folder(SCHOOL)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], **options: Any) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", options.get("method", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def refusal(content: bytes) -> tuple[str, str]:
    found = bundles.read(content)
    assert isinstance(found, Invalid)
    (problem,) = found.field_errors
    return problem.path, problem.code


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_there_and_back(folder: Path) -> None:
    source = load_folder(folder)
    content = bundles.pack(source)
    again = bundles.read(content)
    assert isinstance(again, TemplateSource)
    assert again.content_hash == source.content_hash
    assert bundles.pack(again) == content


def test_order_and_time_do_not_count(school: TemplateSource) -> None:
    turned = replace(school, forms=dict(reversed(school.forms.items())), decisions=dict(school.decisions))
    assert bundles.pack(turned) == bundles.pack(school)


def test_a_version_has_the_same_hash_in_another_deployment(
    deployment, school: TemplateSource, clock, tmp_path: Path
) -> None:
    topic = {"slug": "schule", "title": "Schule", "lead_county": "nordhausen"}
    source = replace(school, manifest={**school.manifest, "topic": topic})
    with deployment.connections.for_workspace("catalogue") as connection:
        published = publishing.publish(connection, source, clock=clock)
        assert isinstance(published, TemplateVersion)
        stored = queries.version_numbered(connection, "schuelerbefoerderung", published.number)
    assert stored is not None
    content = bundles.export(stored)
    with fresh_database() as url, deployed(settings_for(url, tmp_path), "nordhausen") as other:
        received = bundles.read(content)
        assert isinstance(received, TemplateSource)
        with other.connections.for_workspace("catalogue") as connection:
            there = publishing.publish(connection, received, clock=ManualClock(START))
            assert isinstance(there, TemplateVersion)
            again = queries.version_numbered(connection, "schuelerbefoerderung", None)
    assert (there.content_hash, there.number) == (published.content_hash, 1)
    assert again is not None
    assert bundles.export(again) == content


def test_called_templates_travel_along(school: TemplateSource) -> None:
    inner = replace(school, manifest={**school.manifest, "slug": "inner"})
    middle = replace(school, manifest={**school.manifest, "slug": "middle"}, called={"inner": inner})
    outer = replace(school, called={"middle": middle, "other": inner})
    again = bundles.read(bundles.pack(outer))
    assert isinstance(again, TemplateSource)
    assert again.content_hash == school.content_hash
    assert again.called["middle"].called["inner"].content_hash == inner.content_hash
    parts = members(bundles.pack(outer))
    change(parts, "called/other/process.bpmn", b"<a/>")
    assert refusal(zipped(parts)) == ("index.json", "HASH")
    drop("called/middle/called/inner/manifest.json")(parts)
    assert refusal(zipped(parts)) == ("manifest.json", "MISSING")


def test_signatures_travel_beside_the_content(school: TemplateSource) -> None:
    signature = {"signer": "a", "value": "xyz"}
    signed = bundles.unpack(bundles.pack(school, [signature]))
    assert isinstance(signed, bundles.Bundle)
    assert signed.signatures == (signature,)
    assert signed.source.content_hash == school.content_hash


def change(parts: dict[str, bytes], name: str, content: bytes) -> None:
    """Replaces a member and makes the index fit, as an attacker would."""
    parts[name] = content
    index = json.loads(parts["index.json"])
    files = {key: {"sha256": bundles._sha256(value), "size": len(value)} for key, value in parts.items()}
    del files["index.json"]
    parts["index.json"] = json.dumps({**index, "files": files}).encode()


def drop(name: str) -> Change:
    def act(parts: dict[str, bytes]) -> None:
        del parts[name]
        index = json.loads(parts["index.json"])
        index["files"].pop(name, None)
        parts["index.json"] = json.dumps(index).encode()

    return act


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda parts: parts.update({"process.bpmn": b"<a/>"}), ("process.bpmn", "HASH")),
        (lambda parts: change(parts, "process.bpmn", b"<a/>"), ("index.json", "HASH")),
        (lambda parts: change(parts, "cases.json", b"{}"), ("cases.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b'{"a": 1, "a": 2}'), ("manifest.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b'{"a": NaN}'), ("manifest.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b'{"a": "\\ud800"}'), ("manifest.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b"[" * 100_000), ("manifest.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b"\xff"), ("manifest.json", "CONTENT")),
        (lambda parts: change(parts, "manifest.json", b"1" * 10_000), ("manifest.json", "CONTENT")),
        (lambda parts: parts.update({"index.json": b"{}"}), ("index.json", "FORMAT")),
        (lambda parts: parts.update({"extra.dmn": b"x"}), ("index.json", "MEMBERS")),
        (lambda parts: parts.update({"readme.txt": b"x"}), ("readme.txt", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"../../evil.dmn": b"x"}), ("../../evil.dmn", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"/etc/evil.dmn": b"x"}), ("/etc/evil.dmn", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"a\\b.dmn": b"x"}), ("a\\b.dmn", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"sub/": b""}), ("sub/", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"called/../x.dmn": b""}), ("called/../x.dmn", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"called/a/" * 9 + "x.dmn": b""}), ("called/a/" * 9 + "x.dmn", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"PROCESS.dmn": b"", "process.DMN": b""}), ("process.DMN", "UNKNOWN_MEMBER")),
        (lambda parts: parts.update({"A.dmn": b"", "a.dmn": b""}), ("a.dmn", "TWICE")),
        (lambda parts: parts.update({"bomb.dmn": b"\0" * (LARGEST_FILE + 1)}), ("bomb.dmn", "TOO_LARGE")),
        (lambda parts: parts.update({f"f{n}.dmn": b"" for n in range(700)}), ("", "TOO_MANY")),
        (lambda parts: parts.update({f"f{n}.dmn": b"\0" * LARGEST_FILE for n in range(25)}), ("f", "TOO_LARGE")),
        (drop("process.bpmn"), ("process.bpmn", "MISSING")),
        (lambda parts: parts.pop("index.json"), ("index.json", "MISSING")),
        (lambda parts: change(parts, "signatures.json", b"[1]"), ("signatures.json", "CONTENT")),
    ],
)
def test_hostile_files_are_refused(school: TemplateSource, act: Change, expected: tuple[str, str]) -> None:
    parts = members(bundles.pack(school))
    act(parts)
    path, code = refusal(zipped(parts))
    assert (path[: len(expected[0])] if expected[0] == "f" else path, code) == expected


def test_hostile_archives_are_refused(school: TemplateSource) -> None:
    good = bundles.pack(school)
    assert refusal(b"") == ("", "NOT_A_BUNDLE")
    assert refusal(b"#!/bin/sh\n" + good) == ("", "NOT_A_BUNDLE")
    assert refusal(good[: len(good) // 2]) == ("", "NOT_A_BUNDLE")
    assert refusal(good[:-2] + b"\x05\x00hello") == ("", "UNKNOWN_MEMBER")
    assert refusal(b"PK\x03\x04" + b"\0" * (21 * 1024 * 1024)) == ("", "TOO_LARGE")
    assert refusal(zipped(members(good), method=zipfile.ZIP_BZIP2))[1] == "NOT_PLAIN"


def test_a_member_twice_is_refused(school: TemplateSource) -> None:
    target = io.BytesIO(bundles.pack(school))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr("process.bpmn", b"<other/>")
    assert refusal(target.getvalue()) == ("process.bpmn", "TWICE")


def test_a_link_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("process.bpmn")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(target.getvalue()) == ("process.bpmn", "NOT_PLAIN")


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(zipped({"bomb.dmn": b"\0" * (50 * LARGEST_FILE)}))
    directory = content.rindex(b"PK\x01\x02")
    for place in (22, directory + 24):
        content[place : place + 4] = struct.pack("<I", 1000)
    assert refusal(bytes(content))[1] in ("TOO_LARGE", "NOT_A_BUNDLE")


def test_every_cut_and_flip_is_refused_or_harmless(school: TemplateSource) -> None:
    small = replace(school, forms={}, letters={}, cases=[], decisions={}, bpmn_xml=b"<a/>", manifest={"slug": "a"})
    good = bundles.pack(small)
    for position in range(len(good)):
        flipped = bytes((*good[:position], good[position] ^ 0x5A, *good[position + 1 :]))
        for content in (flipped, good[:position]):
            found = bundles.read(content)
            assert isinstance(found, Invalid) or found.content_hash == small.content_hash
