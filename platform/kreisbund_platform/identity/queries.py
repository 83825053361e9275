"""SQL of identity: the pages' sessions (`shared.web_session`, workspace `registry`) and stored answers of a county."""

from datetime import datetime

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.identity.models import SessionRow


def insert_session(connection: Connection, row: SessionRow) -> None:
    """Keeps a new session."""
    connection.execute(
        "INSERT INTO shared.web_session (id_hash, issuer, subject, wrapped, created_at, last_seen_at, sid)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (row.id_hash, row.issuer, row.subject, row.wrapped, row.created_at, row.last_seen_at, row.sid),
    )


def session(connection: Connection, id_hash: bytes) -> SessionRow | None:
    """The session of this hash, whatever its age."""
    with connection.cursor(row_factory=class_row(SessionRow)) as cursor:
        return cursor.execute(
            "SELECT id_hash, issuer, subject, wrapped, created_at, last_seen_at, sid"
            " FROM shared.web_session WHERE id_hash = %s",
            (id_hash,),
        ).fetchone()


def touch_session(connection: Connection, id_hash: bytes, seen_at: datetime) -> None:
    """Notes that the person was here."""
    connection.execute("UPDATE shared.web_session SET last_seen_at = %s WHERE id_hash = %s", (seen_at, id_hash))


def replace_tokens(connection: Connection, id_hash: bytes, wrapped: bytes) -> None:
    """Keeps refreshed tokens."""
    connection.execute("UPDATE shared.web_session SET wrapped = %s WHERE id_hash = %s", (wrapped, id_hash))


def delete_session(connection: Connection, id_hash: bytes) -> None:
    """Ends a session."""
    connection.execute("DELETE FROM shared.web_session WHERE id_hash = %s", (id_hash,))


def delete_sessions_of(connection: Connection, issuer: str, subject: str | None, sid: str | None) -> int:
    """Ends the sessions of one login (`sid`), of a person, or of a person's one login; answers how many."""
    return connection.execute(
        "DELETE FROM shared.web_session WHERE issuer = %(issuer)s"
        " AND (%(subject)s::text IS NULL OR subject = %(subject)s) AND (%(sid)s::text IS NULL OR sid = %(sid)s)",
        {"issuer": issuer, "subject": subject, "sid": sid},
    ).rowcount


def delete_old_sessions(connection: Connection, seen_before: datetime, created_before: datetime) -> int:
    """Removes what can no longer be used; answers how many."""
    return connection.execute(
        "DELETE FROM shared.web_session WHERE last_seen_at < %s OR created_at < %s", (seen_before, created_before)
    ).rowcount


def delete_old_answers(connection: Connection, created_before: datetime) -> int:
    """Removes stored answers of the county's own `idempotency` table; answers how many."""
    return connection.execute("DELETE FROM idempotency WHERE created_at < %s", (created_before,)).rowcount
