"""Rows of a county's decisions about people."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid
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


class InvitationPlace(SQLModel, table=True):
    """Which county to ask about an invitation; holds no case."""

    __tablename__ = "support_invitation"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    until: datetime = Field(sa_type=Moment)
