"""Keycloak as the launcher gets, starts and ends it; with the real one where it is there."""

import json
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import psycopg
import pytest

from kreisbund_infra.local import database, keycloak, processes
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem
from tests.support.keycloak import VENV


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in (keycloak.URL, keycloak.ADMIN_CLIENT, keycloak.SECRET_FILE, "KEYCLOAK_HOME", "KREISBUND_ENV"):
        monkeypatch.delenv(name, raising=False)
    here = Home(tmp_path / "home", 18400)
    homes.prepare(here)
    return here


def test_another_file_than_the_one_checked_is_refused(home, tmp_path, monkeypatch):
    def fetch_something_else(_home, command, _done, **_told):
        archive = home.keycloak / f"keycloak-quarkus-dist-{keycloak.VERSION}.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("keycloak/bin/kc.sh", "echo caught")

    home.keycloak.mkdir()
    monkeypatch.setattr(keycloak, "_run", fetch_something_else)
    monkeypatch.setattr(keycloak, "_tools", lambda _home: tmp_path)
    with pytest.raises(Problem, match="is something else"):
        keycloak._distribution(home)
    assert not list(home.keycloak.iterdir())


def test_a_running_one_needs_its_account_and_must_answer(home, monkeypatch):
    monkeypatch.setenv(keycloak.URL, "http://127.0.0.1:1")
    with pytest.raises(Problem, match="KREISBUND_KEYCLOAK_ADMIN is not"):
        keycloak.check_given()
    monkeypatch.setenv(keycloak.ADMIN_CLIENT, "x")
    monkeypatch.setenv(keycloak.SECRET_FILE, "/nowhere")
    with pytest.raises(Problem, match="no Keycloak answers"):
        keycloak.check_given()


def test_production_does_not_put_it_beside_the_counties(home, monkeypatch):
    monkeypatch.setenv("KREISBUND_ENV", "production")
    with pytest.raises(Problem, match="a database of its own"):
        keycloak.start(home, None, VENV)


def test_a_folder_without_keycloak_is_refused(home, tmp_path, monkeypatch):
    monkeypatch.setenv("KEYCLOAK_HOME", str(tmp_path))
    with pytest.raises(Problem, match="holds no Keycloak"):
        keycloak.prepare(home)


def test_the_real_one_makes_its_service_account_and_comes_back_after_a_kill(running_keycloak):
    assert token(running_keycloak)
    processes.stop(running_keycloak.home, keycloak.NAME)
    with pytest.raises(urllib.error.URLError):
        token(running_keycloak)
    running_keycloak.start()
    assert token(running_keycloak)


def test_its_role_reaches_its_own_database_alone(running_keycloak):
    server = database.chosen(running_keycloak.home, VENV, durable=False)
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = %s",
            (keycloak.NAME,),
        ).fetchone()
        others = connection.execute(
            "SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', %s)"
            " AND has_database_privilege(%s, oid, 'CONNECT')",
            (keycloak.NAME, keycloak.NAME),
        ).fetchone()
    assert row == (False,) * 5
    assert others == (0,)


def token(here):
    form = {"grant_type": "client_credentials", "client_id": here.admin, "client_secret": here.secret_file.read_text()}
    address = f"{here.url}/realms/master/protocol/openid-connect/token"
    with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
        return json.load(answer)["access_token"]
