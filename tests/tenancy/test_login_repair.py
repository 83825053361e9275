"""A role that changed itself is set back, a rotated secret is read anew; other counties notice nothing."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.database.session import Database, DatabaseUnavailableError, LoginRefusedError
from kreisbund_platform.tenancy import connections as connections_module
from kreisbund_platform.tenancy import grant_check, roles
from kreisbund_platform.tenancy.connections import RESTORE_AGAIN_SECONDS, Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from tests.support.fixtures import Deployment

# what an injected statement can do to its own login
CHANGES = [
    "ALTER ROLE CURRENT_USER PASSWORD 'mine'",
    "ALTER ROLE CURRENT_USER PASSWORD NULL",
    "ALTER ROLE CURRENT_USER SET search_path = shared",
    "ALTER ROLE CURRENT_USER SET statement_timeout = '1ms'",
    "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
    "ALTER ROLE CURRENT_USER SET standard_conforming_strings = off",
    "ALTER ROLE CURRENT_USER SET local_preload_libraries = 'nowhere'",
    "ALTER ROLE CURRENT_USER SET client_encoding = 'LATIN1'",
    "ALTER ROLE CURRENT_USER SET plan_cache_mode = auto",
]


class Process:
    """What one running process holds: a pool and connections of its own, and a clock for the rate limit."""

    def __init__(self, here: Deployment) -> None:
        self.seconds = 0.0
        self.database = Database(here.settings, 20)
        self.connections = Connections(self.database, here.settings, monotonic_seconds=lambda: self.seconds)

    def whoami(self, tenant: TenantContext) -> Any:
        with self.connections.for_tenant(tenant) as connection:
            return connection.execute(
                "SELECT current_user, current_schema(), current_setting('plan_cache_mode'),"
                " current_setting('transaction_read_only')"
            ).fetchone()


@pytest.fixture
def process(deployment: Deployment) -> Iterator[Process]:
    made = Process(deployment)
    yield made
    made.database.close()
    with deployment.database.owner() as owner:
        grant_check.mend(owner, deployment.settings)


def expected(tenant: TenantContext) -> tuple[str, ...]:
    return (tenant.login_role, tenant.schema_name, "force_generic_plan", "off")


def change(here: Deployment, tenant: TenantContext, statement: str) -> None:
    with here.connections.for_tenant(tenant) as connection:
        connection.execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
def test_a_county_whose_role_changed_itself_goes_on(
    statement: str, deployment: Deployment, process: Process, county: TenantContext, other_county: TenantContext
) -> None:
    change(deployment, county, statement)
    assert process.whoami(other_county) == expected(other_county)
    assert process.whoami(county) == expected(county)
    with deployment.database.owner() as owner:
        assert grant_check.verify_grants(owner) == []
        assert grant_check.refused_logins(owner, process.database, deployment.settings) == []


def test_a_changed_password_is_a_finding_and_mended(deployment: Deployment, county: TenantContext) -> None:
    change(deployment, county, "ALTER ROLE CURRENT_USER PASSWORD 'mine'")
    fresh = Database(deployment.settings)
    with deployment.database.owner() as owner:
        found = grant_check.refused_logins(owner, fresh, deployment.settings)
        assert [(d.subject, d.finding) for d in found] == [(county.login_role, "its secret is refused")]
        grant_check.mend(owner, deployment.settings)
        assert grant_check.refused_logins(owner, fresh, deployment.settings) == []
    fresh.close()


def test_a_role_that_changes_itself_again_and_again_is_set_back_now_and_then(
    deployment: Deployment,
    process: Process,
    county: TenantContext,
    other_county: TenantContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(connections_module.telemetry, "log", lambda event, **_codes: logged.append(event))
    change(deployment, county, CHANGES[0])
    with process.connections.for_tenant(county) as held:  # keeps a session that may change the role again
        held.execute("SELECT 1")
        change_again = "ALTER ROLE CURRENT_USER PASSWORD 'again'"
        held.execute(change_again)
        with pytest.raises(LoginRefusedError):
            process.whoami(county)
        assert process.whoami(other_county) == expected(other_county)
        process.seconds += RESTORE_AGAIN_SECONDS
        assert process.whoami(county) == expected(county)
    assert logged == ["login_restored", "login_restored"]


def test_the_worker_serves_the_others(
    deployment: Deployment, process: Process, clock: ManualClock, county: TenantContext, other_county: TenantContext
) -> None:
    served: list[str] = []

    class Watched(Worker):
        def serve(self, tenant: TenantContext) -> bool:
            with process.connections.for_tenant(tenant):
                served.append(tenant.slug)
            return False

    change(deployment, county, CHANGES[0])
    process.whoami(county)
    process.database.retire(process.connections._logins[county.login_role])
    change(deployment, county, CHANGES[0])
    worker = Watched(deployment.settings, process.connections, Registry(process.connections), clock)
    worker.serve_all()
    assert other_county.slug in served
    assert county.slug not in served


def test_running_processes_go_on_when_a_secret_is_rotated(
    deployment: Deployment, process: Process, county: TenantContext, other_county: TenantContext
) -> None:
    assert process.whoami(county) == expected(county)
    before = process.connections._logins[county.login_role]
    with process.connections.for_tenant(county) as in_use, deployment.database.owner() as owner:
        first = roles.rotate_county(owner, deployment.settings, county)
        assert roles.rotate_county(owner, deployment.settings, county) == first + 1
        in_use.execute("SELECT 1")  # a session outlives its password
        assert process.whoami(county) == expected(county)
        with pytest.raises(DatabaseUnavailableError), Database(deployment.settings).connection(before):
            pass
    assert process.connections._logins[county.login_role] != before
    assert process.database.open_connections() == 2  # the county's new one and the registry's
    assert process.whoami(other_county) == expected(other_county)


@pytest.mark.parametrize("workspace", ["catalogue", "collector"])
def test_a_workspaces_secret_is_rotated_too(deployment: Deployment, process: Process, workspace: str) -> None:
    with process.connections.for_workspace(workspace), deployment.database.owner() as owner:
        roles.rotate_workspace(owner, deployment.settings, workspace)
        with process.connections.for_workspace(workspace) as connection:
            assert connection.info.user.endswith(f"__{workspace}")
        assert grant_check.verify_grants(owner) == []


def test_a_role_without_settings_of_its_own_is_asked_nothing(process: Process, county: TenantContext) -> None:
    with process.connections.for_tenant(county) as connection:
        assert connection.execute("SHOW local_preload_libraries").fetchone() == ("",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("ALTER ROLE CURRENT_USER CONNECTION LIMIT -1")
