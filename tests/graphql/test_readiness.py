"""/readyz: it needs no owner's login, and an old program stays ready on a schema that a new one has migrated."""

import anyio
import httpx
import pytest

from kreisbund_api.main import create_api
from kreisbund_infra.local.deployment import without_login
from kreisbund_platform.database import migrate
from kreisbund_platform.settings import Settings
from tests.support.api import People


def ready(settings: Settings, url: str) -> httpx.Response:
    app = create_api(_with(settings, url), tokens=People())

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/readyz")

    try:
        return anyio.run(ask)
    finally:
        app.state.services.connections._database.close()


def _with(settings: Settings, url: str) -> Settings:
    return Settings(**{**settings.__dict__, "database_url": url})


def without_owner(url: str) -> str:
    """The tests' address is libpq's list of words."""
    if "://" in url:
        return without_login(url)
    return " ".join(word for word in url.split(" ") if not word.startswith(("user=", "password=")))


def test_without_the_owners_login_it_is_ready_and_names_no_county(deployment, settings):
    answer = ready(settings, without_owner(settings.database_url))
    assert answer.status_code == 200, answer.text
    assert answer.json()["counties_behind"] is None


def test_the_owner_sees_which_county_is_behind(deployment, settings):
    with deployment.database.owner() as owner:
        row = owner.execute(
            "DELETE FROM county_nordhausen.schema_migration"
            " WHERE version = (SELECT max(version) FROM county_nordhausen.schema_migration) RETURNING *"
        ).fetchone()
        try:
            answer = ready(settings, settings.database_url)
        finally:
            owner.execute("INSERT INTO county_nordhausen.schema_migration VALUES (%s, %s, %s, %s)", row)
    assert (answer.status_code, answer.json()["counties_behind"]) == (200, ["nordhausen"])


@pytest.mark.parametrize("owner_too", [True, False])
def test_an_old_program_is_ready_on_a_newer_schema(deployment, settings, owner_too):
    url = settings.database_url if owner_too else without_owner(settings.database_url)
    with deployment.database.owner() as owner:
        owner.execute("INSERT INTO shared.schema_migration VALUES (999, 'later', 'x', now())")
        try:
            answer = ready(settings, url)
        finally:
            owner.execute("DELETE FROM shared.schema_migration WHERE version = 999")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "change", ["DELETE FROM shared.schema_migration", "UPDATE shared.schema_migration SET checksum = 'x'"]
)
def test_a_new_program_waits_for_its_migrations(deployment, settings, change):
    newest = migrate.migrations_of("shared")[-1].version
    with deployment.database.owner() as owner:
        row = owner.execute("SELECT * FROM shared.schema_migration WHERE version = %s", (newest,)).fetchone()
        try:
            owner.execute(f"{change} WHERE version = %s", (newest,))
            answer = ready(settings, without_owner(settings.database_url))
        finally:
            owner.execute("DELETE FROM shared.schema_migration WHERE version = %s", (newest,))
            owner.execute("INSERT INTO shared.schema_migration VALUES (%s, %s, %s, %s)", row)
    assert (answer.status_code, answer.json()["reason"]) == (503, "shared")
