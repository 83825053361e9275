"""The launcher as containers and operators call it, and a home as an image holds it."""

import os
import subprocess
import sys

import pytest

from kreisbund_infra.local.home import CHECKOUT

WITHIN_SECONDS = 240


def kreisbund(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, CHECKOUT / "kreisbund", *arguments],
        env=clean() | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        timeout=WITHIN_SECONDS,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def clean():
    return {k: v for k, v in os.environ.items() if not k.startswith(("KREISBUND_", "DATABASE_URL", "PYTHONPATH"))}


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A home as the Containerfile leaves it behind."""
    home = tmp_path_factory.mktemp("image")
    status, told, problem = kreisbund("prepare", KREISBUND_HOME=str(home))
    assert status == 0, told + problem
    return home
