"""`setup`: everything a fresh deployment needs, in order; does nothing twice."""

import argparse
import time
from collections.abc import Callable
from typing import Any

from kreisbund_tenants import seeding
from kreisbund_tenants.command.environment import CommandError, Environment, environment
from kreisbund_tenants.demo import cases, workshop, year
from kreisbund_tenants.realms import service as realms


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("setup", help="migrate and seed", allow_abbrev=False)
    parser.add_argument("counties", nargs="*", metavar="COUNTY", help="make only these of the counties' folders")


def run(args: argparse.Namespace) -> int:
    """1 when a schema stayed behind; says what each step did and how long it took."""
    here = environment()
    _refuse_unknown(args.counties, demo=here.settings.demo)
    _refuse_unsafe(here)
    standing = seeding.seed(here.database, here.settings, here.clock, only=args.counties)
    behind = [state.schema for state in standing if state.is_behind]
    print(f"{len(standing)} schemas migrated{', behind: ' + ', '.join(behind) if behind else ''}", flush=True)
    _timed("public services", lambda: str(seeding.seed_services(here.connections, here.clock)))
    _timed("process templates", lambda: _templates(here, args.counties))
    if here.settings.keycloak:
        _timed("realms", lambda: str(_realms(here)))
    if here.settings.demo:
        _timed("service team", lambda: workshop.furnish(here.settings, here.connections, here.registry))
        _timed("adoptions", lambda: str(year.adopt_all(here.settings, here.connections, here.registry)))
        _timed("demonstration cases", lambda: _cases(here))
    return 1 if behind else 0


def _refuse_unknown(counties: list[str], *, demo: bool) -> None:
    if counties and demo:
        raise CommandError("the demonstration plays in all its counties: leave their names out")
    if unknown := set(counties) - seeding.seeded_slugs():
        raise CommandError(f"no folder in counties/ for {', '.join(sorted(unknown))}")


def _refuse_unsafe(here: Environment) -> None:
    """Raises CommandError where whoever takes Keycloak's administration would have every county with it."""
    with here.database.owner() as connection:
        found = realms.refused(connection, here.settings)
    if found:
        raise CommandError(f"production refuses this Keycloak: {'; '.join(found)}")


def _templates(here: Environment, counties: list[str]) -> str:
    return ", ".join(seeding.seed_templates(here.connections, here.clock, leads=counties))


def _cases(here: Environment) -> str:
    slugs = [tenant.slug for tenant in here.registry.all() if tenant.slug in seeding.seeded_slugs()]
    return ", ".join(f"{slug} {made}" for slug, made in cases.ensure(here.settings, slugs))


def _realms(here: Environment) -> int:
    with here.database.owner() as connection:
        return realms.mend_all(connection, here.settings)


def _timed(what: str, step: Callable[[], str]) -> None:
    start = time.monotonic()
    result = step()
    print(f"{what}: {result} ({time.monotonic() - start:.1f} s)", flush=True)
