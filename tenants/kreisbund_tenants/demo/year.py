"""When the demonstration's year begins, and what each county adopted on the day before."""

from datetime import date, datetime, time, timedelta

from kreisbund_platform.audit import log
from kreisbund_platform.clock import BERLIN, ManualClock, SystemClock
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Principal, RealmKind, Role
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import adoptions
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo import variants
from kreisbund_tenants.demo.people import people_of
from kreisbund_tenants.demo.principal import principal_of
from kreisbund_tenants.demo.realms import DemoRealm
from kreisbund_tenants.seeding import seeded_slugs

EARLIER_MONTHS = 11
TEMPLATES = (
    "schuelerbefoerderung",
    "jagdschein",
    "baugenehmigung",
    "blaue-karte-eu",
    "unterhaltsvorschuss",
    "zaehlerstand",
)


def months(now: datetime) -> list[date]:
    """The first days of the eleven months before the running one."""
    found: list[date] = []
    month = now.astimezone(BERLIN).date().replace(day=1)
    for _ in range(EARLIER_MONTHS):
        month = (month - timedelta(days=1)).replace(day=1)
        found.append(month)
    return found[::-1]


def people(tenant: TenantContext) -> list[Principal]:
    """The demo people of a county as services know them."""
    realm = DemoRealm(tenant.slug, tenant.name, RealmKind.COUNTY, tenant.slug)
    return [principal_of(person, tenant) for person in people_of(realm, ())]


def adopt_all(settings: Settings, connections: Connections, registry: Registry) -> int:
    """Lets each seeded county that has done nothing yet adopt the templates; answers how many adoptions were new."""
    eve = datetime.combine(months(SystemClock().now())[0], time(9), BERLIN) - timedelta(days=1)
    adopted = 0
    for tenant in registry.all():
        if tenant.slug in seeded_slugs() and tenant.status == "ACTIVE":
            adopted += _adopt(settings, connections, tenant, ManualClock(eve))
    return adopted


def _adopt(settings: Settings, connections: Connections, tenant: TenantContext, clock: ManualClock) -> int:
    admin = next(person for person in people(tenant) if Role.COUNTY_ADMIN in person.roles)
    with connections.for_tenant(tenant) as connection, connection.transaction():
        if log.last_at(connection) is not None:
            return 0
        work = WorkContext(connection, tenant, admin, clock, settings)
        refused = [result for slug in TEMPLATES if isinstance(result := adoptions.adopt(work, slug), REFUSALS)]
        if refused:
            raise TypeError(f"demo adoption refused: {refused[0].code}")
        variants.vary(work)
    return len(TEMPLATES)
