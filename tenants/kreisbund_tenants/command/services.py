"""`services import PATH`: reads the list of public services."""

import argparse
import sys
from pathlib import Path
from typing import Any

from kreisbund_platform.services import importing
from kreisbund_tenants.command.environment import CommandError, environment


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("services", help="the catalogue of public services", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    source = actions.add_parser("import", allow_abbrev=False, help="read a folder or one file of the OZG database")
    source.add_argument("path", type=Path)


def run(args: argparse.Namespace) -> int:
    """Bad rows go to stderr, each with its place; the counts are the last line."""
    here = environment()
    try:
        with here.connections.for_workspace("catalogue") as connection:
            report = importing.import_path(connection, args.path, here.clock)
    except importing.ImportRefusedError as refused:
        raise CommandError(str(refused)) from refused
    for line in report.skipped:
        print(f"skipped: {line}", file=sys.stderr)
    print(report)
    return 0
