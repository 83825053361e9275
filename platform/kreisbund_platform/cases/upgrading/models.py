"""Rows of case upgrades."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, DateTime, Text
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class CaseUpgrade(SQLModel, table=True):
    """One upgrade of a county: which cases, to what, on which legal basis, and how far it is."""

    __tablename__ = "case_upgrade"
    id: UUID = Field(primary_key=True)
    version: int
    status: str = Field(sa_type=Text)
    template_id: UUID
    to_version_id: UUID
    to_variant_id: UUID | None = None
    criteria: dict[str, Any] = Field(sa_type=JSON)
    mapping: dict[str, str] = Field(sa_type=JSON)
    fields: dict[str, Any] = Field(sa_type=JSON)
    deadlines: str = Field(sa_type=Text)
    effective_on: date
    legal_basis: str = Field(sa_type=Text)
    tells_applicants: bool
    warnings: list[Any] = Field(sa_type=JSON)
    position: UUID | None = None
    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    previewed_at: datetime = Field(sa_type=Moment)
    checked_at: datetime | None = Field(default=None, sa_type=Moment)
    started_at: datetime | None = Field(default=None, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class CaseUpgradeGroup(SQLModel, table=True):
    """All cases of one source that stand at the same marking; judged once."""

    __tablename__ = "case_upgrade_group"
    upgrade_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    from_version_id: UUID
    from_variant_id: UUID | None = None
    signature: str = Field(sa_type=Text)
    cases: int
    possible: bool
    chosen: bool
    element_id: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    path: list[str] = Field(sa_type=ARRAY(Text))
    waiting: list[str] = Field(sa_type=ARRAY(Text))
    changes: dict[str, Any] = Field(sa_type=JSON)


class CaseUpgradeCase(SQLModel, table=True):
    """One case of an upgrade; `before` is what undoing restores."""

    __tablename__ = "case_upgrade_case"
    upgrade_id: UUID = Field(primary_key=True)
    case_id: UUID = Field(primary_key=True)
    group_number: int
    planned_version: int
    status: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    explanation: str | None = Field(default=None, sa_type=Text)
    element_id: str | None = Field(default=None, sa_type=Text)
    path: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    from_version_id: UUID | None = None
    from_variant_id: UUID | None = None
    version_after: int | None = None
    changed_at: datetime | None = Field(default=None, sa_type=Moment)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
