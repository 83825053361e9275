"""SQL of identity: the pages' sessions (`shared.web_session`, workspace `registry`), and of a county its stored answers
and where its people stand.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.pq.abc import PGresult
from psycopg.rows import class_row

from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.identity.models import KeptFormRow, SessionRow
from kreisbund_platform.identity.principals import Principal

# Blocked people lend nothing and are stood in for by nobody; a role that its owner has lost is lent no more.
STANDING = Statement(
    "standing",
    """SELECT EXISTS (SELECT 1 FROM account_block WHERE subject = $1 AND ended_at IS NULL) AS is_blocked,
    EXISTS (SELECT 1 FROM staff_account WHERE subject = $1 AND roles = $2::text[]
        AND units = $3::uuid[] AND name IS NOT DISTINCT FROM $4::text
        AND seen_at > $5::timestamptz - interval '1 day') AS is_known,
    coalesce((SELECT json_agg(json_build_array(x.role, x.delegator, a.units) ORDER BY x.id) FROM delegation x
        JOIN staff_account a ON a.subject = x.delegator
        WHERE x.delegate = $1 AND x.ended_at IS NULL AND $6::date BETWEEN x.first_day AND x.last_day
        AND x.role = ANY(a.roles)
        AND NOT EXISTS (SELECT 1 FROM account_block b WHERE b.subject = a.subject AND b.ended_at IS NULL)),
        '[]') AS lent,
    coalesce((SELECT json_agg(json_build_array(x.absent, a.roles, a.units) ORDER BY x.id) FROM substitution x
        JOIN staff_account a ON a.subject = x.absent
        WHERE x.substitute = $1 AND x.ended_at IS NULL AND $6::date BETWEEN x.first_day AND x.last_day
        AND NOT EXISTS (SELECT 1 FROM account_block b WHERE b.subject = a.subject AND b.ended_at IS NULL)),
        '[]') AS absent
""",
)


@dataclass(frozen=True)
class Standing:
    """`lent`: [role, by whom, units]; `absent`: [subject, roles, units]."""

    is_blocked: bool
    is_known: bool
    lent: list[tuple[str, str, list[str]]]
    absent: list[tuple[str, list[str], list[str]]]


def _as_seen(principal: Principal) -> dict[str, Any]:
    return {
        "subject": principal.subject,
        "name": principal.name,
        "username": principal.username,
        "roles": sorted(principal.own_roles),
        "units": list(principal.units),
    }


def standing_values(principal: Principal, today: date, now: datetime) -> tuple[object, ...]:
    """What STANDING is asked; on the hot path of every operation."""
    return principal.subject, sorted(principal.own_roles), principal.units, principal.name, now, today


def standing_row(result: PGresult) -> tuple[bytes, ...]:
    """What STANDING answered, to compare with what it answered before."""
    return tuple(result.get_value(0, column) or b"" for column in range(4))


def standing_of(row: tuple[bytes, ...]) -> Standing:
    """The same, read."""
    is_blocked, is_known, lent, absent = row
    return Standing(is_blocked == b"t", is_known == b"t", orjson.loads(lent), orjson.loads(absent))


def keep_staff_account(connection: Connection[Any], principal: Principal, now: datetime) -> None:
    """Notes a colleague as the token describes them."""
    connection.execute(
        "INSERT INTO staff_account (subject, name, username, roles, units, seen_at)"
        " VALUES (%(subject)s, %(name)s, %(username)s, %(roles)s::text[], %(units)s::uuid[], %(now)s)"
        " ON CONFLICT (subject) DO UPDATE SET name = excluded.name, username = excluded.username,"
        " roles = excluded.roles, units = excluded.units, seen_at = excluded.seen_at",
        {**_as_seen(principal), "now": now},
    )


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


def insert_form(connection: Connection, row: KeptFormRow) -> None:
    """Keeps a form."""
    connection.execute(
        "INSERT INTO shared.kept_form (id, issuer, subject, wrapped, kept_at) VALUES (%s, %s, %s, %s, %s)",
        (row.id, row.issuer, row.subject, row.wrapped, row.kept_at),
    )


def kept_form(connection: Connection, form_id: UUID, kept_after: datetime) -> KeptFormRow | None:
    """A form that is not too old."""
    with connection.cursor(row_factory=class_row(KeptFormRow)) as cursor:
        return cursor.execute(
            "SELECT id, issuer, subject, wrapped, kept_at FROM shared.kept_form WHERE id = %s AND kept_at > %s",
            (form_id, kept_after),
        ).fetchone()


def delete_old_forms(connection: Connection, kept_before: datetime) -> None:
    """Removes what nobody came back for."""
    connection.execute("DELETE FROM shared.kept_form WHERE kept_at <= %s", (kept_before,))
