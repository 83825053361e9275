"""Rows of a county's transfers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class CaseTransfer(SQLModel, table=True):
    """A case that left (`OUT`) or came (`IN`); `id` names the package on both sides. States: migration 0017."""

    __tablename__ = "case_transfer"
    id: UUID = Field(primary_key=True)
    direction: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    version: int
    case_id: UUID | None = None
    other_county: UUID
    other_case_number: str | None = Field(default=None, sa_type=Text)
    reason: str = Field(sa_type=Text)
    package: bytes | None = Field(default=None, sa_type=LargeBinary)
    package_sha256: bytes = Field(sa_type=LargeBinary)
    history: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    receipt: bytes | None = Field(default=None, sa_type=LargeBinary)
    receipt_number: str | None = Field(default=None, sa_type=Text)
    started_at: datetime = Field(sa_type=Moment)
    started_by: str | None = Field(default=None, sa_type=Text)
    settled_at: datetime | None = Field(default=None, sa_type=Moment)
