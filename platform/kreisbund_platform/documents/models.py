"""Rows of a county's document tables."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class Document(SQLModel, table=True):
    """A notice, a letter or an upload in a case; its bytes lie in the file store."""

    __tablename__ = "document"
    id: UUID = Field(primary_key=True)
    case_id: UUID
    kind: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    size_bytes: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary)
    storage_key: str = Field(sa_type=Text)
    visible_to_applicant: bool
    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    upload_id: UUID | None = None


class Upload(SQLModel, table=True):
    """A received file that no case has taken yet, or that `claimed_by_case` took.

    `scan_due_at`: when the scanner looks at it next; None where it need not.
    """

    __tablename__ = "upload"
    id: UUID = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    file_name: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    size_bytes: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary)
    storage_key: str = Field(sa_type=Text)
    scan_state: str = Field(default="NOT_SCANNED", sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    claimed_by_case: UUID | None = None
    scan_due_at: datetime | None = Field(default=None, sa_type=Moment)
    scan_attempts: int = 0


class Decision(SQLModel, table=True):
    """An act of the county; `document_id` is the notice that says it."""

    __tablename__ = "decision"
    id: UUID = Field(primary_key=True)
    case_id: UUID
    kind: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    decided_at: datetime = Field(sa_type=Moment)
    document_id: UUID
    legal_basis: str = Field(sa_type=Text)
    responsible_name: str = Field(sa_type=Text)
    fee_cents: int = Field(default=0, sa_type=BigInteger)
    remedy_kind: str | None = Field(default=None, sa_type=Text)
    remedy_addressee: str | None = Field(default=None, sa_type=Text)
    remedy_until: date | None = None


class Delivery(SQLModel, table=True):
    """How a decision reaches one party; `deemed_on` is the day it takes effect."""

    __tablename__ = "delivery"
    id: UUID = Field(primary_key=True)
    decision_id: UUID
    party_id: UUID | None = None
    channel: str = Field(sa_type=Text)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    retrieved_at: datetime | None = Field(default=None, sa_type=Moment)
    deemed_on: date | None = None
