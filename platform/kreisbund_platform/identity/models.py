"""Rows of identity; compared with the migrated schema by a test."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel


class SessionRow(SQLModel):
    """`shared.web_session`: tokens wrapped, found by the hash of the cookie's value."""

    id_hash: bytes = Field(primary_key=True)
    issuer: str
    subject: str
    wrapped: bytes
    created_at: datetime
    last_seen_at: datetime
    sid: str | None = None


@dataclass(frozen=True)
class KeptFormRow:
    """`shared.kept_form`: a form that waits for its sender to log in again."""

    id: UUID
    issuer: str
    subject: str
    wrapped: bytes
    kept_at: datetime
