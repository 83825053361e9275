"""Who asks: what a checked token says about a person, and nothing that it does not say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from kreisbund_platform.tenancy.context import TenantContext


class Role(StrEnum):
    """Realm roles; a task's `role` is one of these names too."""

    CITIZEN = "citizen"
    CASEWORKER = "caseworker"
    TEAM_LEAD = "team_lead"
    RECORDS_OFFICER = "records_officer"
    TREASURER = "treasurer"
    CASHIER = "cashier"
    COUNTY_ADMIN = "county_admin"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    TEMPLATE_AUTHOR = "template_author"
    TOPIC_LEAD = "topic_lead"
    SERVICE_TEAM_LEAD = "service_team_lead"
    GRANTING_AUTHORITY = "granting_authority"
    FUNDING_AUDITOR = "funding_auditor"
    OPERATOR = "operator"


class RealmKind(StrEnum):
    """What kind of issuer vouches for the person; `shared.issuer.kind`."""

    COUNTY = "COUNTY"
    SERVICE_TEAM = "SERVICE_TEAM"
    STATE = "STATE"
    OPERATIONS = "OPERATIONS"


class AssuranceLevel(StrEnum):
    """eIDAS levels of assurance, as BundID names them."""

    BASIC = "basic"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class AccountKind(StrEnum):
    """Whether a person or an organisation (Mein Unternehmenskonto) holds the account."""

    PERSON = "person"
    ORGANISATION = "organisation"


COUNTY_STAFF = frozenset(
    {
        Role.CASEWORKER,
        Role.TEAM_LEAD,
        Role.RECORDS_OFFICER,
        Role.TREASURER,
        Role.CASHIER,
        Role.COUNTY_ADMIN,
        Role.DATA_PROTECTION_OFFICER,
        Role.TEMPLATE_AUTHOR,
    }
)

# What a realm may vouch for. A role that its realm may not give is dropped, whoever put it into the token.
ROLES_OF_REALM = {
    RealmKind.COUNTY: COUNTY_STAFF | {Role.CITIZEN},
    RealmKind.SERVICE_TEAM: frozenset({Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD}),
    RealmKind.STATE: frozenset({Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR}),
    RealmKind.OPERATIONS: frozenset({Role.OPERATOR}),
}


@dataclass(frozen=True)
class LentRole:
    """A role that a colleague has lent for some days; within the colleague's units, not the borrower's own."""

    role: Role
    by: str
    units: tuple[UUID, ...]


@dataclass(frozen=True)
class StoodInFor:
    """An absent colleague whose assigned tasks the person does for some days, with the colleague's rights."""

    subject: str
    roles: frozenset[Role]
    units: tuple[UUID, ...]


class AccessBasis(StrEnum):
    """On what ground a case is read; `case_read.basis`."""

    OFFICE = "OFFICE"
    INVITATION = "INVITATION"
    EMERGENCY = "EMERGENCY"


@dataclass(frozen=True)
class Invitation:
    """One case of one county that somebody from outside looks at, and nothing else while they do."""

    county: TenantContext
    case_id: UUID
    basis: AccessBasis


@dataclass(frozen=True)
class Principal:
    """A person as their issuer vouches for them, with what colleagues have lent (standing.py).

    `tenant` is set for a county's realm and for no other. `subject` is the issuer's `sub`, unique within its realm
    only. `home_tenant` is the slug of the county that delegated a member of the service team. Moments are aware, in
    UTC. `authenticated_at`: when the person last proved who they are; `authentication_methods`: how
    (the token's `amr`, RFC 8176).
    `roles` hold the lent ones; `realm_roles` are the token's alone, None where nothing was lent.
    `asks_county`: the county whose requests for emergency access an operator makes, reads and confirms; no case.
    """

    subject: str
    name: str | None
    username: str | None
    realm_kind: RealmKind
    tenant: TenantContext | None
    home_tenant: str | None
    roles: frozenset[Role]
    units: tuple[UUID, ...]
    assurance_level: AssuranceLevel | None
    account_kind: AccountKind
    token_expires_at: datetime
    authenticated_at: datetime | None = None
    authentication_methods: frozenset[str] = frozenset()
    realm_roles: frozenset[Role] | None = None
    lent_roles: tuple[LentRole, ...] = ()
    stands_in_for: tuple[StoodInFor, ...] = ()
    invited_to: Invitation | None = None
    asks_county: TenantContext | None = None

    @property
    def own_roles(self) -> frozenset[Role]:
        """What the realm itself vouches for: only this can be lent or named."""
        return self.roles if self.realm_roles is None else self.realm_roles

    @property
    def visited(self) -> TenantContext | None:
        """The county that somebody from outside has to do with in this operation."""
        return self.invited_to.county if self.invited_to is not None else self.asks_county

    @property
    def is_guest(self) -> bool:
        """Whether nobody is logged in: a visitor of a county's portal."""
        return not self.subject


# Whoever has no token has nothing that could expire.
NEVER_EXPIRES = datetime.max.replace(tzinfo=UTC)


def guest_of(tenant: TenantContext) -> Principal:
    """A visitor of this county's portal who has not logged in: no role, no subject."""
    return _without_token(tenant, subject="")


def system_of(tenant: TenantContext) -> Principal:
    """The platform itself at work for a county, when a timer fires or a month closes: no role, no rights."""
    return _without_token(tenant, subject="system")


def _without_token(tenant: TenantContext, subject: str) -> Principal:
    return Principal(
        subject=subject,
        name=None,
        username=None,
        realm_kind=RealmKind.COUNTY,
        tenant=tenant,
        home_tenant=None,
        roles=frozenset(),
        units=(),
        assurance_level=None,
        account_kind=AccountKind.PERSON,
        token_expires_at=NEVER_EXPIRES,
    )
