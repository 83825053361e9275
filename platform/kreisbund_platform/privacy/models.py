"""Rows of data protection in a county's schema."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class SubjectKey(SQLModel, table=True):
    """The key of an account or a case, wrapped by the county's key."""

    __tablename__ = "subject_key"
    holder: str = Field(primary_key=True, sa_type=Text)
    wrapped: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)


class LegalHold(SQLModel, table=True):
    """Why a case may not be erased, while `lifted_at` is empty."""

    __tablename__ = "legal_hold"
    id: UUID = Field(primary_key=True)
    version: int
    case_id: UUID
    reason: str = Field(sa_type=Text)
    set_at: datetime = Field(sa_type=Moment)
    set_by: str = Field(sa_type=Text)
    lifted_at: datetime | None = Field(default=None, sa_type=Moment)
    lifted_by: str | None = Field(default=None, sa_type=Text)
    lifted_reason: str | None = Field(default=None, sa_type=Text)


class Erasure(SQLModel, table=True):
    """One entry of the ledger: the id of a case, or an account's subject, and nothing of what was erased."""

    number: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID
    at: datetime = Field(sa_type=Moment)
    kind: str = Field(sa_type=Text)
    target: str = Field(sa_type=Text)
    ground: str = Field(sa_type=Text)
    ordered_by: str | None = Field(default=None, sa_type=Text)


class ErasureRun(SQLModel, table=True):
    """How far an automatic erasure is: `due` when it began, `held` among what was past its time."""

    __tablename__ = "erasure_run"
    id: UUID = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    due: int
    erased: int
    held: int
