"""Rows of the life cycle: the service team's in `shared`, a county's releases in its own schema."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, REAL, BigInteger, DateTime, LargeBinary, Text, Uuid
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)
SHARED = {"schema": "shared"}


class CooperationAgreement(SQLModel, table=True):
    """What the counties agreed (Zweckvereinbarung): how reviews are decided, when a rollout halts."""

    __tablename__ = "cooperation_agreement"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    signed_on: date
    rule: str = Field(sa_type=Text)
    minimum_review_days: int
    most_incident_share: float = Field(sa_type=REAL)
    most_overdue_share: float = Field(sa_type=REAL)
    fewest_cases: int
    version: int


class AgreementMember(SQLModel, table=True):
    """A county that joined an agreement."""

    __tablename__ = "agreement_member"
    __table_args__ = SHARED
    agreement_id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(primary_key=True)


class TemplateDraft(SQLModel, table=True):
    """A template in the making. `version` rises with every change, `revision` with every saved content."""

    __tablename__ = "template_draft"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    template_slug: str = Field(sa_type=Text)
    topic_id: UUID
    title: str = Field(sa_type=Text)
    base_version_id: UUID | None = None
    status: str = Field(sa_type=Text)
    version: int
    revision: int
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=Moment)
    updated_by: str = Field(sa_type=Text)


class DraftRevision(SQLModel, table=True):
    """One saved content of a draft; it never changes. `problems`: [{path, code, message}]."""

    __tablename__ = "draft_revision"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    draft_id: UUID
    number: int
    saved_at: datetime = Field(sa_type=Moment)
    saved_by: str = Field(sa_type=Text)
    saved_by_name: str = Field(sa_type=Text)
    files: dict[str, str] = Field(sa_type=JSON)
    content_hash: str = Field(sa_type=Text)
    problems: list[dict[str, str]] = Field(sa_type=JSON)
    restored_from: int | None = None


class ReviewRound(SQLModel, table=True):
    """The counties look at one revision. Rule, members and period are those of the day it was opened."""

    __tablename__ = "review_round"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    draft_id: UUID
    number: int
    revision_id: UUID
    content_hash: str = Field(sa_type=Text)
    agreement_id: UUID
    rule: str = Field(sa_type=Text)
    lead_tenant_id: UUID
    members: list[UUID] = Field(sa_type=ARRAY(Uuid))
    status: str = Field(sa_type=Text)
    opened_at: datetime = Field(sa_type=Moment)
    opened_by_name: str = Field(sa_type=Text)
    open_until: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_by_name: str | None = Field(default=None, sa_type=Text)
    version: int


class ReviewComment(SQLModel, table=True):
    """A remark on a place of the content, or an answer to one."""

    __tablename__ = "review_comment"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    round_id: UUID
    parent_id: UUID | None = None
    file: str = Field(sa_type=Text)
    element_id: str | None = Field(default=None, sa_type=Text)
    text: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=Moment)
    author: str = Field(sa_type=Text)
    author_name: str = Field(sa_type=Text)
    author_tenant_id: UUID | None = None
    resolved_at: datetime | None = Field(default=None, sa_type=Moment)
    resolved_by_name: str | None = Field(default=None, sa_type=Text)


class ReviewVote(SQLModel, table=True):
    """A county's vote as it stands."""

    __tablename__ = "review_vote"
    __table_args__ = SHARED
    round_id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(primary_key=True)
    choice: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    cast_at: datetime = Field(sa_type=Moment)
    cast_by: str = Field(sa_type=Text)
    cast_by_name: str = Field(sa_type=Text)


class TemplateHistory(SQLModel, table=True):
    """One action: who, when, what, on which content."""

    __tablename__ = "template_history"
    __table_args__ = SHARED
    id: int = Field(primary_key=True, sa_type=BigInteger)
    template_slug: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)
    type: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    actor_name: str = Field(sa_type=Text)
    tenant_id: UUID | None = None
    draft_id: UUID | None = None
    version_id: UUID | None = None
    content_hash: str | None = Field(default=None, sa_type=Text)
    body: dict[str, Any] = Field(sa_type=JSON)


class NaturalPersonAccount(SQLModel, table=True):
    """An account that is known to belong to a natural person who has several."""

    __tablename__ = "natural_person_account"
    __table_args__ = SHARED
    realm: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    person_id: UUID
    registered_at: datetime = Field(sa_type=Moment)
    registered_by: str = Field(sa_type=Text)


