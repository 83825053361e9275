"""A demo person as their token would say, for services called without one."""

from kreisbund_platform.identity.principals import NEVER_EXPIRES, AccountKind, Principal, RealmKind
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.demo.people import DemoPerson


def principal_of(person: DemoPerson, tenant: TenantContext) -> Principal:
    """Whoever services act for."""
    return Principal(
        subject=person.subject,
        name=person.name,
        username=person.username,
        realm_kind=RealmKind.COUNTY,
        tenant=tenant,
        home_tenant=None,
        roles=frozenset({person.role}),
        units=(),
        assurance_level=person.assurance_level,
        account_kind=AccountKind.PERSON,
        token_expires_at=NEVER_EXPIRES,
    )
