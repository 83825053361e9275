"""Rows of the shared catalogue of templates and of a county's adoptions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, Integer, Text
from sqlmodel import Field, SQLModel


class Topic(SQLModel, table=True):
    """A field of work that one county leads for all (Themenkomplex)."""

    __tablename__ = "topic"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    lead_tenant_id: UUID


class ProcessTemplate(SQLModel, table=True):
    """A template over all its versions."""

    __tablename__ = "process_template"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    topic_id: UUID
    leika_key: str = Field(sa_type=Text)
    summary: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class TemplateVersion(SQLModel, table=True):
    """A published version; it never changes."""

    __tablename__ = "template_version"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    template_id: UUID
    number: int = Field(sa_type=Integer)
    content_hash: str = Field(sa_type=Text)
    manifest: dict[str, Any] = Field(sa_type=JSON)
    bpmn_xml: str = Field(sa_type=Text)
    decisions: dict[str, str] = Field(sa_type=JSON)
    forms: dict[str, Any] = Field(sa_type=JSON)
    letters: dict[str, Any] = Field(sa_type=JSON)
    cases: list[Any] = Field(sa_type=JSON)
    start_form: str = Field(sa_type=Text)
    published_at: datetime = Field(sa_type=DateTime(timezone=True))
    published_by: str = Field(sa_type=Text)


class TemplateAdoption(SQLModel, table=True):
    """The version on which a county's new applications start; ended ones stay as a record."""

    __tablename__ = "template_adoption"
    template_id: UUID = Field(primary_key=True)
    version_id: UUID
    adopted_at: datetime = Field(sa_type=DateTime(timezone=True))
    adopted_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    variant_id: UUID | None = None


class TemplateVariant(SQLModel, table=True):
    """A county's variation of a base version: its operations, and the whole template as it runs here."""

    __tablename__ = "template_variant"
    id: UUID = Field(primary_key=True)
    template_id: UUID
    base_version_id: UUID
    number: int = Field(sa_type=Integer)
    version: int = Field(default=1, sa_type=Integer)
    status: str = Field(sa_type=Text)
    operations: list[Any] = Field(sa_type=JSON)
    content_hash: str = Field(sa_type=Text)
    manifest: dict[str, Any] = Field(sa_type=JSON)
    bpmn_xml: str = Field(sa_type=Text)
    decisions: dict[str, str] = Field(sa_type=JSON)
    forms: dict[str, Any] = Field(sa_type=JSON)
    letters: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    created_by: str = Field(sa_type=Text)
    in_force_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    in_force_by: str | None = Field(default=None, sa_type=Text)
    replaced_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class VariantRebase(SQLModel, table=True):
    """Carrying a county's operations over to a newer base; `steps` as migration 0006 says."""

    __tablename__ = "variant_rebase"
    id: UUID = Field(primary_key=True)
    template_id: UUID
    from_version_id: UUID
    to_version_id: UUID
    from_variant_id: UUID
    status: str = Field(sa_type=Text)
    version: int = Field(default=1, sa_type=Integer)
    steps: list[Any] = Field(sa_type=JSON)
    to_variant_id: UUID | None = None
    automatic: bool
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    started_by: str = Field(sa_type=Text)
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    finished_by: str | None = Field(default=None, sa_type=Text)
    undone_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    undone_by: str | None = Field(default=None, sa_type=Text)
    undone_reason: str | None = Field(default=None, sa_type=Text)
