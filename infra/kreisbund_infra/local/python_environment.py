"""The virtual environment, from the hashed lock files. uv does the work; what the machine lacks comes from PyPI."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from kreisbund_infra.local.home import CHECKOUT, PACKAGES, STAMP, Home
from kreisbund_infra.local.problem import Problem, step

SYSTEM = Path("/usr/bin")


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return venv / "bin" / "python"


@cache
def interpreter() -> str:
    """The Python that the environments are made with: this one, or the system's of the same version where it is faster.

    Built from source without --enable-optimizations, as pyenv does unless told otherwise, Python takes 1.4 to 2 times
    as long as the distribution's own build.
    """
    own = SYSTEM / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if _is_optimised() or not own.exists():
        return sys.executable
    works = subprocess.run([own, "-c", "import ssl, ctypes, sqlite3, zoneinfo"], capture_output=True, check=False)
    return str(own) if works.returncode == 0 else sys.executable


def _is_optimised() -> bool:
    """Distributions optimise whatever their flags say."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return sys.base_prefix == "/usr" or "--enable-optimizations" in flags


def is_current(venv: Path, *locks: str) -> bool:
    """Whether the environment was made whole from these lock files by this Python."""
    stamp = venv / STAMP
    return stamp.is_file() and stamp.read_text() == _stamp(locks)


def ensure(home: Home, venv: Path, *locks: str) -> None:
    """Makes or renews `venv` with what the lock files name. One without its stamp was left half-made: begun anew."""
    if is_current(venv, *locks):
        return
    with step(f"Python packages ({', '.join(locks)})"):
        shutil.rmtree(venv, ignore_errors=True)
        uv = _uv(home)
        _run([uv, "venv", "--quiet", "--no-project", "--python", interpreter(), str(venv)], home)
        for lock in locks:
            install(home, venv, lock)
        site = next((venv / "lib").glob("python*/site-packages"))
        (site / "kreisbund.pth").write_text("".join(f"{CHECKOUT / package}\n" for package in PACKAGES))
        (venv / STAMP).write_text(_stamp(locks))


def install(home: Home, venv: Path, lock: str) -> None:
    """Adds a lock file's packages to an environment."""
    wanted = [str(_uv(home)), "pip", "install", "--quiet", "--no-config", "--require-hashes", "--python"]
    _run([*wanted, str(python_of(venv)), "-r", str(CHECKOUT / lock)], home)


def refuse_first_look_wheel(wheel: str, instead: str) -> None:
    """Production runs on what the machine's administration keeps patched, not on a server or Java inside a wheel."""
    if os.environ.get("KREISBUND_ENV") == "production":
        raise Problem(f"{wheel} is meant for a first look, production refuses it: {instead}")


def _stamp(locks: tuple[str, ...]) -> str:
    digest = hashlib.sha256(f"{sys.version} {interpreter()} {CHECKOUT}".encode())
    for lock in locks:
        digest.update((CHECKOUT / lock).read_bytes())
    return digest.hexdigest()


def _uv(home: Home) -> str:
    """Uv of the machine, else from PyPI into the home's tools."""
    found = shutil.which("uv") or _own_uv(home)
    if found is None:
        _install_uv(home)
        found = _own_uv(home)
    if found is None:
        raise Problem(f"uv was installed into {home.root / 'tools'} but is not there: remove that folder, try again")
    return found


def _own_uv(home: Home) -> str | None:
    return shutil.which("uv", path=str(home.root / "tools" / "bin"))


def _install_uv(home: Home) -> None:
    target = home.root / "tools"
    python = sys.executable if importlib.util.find_spec("pip") else _python_with_pip(home)
    wanted = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--upgrade"]
    with step("uv (from the package index)"):
        _run([python, *wanted, "--target", str(target), "-r", str(CHECKOUT / "requirements-uv.lock")], home)


def _python_with_pip(home: Home) -> str:
    """A throw-away environment with pip, for a Python that has ensurepip but no pip."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise Problem(
            f"this Python ({sys.executable}) has neither pip nor ensurepip: install uv, or on Debian"
            " 'apt install python3-venv', and try again"
        )
    place = home.root / "tools" / "pip"
    _run([sys.executable, "-m", "venv", "--clear", str(place)], home)
    return str(python_of(place))


def _run(command: list[str], home: Home) -> None:
    log = home.logs / "setup.log"
    with log.open("ab") as file:
        begun = file.tell()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=_clean(), check=False
        )
    if done.returncode:
        what = "no space left" if b"No space left" in log.read_bytes()[begun:] else "packages could not be installed"
        raise Problem(f"{what}: see {log}; check disk and network, then try again")


def _clean() -> dict[str, str]:
    """The environment without what would lead another Python astray."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")}
