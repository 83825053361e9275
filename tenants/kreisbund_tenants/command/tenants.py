"""`tenants create|list|suspend|resume|check|rotate|keys|processing`: the life of a tenant; the rest is in
`tenants_moving`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from kreisbund_platform.errors import REFUSALS, Invalid, Refusal
from kreisbund_platform.privacy import processing
from kreisbund_platform.tenancy import grant_check, grants, log_check, roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.grant_check import Rows
from kreisbund_platform.tenancy.registry import read_tenants
from kreisbund_platform.tenancy.role_check import Deviation
from kreisbund_tenants import manifest, provisioning
from kreisbund_tenants.command import tenants_moving
from kreisbund_tenants.command.environment import CommandError, Environment, environment
from kreisbund_tenants.realms import service as realms
from kreisbund_tenants.realms.keycloak import RealmError


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb and its actions."""
    parser = subparsers.add_parser(
        "tenants",
        help="create, list, suspend, resume, check, rotate, keys, processing, export, restore, erase-again, delete",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", allow_abbrev=False)
    create.add_argument("slug")
    create.add_argument("--name", required=True)
    create.add_argument("--regional-key", required=True, metavar="ARS", help="12 digits")
    create.add_argument("--manifest", type=Path, metavar="county.toml")
    actions.add_parser("list", allow_abbrev=False).add_argument("--json", action="store_true")
    for action in ("suspend", "resume"):
        actions.add_parser(action, allow_abbrev=False).add_argument("slug")
    tenants_moving.add_parsers(actions)
    check = actions.add_parser(
        "check", allow_abbrev=False, help="compare grants, roles and realms with what is declared"
    )
    check.add_argument("--mend", "--fix", action="store_true", help="set right what differs, and say what it was")
    rotate = actions.add_parser("rotate", allow_abbrev=False, help="a new database secret, one login after the other")
    whose = rotate.add_mutually_exclusive_group(required=True)
    whose.add_argument("slug", nargs="?")
    whose.add_argument("--all", action="store_true", help="every county, then the workspaces")
    keys = actions.add_parser("keys", allow_abbrev=False, help="a realm's signing keys against its rotation record")
    keys.add_argument("realm", help="a county's slug, service-team, state or operations")
    keys.add_argument("--announce", action="store_true", help="the keys that are there now become the record")
    processing = actions.add_parser("processing", allow_abbrev=False, help="record of processing (Art. 30 DSGVO)")
    processing.add_argument("slug")
    processing.add_argument("--json", action="store_true", help="for programs; else Markdown")


def run(args: argparse.Namespace) -> int:
    """Runs the action."""
    return ACTIONS[args.action](environment(), args)


def _create(here: Environment, args: argparse.Namespace) -> int:
    described = manifest.load(args.manifest) if args.manifest else None
    with here.database.owner() as connection:
        made = provisioning.create_tenant(
            connection,
            here.settings,
            here.clock,
            slug=args.slug,
            name=args.name,
            regional_key=args.regional_key,
            manifest=described,
        )
        answer = _answer(made)
    with here.database.owner() as connection:
        _ensure_realms(here, connection, args.slug)
    return answer


def _ensure_realms(here: Environment, connection: provisioning.Rows, slug: str) -> None:
    """The county stands already: where Keycloak fails, the way to complete it is said."""
    try:
        realms.ensure_for(connection, here.settings, slug)
    except RealmError as problem:
        raise CommandError(f"{problem}; the county stands, './kreisbund tenants check --mend' completes it") from None


def _list(here: Environment, args: argparse.Namespace) -> int:
    with here.database.owner() as connection:
        tenants = read_tenants(connection)
    if args.json:
        print(json.dumps([_public(tenant) for tenant in tenants], ensure_ascii=False))
    else:
        for tenant in tenants:
            print(f"{tenant.slug:40}  {tenant.regional_key or '-':12}  {tenant.status:12}  {tenant.name}")
    return 0


def _public(tenant: TenantContext) -> dict[str, str | None]:
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "regional_key": tenant.regional_key,
        "kind": tenant.kind,
        "status": tenant.status,
    }


