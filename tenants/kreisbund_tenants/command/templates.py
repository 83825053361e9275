"""`templates`: the shared catalogue of process templates, and its templates as folders and files.

`publish PATH… | import PATH | export SLUG [--number N] FILE | list` need the deployment;
`test PATH… | pack FOLDER FILE | import-xdatenfelder FILE [--out FOLDER]` do not. A PATH is a folder or a `.kbt` file.
"""

import argparse
from pathlib import Path
from typing import Any

from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import publishing, queries
from kreisbund_platform.templates.life_cycle import exchange
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_tenants.command import template_files
from kreisbund_tenants.command.environment import CommandError, environment


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Declares the verb and its actions."""
    parser = subparsers.add_parser("templates", help="publish, list, test, import, export", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("publish", "test", "import"):
        actions.add_parser(action, allow_abbrev=False).add_argument("folders", nargs="+", type=Path, metavar="PATH")
    actions.add_parser("list", allow_abbrev=False)
    export = actions.add_parser("export", allow_abbrev=False)
    export.add_argument("slug", metavar="SLUG")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("--number", type=int, metavar="N")
    pack = actions.add_parser("pack", allow_abbrev=False)
    pack.add_argument("folder", type=Path, metavar="FOLDER")
    pack.add_argument("file", type=Path, metavar="FILE")
    fim = actions.add_parser("import-xdatenfelder", allow_abbrev=False)
    fim.add_argument("file", type=Path, metavar="FILE")
    fim.add_argument("--out", type=Path, default=Path(), metavar="FOLDER")


def run(args: argparse.Namespace) -> int:
    """Runs the action."""
    actions = {
        "list": lambda _args: _list(),
        "publish": _publish,
        "import": _publish,
        "export": _export,
        "test": template_files.test,
        "pack": template_files.pack,
        "import-xdatenfelder": template_files.import_xdatenfelder,
    }
    return actions[args.action](args)


def _list() -> int:
    with environment().connections.for_workspace("catalogue") as connection:
        for slug, title, number, published_at in queries.newest_versions(connection):
            print(f"{slug}\t{title}\t{number}\t{published_at:%Y-%m-%d}")
    return 0


def _publish(args: argparse.Namespace) -> int:
    sources = [template_files.load(path) for path in args.folders]
    return int(sum(_refused(source) for source in sources) > 0)


def _refused(source: TemplateSource) -> bool:
    """Publishes what it calls first, then itself."""
    if any([_refused(called) for called in source.called.values()]):  # noqa: C419  each one tells its problems
        return True
    env = environment()
    with env.connections.for_workspace("catalogue") as connection:
        result = publishing.publish(connection, source, clock=env.clock)
    if isinstance(result, Invalid):
        template_files.tell(result)
        return True
    print(f"{result.manifest['slug']} {result.number} {result.content_hash}")
    return False


def _export(args: argparse.Namespace) -> int:
    with environment().connections.for_workspace("catalogue") as connection:
        found = queries.version_numbered(connection, args.slug, args.number)
        if found is None:
            number = f" {args.number}" if args.number is not None else ""
            raise CommandError(f"no such template: {args.slug}{number}")
        content = exchange.file_of_version(connection, found)
    template_files.write(args.file, content)
    print(f"{args.slug} {found.number} {found.content_hash}")
    return 0
