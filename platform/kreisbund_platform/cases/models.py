"""Rows of a county's case tables."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CHAR, JSON, BigInteger, DateTime, Integer, LargeBinary, Text, Uuid
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class CaseNumberCounter(SQLModel, table=True):
    """The last case number given in a year."""

    __tablename__ = "case_number_counter"
    year: int = Field(primary_key=True)
    last_number: int


class CaseRecord(SQLModel, table=True):
    """A case as the county keeps it. `state` are the engine's tokens, `data` its variables."""

    __tablename__ = "case_record"
    id: UUID = Field(primary_key=True)
    case_number: str = Field(sa_type=Text)
    file_reference: str | None = Field(default=None, sa_type=Text)
    status: str = Field(sa_type=Text)
    version: int
    channel: str = Field(sa_type=Text)
    template_id: UUID | None = None
    template_version_id: UUID | None = None
    unit_id: UUID | None = None
    applicant_name: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    state: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime = Field(sa_type=Moment)
    received_on: date
    opened_at: datetime = Field(sa_type=Moment)
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    next_step: str | None = Field(default=None, sa_type=Text)
    next_step_by: date | None = None
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    municipality_key: str | None = Field(default=None, sa_type=CHAR(12))
    variant_id: UUID | None = None


class Application(SQLModel, table=True):
    """What its applicant sees of a case."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    version: int
    submitted_at: datetime = Field(sa_type=Moment)
    applicant_subject: str | None = Field(default=None, sa_type=Text)
    status_secret_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    status_tries: int = 0
    status_locked_until: datetime | None = Field(default=None, sa_type=Moment)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)
    withdrawal_reason: str | None = Field(default=None, sa_type=Text)


class Party(SQLModel, table=True):
    """Someone the case concerns; `represents` names other parties of the same case."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    role: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    address: dict[str, str] | None = Field(default=None, sa_type=JSON)
    represents: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid))
    position: int = Field(sa_type=Integer)


class Task(SQLModel, table=True):
    """One step that a person does, by role."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    token: int
    element_id: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    version: int
    role: str = Field(sa_type=Text)
    unit_id: UUID | None = None
    assignee: str | None = Field(default=None, sa_type=Text)
    form_id: str | None = Field(default=None, sa_type=Text)
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    due_on: date | None = None
    created_at: datetime = Field(sa_type=Moment)
    completed_at: datetime | None = Field(default=None, sa_type=Moment)
    completed_by: str | None = Field(default=None, sa_type=Text)
    instance: int | None = None


class Timer(SQLModel, table=True):
    """A moment a case waits for."""

    case_id: UUID = Field(primary_key=True)
    token: int = Field(primary_key=True)
    element_id: str = Field(primary_key=True, sa_type=Text)
    due_at: datetime = Field(sa_type=Moment)
    attempts: int = 0


class Subscription(SQLModel, table=True):
    """A message or signal a case waits for; a message with a key only under this key."""

    case_id: UUID = Field(primary_key=True)
    token: int = Field(primary_key=True)
    element_id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    correlation_key: str | None = Field(default=None, sa_type=Text)


class Job(SQLModel, table=True):
    """A service task whose work failed and is tried again; `attempts` have failed."""

    case_id: UUID = Field(primary_key=True)
    token: int = Field(primary_key=True)
    element_id: str = Field(sa_type=Text)
    attempts: int
    due_at: datetime = Field(sa_type=Moment)


class Incident(SQLModel, table=True):
    """A token that cannot go on until somebody retries or repairs it; `reason` is a code of the engine."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    token: int
    element_id: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    version: int
    raised_at: datetime = Field(sa_type=Moment)
    resolved_at: datetime | None = Field(default=None, sa_type=Moment)
    resolved_by: str | None = Field(default=None, sa_type=Text)


class OutboundEvent(SQLModel, table=True):
    """A message or signal that one case sent, until the worker has delivered it to the others."""

    __tablename__ = "outbound_event"
    id: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    correlation_key: str | None = Field(default=None, sa_type=Text)
    from_case: UUID | None = None
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    reached_case: UUID | None = None
    reached_token: int | None = None


class Note(SQLModel, table=True):
    """What a caseworker notes for colleagues."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    event_id: UUID
    author: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=Moment)


class Message(SQLModel, table=True):
    """Correspondence between the county and the applicant."""

    id: UUID = Field(primary_key=True)
    case_id: UUID
    direction: str = Field(sa_type=Text)
    author: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    sent_at: datetime = Field(sa_type=Moment)
    read_at: datetime | None = Field(default=None, sa_type=Moment)