def _suspend(here: Environment, args: argparse.Namespace) -> int:
    with here.database.owner() as connection:
        status = _answer(provisioning.suspend(connection, here.clock, args.slug))
    if here.settings.keycloak:
        try:
            realms.end_sessions(here.settings.keycloak, args.slug)
        except RealmError as problem:
            raise CommandError(f"{problem}; the county is suspended, suspend it again to end its logins") from None
    return status


def _resume(here: Environment, args: argparse.Namespace) -> int:
    with here.database.owner() as connection:
        return _answer(provisioning.resume(connection, here.clock, args.slug))


def _check(here: Environment, args: argparse.Namespace) -> int:
    """Exit status 1 while anything differs; with --mend, what is left afterwards."""
    with here.database.owner() as connection:
        deviations = _deviations(here, connection)
        if args.mend and deviations:
            _tell(deviations, "mending ")
            grant_check.mend(connection, here.settings)
            provisioning.point_issuers(connection, here.settings)
            realms.mend_all(connection, here.settings)
            deviations = _deviations(here, connection)
    _tell(deviations, "")
    print(f"{len(deviations)} deviations")
    return 1 if deviations else 0


def _deviations(here: Environment, connection: Rows) -> list[Deviation]:
    found = grant_check.verify_grants(connection)
    found += grant_check.refused_logins(connection, here.database, here.settings)
    if not here.settings.demo:
        found += log_check.talkative_settings(connection)
    return [*found, *realms.deviations(connection, here.settings)]


def _tell(deviations: list[Deviation], doing: str) -> None:
    for deviation in deviations:
        print(f"{doing}{deviation.subject}: {deviation.finding}", file=sys.stderr)


def _rotate(here: Environment, args: argparse.Namespace) -> int:
    """Each in a transaction of its own: what was rotated before a failure stays rotated."""
    with here.database.owner() as connection:
        tenants = [t for t in read_tenants(connection) if t.status != "DELETED" and (args.all or t.slug == args.slug)]
        if not tenants and not args.all:
            return _answer(provisioning.unknown_tenant())
        for tenant in tenants:
            print(f"{tenant.slug} epoch {roles.rotate_county(connection, here.settings, tenant)}", flush=True)
        for workspace in [name for name in grants.WORKSPACES if args.all and name != "registry"]:
            print(f"({workspace}) epoch {roles.rotate_workspace(connection, here.settings, workspace)}", flush=True)
    return 0


def _keys(here: Environment, args: argparse.Namespace) -> int:
    """Exit status 1 while a key is there that nobody announced."""
    if here.settings.keycloak is None:
        raise CommandError("no Keycloak vouches here: the demo issuer's keys lie in the home")
    with here.database.owner() as connection:
        try:
            told = realms.rotation(connection, here.settings, args.realm, announce=args.announce)
        except RealmError as problem:
            raise CommandError(str(problem)) from None
    for kid, state in told.items():
        print(f"{kid} {state}")
    return 1 if "NOT ANNOUNCED" in told.values() else 0


def _processing(here: Environment, args: argparse.Namespace) -> int:
    tenant = here.registry.by_slug(args.slug)
    if tenant is None:
        return _answer(provisioning.unknown_tenant())
    with here.connections.for_tenant(tenant) as connection:
        record = processing.record_of(connection, tenant, here.clock.now())
    print(json.dumps(record, ensure_ascii=False) if args.json else processing.markdown(record))
    return 0


def _answer(result: TenantContext | Refusal) -> int:
    if isinstance(result, REFUSALS):
        raise CommandError(_one_line(result))
    print(f"{result.slug} {result.status}")
    return 0


def _one_line(refusal: Refusal) -> str:
    fields = refusal.field_errors if isinstance(refusal, Invalid) else ()
    return " ".join([refusal.message, *(f"{error.path}: {error.message}" for error in fields)])


ACTIONS = {
    "create": _create,
    "list": _list,
    "suspend": _suspend,
    "resume": _resume,
    "check": _check,
    "rotate": _rotate,
    "keys": _keys,
    "processing": _processing,
    "export": tenants_moving.export,
    "restore": tenants_moving.restore,
    "erase-again": tenants_moving.erase_again,
    "delete": tenants_moving.delete,
    "proof": tenants_moving.proof,
    "deployment-keys": tenants_moving.deployment_keys,
}
