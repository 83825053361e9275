"""The runbook's worst day: database, logins and files are lost, a backup brings both counties back.

pg_dump and pg_restore by the owner, who is no superuser, on the very server; roles are not in a dump and come back
from what lies wrapped in it. What was erased after the backup stays erased.
"""

import base64
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from kreisbund_infra.local import postgres
from kreisbund_infra.local.home import CHECKOUT
from kreisbund_platform.privacy import erasing, ledger
from kreisbund_platform.tenancy.roles import county_role
from tests.cases.conftest import Office
from tests.moving.conftest import LEADS, built
from tests.support.database import _drop, fresh_database, server_url
from tests.support.fixtures import COUNTY, OTHER_COUNTY, deployed, settings_for


@dataclass(frozen=True)
class Place:
    """What an operator has at hand: the address, the home, and a folder for backups."""

    url: str
    home: Path
    backup: Path

    def command(self, *words: str, expect: int = 0) -> str:
        environment = os.environ | {
            "KREISBUND_HOME": str(self.home),
            "DATABASE_URL": self.url,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        command = [sys.executable, "-m", "kreisbund_tenants.command", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def postgres(self, program: str, *words: str) -> None:
        done = subprocess.run([programs() / program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def programs() -> Path:
    found = postgres.system_binaries() or postgres.embedded_binaries(CHECKOUT / ".kreisbund" / "venv-dev")
    return found.folder


@pytest.fixture
def place(tmp_path):
    with fresh_database() as url:
        (tmp_path / "backup").mkdir()
        yield Place(url, tmp_path / "home", tmp_path / "backup")


def test_a_backup_brings_everything_back_and_nothing_that_was_erased(place):
    settings = settings_for(place.url, place.home)
    (place.home / "secrets").mkdir(parents=True)
    (place.home / "secrets" / "wrapping.key").write_bytes(base64.b64encode(settings.wrapping_key))
    with deployed(settings, COUNTY, OTHER_COUNTY, *LEADS) as deployment:
        town = built(deployment)
        place.postgres("pg_dump", "--format=custom", "--no-privileges", f"--file={place.backup / 'dump'}", place.url)
        shutil.copytree(place.home, place.backup / "home", ignore=shutil.ignore_patterns("_checkpoints*"))
        rows = {slug: town.rows(town.county(slug)) for slug in (COUNTY, OTHER_COUNTY)}
        files = {slug: town.files(slug) for slug in (COUNTY, OTHER_COUNTY)}
        erased = erase_one(town.office(COUNTY))
    outside = keep_what_lies_elsewhere(place)

    lose(place)
    shutil.copytree(place.backup / "home", place.home)
    shutil.copytree(outside, place.home / "files", dirs_exist_ok=True)
    place.postgres(
        "pg_restore", "--exit-on-error", "--no-privileges", f"--dbname={place.url}", str(place.backup / "dump")
    )

    assert place.command("tenants", "check", expect=1) != "0 deviations\n"
    assert place.command("tenants", "check", "--mend") == "0 deviations\n"
    assert f"{COUNTY}: erased again 1 cases" in place.command("tenants", "erase-again", "--all")
    assert place.command("tenants", "check") == "0 deviations\n"
    assert "behind" not in place.command("migrate", "--status")
    place.command("audit", "verify", "--all")

    with deployed(settings, COUNTY, OTHER_COUNTY, *LEADS) as deployment:
        again = type(town)(deployment, town.clock)
        assert again.files(COUNTY) == files[COUNTY]
        assert again.files(OTHER_COUNTY) == files[OTHER_COUNTY]
        assert len(files[COUNTY]) >= 2
        assert again.rows(again.county(OTHER_COUNTY)) == rows[OTHER_COUNTY]
        now = again.rows(again.county(COUNTY))
        assert [line for line in rows[COUNTY]["case_record"] if line not in now["case_record"]] == [
            line for line in rows[COUNTY]["case_record"] if str(erased) in line
        ]
        assert now["event"] == rows[COUNTY]["event"]
        office = again.office(COUNTY)
        assert office.case(office.submit().case_id).status == "SUBMITTED"


def erase_one(office: Office):
    """A closed case goes by its person's request, after the backup; the worker copies the ledger out."""
    ((case_id, version),) = office.rows("SELECT id, version FROM case_record WHERE status = 'DECIDED' LIMIT 1")

    def erase(work):
        ledger.enter_cases(work, [(case_id, version)], "REQUEST", None)
        erasing.delete_cases(work.connection, [case_id], work.clock.now())
        ledger.copy_out(work, ledger.outside(work.settings))

    office.do(erase, system=True)
    return case_id


def keep_what_lies_elsewhere(place: Place) -> Path:
    """Checkpoints and ledger: in production in a bucket that this loss does not reach."""
    outside = place.backup / "bucket"
    for folder in (place.home / "files").glob("_checkpoints*"):
        shutil.copytree(folder, outside / folder.name)
    assert list(outside.iterdir())
    return outside


def lose(place: Place) -> None:
    """Database, its login roles and the home are gone; an empty database of the same name is made."""
    name = psycopg.conninfo.conninfo_to_dict(place.url)["dbname"]
    _drop(name)
    shutil.rmtree(place.home)
    with psycopg.connect(server_url(), autocommit=True) as connection:
        mark = county_role(name, "")
        left = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (mark,)).fetchall()
        assert left == []
        identifier = psycopg.sql.Identifier(name)
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier))
