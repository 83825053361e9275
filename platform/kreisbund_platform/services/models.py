"""Rows of the catalogue of public services."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, REAL, DateTime, Text
from sqlmodel import Field, SQLModel


class LifeSituation(SQLModel, table=True):
    """What brings a citizen to the office (Lebenslage)."""

    __tablename__ = "life_situation"
    __table_args__ = {"schema": "shared"}
    name: str = Field(primary_key=True, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)


class OzgService(SQLModel, table=True):
    """A bundle of public services as the Onlinezugangsgesetz names it."""

    __tablename__ = "ozg_service"
    __table_args__ = {"schema": "shared"}
    ozg_key: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    life_situation: str | None = Field(default=None, sa_type=Text)


class PublicService(SQLModel, table=True):
    """One public service by its 14-digit LeiKa key."""

    __tablename__ = "public_service"
    __table_args__ = {"schema": "shared"}
    id: UUID = Field(primary_key=True)
    leika_key: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    leika_type: str | None = Field(default=None, sa_type=Text)
    legal_basis: str | None = Field(default=None, sa_type=Text)
    ozg_key: str | None = Field(default=None, sa_type=Text)
    responsible: str | None = Field(default=None, sa_type=Text)
    synonyms: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class PublicServiceTerm(SQLModel, table=True):
    """A term under which a service is found."""

    __tablename__ = "public_service_term"
    __table_args__ = {"schema": "shared"}
    term: str = Field(primary_key=True, sa_type=Text)
    service_id: UUID = Field(primary_key=True)
    weight: float = Field(sa_type=REAL)
