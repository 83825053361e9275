"""`conformance NAME DIR`: runs a folder of outside test cases. Needs neither database nor deployment."""

import argparse
import importlib
from pathlib import Path
from typing import Any

from kreisbund_tenants.command.environment import CommandError

# Each is a module of kreisbund_tenants.conformance with `run(folder, json_file, export) -> exit status`.
NAMES = ("dmn", "bpmn")


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("conformance", help="outside test cases", allow_abbrev=False)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--export", type=Path, metavar="OUT")


def run(args: argparse.Namespace) -> int:
    """0 when none failed, else 1."""
    if not args.folder.is_dir():
        raise CommandError(f"no such folder: {args.folder}")
    runner = importlib.import_module(f"kreisbund_tenants.conformance.{args.name}")
    return int(runner.run(args.folder, args.json, args.export))
