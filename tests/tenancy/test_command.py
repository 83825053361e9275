"""The command line: exit status 0, 1 with one clear line on stderr, 2 for wrong usage."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import Deployment

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(deployment: Deployment) -> Run:
    """Runs `python -m kreisbund_tenants.command …` on the session's database."""
    secrets = Path(deployment.settings.home) / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "wrapping.key").write_bytes(base64.b64encode(deployment.settings.wrapping_key))
    environment = os.environ | {
        "KREISBUND_HOME": str(deployment.settings.home),
        "DATABASE_URL": deployment.settings.database_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kreisbund_tenants.command", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_a_county_from_creation_to_deletion(command: Run) -> None:
    assert (
        command("tenants", "create", "sonneberg", "--name", "Sonneberg", "--regional-key", "160720000000").returncode
        == 0
    )
    listed = json.loads(command("tenants", "list", "--json").stdout)
    assert {
        "slug": "sonneberg",
        "name": "Sonneberg",
        "regional_key": "160720000000",
        "kind": "COUNTY",
        "status": "ACTIVE",
    } in listed
    assert command("tenants", "check").stdout == "0 deviations\n"
    refused = command("tenants", "delete", "sonneberg")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    deleted = command("tenants", "delete", "sonneberg", "--yes", "--by", "Landrat").stdout
    assert deleted.startswith("sonneberg DELETED: ")
    assert command("tenants", "proof", deleted.split()[-1]).stdout.startswith("sonneberg: deleted, looked at ")


def test_a_county_out_and_in(command: Run, county: TenantContext, tmp_path: Path) -> None:
    written = command("tenants", "export", county.slug, "--to", str(tmp_path))
    assert written.returncode == 0, written.stderr
    (file,) = tmp_path.iterdir()
    assert written.stdout.startswith(f"{file}: ")
    checked = command("tenants", "export", "--verify", str(file))
    assert (checked.returncode, checked.stdout.endswith(", signed\n")) == (0, True)
    refused = command("tenants", "restore", str(file))
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        1,
        "kreisbund: the slug nordhausen is taken; --as names another",
    )
    copied = command("tenants", "restore", str(file), "--as", "kopie", "--without-regional-key")
    assert copied.stdout == "kopie SUSPENDED: './kreisbund tenants resume kopie' opens it\n", copied.stderr
    assert command("audit", "verify", "kopie").returncode == 0
    assert command("tenants", "resume", "kopie").stdout == "kopie ACTIVE\n"
    assert command("tenants", "check").stdout == "0 deviations\n"
    assert command("tenants", "delete", "kopie", "--yes").returncode == 0
    file.write_bytes(file.read_bytes()[:-9])
    assert command("tenants", "export", "--verify", str(file)).returncode == 1
    assert command("tenants", "export", "nowhere", "--to", str(tmp_path)).returncode == 1
    assert command("tenants", "export", county.slug).returncode == 2


def test_refusals_are_one_line(command: Run) -> None:
    refused = command("tenants", "create", "x; drop schema shared", "--name", "X", "--regional-key", "1")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("arguments", [(), ("unknown",), ("tenants",), ("tenants", "create"), ("migrate", "--what")])
def test_wrong_usage(arguments: tuple[str, ...], command: Run) -> None:
    assert command(*arguments).returncode == 2


def test_what_differs_is_told_and_fixed(command: Run, deployment: Deployment, county: TenantContext) -> None:
    with deployment.connections.for_tenant(county) as connection:
        connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine'")
        connection.execute("ALTER ROLE CURRENT_USER SET work_mem = '64kB'")
    checked = command("tenants", "check")
    assert (checked.returncode, checked.stdout) == (1, "2 deviations\n")
    assert checked.stderr.splitlines() == [
        f"{county.login_role}: has settings of its own",
        f"{county.login_role}: its secret is refused",
    ]
    fixed = command("tenants", "check", "--fix")
    assert (fixed.returncode, fixed.stdout) == (0, "0 deviations\n")
    assert fixed.stderr.splitlines() == [f"mending {line}" for line in checked.stderr.splitlines()]


def test_secrets_are_rotated_one_by_one(command: Run, county: TenantContext) -> None:
    assert command("tenants", "rotate", "nowhere").returncode == 1
    assert command("tenants", "rotate").returncode == 2
    one = command("tenants", "rotate", county.slug).stdout
    epoch = int(one.removeprefix(f"{county.slug} epoch "))
    everyone = command("tenants", "rotate", "--all").stdout.splitlines()
    assert f"{county.slug} epoch {epoch + 1}" in everyone
    assert any(line.startswith("(collector) epoch ") for line in everyone)
    assert command("tenants", "check").stdout == "0 deviations\n"


def test_status_of_all_schemas(command: Run) -> None:
    standing = json.loads(command("migrate", "--status", "--json").stdout)
    assert {"shared", "county_nordhausen", "county_wartburgkreis"} <= {row["schema"] for row in standing}
    assert not any(row["behind"] for row in standing)
