"""The pages' sessions: the browser holds a random number, the tokens stay here, wrapped by the deployment's key.

Services: they never commit. The table holds the number's hash, so that reading it opens no session.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from psycopg import Connection

from kreisbund_platform.clock import Clock
from kreisbund_platform.identity import queries
from kreisbund_platform.identity.models import SessionRow
from kreisbund_platform.identity.tokens import LogoutNotice
from kreisbund_platform.identity.wrapping import unwrap, wrap
from kreisbund_platform.settings import Settings

IDLE_AT_MOST = timedelta(minutes=30)
LASTS_AT_MOST = timedelta(hours=10)
TOUCHED_EVERY = timedelta(minutes=1)
ID_BYTES = 32


@dataclass(frozen=True)
class Tokens:
    """What the issuer gave at login. `expires_at` is the access token's, in Unix seconds."""

    access_token: str
    refresh_token: str | None
    id_token: str
    expires_at: int


@dataclass(frozen=True)
class WebSession:
    """A session that still holds. `csrf_token` goes into its forms, never into an address."""

    id_hash: bytes
    issuer: str
    subject: str
    csrf_token: str
    tokens: Tokens
    created_at: datetime
    last_seen_at: datetime


def open_session(
    connection: Connection,
    settings: Settings,
    clock: Clock,
    *,
    issuer: str,
    subject: str,
    tokens: Tokens,
    sid: str | None = None,
) -> str:
    """A new session; answers its cookie's value, which is kept nowhere. `sid` is the issuer's name of the login."""
    session_id = secrets.token_urlsafe(ID_BYTES)
    now = clock.now()
    session = WebSession(_hash(session_id), issuer, subject, secrets.token_urlsafe(ID_BYTES), tokens, now, now)
    row = SessionRow(
        id_hash=session.id_hash,
        issuer=issuer,
        subject=subject,
        wrapped=_wrapped(settings, session),
        created_at=now,
        last_seen_at=now,
        sid=sid,
    )
    queries.insert_session(connection, row)
    return session_id


def find_session(connection: Connection, settings: Settings, clock: Clock, session_id: str) -> WebSession | None:
    """The session of a cookie's value; None once it has been idle or open for too long, and then it is gone."""
    row = queries.session(connection, _hash(session_id))
    if row is None:
        return None
    now = clock.now()
    session = _unwrapped(settings, row)
    if session is None or now - row.last_seen_at >= IDLE_AT_MOST or now - row.created_at >= LASTS_AT_MOST:
        queries.delete_session(connection, row.id_hash)
        return None
    if now - row.last_seen_at >= TOUCHED_EVERY:
        queries.touch_session(connection, row.id_hash, now)
    return session


def keep_tokens(connection: Connection, settings: Settings, session: WebSession, tokens: Tokens) -> WebSession:
    """The session with refreshed tokens."""
    refreshed = replace(session, tokens=tokens)
    queries.replace_tokens(connection, session.id_hash, _wrapped(settings, refreshed))
    return refreshed


def close_session(connection: Connection, session: WebSession) -> None:
    """Ends the session at once."""
    queries.delete_session(connection, session.id_hash)


def close_by_id(connection: Connection, session_id: str) -> None:
    """Ends the session of a cookie's value, whatever its state."""
    queries.delete_session(connection, _hash(session_id))


def close_by_notice(connection: Connection, notice: LogoutNotice) -> int:
    """Ends the sessions that the issuer says have ended; answers how many."""
    assert notice.subject or notice.sid, "a notice names a person or a login"
    return queries.delete_sessions_of(connection, notice.issuer, notice.subject, notice.sid)


def remove_old_sessions(connection: Connection, clock: Clock) -> int:
    """Removes sessions that can no longer be used; answers how many."""
    now = clock.now()
    return queries.delete_old_sessions(connection, now - IDLE_AT_MOST, now - LASTS_AT_MOST)


def _hash(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode("utf-8", "replace")).digest()


def _wrapped(settings: Settings, session: WebSession) -> bytes:
    secret = json.dumps({"csrf_token": session.csrf_token, "tokens": asdict(session.tokens)})
    return wrap(settings.wrapping_key, secret.encode(), bound_to=session.id_hash)


def _unwrapped(settings: Settings, row: SessionRow) -> WebSession | None:
    """None where the deployment's key has changed since, or the row was moved to another id."""
    try:
        secret = json.loads(unwrap(settings.wrapping_key, row.wrapped, bound_to=row.id_hash))
    except InvalidTag:
        return None
    tokens = Tokens(**secret["tokens"])
    return WebSession(
        row.id_hash, row.issuer, row.subject, secret["csrf_token"], tokens, row.created_at, row.last_seen_at
    )
