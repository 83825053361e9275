"""Entry: finds the verb, turns expected failures into one line on stderr."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from kreisbund_platform.audit.stores import CheckpointStoreError
from kreisbund_platform.database.migrate import MigrationError
from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.settings import SettingsError
from kreisbund_platform.tenancy.context import TenantMissingError
from kreisbund_tenants.command.environment import CommandError
from kreisbund_tenants.manifest import ManifestError
from kreisbund_tenants.moving.errors import MovingError
from kreisbund_tenants.realms.keycloak import RealmError
from kreisbund_tenants.seeding import SeedingError

# Modules below kreisbund_tenants.command; only the one asked for is imported.
VERBS = ("audit", "cases", "conformance", "demo", "migrate", "services", "setup", "templates", "tenants")
EXPECTED = (
    CheckpointStoreError,
    CommandError,
    DatabaseUnavailableError,
    ManifestError,
    MigrationError,
    MovingError,
    RealmError,
    SeedingError,
    SettingsError,
    TenantMissingError,
)


def main(arguments: Sequence[str]) -> int:
    """Runs one verb; answers the exit status."""
    if not arguments or arguments[0] not in VERBS:
        print(f"usage: kreisbund {{{','.join(VERBS)}}} …", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    verb = importlib.import_module(f"kreisbund_tenants.command.{arguments[0]}")
    parser = argparse.ArgumentParser(prog="kreisbund", allow_abbrev=False)
    verb.add_parser(parser.add_subparsers(dest="verb", required=True))
    try:
        return int(verb.run(parser.parse_args(arguments)))
    except EXPECTED as problem:
        print(f"kreisbund: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
