"""A county's realm through suspension, export, deletion and restore, at a real Keycloak."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_tenants.moving import container, deleting, exporting, restoring
from kreisbund_tenants.moving.errors import MovingError, RefusedError
from kreisbund_tenants.moving.identity import Wish
from kreisbund_tenants.moving.place import Place
from kreisbund_tenants.realms import keys, service
from kreisbund_tenants.realms.keycloak import administration

from .conftest import County, Stage, _county
from .test_keycloak import log_in, wear_out, who


@pytest.fixture(scope="module")
def third(stage: Stage) -> Iterator[County]:
    made = _county(stage.running.deployment, 3)
    yield made
    service.remove(stage.access, made.slug)


def test_suspending_ends_logins_at_keycloak(stage: Stage, third: County) -> None:
    person = third.person("caseworker")
    with closing(log_in(stage, third, person)) as browser:
        assert who(stage, third, browser) == person.name
        service.end_sessions(stage.access, third.slug)
        wear_out(stage, third, browser)
        assert who(stage, third, browser) is None
    assert stage.granted(third, person).status_code == 200


def test_people_keep_their_ids_through_deletion_and_restore(stage: Stage, third: County, tmp_path: Path) -> None:
    deployment = stage.running.deployment
    place = Place(stage.settings, deployment.database, deployment.connections, SystemClock())
    with administration(stage.access, third.slug) as admin:
        added = admin.create_user({"username": "dritte", "enabled": True, "firstName": "D", "lastName": "D"})
    exporting.export(place, third.tenant, tmp_path / "third.kbx", lambda line: None)
    with (tmp_path / "third.kbx").open("rb") as file:
        reader = container.Reader(file, [container.public_key(stage.settings)])
        accounts = [line for part in reader.parts("accounts") for line in reader.lines(part)]
    assert len(accounts) == len(third.plan.people) + 1
    assert not any("credentials" in account for account in accounts)
    with pytest.raises(RefusedError, match="taken"):
        restoring.restore(place, tmp_path / "third.kbx", Wish())
    said = deleting.verify(stage.settings, deleting.delete(place, third.slug, "Test"))
    assert said["was"]["realm"] is True
    assert f"realm {third.slug}" in said["absent"]
    assert not service.stands(stage.access, third.slug)

    def refuse(*_arguments: object) -> None:
        raise MovingError("later")

    with pytest.raises(MovingError, match="later"):
        restoring.restore(place, tmp_path / "third.kbx", Wish(), before_opening=refuse)
    assert not service.stands(stage.access, third.slug), "a failed restore takes its realm back"
    restoring.restore(place, tmp_path / "third.kbx", Wish())
    assert service.check(stage.access, third.plan) == []
    with deployment.database.owner() as owner:
        assert keys.announced(owner, stage.settings.issuer_of(third.slug)), "the new realm's keys are announced"
    with administration(stage.access, third.slug) as admin:
        assert admin.get_user_id("dritte") == added
    deployment.registry.refresh()
    person = third.person("caseworker")
    token = stage.granted(third, person).json()["access_token"]
    principal = stage.tokens.check(token)
    assert (principal.subject, principal.roles) == (person.subject, {person.role})
    assert principal.tenant is not None
    assert principal.tenant.status == "SUSPENDED"
