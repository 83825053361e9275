"""`tenants export|restore|erase-again|delete|proof|deployment-keys`: a county as one thing."""

import argparse
import getpass
import re
import sys
from pathlib import Path
from typing import Any

from kreisbund_platform.privacy import ledger
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.command.environment import CommandError, Environment
from kreisbund_tenants.moving import container, deleting, exporting, restoring
from kreisbund_tenants.moving.identity import Wish
from kreisbund_tenants.moving.place import Place

ENDING = ".kbx"


def add_parsers(actions: "argparse._SubParsersAction[Any]") -> None:
    """Declares the actions of this module."""
    export = actions.add_parser("export", allow_abbrev=False, help="everything of a county in one signed file")
    export.add_argument("slug", nargs="?")
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="DIR|FILE")
    what.add_argument("--verify", type=Path, metavar="FILE", help="check signature and hashes, change nothing")
    export.add_argument(
        "--for", dest="receiver", type=_key, metavar="KEY", help="sealed for the deployment that receives with this key"
    )
    _add_trust(export)
    restore = actions.add_parser("restore", allow_abbrev=False, help="a county from its export; stays suspended")
    restore.add_argument("file", type=Path)
    restore.add_argument("--as", dest="slug", metavar="SLUG", help="under another slug")
    restore.add_argument(
        "--without-regional-key", action="store_true", help="a copy beside the original: no regional key, no places"
    )
    _add_trust(restore)
    again = actions.add_parser("erase-again", allow_abbrev=False, help="after the database came back from a backup")
    whose = again.add_mutually_exclusive_group(required=True)
    whose.add_argument("slug", nargs="?")
    whose.add_argument("--all", action="store_true")
    delete = actions.add_parser("delete", allow_abbrev=False, help="everything of a county, with a signed proof")
    delete.add_argument("slug")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="who gave the order")
    delete.add_argument("--proof", type=Path, metavar="FILE", help="default: proofs/ in the home")
    proof = actions.add_parser("proof", allow_abbrev=False, help="check a proof of deletion")
    proof.add_argument("file", type=Path)
    _add_trust(proof)
    actions.add_parser("deployment-keys", allow_abbrev=False, help="the public keys for exports and proofs")


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--signed-by",
        type=_key,
        action="append",
        default=[],
        metavar="KEY",
        help="what another deployment's 'deployment-keys' says",
    )


def _key(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(text)
    return text


def place_of(here: Environment) -> Place:
    """The deployment of this command."""
    return Place(here.settings, here.database, here.connections, here.clock)


def export(here: Environment, args: argparse.Namespace) -> int:
    """Writes an export or checks one."""
    if args.verify:
        return _verify(here, args)
    tenant = here.registry.by_slug(args.slug) if args.slug else None
    if tenant is None:
        raise CommandError(f"no such county: {args.slug}")
    stamp = here.clock.now().strftime("%Y%m%dT%H%M%SZ")
    target = args.to / f"{tenant.slug}-{stamp}{ENDING}" if args.to.is_dir() else args.to
    done = exporting.export(
        place_of(here), tenant, target, _tell, bytes.fromhex(args.receiver) if args.receiver else None
    )
    size = done.file.stat().st_size
    print(f"{done.file}: {done.rows} rows, {done.files} files, {done.parts} parts, {size} bytes")
    return 0


def _verify(here: Environment, args: argparse.Namespace) -> int:
    with container.plain(here.settings, args.verify) as file:
        reader = container.Reader(file, (container.public_key(here.settings), *args.signed_by))
        parts = reader.verify()
    county, log = reader.manifest["county"], reader.manifest["event_log"]
    print(f"{county['slug']} of {reader.manifest['created_at']}: {parts} parts whole, {log['seq']} events, signed")
    return 0


def restore(here: Environment, args: argparse.Namespace) -> int:
    """Restores a county from a file."""
    wish = Wish(args.slug, args.without_regional_key)
    tenant = restoring.restore(place_of(here), args.file, wish, trusted=tuple(args.signed_by), tell=_tell)
    print(f"{tenant.slug} {tenant.status}: './kreisbund tenants resume {tenant.slug}' opens it")
    return 0


def erase_again(here: Environment, args: argparse.Namespace) -> int:
    """Erases what the ledger outside of the database says was erased since the backup; before anybody is let in."""
    store = ledger.outside(here.settings)
    for tenant in _chosen(here, args.slug):
        entries = ledger.stored_ledger(store, tenant.id)
        with here.connections.for_tenant(tenant) as connection, connection.transaction():
            done = ledger.replay_erasures(connection, entries)
        print(f"{tenant.slug}: erased again {done.cases} cases, {done.accounts} accounts", flush=True)
    return 0


def _chosen(here: Environment, slug: str | None) -> list[TenantContext]:
    found = [tenant for tenant in here.registry.all() if slug in (None, tenant.slug) and tenant.status != "DELETED"]
    if slug and not found:
        raise CommandError(f"no such county: {slug}")
    return found


def delete(here: Environment, args: argparse.Namespace) -> int:
    """Deletes a county for good."""
    if not args.yes:
        _confirm(args.slug)
    proof = deleting.delete(place_of(here), args.slug, args.by, args.proof)
    print(f"{args.slug} DELETED: {proof}")
    return 0


def _confirm(slug: str) -> None:
    """Deleting cannot be undone: the person types the slug."""
    if not sys.stdin.isatty():
        raise CommandError("deleting asks for confirmation: add --yes")
    if input(f"Type {slug} to delete this county and all its data: ") != slug:
        raise CommandError("not deleted: another slug was typed")


def proof(here: Environment, args: argparse.Namespace) -> int:
    """Checks a proof of deletion."""
    said = deleting.verify(here.settings, args.file, args.signed_by[0] if args.signed_by else None)
    print(f"{said['county']['slug']}: deleted, looked at {len(said['absent'])} places on {said['verified_at']}, signed")
    return 0


def deployment_keys(here: Environment, _args: argparse.Namespace) -> int:
    """Prints the public keys: what others name with --signed-by, and with --for."""
    print(f"signs    {container.public_key(here.settings)}")
    print(f"receives {container.receiving_key(here.settings)}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
