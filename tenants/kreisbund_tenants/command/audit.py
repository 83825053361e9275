"""`audit verify [SLUG | --all] [--json]`: walks event logs against their checkpoints and names the first bad place."""

import argparse
import json
import sys
from typing import Any

from kreisbund_platform.audit.findings import Report
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.audit.verifying import verify
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.command.environment import CommandError, Environment, environment


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb and its action."""
    parser = subparsers.add_parser("audit", help="event logs and their checkpoints", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("verify", help="whether a log is what it was", allow_abbrev=False)
    which = check.add_mutually_exclusive_group()
    which.add_argument("slug", nargs="?", help="one county; without it all")
    which.add_argument("--all", action="store_true", help="all counties")
    check.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    """0 when every log is whole; else 1, with one line for each that is not."""
    here = environment()
    reports = [_report(here, tenant) for tenant in _chosen(here, args.slug)]
    if args.json:
        print(json.dumps([report.as_json() for report in reports]))
    for report in reports:
        _tell(report, quiet=args.json)
    return 1 if any(report.finding for report in reports) else 0


def _chosen(here: Environment, slug: str | None) -> list[TenantContext]:
    if slug is None:
        return here.registry.all()
    tenant = here.registry.by_slug(slug)
    if tenant is None:
        raise CommandError(f"no such county: {slug}")
    return [tenant]


def _report(here: Environment, tenant: TenantContext) -> Report:
    with here.connections.for_tenant(tenant) as connection:
        return verify(connection, here.settings, store_of(here.settings), tenant)


def _tell(report: Report, *, quiet: bool) -> None:
    if report.finding is not None:
        print(f"kreisbund: {report.county}: {report.finding.words()}", file=sys.stderr)
    elif not quiet:
        sealed = f"{report.sealed_events} of them under {report.checkpoints} checkpoints"
        print(f"{report.county}: {report.events} events, {sealed}: whole")
