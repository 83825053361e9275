"""A real Keycloak, whose address the environment names; tests that need it say why they were skipped."""

import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.settings import KeycloakAccess, Settings
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants import provisioning
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.realms import service
from kreisbund_tenants.realms.keycloak import administration
from kreisbund_tenants.realms.plan import RealmPlan
from tests.identity.conftest import Running, _served, _services
from tests.support.database import fresh_database
from tests.support.fixtures import Deployment, deployed, settings_for
from tests.support.keycloak import RunningKeycloak

PATIENCE_SECONDS = 60  # Keycloak builds each page of its theme at the first look


@pytest.fixture(scope="session")
def access(running_keycloak: RunningKeycloak) -> KeycloakAccess:
    """The service account that the launcher makes."""
    here = running_keycloak
    return KeycloakAccess(here.url, here.url, here.admin, here.secret_file.read_text().strip())


@dataclass(frozen=True)
class County:
    """A county of the tests' own with its realm."""

    tenant: TenantContext
    plan: RealmPlan

    @property
    def slug(self) -> str:
        return self.tenant.slug

    def person(self, role: str, number: int = 0) -> DemoPerson:
        return [person for person in self.plan.people if person.role == role][number]


@dataclass(frozen=True)
class Stage:
    """Pages that run beside a Keycloak, and two counties of their own in both."""

    running: Running
    access: KeycloakAccess
    here: County
    there: County

    @property
    def settings(self) -> Settings:
        return self.running.deployment.settings

    @property
    def tokens(self) -> TokenChecker:
        return self.running.services.tokens

    def token_address(self, county: County) -> str:
        return f"{self.access.url}/realms/{county.slug}/protocol/openid-connect/token"

    def granted(self, county: County, person: DemoPerson) -> httpx.Response:
        form = {"grant_type": "password", "client_id": "kreisbund-demo", "scope": "openid"}
        form |= {"username": person.username, "password": person.password}
        return httpx.post(self.token_address(county), data=form, trust_env=False, timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="package")
def stage(access: KeycloakAccess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with socket.socket() as listening, fresh_database() as url:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = settings_for(url, tmp_path_factory.mktemp("realms"))
        settings = replace(settings, base_url=base_url, keycloak=access)
        with deployed(settings, "nordhausen") as deployment:
            here, there = (_county(deployment, number) for number in (1, 2))
            services = _services(deployment)
            with _served(services, listening):
                yield Stage(Running(base_url, deployment, services), access, here, there)
            for county in (here, there):
                service.remove(access, county.slug)


def _county(deployment: Deployment, number: int) -> County:
    slug, key = f"probe-{secrets.token_hex(4)}", f"9990{number}0000000"
    with deployment.database.owner() as owner:
        made = provisioning.create_tenant(
            owner, deployment.settings, SystemClock(), slug=slug, name=f"Kreis {slug}", regional_key=key
        )
        assert isinstance(made, TenantContext)
        plan = next(plan for plan in service.plans(owner, deployment.settings) if plan.name == slug)
        service.ensure_for(owner, deployment.settings, slug)
    return County(made, plan)


@pytest.fixture
def admin(stage: Stage) -> Iterator[Any]:
    """Keycloak's administration in the realm of the first county."""
    with administration(stage.access, stage.here.slug) as connected:
        yield connected
