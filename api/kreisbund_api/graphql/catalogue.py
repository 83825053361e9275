"""What is offered: counties, public services, topics, process templates."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.life_cycle_terms import (
    ReleaseSettings,
    Rollout,
    TemplateHistoryEntry,
    TemplateRelease,
    Transition,
    VersionSignature,
    VersionStatus,
)
from kreisbund_api.graphql.relay import Node, PageInfo
from kreisbund_api.graphql.scalars import JSON, Date, DateTime

if TYPE_CHECKING:
    from kreisbund_api.graphql.life_cycle import TemplateDraft


@strawberry.enum
class TenantKind(Enum):
    """What kind of body a tenant is."""

    COUNTY = "COUNTY"
    CITY = "CITY"
    MUNICIPALITY = "MUNICIPALITY"
    UTILITY = "UTILITY"
    ASSOCIATION = "ASSOCIATION"


@strawberry.enum
class TenantStatus(Enum):
    """Where a tenant is in its life."""

    PROVISIONING = "PROVISIONING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


@strawberry.enum
class Responsibility(Enum):
    """Who is responsible for a public service."""

    COUNTY = "COUNTY"
    MUNICIPALITY = "MUNICIPALITY"
    LAND = "LAND"
    FEDERATION = "FEDERATION"


@strawberry.type
class Tenant(Node):
    """A county or another body that works here."""

    slug: str
    name: str
    regional_key: str | None = strawberry.field(description="12-digit ARS")
    kind: TenantKind
    status: TenantStatus
    profile: JSON = strawberry.field(description="Letterhead, contact, authorities: the public part of its manifest")


@strawberry.type
class Unit(Node):
    """An organisational unit of a county."""

    slug: str
    name: str


@strawberry.type
class LifeSituation:
    """Public services grouped by what happens in a life."""

    name: str
    subject: str | None
    service_count: int


@strawberry.type
class PublicService(Node):
    """A public service of the LeiKa/FIM catalogue."""

    leika_key: str
    name: str
    life_situations: list[str]
    templates: list[ProcessTemplate] = strawberry.field(description="Adopted by the viewer's county")
    legal_basis: str | None
    responsible: Responsibility | None
    synonyms: list[str]
    offered: bool = strawberry.field(description="Whether the viewer's county has adopted a template for it")


@strawberry.type
class Topic(Node):
    """A group of templates that one county leads."""

    slug: str
    title: str
    lead_county: Tenant


@strawberry.type
class Form:
    """form-js schema, and one valid input, for those who write clients."""

    schema: JSON
    example: JSON


@strawberry.type
class TemplateVersion(Node):
    """One published, immutable version."""

    number: int
    content_hash: str
    published_at: DateTime
    bpmn_xml: str
    manifest: JSON
    forms: JSON
    decisions: JSON = strawberry.field(description="File name to DMN XML")
    letters: JSON
    template: ProcessTemplate
    status: VersionStatus
    transition: Transition
    transition_on: Date | None
    retired_at: DateTime | None
    retired_reason: str | None
    signatures: list[VersionSignature]
    rollout: Rollout | None


@strawberry.type
class Adoption:
    """Which county has adopted which version, as the service team sees it."""

    county: Tenant
    version: TemplateVersion
    adopted_at: DateTime
    ended_at: DateTime | None


@strawberry.type
class ProcessTemplate(Node):
    """A process template of the shared catalogue."""

    slug: str
    title: str
    topic: Topic
    current_version: TemplateVersion | None = strawberry.field(
        description="On which new applications of the viewer's county start; without a county the newest published"
    )
    start_form: Form | None = strawberry.field(description="Of the version in force here")
    adopted_here: bool
    summary: str
    leika_key: str
    service: PublicService | None
    versions: list[TemplateVersion]
    adoptions: list[Adoption]
    adopted_version: TemplateVersion | None = strawberry.field(
        description="What this county has released; retired, it is ending"
    )
    release_settings: ReleaseSettings | None
    releases: list[TemplateRelease]
    drafts: list[Annotated[TemplateDraft, strawberry.lazy("kreisbund_api.graphql.life_cycle")]]
    history: list[TemplateHistoryEntry]


@strawberry.type
class PublicServiceEdge:
    """An edge."""

    cursor: str
    node: PublicService


@strawberry.type
class PublicServiceConnection:
    """A page of public services."""

    edges: list[PublicServiceEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class ProcessTemplateEdge:
    """An edge."""

    cursor: str
    node: ProcessTemplate


@strawberry.type
class ProcessTemplateConnection:
    """A page of templates."""

    edges: list[ProcessTemplateEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class TenantEdge:
    """An edge."""

    cursor: str
    node: Tenant


@strawberry.type
class TenantConnection:
    """A page of tenants."""

    edges: list[TenantEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class Viewer:
    """Who is asking."""

    subject: ID
    name: str | None
    roles: list[str]
    tenant: Tenant | None
    home_tenant: Tenant | None
    units: list[Unit]
    assurance_level: str | None
