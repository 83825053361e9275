"""Rows of identity; compared with the migrated schema by a test."""

from datetime import datetime

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
