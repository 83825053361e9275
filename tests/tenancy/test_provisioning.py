"""Counties are made whole or not at all, and leave nothing behind when they go."""

import pytest

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.errors import Conflict, Invalid, NotFound
from kreisbund_platform.tenancy import grant_check, grants
from kreisbund_platform.tenancy.context import TenantContext, TenantMissingError
from kreisbund_platform.tenancy.registry import Registry, read_tenant
from kreisbund_tenants import manifest, provisioning, seeding
from tests.support.fixtures import Deployment

BAD_SLUGS = [
    "",
    "x",
    "shared",
    "pg_catalog",
    "pg-catalog",
    "service-team",
    "x; drop schema shared cascade",
    "a" * 300,
    "Großkreis",
    "KREIS",
    "-kreis",
    "kreis-",
    "kreis\n",
    "kreis_x",
    'kreis"',
    "../kreis",
    "kreis\x00",
]


def _create(
    here: Deployment, clock: ManualClock, slug: str, regional_key: str = "160619999999", name: str = "Neu"
) -> TenantContext | Invalid | Conflict:
    with here.database.owner() as owner:
        return provisioning.create_tenant(owner, here.settings, clock, slug=slug, name=name, regional_key=regional_key)


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_bad_slugs_are_refused(slug: str, deployment: Deployment, clock: ManualClock) -> None:
    refused = _create(deployment, clock, slug)
    assert isinstance(refused, Invalid)
    assert [error.path for error in refused.field_errors] == ["slug"]


@pytest.mark.parametrize("key", ["", "16061000000", "1606100000000", "16061000000a", "١٦٠٦١٠٠٠٠٠٠٠", "160610000000\n"])
def test_bad_regional_keys_are_refused(key: str, deployment: Deployment, clock: ManualClock) -> None:
    refused = _create(deployment, clock, "eichsfeld", key)
    assert isinstance(refused, Invalid)
    assert [error.path for error in refused.field_errors] == ["regionalKey"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "\ud800"])
def test_bad_names_are_refused(name: str, deployment: Deployment, clock: ManualClock) -> None:
    refused = _create(deployment, clock, "eichsfeld", name=name)
    assert isinstance(refused, Invalid)
    assert [error.path for error in refused.field_errors] == ["name"]


def test_everything_wrong_is_said_at_once(deployment: Deployment, clock: ManualClock) -> None:
    refused = _create(deployment, clock, "X", "1", "")
    assert isinstance(refused, Invalid)
    assert [error.path for error in refused.field_errors] == ["slug", "name", "regionalKey"]


def test_taken_slug_and_key_are_conflicts_and_leave_nothing(deployment: Deployment, clock: ManualClock) -> None:
    taken_slug, taken_key = _create(deployment, clock, "nordhausen"), _create(deployment, clock, "neu", "160620000000")
    assert isinstance(taken_slug, Conflict)
    assert taken_slug.code == "SLUG_TAKEN"
    assert isinstance(taken_key, Conflict)
    assert taken_key.code == "REGIONAL_KEY_TAKEN"
    with deployment.database.owner() as owner:
        assert owner.execute("SELECT to_regnamespace('county_neu')").fetchone() == (None,)
        assert grant_check.verify_grants(owner) == []


def test_a_failure_half_way_leaves_nothing(
    deployment: Deployment, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(grants, "grant_county", fail)
    with pytest.raises(OSError, match="disk"):
        _create(deployment, clock, "halbkreis")
    with deployment.database.owner() as owner:
        assert read_tenant(owner, "halbkreis") is None
        assert owner.execute("SELECT to_regnamespace('county_halbkreis')").fetchone() == (None,)
        found = owner.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'kb\\_%halbkreis'").fetchone()
        assert found == (0,)


def test_a_fifth_county_works_without_restart_and_goes_completely(deployment: Deployment, clock: ManualClock) -> None:
    registry = Registry(deployment.connections)
    issuer = "http://127.0.0.1:8420/realms/eichsfeld"
    assert registry.by_slug("nordhausen") is not None
    made = _create(deployment, clock, "eichsfeld", "160610000000", "Landkreis Eichsfeld")
    assert isinstance(made, TenantContext)
    found = registry.by_issuer(issuer)
    assert found is not None
    assert found.tenant == made
    assert registry.by_issuer("http://elsewhere/realms/eichsfeld") is None
    with deployment.connections.for_tenant(made) as connection:
        assert connection.execute("SELECT count(*) FROM case_record").fetchone() == (0,)
    with deployment.database.owner() as owner:
        assert grant_check.verify_grants(owner) == []
        _suspend_resume_delete(owner, clock, made)
        assert grant_check.verify_grants(owner) == []
    registry.refresh()
    assert registry.by_slug("eichsfeld") is None
    assert registry.by_issuer(issuer) is None
    again = _create(deployment, clock, "eichsfeld", "160610000000")
    assert isinstance(again, Conflict)


def _suspend_resume_delete(owner: "provisioning.Rows", clock: ManualClock, made: TenantContext) -> None:
    suspended = provisioning.suspend(owner, clock, made.slug)
    assert isinstance(suspended, TenantContext)
    assert suspended.status == "SUSPENDED"
    assert isinstance(provisioning.suspend(owner, clock, made.slug), TenantContext)
    resumed = provisioning.resume(owner, clock, made.slug)
    assert isinstance(resumed, TenantContext)
    assert resumed.status == "ACTIVE"
    gone = provisioning.delete(owner, clock, made.slug)
    assert isinstance(gone, TenantContext)
    assert (gone.status, gone.regional_key) == ("DELETED", None)
    assert owner.execute("SELECT FROM pg_roles WHERE rolname = %s", (made.login_role,)).fetchone() is None
    assert isinstance(provisioning.delete(owner, clock, made.slug), NotFound)
    assert isinstance(provisioning.suspend(owner, clock, "nowhere"), NotFound)


def test_a_deleted_county_has_no_connection(deployment: Deployment, county: TenantContext) -> None:
    gone = TenantContext(**{**county.__dict__, "status": "DELETED"})
    with pytest.raises(TenantMissingError), deployment.connections.for_tenant(gone):
        pass


def test_seeding_again_keeps_ids_and_units(deployment: Deployment, clock: ManualClock, county: TenantContext) -> None:
    before = deployment.registry.units_of(county)
    seeding.seed(deployment.database, deployment.settings, clock, only=("nordhausen",))
    deployment.registry.refresh()
    assert deployment.registry.by_slug("nordhausen") == county
    assert deployment.registry.units_of(county) == before
    first = {"schulverwaltung", "jagdbehoerde", "bauordnungsamt"}
    assert set(before) == first | {"auslaenderbehoerde", "jugendamt", "versorgung"}


def test_the_four_counties_describe_themselves() -> None:
    counties = {county.slug: county for county in manifest.seeded()}
    assert set(counties) == {"kyffhaeuserkreis", "unstrut-hainich-kreis", "wartburgkreis", "nordhausen"}
    for county in counties.values():
        assert provisioning.field_errors(county.slug, county.name, county.regional_key) == ()
        assert len(county.municipalities) >= 12
        assert all(place.regional_key.startswith(county.regional_key[:5]) for place in county.municipalities)
        assert {"code", "letterhead", "objection_authorities", "statutes"} <= set(county.profile)


def test_a_manifest_that_lacks_something_says_what(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("county") / "county.toml"
    path.write_text('slug = "x"', "utf-8")
    with pytest.raises(manifest.ManifestError, match="name is missing"):
        manifest.load(path)
