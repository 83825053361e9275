"""Nothing but `egress` and what is exempt opens a connection; `infra` starts and probes processes and is exempt."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_house import CHECKOUT, tracked

CONNECTING = {
    "aiohttp", "boto3", "botocore", "ftplib", "http.client", "httpcore", "httpx", "imaplib", "poplib", "pycurl",
    "keycloak", "requests", "smtplib", "socket", "telnetlib", "urllib.request", "urllib3", "websockets",
    "xmlrpc.client",
}  # fmt: skip
CALLS = {"open_connection", "open_unix_connection", "create_connection", "connect_tcp", "connect_unix", "urlopen"}
HOUSE = ("platform", "tenants", "api")
# Libraries with a client of their own; each goes to an address that the operator alone sets.
EXEMPT = {
    "platform/kreisbund_platform/documents/scanning/clamd.py": {"socket"},
    "platform/kreisbund_platform/audit/stores_s3.py": {"boto3", "botocore"},
    "tenants/kreisbund_tenants/realms/keycloak.py": {"keycloak", "requests"},
}


def connections_of(source: str) -> set[str]:
    """Names by which a module could connect: imports in any form, and the event loop's own calls."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module or ""} | {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            found |= {name} & CALLS
            if name in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return {each for each in found if each in CALLS or any(_within(each, module) for module in CONNECTING)}


def _within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def test_only_egress_connects():
    modules = [path for folder in HOUSE for path in tracked(f"{folder}/*.py") if path.parent.name != "egress"]
    assert len(modules) > 200
    found = {str(path.relative_to(CHECKOUT)): connections_of(_text(path)) for path in modules}
    by_package = {path: {each.split(".")[0] for each in names} for path, names in found.items() if names}
    assert by_package == EXEMPT


def _text(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize(
    "source",
    [
        "import httpx", "from requests import get", "import urllib.request as u", "from urllib import request",
        "import socket", "from http import client", "def f():\n    import httpx._client",
        "import asyncio\nasyncio.open_connection('a', 1)", "importlib.import_module('socket')",
        "loop.create_connection(x)",
    ],
)  # fmt: skip
def test_the_check_sees_every_form(source):
    assert connections_of(source)


def test_the_check_lets_other_modules_be():
    assert not connections_of("from starlette.requests import Request\nfrom urllib.parse import quote\nimport http")
