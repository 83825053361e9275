"""`cases xes|copy`: a county's event log as a file, and many running cases to try an upgrade with."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from kreisbund_platform.errors import NotFound
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from kreisbund_platform.mining import periods, xes
from kreisbund_tenants.command.environment import CommandError, Environment, environment
from kreisbund_tenants.demo import copies


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb and its actions."""
    parser = subparsers.add_parser("cases", help="event log, copies for trying", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    log = actions.add_parser("xes", help="the event log as XES (IEEE 1849)", allow_abbrev=False)
    log.add_argument("--tenant", required=True, metavar="SLUG")
    log.add_argument("--out", required=True, type=Path, metavar="FILE")
    log.add_argument("--template", metavar="SLUG", help="of one template's cases")
    log.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY", help="received from")
    log.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY", help="received until")
    copy = actions.add_parser(
        "copy", help="running cases copied, for measuring; demonstration only", allow_abbrev=False
    )
    copy.add_argument("--tenant", required=True, metavar="SLUG")
    copy.add_argument("--template", required=True, metavar="SLUG")
    copy.add_argument("--cases", required=True, type=int, metavar="N")


def run(args: argparse.Namespace) -> int:
    """Runs the action."""
    here = environment()
    with _work(here, args.tenant) as work:
        return _log(work, args) if args.action == "xes" else _copy(here, work, args)


@contextmanager
def _work(here: Environment, slug: str) -> Iterator[WorkContext]:
    tenant = here.registry.by_slug(slug)
    if tenant is None:
        raise CommandError(f"no such county: {slug}")
    with here.connections.for_tenant(tenant) as connection, connection.transaction():
        yield WorkContext(connection, tenant, system_of(tenant), here.clock, here.settings)


def _log(work: WorkContext, args: argparse.Namespace) -> int:
    period = periods.between(work.clock.now(), args.first, args.last)
    if period is None:
        raise CommandError("the period is empty or longer than ten years")
    found = xes.event_log(work, xes.LogOrder(period, args.template))
    if isinstance(found, NotFound):
        raise CommandError(f"no such template: {args.template}")
    with args.out.open("wb") as file:
        for piece in found:
            file.write(piece)
    print(f"{args.out}: {args.out.stat().st_size} bytes")
    return 0


def _copy(here: Environment, work: WorkContext, args: argparse.Namespace) -> int:
    if not here.settings.demo:
        raise CommandError("copied cases are not for production")
    seeds = copies.running(work.connection, args.template)
    if not seeds or args.cases < 1:
        raise CommandError(f"no running case of {args.template} to copy")
    print(f"{args.tenant}: {copies.multiply(work.connection, seeds, args.cases, here.clock.now())} cases")
    return 0
