"""Rows of a county's audit tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Text
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class AuditWatch(SQLModel, table=True):
    """How far the event log is sealed and checked; one row."""

    __tablename__ = "audit_watch"
    single: bool = Field(default=True, primary_key=True)
    number: int = Field(sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    sealed_at: datetime | None = Field(sa_type=Moment)
    checked_number: int = Field(sa_type=BigInteger)
    checked_at: datetime | None = Field(sa_type=Moment)
    finding: str | None = Field(sa_type=Text)


class CaseRead(SQLModel, table=True):
    """One person was shown data of one case; `basis`: the county's own office, or from outside."""

    __tablename__ = "case_read"
    id: int = Field(sa_type=BigInteger, primary_key=True)
    case_id: UUID
    at: datetime = Field(sa_type=Moment)
    subject: str = Field(sa_type=Text)
    name: str | None = Field(sa_type=Text)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    unit_id: UUID | None
    kinds: list[str] = Field(sa_type=ARRAY(Text))
    listed: bool
    operation: str = Field(sa_type=Text)
    basis: str = Field(default="OFFICE", sa_type=Text)