class SigningKey(SQLModel, table=True):
    """Somebody's public Ed25519 key, certified by the platform's root key."""

    __tablename__ = "signing_key"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    realm: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    public_key: bytes = Field(sa_type=LargeBinary)
    certificate: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)


class SigningKeySecret(SQLModel, table=True):
    """The private half, wrapped by the deployment's key."""

    __tablename__ = "signing_key_secret"
    __table_args__ = SHARED
    key_id: UUID = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)


class PublicationProposal(SQLModel, table=True):
    """What is to be published under which rule, signed by one and waiting for another."""

    __tablename__ = "publication_proposal"
    __table_args__ = SHARED
    id: UUID = Field(primary_key=True)
    draft_id: UUID
    round_id: UUID
    content_hash: str = Field(sa_type=Text)
    number: int
    transition: str = Field(sa_type=Text)
    transition_on: date | None = None
    status: str = Field(sa_type=Text)
    proposed_at: datetime = Field(sa_type=Moment)
    version_id: UUID | None = None


class VersionSignature(SQLModel, table=True):
    """One person's signature under a proposal, or under a version published from a folder."""

    __tablename__ = "version_signature"
    __table_args__ = SHARED
    target_id: UUID = Field(primary_key=True)
    key_id: UUID = Field(primary_key=True)
    person: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    statement: str = Field(sa_type=Text)
    signature: bytes = Field(sa_type=LargeBinary)
    signed_at: datetime = Field(sa_type=Moment)


class VersionPublication(SQLModel, table=True):
    """A version's transition rule, and where its signatures lie."""

    __tablename__ = "version_publication"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    template_id: UUID
    signed_target_id: UUID
    round_id: UUID | None = None
    transition: str = Field(sa_type=Text)
    transition_on: date | None = None


class VersionRetirement(SQLModel, table=True):
    """No county takes this version over any more and nobody applies on it."""

    __tablename__ = "version_retirement"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    retired_at: datetime = Field(sa_type=Moment)
    retired_by_name: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class Rollout(SQLModel, table=True):
    """How far a version is let into the counties that release it automatically."""

    __tablename__ = "rollout"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    status: str = Field(sa_type=Text)
    current_ring: int
    ring_opened_at: datetime = Field(sa_type=Moment)
    started_at: datetime = Field(sa_type=Moment)
    started_by_name: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    changed_at: datetime = Field(sa_type=Moment)
    changed_by_name: str = Field(sa_type=Text)
    version: int


class RolloutRing(SQLModel, table=True):
    """A step of a rollout (Einführungsstufe) and how long it is watched before the next one opens."""

    __tablename__ = "rollout_ring"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    waiting_hours: int


class RolloutCounty(SQLModel, table=True):
    """Which county belongs to which ring."""

    __tablename__ = "rollout_county"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(primary_key=True)
    ring: int


class RolloutHealth(SQLModel, table=True):
    """A county's counts on a version, as the collector brought them."""

    __tablename__ = "rollout_health"
    __table_args__ = SHARED
    version_id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(primary_key=True)
    cases: int
    incidents: int
    overdue: int
    measured_at: datetime = Field(sa_type=Moment)


class TemplateRelease(SQLModel, table=True):
    """A county released a version for itself."""

    __tablename__ = "template_release"
    id: UUID = Field(primary_key=True)
    template_id: UUID
    version_id: UUID
    released_at: datetime = Field(sa_type=Moment)
    released_by: str = Field(sa_type=Text)
    automatic: bool
    change_classes: list[str] = Field(sa_type=ARRAY(Text))
    reason: str | None = Field(default=None, sa_type=Text)


class ReleaseSetting(SQLModel, table=True):
    """Which classes of change a county lets through for a template."""

    __tablename__ = "release_setting"
    template_id: UUID = Field(primary_key=True)
    automatic_classes: list[str] = Field(sa_type=ARRAY(Text))
    version: int
    changed_at: datetime = Field(sa_type=Moment)
    changed_by: str = Field(sa_type=Text)


class VersionHealth(SQLModel, table=True):
    """What the county last told about its cases on a version."""

    __tablename__ = "version_health"
    version_id: UUID = Field(primary_key=True)
    cases: int
    incidents: int
    overdue: int
    measured_at: datetime = Field(sa_type=Moment)
