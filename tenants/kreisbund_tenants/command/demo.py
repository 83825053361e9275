"""`demo principals|shared-types|load`: what outside programs need to try the demonstration."""

import argparse
import json
from typing import Any

from kreisbund_platform.identity.policy import SHARED_TYPES
from kreisbund_tenants.command.environment import CommandError, Environment, environment
from kreisbund_tenants.demo import cases
from kreisbund_tenants.demo.principals import principals

DEFAULT_SEED = 7


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("demo", help="the demonstration's people and cases", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, text in (("principals", "how each demo person logs in"), ("shared-types", "types every county reads")):
        actions.add_parser(name, help=text, allow_abbrev=False).add_argument("--json", action="store_true")
    load = actions.add_parser("load", help="more cases in every county", allow_abbrev=False)
    load.add_argument("--cases", type=_count, required=True, metavar="N", help="how many per county")
    load.add_argument("--seed", type=int, default=DEFAULT_SEED)


def run(args: argparse.Namespace) -> int:
    """Ends the process with one line outside a demonstration."""
    here = environment()
    if args.action == "shared-types":
        print(json.dumps(SHARED_TYPES) if args.json else "\n".join(SHARED_TYPES))
    elif args.action == "principals":
        entries = principals(here.settings, here.registry, here.clock)
        print(json.dumps(entries, ensure_ascii=False) if args.json else _as_table(entries))
    else:
        _load(here, args.cases, args.seed)
    return 0


def _load(here: Environment, number: int, seed: int) -> None:
    if not here.settings.demo:
        raise CommandError("demonstration cases are not for production")
    slugs = [tenant.slug for tenant in here.registry.all() if tenant.status == "ACTIVE"]
    for slug, made in cases.load(here.settings, slugs, number, seed):
        print(f"{slug}: {made} cases", flush=True)


def _as_table(entries: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{entry['tenant'] or '-':24} {entry['role']:24} {entry['username']:32} {entry['password']}"
        for entry in entries
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
