"""Rows of a county's decisions about people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, DateTime, Text, Uuid
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class StaffAccount(SQLModel, table=True):
    """A colleague as their token last described them; units are ids."""

    __tablename__ = "staff_account"
    subject: str = Field(primary_key=True, sa_type=Text)
    name: str | None = Field(sa_type=Text)
    username: str | None = Field(sa_type=Text)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    units: list[UUID] = Field(sa_type=ARRAY(Uuid))
    seen_at: datetime = Field(sa_type=Moment)


class AccountBlock(SQLModel, table=True):
    """An account of the county's realm that may do nothing until the block ends."""

    __tablename__ = "account_block"
    id: UUID = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    blocked_at: datetime = Field(sa_type=Moment)
    blocked_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class Substitution(SQLModel, table=True):
    """Somebody does an absent colleague's assigned tasks, both days included, in Berlin."""

    __tablename__ = "substitution"
    id: UUID = Field(primary_key=True)
    absent: str = Field(sa_type=Text)
    substitute: str = Field(sa_type=Text)
    first_day: date
    last_day: date
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class Delegation(SQLModel, table=True):
    """Somebody lends a role of their own, both days included, in Berlin."""

    __tablename__ = "delegation"
    id: UUID = Field(primary_key=True)
    role: str = Field(sa_type=Text)
    delegator: str = Field(sa_type=Text)
    delegate: str = Field(sa_type=Text)
    first_day: date
    last_day: date
    created_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class SupportInvitation(SQLModel, table=True):
    """The service team may look at one case until a moment, at most 14 days ahead."""

    __tablename__ = "support_invitation"
    id: UUID = Field(primary_key=True)
    case_id: UUID
    reason: str = Field(sa_type=Text)
    invited_at: datetime = Field(sa_type=Moment)
    invited_by: str = Field(sa_type=Text)
    until: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_by: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class EmergencyAccess(SQLModel, table=True):
    """Two operators may look at one case until an hour after the second one confirmed; `confirmer`: a user name."""

    __tablename__ = "emergency_access"
    id: UUID = Field(primary_key=True)
    case_id: UUID
    reason: str = Field(sa_type=Text)
    requested_at: datetime = Field(sa_type=Moment)
    requested_by: str = Field(sa_type=Text)
    requested_by_name: str = Field(sa_type=Text)
    requesting_person: str = Field(sa_type=Text)
    confirmer: str | None = Field(sa_type=Text)
    confirm_until: datetime = Field(sa_type=Moment)
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)
    confirmed_by: str | None = Field(default=None, sa_type=Text)
    confirmed_by_name: str | None = Field(default=None, sa_type=Text)
    confirming_person: str | None = Field(default=None, sa_type=Text)
    until: datetime | None = Field(default=None, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = Field(default=None, sa_type=Text)
    version: int = 1


class InvitationPlace(SQLModel, table=True):
    """Which county to ask about an invitation; holds no case."""

    __tablename__ = "support_invitation"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    until: datetime = Field(sa_type=Moment)


class Approval(SQLModel, table=True):
    """A change that one person proposes and a second one confirms; `content_hash` is SHA-256, hex."""

    __tablename__ = "approval"
    id: UUID = Field(primary_key=True)
    operation: str = Field(sa_type=Text)
    content_hash: str = Field(sa_type=Text)
    content: dict[str, Any] = Field(sa_type=JSON)
    case_id: UUID | None
    roles: list[str] = Field(sa_type=ARRAY(Text))
    proposed_at: datetime = Field(sa_type=Moment)
    proposed_by: str = Field(sa_type=Text)
    proposing_persons: list[str] = Field(sa_type=ARRAY(Text))
    until: datetime = Field(sa_type=Moment)
    confirmed_at: datetime | None = Field(default=None, sa_type=Moment)
    confirmed_by: str | None = Field(default=None, sa_type=Text)
    confirming_persons: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)
    version: int = 1
