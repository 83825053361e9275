"""The verbs that containers start, run for real: an image's set-up, the set-up of a deployment, API and worker."""

import argparse
import base64
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from kreisbund_infra.local import home as homes
from kreisbund_infra.local import python_environment
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_infra.local.problem import Problem
from kreisbund_platform.clock import ManualClock, SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.templates import adoptions
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.command import setup
from kreisbund_tenants.command.environment import Environment
from kreisbund_tenants.seeding import seed_templates
from tests.cases.conftest import TEMPLATE, Office
from tests.infra.conftest import WITHIN_SECONDS, clean, kreisbund
from tests.support.database import fresh_database
from tests.support.fixtures import START, deployed, settings_for
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def site(image, tmp_path_factory):
    """What a container of this image is told, with a database that `setup` has completed.

    Its counties have worked already, so that the demonstration does not play them a year.
    """
    given = tmp_path_factory.mktemp("given")
    with fresh_database() as words:
        settings = settings_for(words, image)
        (given / "wrapping.key").write_bytes(base64.b64encode(settings.wrapping_key))
        with deployed(settings) as deployment:
            seed_templates(deployment.connections, SystemClock())
            for tenant in deployment.registry.all():
                Office(deployment, tenant, SystemClock()).do(adoptions.adopt, TEMPLATE, role="county_admin")
        told = {
            "KREISBUND_HOME": str(image),
            "KREISBUND_PORT": str(free_port()),
            "KREISBUND_SECRETS": str(given),
            "DATABASE_URL": address(words),
        }
        status, said, problem = kreisbund("setup", **told)
        assert status == 0, said + problem
        yield told


def address(words):
    """As an operator writes it; libpq's list of words has a login that `serve` could not take out."""
    given = psycopg.conninfo.conninfo_to_dict(words)
    login = f"{given['user']}:{given['password']}"
    return f"postgresql://{login}@/{given['dbname']}?host={given['host']}&port={given.get('port', 5432)}"


@contextmanager
def started(name, **told):
    """`serve NAME`, ended by SIGTERM; its output is for whoever looks."""
    process = subprocess.Popen(
        [sys.executable, CHECKOUT / "kreisbund", "serve", name],
        env=clean() | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ends(process):
    """Its exit status after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    said, _none = process.communicate(timeout=30)
    return process.returncode, said.decode()


def test_set_up_refuses_a_county_without_a_folder(site):
    status, _said, problem = kreisbund("setup", "atlantis", **site | {"KREISBUND_ENV": "production"})
    assert (status, problem) == (1, "kreisbund: no folder in counties/ for atlantis\n")


def test_a_demonstration_has_all_its_counties(site):
    status, _said, problem = kreisbund("setup", "nordhausen", **site)
    assert (status, problem.count("\n")) == (1, 1)
    assert "the demonstration" in problem


def test_set_up_makes_the_counties_asked_for_and_what_they_lead(tmp_path, monkeypatch, capsys):
    """As at a site in production, but for the Keycloak that production wants (tests/realms has one)."""
    with fresh_database() as url:
        settings = replace(settings_for(url, tmp_path), environment="production")
        with closing(Database(settings)) as database:
            connections = Connections(database, settings)
            here = Environment(settings, database, connections, Registry(connections), ManualClock(START))
            monkeypatch.setattr(setup, "environment", lambda: here)
            monkeypatch.setattr(setup, "_refuse_unsafe", lambda _here: None)
            assert setup.run(argparse.Namespace(counties=["nordhausen"])) == 0
            assert [tenant.slug for tenant in here.registry.all()] == ["nordhausen"]
    said = capsys.readouterr().out
    assert "zaehlerstand" in said, "nordhausen leads it"
    assert "jagdschein" not in said, "its lead is not at this site"


@pytest.mark.parametrize("kind", ["demo", "production"])
def test_the_api_serves_until_it_is_told_to_stop(site, kind):
    told = site | {"KREISBUND_ENV": kind}
    with started("api", **told) as process:
        answer = until_ready(process, f"http://127.0.0.1:{told['KREISBUND_PORT']}/readyz")
        assert json.loads(answer)["status"] == "ok"
        environment = Path(f"/proc/{process.pid}/environ").read_text()
        owner = psycopg.conninfo.conninfo_to_dict(told["DATABASE_URL"])
        assert (f"{owner['user']}:{owner['password']}@" in environment) is (kind == "demo")
        status, said = ends(process)
    assert status == 0, said


def until_ready(process, url):
    end = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[0].decode()
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"not ready after {WITHIN_SECONDS} s")


@pytest.mark.parametrize("kind", ["demo", "production"])
def test_the_worker_works_until_it_is_told_to_stop(site, kind):
    """It seals what the set-up has written, when it ends at the latest."""
    with started("worker", **site | {"KREISBUND_ENV": kind}) as process:
        end = time.monotonic() + WITHIN_SECONDS
        while not is_at_work(site):
            assert process.poll() is None, process.communicate()[0].decode()
            assert time.monotonic() < end
            time.sleep(0.2)
        status, said = ends(process)
    assert status == 0, said


def is_at_work(site):
    """Whether a county's login is connected: only the worker's rounds do that here."""
    with psycopg.connect(site["DATABASE_URL"]) as owner:
        row = owner.execute(
            "SELECT count(*) FROM pg_stat_activity a JOIN shared.tenant t ON a.usename = t.login_role"
            " WHERE a.datname = current_database()"
        ).fetchone()
    return row[0] > 0


def test_it_needs_a_database_that_is_named(image):
    status, _said, problem = kreisbund("serve", "api", KREISBUND_HOME=str(image))
    assert status == 1
    assert problem.startswith("kreisbund: DATABASE_URL is not set")


def test_it_needs_a_home_that_is_prepared(tmp_path):
    status, _said, problem = kreisbund("serve", "api", KREISBUND_HOME=str(tmp_path), DATABASE_URL="postgresql:///x")
    assert status == 1
    assert "./kreisbund prepare" in problem


@pytest.mark.parametrize(
    "arguments", [["serve"], ["serve", "keycloak"], ["serve", "api", "worker"], ["prepare", "now"]]
)
def test_wrong_usage_is_status_2(arguments, tmp_path):
    assert kreisbund(*arguments, KREISBUND_HOME=str(tmp_path))[0] == 2


def test_secrets_that_are_mounted_for_all_become_ours_alone(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    (given / "wrapping.key").write_text("key")
    (given / "wrapping.key").chmod(0o444)
    home = Home(tmp_path / "home", 8420)
    homes.prepare(home)
    (home.secrets / "wrapping.key").write_text("old")
    homes.take_secrets(home, {"KREISBUND_SECRETS": str(given)})
    taken = home.secrets / "wrapping.key"
    assert (taken.read_text(), taken.stat().st_mode & 0o777) == ("key", 0o600)
    assert [path.name for path in home.secrets.iterdir()] == ["wrapping.key"]


def test_a_folder_of_secrets_that_is_not_there_is_named(tmp_path):
    home = Home(tmp_path / "home", 8420)
    homes.prepare(home)
    with pytest.raises(Problem, match=f"KREISBUND_SECRETS: .*{tmp_path}/none"):
        homes.take_secrets(home, {"KREISBUND_SECRETS": str(tmp_path / "none")})


def test_what_is_prepared_is_whole_and_has_the_styles(image):
    home = Home(image, 8420)
    assert python_environment.is_current(home.venv, "requirements.lock")
    assert (home.assets / homes.STAMP).exists()
