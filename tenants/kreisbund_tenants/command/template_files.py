"""The actions of `templates` that only read and write files: they need neither database nor deployment."""

import argparse
import json
import sys
from pathlib import Path

from kreisbund_platform.engine import forms
from kreisbund_platform.engine.plan import ModelRefused
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import bundles, publishing
from kreisbund_platform.templates.cases import run_cases
from kreisbund_platform.templates.source import LARGEST_FILE, SourceError, TemplateSource, load_folder
from kreisbund_platform.templates.xdatenfelder import Imported, import_schema
from kreisbund_tenants.command.environment import CommandError


def load(path: Path) -> TemplateSource:
    """A template from its folder or its one file."""
    if path.is_dir():
        try:
            return load_folder(path)
        except SourceError as error:
            raise CommandError(str(error)) from error
    found = bundles.read(content_of(path))
    if isinstance(found, Invalid):
        tell(found)
        raise CommandError(f"{path}: {found.message}")
    return found


def content_of(path: Path) -> bytes:
    """A file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def write(path: Path, content: bytes) -> None:
    """A file, written whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def tell(refusal: Invalid) -> None:
    """All problems, one a line, on stderr."""
    for problem in refusal.field_errors:
        print(f"{problem.path}: {problem.code}: {problem.message}", file=sys.stderr)


def test(args: argparse.Namespace) -> int:
    """`test FOLDER…`: what publishing would check, then each of the template's own cases."""
    failed = 0
    for source in [load(path) for path in args.folders]:
        checked = publishing.check(source)
        if isinstance(checked, Invalid):
            failed += 1
            tell(checked)
        failed += _report_cases(source)
    return int(failed > 0)


def _report_cases(source: TemplateSource) -> int:
    try:
        results = run_cases(source)
    except ModelRefused:
        return 1  # the check has named the element
    for result in results:
        print(f"{'ok' if result.problem is None else 'FAILED'} {result.name}")
    return sum(result.problem is not None for result in results)


def pack(args: argparse.Namespace) -> int:
    """`pack FOLDER FILE`: a folder as one file."""
    source = load(args.folder)
    checked = publishing.check(source)
    if isinstance(checked, Invalid):
        tell(checked)
        raise CommandError(f"{args.folder}: {checked.message}")
    write(args.file, bundles.pack(source))
    print(f"{checked.slug} {source.content_hash}")
    return 0


def import_xdatenfelder(args: argparse.Namespace) -> int:
    """`import-xdatenfelder FILE`: writes the form, reports what a person must look at."""
    try:
        imported = import_schema(content_of(args.file))
    except ModelRefused as refused:
        raise CommandError(f"{args.file}: {refused}") from refused
    for problem in forms.check_schema(imported.form):
        raise CommandError(f"{args.file}: the form is not valid: {problem.path}: {problem.message}")
    text = json.dumps(imported.form, ensure_ascii=False, indent=2) + "\n"
    target = args.out / f"{imported.id}.form.json"
    if len(text.encode()) > LARGEST_FILE:
        print(f"{target}: larger than a template's file may be ({LARGEST_FILE} bytes)", file=sys.stderr)
    write(target, text.encode())
    _report(imported, target)
    return 0


def _report(imported: Imported, target: Path) -> None:
    about, counts = imported.about, imported.counts
    version = f" {about.version}" if about.version else ""
    print(f"{about.id}{version} „{about.label}“, XDatenfelder {imported.format} → {target}")
    for remark in imported.remarks:
        print(f"{remark.kind} {remark.path}: {remark.text}")
    print(
        f"{counts['groups']} groups, {counts['fields']} fields, {counts['code_lists']} code lists"
        f" ({counts['code_lists_without_values']} uses without values), {counts['rules']} rules not executed,"
        f" {counts['unknown']} unknown parts, {counts['outdated']} outdated legal bases"
    )
