"""The realms of the demonstration: one per registered county, and the three that no county owns."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from kreisbund_platform.identity.principals import RealmKind
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_platform.texts import _

SERVED_STATES = ("ACTIVE", "SUSPENDED")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
SERVICE_TEAM, STATE, OPERATIONS = "service-team", "state", "operations"


@dataclass(frozen=True)
class DemoRealm:
    """A realm with its German title; `tenant` is the county's slug, None for the three others."""

    name: str
    title: str
    kind: RealmKind
    tenant: str | None = None


def realms(registry: Registry) -> list[DemoRealm]:
    """All realms that exist at the moment."""
    return [_county_realm(tenant) for tenant in registry.all() if tenant.status in SERVED_STATES] + shared_realms()


def realm_named(registry: Registry, name: str) -> DemoRealm | None:
    """The realm of this name, if there is one; a county made a moment ago has one."""
    tenant = registry.by_slug(name)
    if tenant is not None:
        return _county_realm(tenant) if tenant.status in SERVED_STATES else None
    return next((realm for realm in shared_realms() if realm.name == name), None)


def shared_realms() -> list[DemoRealm]:
    """The realms that no county owns."""
    return [
        DemoRealm(SERVICE_TEAM, _("Serviceteam"), RealmKind.SERVICE_TEAM),
        DemoRealm(STATE, _("Land Thüringen"), RealmKind.STATE),
        DemoRealm(OPERATIONS, _("Betrieb"), RealmKind.OPERATIONS),
    ]


def county_realm(slug: str, name: str) -> DemoRealm:
    """The realm of a county: its slug is its name."""
    return DemoRealm(slug, name, RealmKind.COUNTY, slug)


def _county_realm(tenant: TenantContext) -> DemoRealm:
    return county_realm(tenant.slug, tenant.name)


def issuer_of(settings: Settings, realm: str) -> str:
    """The issuer's address, shaped as Keycloak's."""
    return f"{settings.base_url}/realms/{realm}"


def refuse_outside_demo(settings: Settings, host: str) -> None:
    """Ends the process with one line where demonstration accounts would reach anyone but this machine."""
    if not settings.demo:
        raise SystemExit("the demo issuer does not run in production: configure Keycloak instead")
    if host not in LOOPBACK_HOSTS or urlsplit(settings.base_url).hostname not in LOOPBACK_HOSTS:
        raise SystemExit("the demo issuer answers on the loopback interface only: bind to 127.0.0.1")
