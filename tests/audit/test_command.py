"""`audit verify` on the command line: words, JSON, exit status."""

import base64
import json
import os
import subprocess
import sys

import pytest

from kreisbund_platform.audit import log
from kreisbund_platform.audit.sealing import Sealer
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, new_id
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START, deployed, principal_of, settings_for


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with fresh_database() as url:
        with deployed(settings_for(url, tmp_path_factory.mktemp("home")), COUNTY, OTHER_COUNTY) as made:
            yield made


@pytest.fixture(scope="module")
def command(here):
    secrets = here.settings.home / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "wrapping.key").write_bytes(base64.b64encode(here.settings.wrapping_key))
    environment = os.environ | {
        "KREISBUND_HOME": str(here.settings.home),
        "DATABASE_URL": here.settings.database_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    def run(*arguments):
        call = [sys.executable, "-m", "kreisbund_tenants.command", "audit", *arguments]
        return subprocess.run(call, env=environment, capture_output=True, text=True, check=False)

    return run


def test_whole_altered_and_wrongly_asked(here, command, clock):
    tenant = here.registry.by_slug(COUNTY)
    with here.connections.for_tenant(tenant) as connection, connection.transaction():
        work = WorkContext(connection, tenant, principal_of(tenant, "caseworker"), clock, here.settings)
        case = new_id(Kind.CASE_RECORD, START)
        log.append_many(work, type="COPIED", cases=[(case, n) for n in range(30)], bodies=[{}] * 30)
        assert Sealer(work, store_of(here.settings)).seal()
    whole = command("verify", COUNTY)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "30 events, 30 of them under 1 checkpoints: whole" in whole.stdout
    with here.database.owner() as owner:
        owner.execute(f"SET search_path TO {tenant.schema_name}")
        owner.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        (event,) = owner.execute("UPDATE event SET actor = 'nobody' WHERE seq = 17 RETURNING id").fetchone()
    broken = command("verify", "--all")
    assert (broken.returncode, broken.stderr.count("\n")) == (1, 1)
    assert f"{COUNTY}: altered row: event 17, id {event}, column actor" in broken.stderr
    assert f"{OTHER_COUNTY}: 0 events" in broken.stdout
    told = command("verify", "--json")
    found = {each["county"]: each["finding"] for each in json.loads(told.stdout)}
    assert told.returncode == 1
    assert found[OTHER_COUNTY] is None
    assert found[COUNTY] == {
        "change": "ALTERED_ROW", "seq": 17, "event_id": str(event), "column": "actor", "other_seq": None}  # fmt: skip
    assert command("verify", "nirgendwo").returncode == 1
    assert command("verify", COUNTY, "--all").returncode == 2
    assert command("nonsense").returncode == 2
