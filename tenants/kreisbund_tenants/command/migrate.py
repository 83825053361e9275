"""`migrate [--status] [--json]`: brings all schemas up, or shows where they stand."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import SchemaStatus
from kreisbund_tenants import seeding
from kreisbund_tenants.command.environment import environment


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("migrate", help="bring all schemas up", allow_abbrev=False)
    parser.add_argument("--status", action="store_true", help="change nothing, show where each schema stands")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """0 when no schema failed or, with --status, in any case."""
    here = environment()
    standing = migrate.status(here.database) if args.status else seeding.migrate_all(here.database, here.clock)
    print(_as_json(standing) if args.json else _as_table(standing))
    return 0 if args.status or not any(state.is_behind for state in standing) else 1


def _as_json(standing: list[SchemaStatus]) -> str:
    return json.dumps([asdict(state) | {"behind": state.is_behind} for state in standing], ensure_ascii=False)


def _as_table(standing: list[SchemaStatus]) -> str:
    width = max(len(state.schema) for state in standing)
    return "\n".join(
        f"{state.schema:{width}}  {state.version:>3} of {state.target:<3}  {_words(state)}" for state in standing
    )


def _words(state: SchemaStatus) -> str:
    if state.problem:
        return f"stayed behind: {state.problem}"
    return "behind" if state.is_behind else "up to date"
