"""`templates publish FOLDER… | list | test FOLDER…`: the shared catalogue of process templates."""

import argparse
import sys
from pathlib import Path
from typing import Any

from kreisbund_platform.engine.plan import ModelRefused
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import publishing, queries
from kreisbund_platform.templates.cases import run_cases
from kreisbund_platform.templates.source import SourceError, TemplateSource, load_folder
from kreisbund_tenants.command.environment import CommandError, environment


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb and its actions."""
    parser = subparsers.add_parser("templates", help="publish, list, test", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("publish", "test"):
        actions.add_parser(action, allow_abbrev=False).add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    actions.add_parser("list", allow_abbrev=False)


def run(args: argparse.Namespace) -> int:
    """Runs the action."""
    if args.action == "list":
        return _list()
    sources = [_load(folder) for folder in args.folders]
    return _test(sources) if args.action == "test" else _publish(sources)


def _load(folder: Path) -> TemplateSource:
    try:
        return load_folder(folder)
    except SourceError as error:
        raise CommandError(str(error)) from error


def _list() -> int:
    with environment().connections.for_workspace("catalogue") as connection:
        for slug, title, number, published_at in queries.newest_versions(connection):
            print(f"{slug}\t{title}\t{number}\t{published_at:%Y-%m-%d}")
    return 0


def _publish(sources: list[TemplateSource]) -> int:
    env = environment()
    refused = False
    with env.connections.for_workspace("catalogue") as connection:
        for source in sources:
            result = publishing.publish(connection, source, clock=env.clock)
            if isinstance(result, Invalid):
                refused = True
                _tell(result)
            else:
                print(f"{result.manifest['slug']} {result.number} {result.content_hash}")
    return int(refused)


def _test(sources: list[TemplateSource]) -> int:
    failed = 0
    for source in sources:
        checked = publishing.check(source)
        if isinstance(checked, Invalid):
            failed += 1
            _tell(checked)
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


def _tell(refusal: Invalid) -> None:
    for problem in refusal.field_errors:
        print(f"{problem.path}: {problem.code}: {problem.message}", file=sys.stderr)
